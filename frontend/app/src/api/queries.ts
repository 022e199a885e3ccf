/** What the pages read from the server, each with its key and its shape. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { ApiError, get } from "./http";
import type { CourseDetail, CourseSummary, Device, Enrollment, Me, Outline, Page } from "./types";

/** Who is signed in; null: nobody. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await get<Me>("me/");
    } catch (error) {
      if (error instanceof ApiError && error.signedOut) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export const enrollmentsQuery = queryOptions({
  queryKey: ["enrollments"],
  queryFn: async (): Promise<Enrollment[]> => {
    const all: Enrollment[] = [];
    for (let next: string | null = "enrollments/"; next !== null; ) {
      const page: Page<Enrollment> = await get<Page<Enrollment>>(next);
      all.push(...page.results);
      next = page.next;
    }
    return all;
  },
});

/** The newest 200 of them: more the server does not keep. */
export const devicesQuery = queryOptions({
  queryKey: ["devices"],
  queryFn: async () => (await get<Page<Device>>("tokens/?page_size=200")).results,
});

export const coursesQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ["courses", search],
    queryFn: ({ pageParam }) => get<Page<CourseSummary>>(pageParam),
    initialPageParam: search ? `courses/?search=${encodeURIComponent(search)}` : "courses/",
    getNextPageParam: (page: Page<CourseSummary>) => page.next,
    placeholderData: keepPreviousData,
  });

export const courseQuery = (slug: string) =>
  queryOptions({
    queryKey: ["course", slug],
    queryFn: () => get<CourseDetail>(`courses/${encodeURIComponent(slug)}/`),
  });

export const outlineQuery = (slug: string) =>
  queryOptions({
    queryKey: ["course", slug, "outline"],
    queryFn: () => get<Outline>(`courses/${encodeURIComponent(slug)}/outline/`),
  });
