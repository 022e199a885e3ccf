import type { Enrollment } from "../api/types";

type Status = Enrollment["status"];

/** Each status in a word. */
export const statusWords: Record<Status, string> = {
  enrolled: "Enrolled",
  completed: "Completed",
  pending: "Requested",
  paused: "Paused",
  withdrawn: "Left",
  rejected: "Declined",
};

/** Whether it belongs among "your courses". */
export const mine = ({ status }: Enrollment): boolean => status !== "withdrawn" && status !== "rejected";

/** Whether the time spent under it is recorded. */
export const recorded = ({ status }: Enrollment): boolean => status === "enrolled" || status === "completed";
