import type { Enrollment } from "../api/types";

type Status = Enrollment["status"];

/** Each status in a word, and what it means for studying. */
export const statusWords: Record<Status, { badge: string; sentence: string }> = {
  enrolled: { badge: "Enrolled", sentence: "You are enrolled." },
  completed: { badge: "Completed", sentence: "You have completed this course." },
  pending: { badge: "Requested", sentence: "Your request to join waits for an answer." },
  paused: { badge: "Paused", sentence: "Your enrolment is paused." },
  withdrawn: { badge: "Withdrawn", sentence: "You have left this course." },
  rejected: { badge: "Declined", sentence: "Your request to join was declined." },
};

/** Whether it belongs among "your courses". */
export const mine = ({ status }: Enrollment): boolean => status !== "withdrawn" && status !== "rejected";

/** Whether the time spent under it is recorded. */
export const recorded = ({ status }: Enrollment): boolean => status === "enrolled" || status === "completed";
