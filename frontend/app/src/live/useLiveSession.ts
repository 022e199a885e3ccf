import type { LiveSession } from "@studybeat/sdk";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";

import { meQuery } from "../api/queries";
import { useClient } from "./client";
import { beginsAnew } from "./words";

interface Target {
  course: string;
  content: number;
  /** False in a preview: then no session is opened. */
  isRecorded: boolean;
}

interface Live {
  session: LiveSession | null;
  /** Begins a new session here, after one ended that is not followed by another by itself. */
  begin: () => void;
}

/** The session of a content, for as long as the component that shows it is on the page. */
export function useLiveSession({ course, content, isRecorded }: Target): Live {
  const client = useClient();
  const queries = useQueryClient();
  const [session, setSession] = useState<LiveSession | null>(null);
  const [round, setRound] = useState(0);
  const begin = useCallback(() => {
    setRound((before) => before + 1);
  }, []);

  useEffect(() => {
    if (!isRecorded) return undefined;
    let opened: LiveSession | null = null;
    let unsubscribe: (() => void) | undefined;
    let hasLeft = false;
    // Not at once: in development React runs every effect twice, and a session that nobody needs would be opened.
    queueMicrotask(() => {
      if (hasLeft) return;
      opened = client.open({ course, content });
      const { store } = opened;
      // Were each one lost as soon as it opens: the server takes 60 new keys a minute, and the SDK waits its turn.
      unsubscribe = store.subscribe(() => {
        if (beginsAnew(store.get())) begin();
        // Only a post is refused so: where no websocket gets through, no close code tells that the sign-in has ended.
        if (store.get().reason === "not_authenticated") void queries.invalidateQueries({ queryKey: meQuery.queryKey });
      });
      setSession(opened);
    });
    return () => {
      hasLeft = true;
      unsubscribe?.();
      opened?.close();
      setSession(null);
    };
  }, [client, course, content, isRecorded, round, begin, queries]);

  return { session, begin };
}
