import { Card } from "@mantine/core";

import type { Analytics } from "../api/types";
import { roughly } from "../time";
import classes from "./analytics.module.css";

function Total({ name, value }: { name: string; value: string }) {
  return (
    <div className={classes.total}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A course in four numbers. */
export function Totals({ totals }: { totals: Analytics["totals"] }) {
  const { learners, completed, average_progress: average, total_time_spent_seconds: spent } = totals;
  return (
    <Card component="section" aria-label="In all" padding="md" data-testid="totals">
      <dl className={classes.totals}>
        <Total name="Learners ever" value={String(learners)} />
        <Total name="Completed it" value={String(completed)} />
        <Total name="Done on average" value={average === null ? "–" : `${Math.floor(average)} %`} />
        <Total name="Time in focus" value={spent > 0 ? roughly(spent) : "–"} />
      </dl>
    </Card>
  );
}
