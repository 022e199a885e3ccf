import { Group, Text } from "@mantine/core";

import type { CourseSummary } from "../api/types";
import { Icon } from "../ui/icons";

const levels = { beginner: "Beginner", intermediate: "Intermediate", advanced: "Advanced" };

/** Level, length and company, in one line. */
export function CourseFacts({ course }: { course: CourseSummary }) {
  const learners = course.enrollment_count;
  return (
    <Group gap="md" c="dimmed">
      {course.difficulty_level && <Text size="sm">{levels[course.difficulty_level]}</Text>}
      {course.estimated_hours !== null && (
        <Group gap={4} wrap="nowrap">
          <Icon name="clock" size={16} />
          <Text size="sm">{course.estimated_hours} h</Text>
        </Group>
      )}
      <Group gap={4} wrap="nowrap">
        <Icon name="people" size={16} />
        <Text size="sm">
          {learners} learner{learners === 1 ? "" : "s"}
        </Text>
      </Group>
    </Group>
  );
}
