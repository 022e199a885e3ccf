/** Where somebody stands with a course, in one word for the code and in words for people. */

import type { CourseDetail, CourseSummary, Place } from "../api/types";

/**
 * `in`: studying, or done. `waiting`, `offered`: in the queue. `free`, `ask`: a seat can be had, at once or by
 * request. `full`, `shut`: none can, with or without a queue. `invited`: the owner chooses. `closed`: a draft, or
 * archived.
 */
export type Standing =
  | "in"
  | "paused"
  | "pending"
  | "waiting"
  | "offered"
  | "free"
  | "ask"
  | "full"
  | "shut"
  | "invited"
  | "owner"
  | "closed";

/** By the sentences of `can_enroll`, which are part of the API. */
const byAnswer: Record<string, Standing> = {
  "Not open for enrollment": "closed",
  "Restricted course": "invited",
  "Approval pending": "pending",
  "Enrollment paused": "paused",
  "Already enrolled": "in",
  "Owner of the course": "owner",
  "Course full - can join waitlist": "full",
  "Course full - no waitlist": "shut",
};

function isDetail(course: CourseSummary): course is CourseDetail {
  return "enrollment" in course;
}

/** `user`: the name of who looks. */
export function standingOf(course: CourseSummary, user: string): Standing {
  if (course.owner === user) return "owner";
  const place = course.waitlist;
  const status = isDetail(course) ? course.enrollment?.status : undefined;
  if (status === "enrolled" || status === "completed") return "in";
  if (status === "paused" || status === "pending") return status;
  if (place?.position != null) return place.position === 0 ? "offered" : "waiting";
  if (course.can_enroll.allowed) return course.enrollment_type === "approval" ? "ask" : "free";
  return byAnswer[course.can_enroll.message] ?? "closed";
}

/** For a badge. */
export function badgeOf(standing: Standing, place: Place | null): string {
  switch (standing) {
    case "in":
      return "You are in";
    case "paused":
      return "Paused";
    case "pending":
      return "Requested";
    case "waiting":
      return `Number ${place?.position ?? 1} in line`;
    case "offered":
      return "A seat is kept for you";
    case "free":
      return "Open to join";
    case "ask":
      return "Join by request";
    case "full":
      return "Full, with a waitlist";
    case "shut":
      return "Full";
    case "invited":
      return "By invitation";
    case "owner":
      return "Your course";
    case "closed":
      return "Closed";
  }
}
