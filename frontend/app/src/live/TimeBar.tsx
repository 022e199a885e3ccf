import type { Acked } from "@studybeat/sdk";

import classes from "./live.module.css";

/** The shares of the time so far. The same numbers stand beside it in words. */
export function TimeBar({ acked }: { acked: Acked }) {
  const { engaged_ms, focus_ms, idle_ms, unknown_ms } = acked;
  const shares = [
    ["engaged", engaged_ms],
    ["focus", focus_ms - engaged_ms],
    ["idle", idle_ms],
    ["unknown", unknown_ms],
  ] as const;
  return (
    <div className={classes.timeBar} aria-hidden="true">
      {shares.map(([name, ms]) => (
        <span key={name} data-share={name} style={{ flexGrow: ms }} />
      ))}
    </div>
  );
}
