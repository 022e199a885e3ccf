import { Card, Progress, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { engagementQuery } from "../api/queries";
import type { Engagement } from "../api/types";
import { roughly } from "../time";
import classes from "./progress.module.css";

interface Part {
  name: string;
  /** What it weighs, and what was reached of it: 0 to 1. */
  weight: number;
  value: number;
  why: string;
}

function partsOf(engagement: Engagement): Part[] {
  const { weights, window_days, active_days, expected_days, time, regularity, completion } = engagement;
  const engaged = roughly(engagement.engaged_seconds);
  const done = Math.floor(engagement.progress_percentage);
  const expected = Math.floor(engagement.expected_percentage);
  return [
    {
      name: "Time",
      weight: weights.time,
      value: time,
      why: `Engaged in the last ${window_days} days: ${engaged}, of ${roughly(engagement.expected_seconds)} that this course asks for.`,
    },
    {
      name: "Regularity",
      weight: weights.regularity,
      value: regularity,
      why: `Days with five engaged minutes or more: ${active_days} of ${expected_days}.`,
    },
    {
      name: "Completion",
      weight: weights.completion,
      value: completion,
      why: `${done} % of the course is done; ${expected} % is expected by now.`,
    },
  ];
}

const percent = (share: number): number => Math.round(share * 100);

/** How steadily one studies, as a number, and how it comes about. */
export function EngagementPanel({ enrollment }: { enrollment: number }) {
  const { data } = useQuery(engagementQuery(enrollment));
  if (!data) return null;
  const { score, window_days, formula } = data;
  return (
    <Card component="section" aria-labelledby="engagement" padding="md" data-testid="engagement" data-score={score}>
      <div className={classes.score}>
        <Title order={2} size="h4" id="engagement">
          Your engagement
        </Title>
        <Text>
          <span className={classes.number}>{percent(score)}</span> of 100
        </Text>
      </div>
      <Text size="sm" c="dimmed" mb="md">
        How steadily you have studied here in the last {window_days} days. Clicks count nothing: only time that the server has
        verified, and what you have completed.
      </Text>
      <Stack gap="md">
        {partsOf(data).map(({ name, weight, value, why }) => (
          <div key={name} className={classes.part}>
            <Text fw={600}>{name}</Text>
            <Text size="sm" c="dimmed">
              {percent(weight * value)} of {percent(weight)}
            </Text>
            <Progress value={percent(value)} aria-label={name} />
            <Text size="sm" c="dimmed">
              {why}
            </Text>
          </div>
        ))}
      </Stack>
      <Text size="xs" c="dimmed" mt="md">
        Formula {formula}: the three parts add up.
      </Text>
    </Card>
  );
}
