import { Alert, Button, Card, Group, Text, ThemeIcon, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useRef, useState } from "react";

import type { CourseDetail } from "../api/types";
import { useUser } from "../auth/user";
import { OwnerLinks } from "../course/OwnerLinks";
import { teacherOf } from "../courses/teacher";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Icon } from "../ui/icons";
import { Countdown } from "./Countdown";
import { type Move, reread, useMove } from "./moves";
import classes from "./seats.module.css";
import { type Standing, standingOf } from "./standing";

interface Words {
  icon: "bell" | "check" | "clock" | "cross" | "flag" | "hourglass" | "people" | "seat";
  color: string;
  title: string;
  text: string;
}

function wordsOf(standing: Standing, course: CourseDetail): Words {
  const { enrollment } = course;
  const teacher = teacherOf(course);
  const before = enrollment?.status;
  switch (standing) {
    case "in":
      return before === "completed"
        ? { icon: "check", color: "teal", title: "You have completed this course", text: "Everything in it stays open to you." }
        : { icon: "check", color: "teal", title: "You are enrolled", text: "A seat in this course is yours." };
    case "pending":
      return {
        icon: "hourglass",
        color: "yellow",
        title: "Your request waits for an answer",
        text: `${teacher} decides. You see the answer here at once, and find it in your inbox.`,
      };
    case "paused":
      return {
        icon: "clock",
        color: "yellow",
        title: "Your enrolment is paused",
        text: "Your seat stays yours, and what you have done is kept.",
      };
    case "waiting": {
      const position = course.waitlist?.position ?? 1;
      return {
        icon: "people",
        color: "iris",
        title: position === 1 ? "You are next in line" : `You are number ${position} in line`,
        text: "When it is your turn, a seat is kept for you, and you hear of it at once. You need not stay on this page.",
      };
    }
    case "offered":
      return { icon: "seat", color: "teal", title: "A seat is kept for you", text: "It is yours alone until you accept it or let it go." };
    case "free":
      return before === "withdrawn"
        ? { icon: "seat", color: "iris", title: "You have left this course", text: "There is a free seat: you can come back." }
        : { icon: "seat", color: "iris", title: "There is a seat for you", text: "Enrol, and start right away." };
    case "ask":
      return before === "rejected"
        ? {
            icon: "cross",
            color: "red",
            title: "Your request was turned down",
            text: enrollment?.rejection_reason ? `The reason given: ${enrollment.rejection_reason}` : "No reason was given.",
          }
        : {
            icon: "seat",
            color: "iris",
            title: before === "withdrawn" ? "You have left this course" : "Join by request",
            text: `${teacher} decides who takes part. Ask for a seat, and you are told the answer.`,
          };
    case "full":
      return {
        icon: "people",
        color: "gray",
        title: "All seats are taken",
        text: "Join the waitlist: when a seat becomes free and it is your turn, it is kept for you.",
      };
    case "shut":
      return { icon: "people", color: "gray", title: "All seats are taken", text: "This course has no waitlist." };
    case "invited":
      return {
        icon: "flag",
        color: "gray",
        title: "By invitation",
        text: `${teacher} chooses who takes part in this course.`,
      };
    case "owner":
      return { icon: "people", color: "iris", title: "This is your course", text: "Who learns in it, who asks and waits, and how they get on." };
    case "closed":
      return { icon: "flag", color: "gray", title: "Closed", text: "This course takes nobody in at present." };
  }
}

interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
}

function questionOf(move: Move, standing: Standing, course: CourseDetail): Question {
  if (move === "decline") {
    return {
      title: "Let this seat go?",
      text: "It is offered to the next in line at once, and you leave the waitlist. You can join it again, at its end.",
      yes: "Let it go",
      no: "Keep the offer",
    };
  }
  if (move === "leave") {
    return {
      title: "Leave the waitlist?",
      text: "You lose your place in line. You can join again, at its end.",
      yes: "Leave the waitlist",
      no: "Stay in line",
    };
  }
  if (standing === "pending") {
    return {
      title: "Take back your request?",
      text: `${teacherOf(course)} no longer sees it. You can ask again later.`,
      yes: "Take it back",
      no: "Keep it",
    };
  }
  return {
    title: `Leave “${course.title}”?`,
    text:
      "Your seat is free at once, and goes to whoever waits for one. You can no longer study here, but what you have done " +
      "and the time you have spent stay recorded. To come back, you need a free seat again" +
      (course.enrollment_type === "open" ? "." : `, and ${teacherOf(course)}’s consent.`),
    yes: "Leave the course",
    no: "Stay",
  };
}

/** One's place in a course: what it is, and what can be done about it. Changes by itself when something happens. */
export function SeatPanel({ course, canManage }: { course: CourseDetail; canManage: boolean }) {
  const queries = useQueryClient();
  const { mutate, isPending, variables, error, reset } = useMove(course.slug);
  const [asking, setAsking] = useState<Move | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const standing = standingOf(course, useUser().username);
  const words = wordsOf(standing, course);
  const question = questionOf(asking ?? "withdraw", standing, course);
  const over = useCallback(() => void reread(queries, course.slug), [queries, course.slug]);
  const until = course.waitlist?.offer_expires_at;

  const go = (move: Move): void => {
    mutate(move, {
      // The button that was pressed may be gone: the focus goes to what came of it.
      onSettled: (_done, refusal) => {
        setAsking(null);
        if (!refusal) title.current?.focus();
      },
    });
  };
  const button = (move: Move, label: string): ReactNode => (
    <Button
      loading={isPending && variables === move}
      disabled={isPending && variables !== move}
      onClick={() => {
        go(move);
      }}
    >
      {label}
    </Button>
  );
  const asks = (move: Move, label: string): ReactNode => (
    <Button
      variant="default"
      disabled={isPending}
      onClick={() => {
        reset();
        setAsking(move);
      }}
    >
      {label}
    </Button>
  );

  return (
    <Card component="section" aria-labelledby="your-seat" padding="md" data-testid="seat" data-standing={standing}>
      <div className={classes.panel}>
        <ThemeIcon variant="light" color={words.color} size={40} radius="xl">
          <Icon name={words.icon} />
        </ThemeIcon>
        <div className={classes.words}>
          <div role="status">
            <Title order={2} size="h4" id="your-seat" ref={title} tabIndex={-1} className={classes.title}>
              {words.title}
            </Title>
          </div>
          <Text c="dimmed">{words.text}</Text>
          {standing === "offered" && until && <Countdown until={until} over={over} />}
          {error && !asking && (
            <Alert color="red" role="alert" py="xs" mt="xs">
              {error.message}
            </Alert>
          )}
        </div>
        <Group gap="xs" className={classes.buttons}>
          {standing === "free" && button("enroll", "Enrol")}
          {standing === "ask" && button("enroll", course.enrollment?.status === "rejected" ? "Ask again" : "Ask for a seat")}
          {standing === "full" && button("join", "Join the waitlist")}
          {standing === "offered" && button("accept", "Accept the seat")}
          {standing === "offered" && asks("decline", "Let it go")}
          {standing === "waiting" && asks("leave", "Leave the waitlist")}
          {standing === "pending" && asks("withdraw", "Take back the request")}
          {(standing === "in" || standing === "paused") && asks("withdraw", "Leave the course")}
          {canManage && <OwnerLinks slug={course.slug} />}
        </Group>
      </div>
      <ConfirmDialog
        opened={asking !== null}
        {...question}
        isPending={isPending}
        error={error}
        onYes={() => {
          if (asking) go(asking);
        }}
        onClose={() => {
          setAsking(null);
        }}
      >
        {question.text}
      </ConfirmDialog>
    </Card>
  );
}
