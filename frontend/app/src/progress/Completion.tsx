import { Alert, Button, Card, List, Progress, Text, ThemeIcon, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { enrollmentProgressQuery, LOOK_AGAIN_MS } from "../api/queries";
import type { Content } from "../api/types";
import { spoken } from "../time";
import { Icon } from "../ui/icons";
import { useComplete } from "./complete";
import { needOf } from "./needs";
import classes from "./progress.module.css";

interface CompletionProps {
  /** The course's slug. */
  course: string;
  /** The learner's. */
  enrollment: number;
  content: Content;
}

const titles: Record<Content["completion_method"], string> = {
  manual: "You say when this is done",
  auto: "This completes by itself",
  time_based: "Engaged time completes this",
};

/** Whether this content is completed, and if not, what is still to do. Changes by itself, on whatever device it is done. */
export function Completion({ course, enrollment, content }: CompletionProps) {
  const { completed, completion_method: method } = content;
  const { canAsk, isAsked, refusal, ask } = useComplete(course, content.id);
  const title = useRef<HTMLHeadingElement>(null);
  const hasPressed = useRef(false);
  useEffect(() => {
    // The button that was pressed is gone: the focus goes to what came of it.
    if (completed && hasPressed.current) title.current?.focus();
  }, [completed]);
  return (
    <Card
      component="section"
      aria-labelledby="completion"
      mt={40}
      padding="md"
      data-testid="completion"
      data-completed={completed}
      data-method={method}
    >
      <div className={classes.panel}>
        <ThemeIcon variant="light" color={completed ? "teal" : "gray"} size={40} radius="xl">
          <Icon name={completed ? "check" : method === "time_based" ? "clock" : "flag"} />
        </ThemeIcon>
        <div className={classes.words}>
          <div role="status">
            <Title order={2} size="h4" id="completion" ref={title} tabIndex={-1} className={classes.title}>
              {completed ? "Completed" : titles[method]}
            </Title>
          </div>
          {completed ? <Text c="dimmed">It stays completed, on all your devices.</Text> : <Needs content={content} enrollment={enrollment} />}
          {!completed && refusal && (
            <Alert color="red" role="alert" py="xs" mt="xs">
              {refusal}
            </Alert>
          )}
        </div>
        {!completed && method === "manual" && (
          <Button
            disabled={!canAsk && !isAsked}
            loading={isAsked}
            leftSection={<Icon name="check" size={18} />}
            onClick={() => {
              hasPressed.current = true;
              ask();
            }}
          >
            Mark as complete
          </Button>
        )}
      </div>
    </Card>
  );
}

function Needs({ content, enrollment }: { content: Content; enrollment: number }) {
  switch (content.completion_method) {
    case "manual":
      return <Text c="dimmed">When you have learned what is in it, mark it as complete.</Text>;
    case "auto":
      return <Items content={content} enrollment={enrollment} />;
    case "time_based":
      return <Engaged content={content} enrollment={enrollment} />;
  }
}

function useContentProgress(content: Content, enrollment: number) {
  // The ledger is at most a minute behind.
  const progress = useQuery({ ...enrollmentProgressQuery(enrollment), refetchInterval: LOOK_AGAIN_MS });
  return progress.data?.modules.flatMap((module) => module.contents).find(({ id }) => id === content.id);
}

function Items({ content, enrollment }: { content: Content; enrollment: number }) {
  const percent = Math.floor(useContentProgress(content, enrollment)?.percent ?? 0);
  if (content.items.length === 0) return <Text c="dimmed">As soon as there is something in it.</Text>;
  return (
    <>
      <List size="sm" c="dimmed" spacing={2}>
        {content.items.map((item) => (
          <List.Item key={item.id}>{needOf(item)}</List.Item>
        ))}
      </List>
      {percent > 0 && (
        <>
          <Progress value={percent} mt="xs" aria-label="How much of it you have done" />
          <Text size="sm" c="dimmed" mt={4}>
            {percent} % of it so far
          </Text>
        </>
      )}
    </>
  );
}

function Engaged({ content, enrollment }: { content: Content; enrollment: number }) {
  const required = content.required_seconds ?? 0;
  const engaged = Math.min(useContentProgress(content, enrollment)?.engaged_seconds ?? 0, required);
  const percent = required > 0 ? Math.floor((100 * engaged) / required) : 0;
  return (
    <>
      <Text c="dimmed">
        Engaged so far: {spoken(engaged * 1000)} of {spoken(required * 1000)}. It is counted at most a minute late.
      </Text>
      <Progress value={percent} mt="xs" aria-label="Engaged time of what is required" />
    </>
  );
}
