import { Badge, Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { queueQuery } from "../api/queries";
import type { Waiting } from "../api/types";
import { ago, dayAndTime } from "../time";
import { Message } from "../ui/states";
import { useNow } from "../ui/useNow";
import { usePrioritize } from "./moves";
import { type LineProps, PeopleList } from "./PeopleList";
import { Person } from "./Person";
import { ReasonDialog } from "./ReasonDialog";

function WaitingLine({ slug, one: waiting, settle }: LineProps<Waiting>) {
  const now = useNow(30_000);
  const { mutate, isPending, error, reset } = usePrioritize(slug);
  const [isAsking, setAsking] = useState(false);
  const { id, student, student_name, position, priority, joined_waitlist, offer_expires_at } = waiting;
  const name = student_name || student;
  const isOffered = position === 0;
  return (
    <Person
      student={student}
      name={student_name}
      badge={
        <Badge variant={isOffered ? "light" : "default"} color="teal" tt="none">
          {isOffered ? "Has an offer" : `Number ${position}`}
        </Badge>
      }
      facts={
        isOffered && offer_expires_at
          ? `A seat is kept until ${dayAndTime(offer_expires_at)}`
          : `Joined ${ago(joined_waitlist, now)} · priority ${priority}`
      }
    >
      {!isOffered && (
        <Button
          size="xs"
          variant="default"
          aria-label={`Change the priority of ${name}`}
          onClick={() => {
            reset();
            setAsking(true);
          }}
        >
          Change priority
        </Button>
      )}
      {isAsking && (
        <ReasonDialog
          title={`When is it ${name}’s turn?`}
          text="Whoever has the lower number is before all who have a higher one; among equals, who joined first."
          yes="Change priority"
          isRequired
          readers="It is kept in the course’s records, beside your name."
          priority={priority}
          isPending={isPending}
          error={error}
          onYes={(reason, chosen) => {
            mutate(
              { entry: id, priority: chosen, reason },
              {
                onSuccess: () => {
                  setAsking(false);
                  settle();
                },
              },
            );
          }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </Person>
  );
}

/** Who waits, in turn. */
export function Queue({ slug }: { slug: string }) {
  const found = useInfiniteQuery(queueQuery(slug));
  return (
    <PeopleList
      slug={slug}
      label="Waitlist"
      found={found}
      empty={<Message title="Nobody waits">When the course is full, learners can join the waitlist.</Message>}
      Line={WaitingLine}
    />
  );
}
