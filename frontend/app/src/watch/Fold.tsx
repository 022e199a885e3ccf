import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";

import classes from "./watch.module.css";

/** On a phone its children are folded away behind their title, so that learners are seen at once; else they just stand there. */
export function Fold({ title, children }: { title: string; children: ReactNode }) {
  const isPhone = useMediaQuery("(max-width: 36em)", undefined, { getInitialValueInEffect: false });
  if (!isPhone) return children;
  return (
    <details>
      <summary className={classes.summary}>{title}</summary>
      <div className={classes.folded}>{children}</div>
    </details>
  );
}
