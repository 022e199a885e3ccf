import { VisuallyHidden } from "@mantine/core";

import { clock, spoken } from "../time";
import classes from "./live.module.css";

interface FigureProps {
  label: string;
  /** Exactly what the server acknowledged. */
  ms: number;
  name: "engaged" | "focus" | "idle" | "unknown";
}

/** One acknowledged number. `data-ms` has it to the millisecond. */
export function Figure({ label, ms, name }: FigureProps) {
  return (
    <div className={classes.figure} data-share={name}>
      <dt className={classes.label}>{label}</dt>
      <dd className={classes.number} data-testid={`live-${name}-ms`} data-ms={ms}>
        <span aria-hidden="true">{clock(ms)}</span>
        <VisuallyHidden>{spoken(ms)}</VisuallyHidden>
      </dd>
    </div>
  );
}
