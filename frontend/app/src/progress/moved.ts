/** The server's word of progress, brought to what the pages have read: what is older than it moves, and nothing back. */

import type { CourseProgress } from "@studybeat/sdk";
import type { QueryClient } from "@tanstack/react-query";

import { courseQuery, enrollmentKey, enrollmentsQuery, outlineQuery } from "../api/queries";
import type { Enrollment, Outline } from "../api/types";
import { reread } from "../seats/moves";

const isOlder = (read: Enrollment | null, now: CourseProgress): read is Enrollment =>
  read?.id === now.enrollment && read.progress_revision < now.revision;

function moved<T extends Enrollment | null>(read: T, now: CourseProgress): T {
  if (!isOlder(read, now)) return read;
  const status = now.status as Enrollment["status"]; // the wire does not list them
  return { ...read, status, progress_percentage: now.percent, progress_revision: now.revision };
}

function movedOutline(read: Outline, now: CourseProgress): Outline {
  if (!isOlder(read.enrollment, now)) return read;
  const modules = read.modules.map((module) => ({
    ...module,
    percent: now.modules[module.id] ?? module.percent,
    contents: module.contents.map((content) =>
      now.completed.includes(content.id) ? { ...content, completed: true } : content,
    ),
  }));
  return { ...read, enrollment: moved(read.enrollment, now), modules };
}

/** What one revision says is all there is to know, unless it says that more has changed, or some were missed. */
export function progressMoved(queries: QueryClient, slug: string, now: CourseProgress): void {
  const course = courseQuery(slug).queryKey;
  const outline = outlineQuery(slug).queryKey;
  const read = queries.getQueryData(outline)?.enrollment ?? null;
  const isBehind = isOlder(read, now) && (now.content === null || read.progress_revision < now.revision - 1);
  const all = [read, queries.getQueryData(course)?.enrollment, ...(queries.getQueryData(enrollmentsQuery.queryKey) ?? [])];
  const isOtherStatus = all.some((one) => one?.id === now.enrollment && one.status !== now.status);
  queries.setQueryData(course, (old) => old && { ...old, enrollment: moved(old.enrollment, now) });
  queries.setQueryData(outline, (old) => old && movedOutline(old, now));
  queries.setQueryData(enrollmentsQuery.queryKey, (old) => old?.map((one) => moved(one, now)));
  void queries.invalidateQueries({ queryKey: enrollmentKey(now.enrollment) });
  // What is being read just now may be older than this.
  const isReading = [course, enrollmentsQuery.queryKey].some((queryKey) => queries.isFetching({ queryKey }) > 0);
  if (isBehind || isOtherStatus || isReading) void reread(queries, slug);
}
