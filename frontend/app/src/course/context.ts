import { useOutletContext } from "react-router";

import type { Content, CourseDetail, Module, Outline } from "../api/types";

export interface CourseContext {
  course: CourseDetail;
  /** Null for who may not study it. */
  outline: Outline | null;
  /** Whether time spent in it is recorded: not in the owner's and staff's preview. */
  isRecorded: boolean;
  /** Whether this is its owner, or staff. */
  canManage: boolean;
}

export const useCourse = (): CourseContext => useOutletContext<CourseContext>();

export const contentPath = (course: string, content: Pick<Content, "id">): string => `/courses/${course}/contents/${content.id}`;

/** All contents in the order of study. */
export const contentsOf = (modules: Module[]): Content[] => modules.flatMap((module) => module.contents);
