/** What the REST API answers, as far as this app reads it. A course is named by its slug. */

export interface Page<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export interface Me {
  id: number;
  username: string;
  first_name: string;
  last_name: string;
  is_staff: boolean;
}

export interface CourseSummary {
  id: number;
  title: string;
  slug: string;
  overview: string;
  difficulty_level: "" | "beginner" | "intermediate" | "advanced";
  estimated_hours: number | null;
  enrollment_count: number;
  can_enroll: { allowed: boolean; message: string };
  instructor_name: string;
  /** The owner's user name. */
  owner: string;
  enrollment_type: "open" | "approval" | "restricted";
  /** The caller's place in the queue, or null. */
  waitlist: Place | null;
}

/** One's place in a queue: 0 while an offer stands, 1 for the next in turn. */
export interface Place {
  position: number | null;
  offer_expires_at: string | null;
}

export interface Enrollment {
  id: number;
  course: string;
  course_title: string;
  status: "pending" | "enrolled" | "completed" | "paused" | "withdrawn" | "rejected";
  /** 0 to 100. */
  progress_percentage: number;
  total_time_spent_seconds: number;
  rejection_reason: string;
}

/** An enrolment as the course's owner sees it. */
export interface Learner extends Enrollment {
  /** A user name. */
  student: string;
  student_name: string;
  enrolled_on: string;
  approval_requested_at: string | null;
}

/** Somebody in the queue, as the course's owner sees them. */
export interface Waiting {
  id: number;
  student: string;
  student_name: string;
  /** 0: an offer stands. */
  position: number;
  priority: number;
  joined_waitlist: string;
  offer_expires_at: string | null;
}

export interface Imported {
  dry_run: boolean;
  enrolled: string[];
}

export interface CourseDetail extends CourseSummary {
  /** The caller's own, or null. */
  enrollment: Enrollment | null;
}

interface ItemBase {
  id: number;
  title: string;
}
interface FileBase extends ItemBase {
  /** A path of this site. */
  url: string;
  name: string;
  /** Bytes; null when the file is missing. */
  size: number | null;
}
export interface TextItem extends ItemBase {
  kind: "text";
  body: string;
}
export interface ImageItem extends FileBase {
  kind: "image";
  alt: string;
}
export interface VideoItem extends FileBase {
  kind: "video";
  /** The path of a WebVTT file. */
  captions: string | null;
}
export interface FileItem extends FileBase {
  kind: "file";
}
export type Item = TextItem | ImageItem | VideoItem | FileItem;

export interface Content {
  id: number;
  title: string;
  completed: boolean;
  items: Item[];
}

export interface Module {
  id: number;
  title: string;
  overview: string;
  /** 0 to 100. */
  percent: number;
  contents: Content[];
}

export interface Outline {
  course: string;
  modules: Module[];
}
