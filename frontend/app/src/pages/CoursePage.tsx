import { Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "react-router";

import { ApiError } from "../api/http";
import { courseQuery, LOOK_AGAIN_MS, outlineQuery } from "../api/queries";
import { useUser } from "../auth/user";
import type { CourseContext } from "../course/context";
import classes from "../course/course.module.css";
import { OutlineSide } from "../course/OutlineSide";
import { recorded } from "../courses/enrollment";
import { Failure } from "../ui/states";
import { NotFoundPage } from "./NotFoundPage";

const isRefusal = (error: Error | null, code: string): boolean => error instanceof ApiError && error.code === code;

function CourseSkeleton() {
  return (
    <div className={classes.layout} aria-busy="true">
      <Stack className={classes.side} gap="sm">
        {[1, 2, 3, 4, 5].map((line) => (
          <Skeleton key={line} height={30} />
        ))}
      </Stack>
      <Stack gap="md" className={classes.page}>
        <Skeleton height={36} width="60%" />
        <Skeleton height={16} />
        <Skeleton height={16} />
        <Skeleton height={16} width="80%" />
        <Skeleton height={220} mt="md" />
      </Stack>
    </div>
  );
}

/** A course: its contents at the side, and in the middle its introduction or one of the contents. */
export function CoursePage() {
  const { slug = "" } = useParams();
  const user = useUser();
  // Nothing tells a learner that who can watch has changed.
  const course = useQuery({ ...courseQuery(slug), refetchInterval: LOOK_AGAIN_MS });
  const outline = useQuery(outlineQuery(slug));
  const isClosed = isRefusal(outline.error, "not_enrolled");

  // What was read stays on the page when reading it again fails: else a bad network would end the session.
  if (!course.data) {
    if (isRefusal(course.error, "not_found")) return <NotFoundPage />;
    if (course.error) return <Failure error={course.error} retry={course.refetch} />;
  }
  if (!outline.data && outline.error && !isClosed) return <Failure error={outline.error} retry={outline.refetch} />;
  if (!course.data || (!outline.data && !isClosed)) return <CourseSkeleton />;

  const { enrollment, owner } = course.data;
  const canManage = owner === user.username || user.is_staff;
  const context: CourseContext = {
    course: course.data,
    outline: isClosed ? null : (outline.data ?? null),
    isRecorded: enrollment !== null && recorded(enrollment) && !canManage,
    canManage,
  };
  return (
    <div className={classes.layout}>
      {context.outline && <OutlineSide course={course.data} outline={context.outline} />}
      <Outlet context={context} />
    </div>
  );
}
