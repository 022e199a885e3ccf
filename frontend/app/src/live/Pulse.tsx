import type { ActivityState } from "@studybeat/sdk";

import classes from "./live.module.css";

/** Beats once when it is mounted: key it with the acknowledged `seq`, and it beats with every ack. Decoration. */
export function Pulse({ isBeating, state }: { isBeating: boolean; state: ActivityState }) {
  return (
    <svg viewBox="0 0 120 28" className={classes.pulse} data-state={state} aria-hidden="true">
      <path d="M0 16h40l7-11 10 19 8-14 5 6h50" className={classes.still} />
      {isBeating && <path d="M0 16h40l7-11 10 19 8-14 5 6h50" pathLength={1} className={classes.beat} />}
    </svg>
  );
}
