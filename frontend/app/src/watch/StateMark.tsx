import type { SeenState } from "./lesson";
import classes from "./watch.module.css";

const shapes: Record<SeenState, string> = {
  engaged: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  focus: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm0 4a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z",
  idle: "M8 2.5 13.5 8 8 13.5 2.5 8Z",
  silent: "m3.5 3.5 9 9m0-9-9 9",
};

/** A state's own shape and colour. Decoration: the word stands beside it. */
export function StateMark({ state }: { state: SeenState }) {
  return (
    <svg width={16} height={16} viewBox="0 0 16 16" className={classes.mark} data-seen={state} aria-hidden="true" focusable="false">
      <path d={shapes[state]} />
    </svg>
  );
}
