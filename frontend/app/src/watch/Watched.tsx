import { Anchor, List, Text } from "@mantine/core";
import { Link } from "react-router";

import type { CourseDetail } from "../api/types";
import classes from "./watch.module.css";

/** Tells a learner that they are watched, by whom, and what is recorded of them. */
export function Watched({ course }: { course: Pick<CourseDetail, "watched_by" | "is_anonymous"> }) {
  const who = `${course.watched_by} and staff`;
  return (
    <div data-testid="who-watches" data-anonymous={course.is_anonymous}>
      <Text size="sm">
        {course.is_anonymous
          ? `${who} can see live how many learn in this course, but not who: it is watched anonymously.`
          : `While you learn, ${who} can see live that you are here, at which content, and whether it has your attention. Other learners can’t.`}
      </Text>
      <details>
        <summary className={classes.summary}>What is recorded about you</summary>
        <List size="sm" c="dimmed" mt="xs" spacing={2}>
          <List.Item>When you open a content and when you leave it.</List.Item>
          <List.Item>For how long it was engaged, in focus, and away.</List.Item>
          <List.Item>How many inputs there were, and never which.</List.Item>
          <List.Item>The kind of device, your browser’s name, and a part of your network address: the last two for 90 days.</List.Item>
          <List.Item>What you read, saw, played and completed, and the calls for help that you make.</List.Item>
        </List>
        <Text size="sm" mt="xs">
          See <Anchor component={Link} to="/time">your own time</Anchor>, or download all of it from{" "}
          <Anchor component={Link} to="/profile">your profile</Anchor>.
        </Text>
      </details>
    </div>
  );
}
