import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { learnersQuery } from "../api/queries";
import type { Learner } from "../api/types";
import { EngagementButton } from "../progress/EngagementPanel";
import { ago, day, roughly } from "../time";
import { Message } from "../ui/states";
import { useNow } from "../ui/useNow";
import { LearnersCertificate } from "./LearnersCertificate";
import { type Decision, useDecide } from "./moves";
import { type LineProps, PeopleList } from "./PeopleList";
import classes from "./people.module.css";
import { Person } from "./Person";
import { ReasonDialog, type ReasonQuestion } from "./ReasonDialog";

const read = "The learner is told this.";

/** What is asked before a decision; a decision that is not here is made at once. */
function questionOf(decision: Decision, name: string): ReasonQuestion | null {
  switch (decision) {
    case "reject":
      return { title: `Turn ${name} down?`, text: "They are told at once, and may ask again.", yes: "Turn down", isRequired: true, readers: read };
    case "pause":
      return {
        title: `Pause ${name}?`,
        text: "They can’t study here until you resume them. Their seat stays theirs.",
        yes: "Pause",
        isRequired: false,
        readers: read,
      };
    case "withdraw":
      return {
        title: `Remove ${name}?`,
        text: "Their seat is free at once and goes to the next in line. What they have done stays recorded.",
        yes: "Remove",
        isRequired: false,
        readers: read,
      };
    case "approve":
    case "resume":
      return null;
  }
}

const words: Record<Decision, string> = {
  approve: "Approve",
  reject: "Turn down",
  pause: "Pause",
  resume: "Resume",
  withdraw: "Remove",
};

const decisions: Record<Learner["status"], Decision[]> = {
  pending: ["approve", "reject"],
  enrolled: ["pause", "withdraw"],
  paused: ["resume", "withdraw"],
  completed: ["withdraw"],
  withdrawn: [],
  rejected: [],
};

const hasSeat: Learner["status"][] = ["enrolled", "paused", "completed"];

function factsOf(learner: Learner, now: number): string {
  const { status, approval_requested_at: asked, progress_percentage: percent, rejection_reason: reason } = learner;
  if (status === "pending") return `Asked ${ago(asked ?? learner.enrolled_on, now)}`;
  if (status === "rejected") return reason ? `Turned down: ${reason}` : "Turned down";
  return `Since ${day(learner.enrolled_on)} · ${Math.floor(percent)} % done · ${roughly(learner.total_time_spent_seconds)}`;
}

function LearnerLine({ slug, one: learner, settle }: LineProps<Learner>) {
  const now = useNow(30_000);
  const { mutate, isPending, variables, error, reset } = useDecide(slug);
  const [asking, setAsking] = useState<Decision | null>(null);
  const name = learner.student_name || learner.student;
  const question = asking && questionOf(asking, name);
  const decide = (decision: Decision, reason?: string): void => {
    mutate(
      { enrollment: learner.id, decision, ...(reason === undefined ? {} : { reason }) },
      {
        onSuccess: () => {
          setAsking(null);
          settle();
        },
      },
    );
  };
  return (
    <Person
      student={learner.student}
      name={learner.student_name}
      facts={factsOf(learner, now)}
      error={asking ? null : error}
    >
      {hasSeat.includes(learner.status) && (
        <EngagementButton enrollment={learner.id} name={name} score={learner.engagement_score} />
      )}
      {learner.certificate && <LearnersCertificate slug={slug} code={learner.certificate} name={name} settle={settle} />}
      {decisions[learner.status].map((decision) => (
        <Button
          key={decision}
          size="xs"
          variant={decision === "approve" || decision === "resume" ? "filled" : "default"}
          loading={isPending && variables.decision === decision}
          disabled={isPending && variables.decision !== decision}
          aria-label={`${words[decision]} ${name}`}
          onClick={() => {
            reset();
            if (questionOf(decision, name)) setAsking(decision);
            else decide(decision);
          }}
        >
          {words[decision]}
        </Button>
      ))}
      {asking && question && (
        <ReasonDialog
          {...question}
          isPending={isPending}
          error={error}
          onYes={(reason) => {
            decide(asking, reason);
          }}
          onClose={() => {
            setAsking(null);
          }}
        />
      )}
    </Person>
  );
}

function LearnersIn({ slug, status, empty }: { slug: string; status: Learner["status"]; empty: string }) {
  const found = useInfiniteQuery(learnersQuery(slug, status));
  return (
    <PeopleList slug={slug} label="Learners" found={found} empty={<Message title={empty} />} Line={LearnerLine} />
  );
}

export function Requests({ slug }: { slug: string }) {
  return <LearnersIn slug={slug} status="pending" empty="Nobody waits for your answer" />;
}

const states: { value: Learner["status"]; label: string; empty: string }[] = [
  { value: "enrolled", label: "Enrolled", empty: "Nobody is enrolled at present" },
  { value: "paused", label: "Paused", empty: "Nobody is paused" },
  { value: "completed", label: "Completed", empty: "Nobody has completed it yet" },
  { value: "withdrawn", label: "Left", empty: "Nobody has left" },
  { value: "rejected", label: "Declined", empty: "Nobody was turned down" },
];

export function Learners({ slug }: { slug: string }) {
  const [status, setStatus] = useState<Learner["status"]>("enrolled");
  const shown = states.find(({ value }) => value === status);
  return (
    <>
      <SegmentedControl
        aria-label="Which learners"
        data={states.map(({ value, label }) => ({ value, label }))}
        value={status}
        onChange={(value) => {
          setStatus(value);
        }}
        size="xs"
        fullWidth
        maw={520}
        classNames={{ root: classes.states ?? "", control: classes.state ?? "" }}
      />
      <LearnersIn slug={slug} status={status} empty={shown?.empty ?? ""} />
    </>
  );
}
