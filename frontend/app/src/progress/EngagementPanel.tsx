import { Button, Card, Modal, Progress, Skeleton, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { engagementQuery } from "../api/queries";
import type { Engagement } from "../api/types";
import { roughly } from "../time";
import { Failure } from "../ui/states";
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
/** To a tenth: the parts in whole numbers would not add up. */
const points = (share: number): number => Math.round(share * 1000) / 10;

/** How steadily somebody studies, as a number, and how it comes about. */
function Explained({ enrollment, heading }: { enrollment: number; heading?: ReactNode }) {
  const { data, error, refetch } = useQuery(engagementQuery(enrollment));
  if (!data) return error ? <Failure error={error} retry={refetch} /> : <Skeleton height={220} aria-busy="true" />;
  const { score, window_days, formula } = data;
  return (
    <div data-testid="engagement" data-score={score}>
      <div className={classes.score}>
        {heading}
        <Text>
          <span className={classes.number}>{percent(score)}</span> of 100
        </Text>
      </div>
      <Text size="sm" c="dimmed" mb="md">
        How steady the last {window_days} days were. Clicks count nothing: only time that the server has verified, and what is
        completed.
      </Text>
      <Stack gap="md">
        {partsOf(data).map(({ name, weight, value, why }) => (
          <div key={name} className={classes.part}>
            <Text fw={600}>{name}</Text>
            <Text size="sm" c="dimmed">
              {points(weight * value)} of {points(weight)}
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
    </div>
  );
}

/** One's own engagement. */
export function EngagementPanel({ enrollment }: { enrollment: number }) {
  return (
    <Card component="section" aria-label="Your engagement" padding="md">
      <Explained
        enrollment={enrollment}
        heading={
          <Title order={2} size="h4">
            Your engagement
          </Title>
        }
      />
    </Card>
  );
}

interface EngagementButtonProps {
  enrollment: number;
  /** The learner's. */
  name: string;
  /** As it was last written down: 0 to 1. */
  score: number;
}

/** A learner's engagement as a number, and at a press what it is made of as of now. */
export function EngagementButton({ enrollment, name, score }: EngagementButtonProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        size="xs"
        variant="light"
        onClick={() => {
          setIsOpen(true);
        }}
      >
        <span aria-hidden="true">Engagement {percent(score)}</span>
        <VisuallyHidden>
          Engagement of {name}: {percent(score)} of 100
        </VisuallyHidden>
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => {
          setIsOpen(false);
        }}
        title={<Text fw={700}>Engagement of {name}</Text>}
        centered
      >
        <Explained enrollment={enrollment} />
      </Modal>
    </>
  );
}
