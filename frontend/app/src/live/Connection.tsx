import { Button, Text, VisuallyHidden } from "@mantine/core";
import { useEffect, useState } from "react";

import { useClient, useStore } from "./client";
import classes from "./live.module.css";
import { connectionWords } from "./words";

/** Seconds until a moment of the wall clock, counting down. */
function useSecondsUntil(moment: number): number {
  const [seconds, setSeconds] = useState<number | null>(null);
  useEffect(() => {
    const look = (): void => {
      setSeconds(Math.max(0, Math.ceil((moment - Date.now()) / 1000)));
    };
    look();
    const timer = setInterval(look, 250);
    return () => {
      clearInterval(timer);
    };
  }, [moment]);
  return seconds ?? 0;
}

function Countdown({ to }: { to: number }) {
  return <> in {useSecondsUntil(to)} s</>;
}

/** Online, reconnecting in so many seconds, or stopped and why. Said aloud when it changes, but not every second. */
export function Connection() {
  const client = useClient();
  const state = useStore(client.connection);
  const { text, isStopped } = connectionWords(state);
  return (
    <div className={classes.connection}>
      <VisuallyHidden aria-live="polite" role="status">
        {text}
      </VisuallyHidden>
      <Text
        size="sm"
        aria-hidden="true"
        className={classes.light}
        data-testid="live-connection"
        data-status={state.status}
        data-code={state.code ?? undefined}
      >
        {text}
        {state.reconnectAt !== null && <Countdown to={state.reconnectAt} />}
      </Text>
      {isStopped && (
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => {
            client.start();
          }}
        >
          Connect again
        </Button>
      )}
    </div>
  );
}
