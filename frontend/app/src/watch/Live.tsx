import { Alert, Button, Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import type { ConnectionState } from "@studybeat/sdk";

import type { Content } from "../api/types";
import { useClient, useStore } from "../live/client";
import { Message } from "../ui/states";
import { ClassPulse } from "./ClassPulse";
import type { Lesson } from "./lesson";
import { Roster } from "./Roster";
import { learnersWords } from "./words";

interface LiveProps {
  slug: string;
  lesson: Lesson;
  contents: Pick<Content, "id" | "title">[];
  areNamesHidden: boolean;
  /** The course is said to be watched so; the watch itself is told a little later. */
  isAnonymous: boolean;
  again: () => void;
}

/** Who learns in a course now, as it happens; or why that can't be seen. */
export function Live({ slug, lesson, contents, areNamesHidden, again, ...course }: LiveProps) {
  const client = useClient();
  const state = useStore(lesson.watch);
  const { status } = useStore(client.connection);
  const { phase, error, counts } = state;
  const isAnonymous = state.isAnonymous || course.isAnonymous;
  if (phase === "ended") {
    return (
      <div role="alert" data-testid="watch-ended">
        <Message title="You can’t watch this course" action={<Button onClick={again}>Try again</Button>}>
          {error?.message ?? "The watch has ended."}
        </Message>
      </div>
    );
  }
  if (phase === "starting") {
    return (
      <Stack aria-busy="true">
        {status !== "online" && <NotConnected status={status}>It begins as soon as there is a connection.</NotConnected>}
        <Skeleton height={260} />
        <Skeleton height={320} />
      </Stack>
    );
  }
  return (
    <Stack gap="lg">
      {phase === "stale" && <NotConnected status={status}>This is how it was last seen, and it goes on by itself.</NotConnected>}
      <VisuallyHidden role="status">{counts.help > 0 && `${learnersWords(counts.help)} asking for help`}</VisuallyHidden>
      <ClassPulse lesson={lesson} state={state} />
      {isAnonymous && (
        <Message title="This course is watched anonymously">It shows how many learn, and not who. Its learners are told so.</Message>
      )}
      {!isAnonymous && (
        <Roster slug={slug} lesson={lesson} state={state} contents={contents} areNamesHidden={areNamesHidden} />
      )}
    </Stack>
  );
}

function NotConnected({ status, children }: { status: ConnectionState["status"]; children: string }) {
  return (
    <Alert color="yellow" role="status" data-testid="watch-stale">
      {status === "http" ? "There is no live connection here, and without one nobody can be watched." : "Not connected just now."}{" "}
      {children}
    </Alert>
  );
}
