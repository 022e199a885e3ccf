import { Anchor, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useParams } from "react-router";

import { ApiError } from "../api/http";
import { courseQuery } from "../api/queries";
import { useUser } from "../auth/user";
import { NotFoundPage } from "../pages/NotFoundPage";
import { Failure } from "../ui/states";
import { useTitle } from "../ui/title";
import { type OwnerPage, OwnerLinks } from "./OwnerLinks";

interface OwnedCourseProps {
  title: string;
  page: OwnerPage;
  /** Uses the width that a wide screen has. */
  isWide?: boolean;
  /** The page, of the course with this slug. */
  children: (slug: string) => ReactNode;
}

/** The frame of a page that only a course's owner has. */
export function OwnedCourse({ title, page, isWide = false, children }: OwnedCourseProps) {
  const { slug = "" } = useParams();
  const width = isWide ? 1180 : 860;
  const user = useUser();
  const course = useQuery(courseQuery(slug));
  useTitle(course.data ? `${title} · ${course.data.title}` : title);
  if (!course.data) {
    if (course.error instanceof ApiError && course.error.status === 404) return <NotFoundPage />;
    if (course.error) return <Failure error={course.error} retry={course.refetch} />;
    return <Skeleton height={320} maw={width} mx="auto" aria-busy="true" />;
  }
  // For everybody else there is no such page.
  if (course.data.owner !== user.username && !user.is_staff) return <NotFoundPage />;
  return (
    <Stack maw={width} mx="auto">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          <Text c="dimmed">
            in{" "}
            <Anchor component={Link} to={`/courses/${slug}`}>
              {course.data.title}
            </Anchor>
          </Text>
        </div>
        <Group gap="xs">
          <OwnerLinks slug={slug} but={page} />
        </Group>
      </Group>
      {children(slug)}
    </Stack>
  );
}
