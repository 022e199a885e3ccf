import { Alert, Button, Group, Progress, Stack, Text, Title } from "@mantine/core";
import { Link } from "react-router";

import { CourseFacts } from "../courses/CourseFacts";
import { teacherOf } from "../courses/teacher";
import { CertificateLink } from "../progress/CertificateLink";
import { EngagementPanel } from "../progress/EngagementPanel";
import { SeatPanel } from "../seats/SeatPanel";
import { roughly } from "../time";
import { Icon } from "../ui/icons";
import { Markdown } from "../ui/Markdown";
import { Message } from "../ui/states";
import { useTitle } from "../ui/title";
import { Watched } from "../watch/Watched";
import { contentPath, contentsOf, useCourse } from "./context";
import classes from "./course.module.css";

/** What a course is about, and the way into it; for who may not study it, why. */
export function CourseIntro() {
  const { course, outline, isRecorded, canManage } = useCourse();
  const { enrollment } = course;
  useTitle(course.title);
  const contents = outline ? contentsOf(outline.modules) : [];
  const next = contents.find((content) => !content.completed) ?? contents[0];
  const hasBegun = enrollment !== null && enrollment.total_time_spent_seconds > 0;
  return (
    <Stack gap="lg" className={classes.page}>
      <div>
        <Title order={1}>{course.title}</Title>
        <Text c="dimmed" mt={4} mb="xs">
          {teacherOf(course)}
        </Text>
        <CourseFacts course={course} />
      </div>
      <SeatPanel course={course} canManage={canManage} />
      {outline && !isRecorded && <Alert color="gray">This is a preview: no time is recorded.</Alert>}
      {enrollment && outline && (
        <div>
          <Progress
            value={Math.floor(enrollment.progress_percentage)}
            size="lg"
            aria-label="Your progress in this course"
            mb={6}
          />
          <Text size="sm" c="dimmed">
            {Math.floor(enrollment.progress_percentage)} % done · {roughly(enrollment.total_time_spent_seconds)}
          </Text>
        </div>
      )}
      {enrollment?.certificate && <CertificateLink code={enrollment.certificate} />}
      {next && (
        <Group>
          <Button
            component={Link}
            to={contentPath(course.slug, next)}
            size="md"
            rightSection={<Icon name="right" size={18} />}
          >
            {!isRecorded ? "Look inside" : hasBegun ? "Go on" : "Start learning"}
          </Button>
          <Text size="sm" c="dimmed">
            {next.title}
          </Text>
        </Group>
      )}
      <div>
        <Markdown source={course.overview} />
      </div>
      {!canManage && <Watched course={course} />}
      {enrollment && isRecorded && <EngagementPanel enrollment={enrollment.id} />}
      {outline && contents.length === 0 && (
        <Message title="Nothing to study yet">As soon as this course has contents, they are here.</Message>
      )}
    </Stack>
  );
}
