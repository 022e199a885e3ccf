import { Text, VisuallyHidden } from "@mantine/core";
import { useEffect } from "react";

import { useClient } from "../live/client";
import { dayAndTime, left } from "../time";
import { useNow } from "../ui/useNow";

/** Said aloud when it becomes true, and not every second. */
function warning(ms: number): string {
  if (ms <= 0) return "The time to accept the seat is over.";
  if (ms <= 60_000) return "Less than a minute is left to accept the seat.";
  if (ms <= 600_000) return "Less than ten minutes are left to accept the seat.";
  if (ms <= 3_600_000) return "Less than an hour is left to accept the seat.";
  return "";
}

/** How long an offer still stands, and `over` is called when it no longer does: by the server's clock, as it counts. */
export function Countdown({ until, over }: { until: string; over: () => void }) {
  const ms = Date.parse(until) - useNow(500, useClient().serverNow);
  const isOver = ms <= 0;
  useEffect(() => {
    if (isOver) over();
  }, [isOver, over]);
  return (
    <div>
      <Text fz={28} fw={700} lh={1.2} role="timer" data-testid="offer-left" style={{ fontVariantNumeric: "tabular-nums" }}>
        {isOver ? "Time is up" : left(ms)}
      </Text>
      <Text size="sm" c="dimmed">
        {isOver ? "The seat goes to the next in line." : `left to accept, until ${dayAndTime(until)}`}
      </Text>
      <VisuallyHidden role="status">{warning(ms)}</VisuallyHidden>
    </div>
  );
}
