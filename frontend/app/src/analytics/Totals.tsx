import { Card, Text } from "@mantine/core";

import type { Totals as Counted } from "../api/types";
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

interface TotalsProps {
  totals: Counted;
  /** Those of all courses of the one who reads. */
  all: Counted | undefined;
}

/** A course in four numbers; where its owner has learners in others too, all of them in a line. */
export function Totals({ totals, all }: TotalsProps) {
  const { total_students: learners, completed_courses: completed, avg_progress: average, total_learning_time_seconds: spent } = totals;
  return (
    <Card component="section" aria-label="In all" padding="md" data-testid="totals">
      <dl className={classes.totals}>
        <Total name="Learners ever" value={String(learners)} />
        <Total name="Completed it" value={String(completed)} />
        <Total name="Done on average" value={average === null ? "–" : `${Math.floor(average)} %`} />
        <Total name="Time in focus" value={spent > 0 ? roughly(spent) : "–"} />
      </dl>
      {all && all.total_students > learners && (
        <Text size="sm" c="dimmed" mt="sm" data-testid="all-totals">
          In all your courses together: {all.total_students} enrollments, {all.completed_courses} completed,{" "}
          {Math.floor(all.avg_progress ?? 0)} % done on average, {roughly(all.total_learning_time_seconds)} in focus.
        </Text>
      )}
    </Card>
  );
}
