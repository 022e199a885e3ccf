/**
 * What the REST API answers, as far as this app reads it. A course is named by its slug.
 * The shapes are the server's own: `openapi.ts` is made from docs/openapi.json by `make generate`.
 */

import type { components } from "./openapi";

type Schemas = components["schemas"];

export interface Page<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export type Me = Pick<
  Schemas["Me"],
  | "id"
  | "username"
  | "first_name"
  | "last_name"
  | "is_staff"
  | "email"
  | "email_verified"
  | "avatar"
  | "bio"
  | "email_notifications"
  | "weekly_digest"
  | "timezone"
  | "language"
  | "student_profile"
>;

/** An API token: a device that is signed in by it. */
export type Device = Pick<Schemas["Token"], "id" | "name" | "created_at" | "last_used" | "expires_at">;

/** A learner's call for help. */
export type Call = Schemas["Call"];

export type CourseSummary = Pick<
  Schemas["CourseList"],
  | "id"
  | "title"
  | "slug"
  | "overview"
  | "difficulty_level"
  | "estimated_hours"
  | "enrollment_count"
  | "can_enroll"
  | "instructor_name"
  | "owner"
  | "enrollment_type"
  | "waitlist"
  | "is_anonymous"
>;

/** `progress_percentage` is 0 to 100, `certificate` the code of a valid one. */
export type Enrollment = Pick<
  Schemas["Enrollment"],
  | "id"
  | "course"
  | "course_title"
  | "status"
  | "progress_percentage"
  | "progress_revision"
  | "total_time_spent_seconds"
  | "rejection_reason"
  | "certificate"
>;

/** How far an enrolment is in each content, as far as this app reads it. */
export interface EnrollmentProgress {
  modules: { contents: Pick<Schemas["ContentProgress"], "id" | "percent" | "engaged_seconds">[] }[];
}

/** An engagement score and its parts, each 0 to 1; percentages are 0 to 100. */
export type Engagement = Schemas["Engagement"];

/** What a course's owner asks: percentages are 0 to 100, weekdays 1 (Monday) to 7, hours 0 to 23. */
export type Analytics = Schemas["Analytics"];
export type Totals = Schemas["Totals"];
export type Activity = Schemas["Activity"];
export type ContentTime = Schemas["ContentTime"];
export type Stop = Schemas["Stop"];

/** A day by one's own clocks; `engaged_seconds` are part of `focus_seconds`. */
export type StudiedDay = Schemas["StudiedDay"];

/** One's place in a queue: 0 while an offer stands, 1 for the next in turn. */
export type Place = Schemas["WaitlistPlace"];

/** An enrolment as the course's owner sees it. */
export type Learner = Enrollment &
  Pick<Schemas["Enrollment"], "student" | "student_name" | "enrolled_on" | "approval_requested_at" | "engagement_score">;

/** Somebody in the queue, as the course's owner sees them; `position` 0: an offer stands. */
export type Waiting = Schemas["WaitlistEntry"];

export type Imported = Schemas["Imported"];

/** `owner` is a user name, `enrollment` the caller's own. */
export type CourseDetail = CourseSummary & Pick<Schemas["Course"], "watched_by"> & { enrollment: Enrollment | null };

export type TextItem = Schemas["TextItem"];
export type ImageItem = Schemas["ImageItem"];
export type VideoItem = Schemas["VideoItem"];
export type FileItem = Schemas["FileItem"];
export type Item = Schemas["OutlineItem"];

export type Content = Pick<
  Schemas["OutlineContent"],
  "id" | "title" | "completion_method" | "required_seconds" | "completed" | "items"
>;

/** `percent` is 0 to 100. */
export type Module = Pick<Schemas["OutlineModule"], "id" | "title" | "overview" | "percent"> & { contents: Content[] };

export type Outline = Pick<Schemas["Outline"], "course"> & { enrollment: Enrollment | null; modules: Module[] };
