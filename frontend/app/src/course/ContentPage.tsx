import { Button, Group, Title } from "@mantine/core";
import { Link, Navigate, useParams } from "react-router";

import type { Content, CourseDetail, Outline } from "../api/types";
import { LivePanel } from "../live/LivePanel";
import { useLiveSession } from "../live/useLiveSession";
import { Completion } from "../progress/Completion";
import { useConsume } from "../progress/consume";
import { Icon } from "../ui/icons";
import { Message } from "../ui/states";
import { useTitle } from "../ui/title";
import { Help } from "../watch/Help";
import { Watched } from "../watch/Watched";
import { contentPath, contentsOf, useCourse } from "./context";
import classes from "./course.module.css";
import { ItemView } from "./ItemView";

function Neighbours({ course, contents, at }: { course: string; contents: Content[]; at: number }) {
  const before = contents[at - 1];
  const after = contents[at + 1];
  return (
    <Group component="nav" aria-label="Before and after" justify="space-between" mt={48} wrap="nowrap">
      {before ? (
        <Button
          component={Link}
          to={contentPath(course, before)}
          variant="default"
          flex="none"
          leftSection={<Icon name="left" size={18} />}
        >
          Back
        </Button>
      ) : (
        <span />
      )}
      {after && (
        <Button component={Link} to={contentPath(course, after)} rightSection={<Icon name="right" size={18} />}>
          {after.title}
        </Button>
      )}
    </Group>
  );
}

interface StudyProps {
  course: CourseDetail;
  contents: Content[];
  at: number;
  content: Content;
  isRecorded: boolean;
}

/** One content, studied: as long as it is on the page, its time is recorded. */
function Study({ course, contents, at, content, isRecorded }: StudyProps) {
  useTitle(`${content.title} · ${course.title}`);
  const { session, begin } = useLiveSession({ course: course.slug, content: content.id, isRecorded });
  const consume = useConsume(session, content);
  return (
    <>
      <article className={`${classes.page} ${classes.withDock}`}>
        <Group justify="space-between" align="flex-start">
          <Title order={1} size="h2">
            {content.title}
          </Title>
          {session && <Help session={session} isAnonymous={course.is_anonymous} />}
        </Group>
        {content.items.map((item) => (
          <ItemView key={item.id} item={item} page={content.title} consume={consume} />
        ))}
        {content.items.length === 0 && <Message title="This content is still empty" />}
        {isRecorded && course.enrollment && (
          <Completion course={course.slug} enrollment={course.enrollment.id} content={content} />
        )}
        <Neighbours course={course.slug} contents={contents} at={at} />
        {isRecorded && (
          <footer className={classes.watched}>
            <Watched course={course} />
          </footer>
        )}
      </article>
      <aside aria-label="Your time, live" className={classes.live}>
        <LivePanel session={session} isRecorded={isRecorded} begin={begin} />
      </aside>
    </>
  );
}

function find(outline: Outline, id: string | undefined): { contents: Content[]; at: number } {
  const contents = contentsOf(outline.modules);
  return { contents, at: contents.findIndex((content) => String(content.id) === id) };
}

export function ContentPage() {
  const { contentId } = useParams();
  const { course, outline, isRecorded } = useCourse();
  if (!outline) return <Navigate to={`/courses/${course.slug}`} replace />;
  const { contents, at } = find(outline, contentId);
  const content = contents[at];
  if (!content) {
    return (
      <Message title="This content is not in the course" isPage>
        It may have been removed.
      </Message>
    );
  }
  return (
    <Study
      key={content.id}
      course={course}
      contents={contents}
      at={at}
      content={content}
      isRecorded={isRecorded}
    />
  );
}
