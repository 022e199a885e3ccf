import { Badge, Card, Group, Progress, SimpleGrid, Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { enrollmentsQuery } from "../api/queries";
import type { Enrollment } from "../api/types";
import { CertificateLink } from "../progress/CertificateLink";
import { roughly } from "../time";
import { Icon } from "../ui/icons";
import { Failure } from "../ui/states";
import classes from "./cards.module.css";
import { CourseCover } from "./CourseCover";
import { mine, statusWords } from "./enrollment";

function YourCourse({ enrollment }: { enrollment: Enrollment }) {
  const percent = Math.floor(enrollment.progress_percentage);
  return (
    <Card component="article" padding={0} className={classes.card}>
      <CourseCover name={enrollment.course} />
      <div className={classes.body}>
        <Group justify="space-between" align="start" wrap="nowrap" mb="xs">
          <Title order={3} size="h5">
            <Link to={`/courses/${enrollment.course}`} className={classes.link}>
              {enrollment.course_title}
            </Link>
          </Title>
          {enrollment.status !== "enrolled" && (
            <Badge
              variant={enrollment.status === "completed" ? "light" : "default"}
              color="teal"
              tt="none"
              fw={600}
            >
              {statusWords[enrollment.status]}
            </Badge>
          )}
        </Group>
        <Progress value={percent} aria-label={`Progress in ${enrollment.course_title}`} mt="auto" mb={8} />
        <Group justify="space-between" gap="xs">
          <Text size="sm" c="dimmed">
            {percent} % done
          </Text>
          <Group gap={4} c="dimmed" wrap="nowrap">
            <Icon name="clock" size={16} />
            <Text size="sm">{roughly(enrollment.total_time_spent_seconds)}</Text>
          </Group>
        </Group>
        {enrollment.certificate && <CertificateLink code={enrollment.certificate} course={enrollment.course_title} />}
      </div>
    </Card>
  );
}

export function YourCourses() {
  const enrollments = useQuery(enrollmentsQuery);
  if (enrollments.isPending) {
    return (
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} aria-busy="true">
        <Skeleton height={190} radius="lg" />
        <Skeleton height={190} radius="lg" />
      </SimpleGrid>
    );
  }
  if (enrollments.isError) return <Failure error={enrollments.error} retry={enrollments.refetch} />;
  const yours = enrollments.data.filter(mine);
  if (yours.length === 0) {
    return <Text c="dimmed">You are not in a course yet. What there is to learn is below.</Text>;
  }
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
      {yours.map((enrollment) => (
        <YourCourse key={enrollment.id} enrollment={enrollment} />
      ))}
    </SimpleGrid>
  );
}
