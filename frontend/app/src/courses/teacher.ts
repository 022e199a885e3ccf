import type { CourseSummary } from "../api/types";

/** Who teaches the course: by name, or by user name for who has said no other. */
export const teacherOf = ({ instructor_name, owner }: CourseSummary): string => instructor_name || owner;
