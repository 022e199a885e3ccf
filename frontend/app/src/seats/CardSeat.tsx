import { Badge, Button, Group, Text } from "@mantine/core";
import { Link } from "react-router";

import type { CourseSummary } from "../api/types";
import { useUser } from "../auth/user";
import { type Move, useMove } from "./moves";
import classes from "./seats.module.css";
import { type Standing, badgeOf, standingOf } from "./standing";

const offers: Partial<Record<Standing, { move: Move; label: string }>> = {
  free: { move: "enroll", label: "Enrol" },
  ask: { move: "enroll", label: "Ask for a seat" },
  full: { move: "join", label: "Join the waitlist" },
  offered: { move: "accept", label: "Accept the seat" },
};

const open: Standing[] = ["in", "free", "ask", "offered"];

/** On a course's card: where one stands, and the next step. */
export function CardSeat({ course }: { course: CourseSummary }) {
  const { mutate, isPending, error } = useMove(course.slug);
  const standing = standingOf(course, useUser().username);
  const offer = offers[standing];
  return (
    <>
      <Group justify="space-between" mt="sm" gap="xs" mih={30}>
        <Badge
          role="status"
          variant={open.includes(standing) ? "light" : "default"}
          color="teal"
          tt="none"
          fw={600}
          data-testid="card-standing"
          data-standing={standing}
        >
          {badgeOf(standing, course.waitlist)}
        </Badge>
        {offer && (
          <Button
            size="compact-sm"
            variant="light"
            className={classes.onCard}
            loading={isPending}
            aria-label={`${offer.label}: ${course.title}`}
            onClick={() => {
              mutate(offer.move);
            }}
          >
            {offer.label}
          </Button>
        )}
        {standing === "owner" && (
          <Button
            component={Link}
            to={`/courses/${course.slug}/people`}
            size="compact-sm"
            variant="light"
            className={classes.onCard}
            aria-label={`People in ${course.title}`}
          >
            People
          </Button>
        )}
      </Group>
      {error && (
        <Text size="sm" c="red" mt={6} role="alert">
          {error.message}
        </Text>
      )}
    </>
  );
}
