import type { LiveSession } from "@studybeat/sdk";
import { useCallback, useEffect, useState } from "react";

import { useClient } from "./client";

interface Target {
  course: string;
  content: number;
  /** False in a preview: then no session is opened. */
  isRecorded: boolean;
}

interface Live {
  session: LiveSession | null;
  /** Begins a new session here, after the last one ended. */
  begin: () => void;
}

/** The session of a content, for as long as the component that shows it is on the page. */
export function useLiveSession({ course, content, isRecorded }: Target): Live {
  const client = useClient();
  const [session, setSession] = useState<LiveSession | null>(null);
  const [round, setRound] = useState(0);
  const begin = useCallback(() => {
    setRound((before) => before + 1);
  }, []);

  useEffect(() => {
    if (!isRecorded) return undefined;
    let opened: LiveSession | null = null;
    let hasLeft = false;
    // Not at once: in development React runs every effect twice, and a session that nobody needs would be opened.
    queueMicrotask(() => {
      if (hasLeft) return;
      opened = client.open({ course, content });
      setSession(opened);
    });
    return () => {
      hasLeft = true;
      opened?.close();
      setSession(null);
    };
  }, [client, course, content, isRecorded, round]);

  return { session, begin };
}
