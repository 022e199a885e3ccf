import type { NotificationFrame } from "@studybeat/sdk";

/** What learners of a course asked for help with, by enrolment: the latest words of each that came to this page. */
export function needsOf(news: readonly NotificationFrame[], course: string): Map<number, string> {
  const needs = new Map<number, string>();
  for (const { kind, data } of news) {
    if (kind !== "help.requested" || data.course !== course || data.enrollment === undefined) continue;
    if (data.text === undefined) needs.delete(data.enrollment);
    else needs.set(data.enrollment, data.text);
  }
  return needs;
}
