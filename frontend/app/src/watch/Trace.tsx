import { VisuallyHidden } from "@mantine/core";

import type { SeenState, Turn } from "./lesson";
import classes from "./watch.module.css";
import { segments, traceWords } from "./words";

const HEIGHT = 22;
/** Each state has its own height too. */
const heights: Record<SeenState, number> = { engaged: 22, focus: 15, idle: 8, silent: 2 };

/** What a learner was in the last ten minutes, as far as this page saw it. */
export function Trace({ turns, now }: { turns: readonly Turn[]; now: number }) {
  return (
    <div className={classes.trace} data-testid="trace">
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {segments(turns, now).map(({ state, from, to }) => (
          <rect
            key={from}
            data-seen={state}
            x={from * 100}
            width={(to - from) * 100}
            y={HEIGHT - heights[state]}
            height={heights[state]}
          />
        ))}
      </svg>
      <VisuallyHidden>In the last ten minutes: {traceWords(turns, now) || "not seen yet"}</VisuallyHidden>
    </div>
  );
}
