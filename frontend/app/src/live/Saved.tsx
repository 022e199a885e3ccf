import { Text } from "@mantine/core";
import type { SessionState } from "@studybeat/sdk";
import { useEffect, useState } from "react";

import { useClient, useStore } from "./client";

/** How long ago this was mounted; give it the acknowledged `seq` as its key. */
function Since() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const mounted = performance.now();
    const timer = setInterval(() => {
      setSeconds(Math.floor((performance.now() - mounted) / 1000));
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return seconds < 2 ? "just now" : `${seconds} s ago`;
}

function words({ acked, activity, pending, phase, full }: SessionState, survives: boolean) {
  if (full) return "This page can keep no more: until it reconnects, time is not counted";
  if (pending > 0) {
    const moments = `${pending} ${pending === 1 ? "moment" : "moments"} not saved yet`;
    return survives ? moments : `${moments}: keep this page open`;
  }
  if (phase === "opening") return "Not recording yet";
  return (
    <>
      Saved <Since key={acked.seq} />
      {activity !== "idle" && ", counting on"}
    </>
  );
}

/** Whether the numbers above are all there is. */
export function Saved({ state }: { state: SessionState }) {
  const { survives } = useStore(useClient().keeping);
  return (
    <Text size="sm" c="dimmed" span data-testid="live-pending" data-count={state.pending}>
      {words(state, survives)}
    </Text>
  );
}
