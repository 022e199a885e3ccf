/** What a notification is about: the page that has it, and a mark for its kind. */

import type { NotificationFrame } from "@studybeat/sdk";

import { certificatePath } from "../progress/certificate";

type Kind = NotificationFrame["kind"];

interface Mark {
  icon: "bell" | "check" | "clock" | "cross" | "flag" | "help" | "people" | "seal" | "seat" | "word";
  color: string;
}

const marks: Partial<Record<Kind, Mark>> = {
  "enrollment.requested": { icon: "people", color: "iris" },
  "enrollment.approved": { icon: "check", color: "teal" },
  "enrollment.confirmed": { icon: "check", color: "teal" },
  "enrollment.rejected": { icon: "cross", color: "red" },
  "enrollment.ended": { icon: "flag", color: "yellow" },
  "waitlist.joined": { icon: "people", color: "gray" },
  "waitlist.offer": { icon: "seat", color: "teal" },
  "waitlist.offer_expired": { icon: "clock", color: "yellow" },
  "progress.module_completed": { icon: "check", color: "teal" },
  "progress.course_completed": { icon: "check", color: "teal" },
  "certificate.issued": { icon: "seal", color: "teal" },
  "session.nudge": { icon: "word", color: "iris" },
  "help.requested": { icon: "help", color: "iris" },
};

/** For kinds of later versions too. */
export const markOf = (kind: Kind): Mark => marks[kind] ?? { icon: "bell", color: "gray" };

/** A path of this site, or null where there is nothing to see. */
export function pathOf({ kind, data }: NotificationFrame): string | null {
  if (data.code !== undefined) return certificatePath(data.code);
  if (data.course === undefined) return null;
  const course = `/courses/${data.course}`;
  if (kind === "enrollment.requested") return `${course}/people`;
  return kind === "help.requested" ? `${course}/live` : course;
}

/** Whether the server's own pages have it, not this app. */
export const isOutside = (path: string): boolean => path.startsWith(certificatePath(""));

/** What does not wait until somebody opens the inbox. */
export const isUrgent = ({ kind }: NotificationFrame): boolean =>
  kind === "waitlist.offer" ||
  kind === "enrollment.approved" ||
  kind === "enrollment.rejected" ||
  kind === "enrollment.ended" ||
  kind === "enrollment.requested" ||
  kind === "waitlist.offer_expired" ||
  kind === "progress.course_completed" ||
  kind === "certificate.issued" ||
  kind === "session.nudge" ||
  kind === "help.requested";

/** What somebody wrote to this learner stays until it is put away. */
export const isLasting = ({ kind }: NotificationFrame): boolean => kind === "session.nudge";
