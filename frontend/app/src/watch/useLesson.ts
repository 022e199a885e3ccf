import { useCallback, useEffect, useState } from "react";

import { useClient } from "../live/client";
import { Lesson } from "./lesson";

interface Watched {
  /** Null until the watch has begun. */
  lesson: Lesson | null;
  /** Begins anew, after the watch has ended. */
  again: () => void;
}

/** Watches a course for as long as the component that shows it is on the page. */
export function useLesson(course: string): Watched {
  const client = useClient();
  const [lesson, setLesson] = useState<Lesson | null>(null);
  const [round, setRound] = useState(0);
  const again = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  useEffect(() => {
    let stop = (): void => undefined;
    let hasLeft = false;
    // Not at once: in development React runs every effect twice.
    queueMicrotask(() => {
      if (hasLeft) return;
      const watch = client.watch(course);
      const begun = new Lesson(watch.store, client.serverNow);
      stop = () => {
        begun.stop();
        watch.stop();
      };
      setLesson(begun);
    });
    return () => {
      hasLeft = true;
      stop();
      setLesson(null);
    };
  }, [client, course, round]);
  return { lesson, again };
}
