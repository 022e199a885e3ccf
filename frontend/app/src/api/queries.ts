/** What the pages read from the server, each with its key and its shape. */

import type { NotificationFrame } from "@studybeat/sdk";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { ApiError, get } from "./http";
import type {
  Analytics,
  Call,
  CourseDetail,
  CourseSummary,
  Device,
  Engagement,
  Enrollment,
  EnrollmentProgress,
  Learner,
  Me,
  Outline,
  Page,
  StudiedDay,
  Totals,
  Waiting,
} from "./types";

/** Who is signed in; null: nobody. Then who comes back to this page may have signed in on another. */
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
  refetchOnWindowFocus: ({ state }) => (state.data === null ? "always" : true),
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

export const coursePath = (slug: string, rest = ""): string => `courses/${encodeURIComponent(slug)}/${rest}`;

export const courseQuery = (slug: string) =>
  queryOptions({
    queryKey: ["course", slug],
    queryFn: () => get<CourseDetail>(coursePath(slug)),
  });

export const outlineQuery = (slug: string) =>
  queryOptions({
    queryKey: ["course", slug, "outline"],
    queryFn: () => get<Outline>(coursePath(slug, "outline/")),
  });

/** Everything that is read of one enrolment. */
export const enrollmentKey = (id: number) => ["enrollment", id] as const;

export const enrollmentProgressQuery = (id: number) =>
  queryOptions({
    queryKey: [...enrollmentKey(id), "progress"],
    queryFn: () => get<EnrollmentProgress>(`enrollments/${id}/progress/`),
  });

export const engagementQuery = (id: number) =>
  queryOptions({
    queryKey: [...enrollmentKey(id), "engagement"],
    queryFn: () => get<Engagement>(`enrollments/${id}/engagement/`),
  });

/** One's own time, today last. A session that goes on is at most a minute behind. */
export const daysQuery = queryOptions({
  queryKey: ["days"],
  queryFn: () => get<StudiedDay[]>("me/days/?days=28"),
  refetchInterval: 60_000,
});

/** What pages are told little or nothing of, they look at again. */
export const LOOK_AGAIN_MS = 20_000;

/** Everything that is read of a course's people. */
export const peopleKey = (slug: string) => ["people", slug] as const;

export const learnersQuery = (slug: string, status: Learner["status"]) =>
  infiniteQueryOptions({
    queryKey: [...peopleKey(slug), "learners", status],
    queryFn: ({ pageParam }) => get<Page<Learner>>(pageParam),
    initialPageParam: coursePath(slug, `enrollments/?status=${status}`),
    getNextPageParam: (page: Page<Learner>) => page.next,
    refetchInterval: LOOK_AGAIN_MS,
  });

export const queueQuery = (slug: string) =>
  infiniteQueryOptions({
    queryKey: [...peopleKey(slug), "queue"],
    queryFn: ({ pageParam }) => get<Page<Waiting>>(pageParam),
    initialPageParam: coursePath(slug, "waitlist/"),
    getNextPageParam: (page: Page<Waiting>) => page.next,
    refetchInterval: LOOK_AGAIN_MS,
  });

export const analyticsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["analytics", slug],
    queryFn: () => get<Analytics>(coursePath(slug, "analytics/")),
  });

/** All of one's own courses together. */
export const totalsQuery = queryOptions({
  queryKey: ["totals"],
  queryFn: () => get<Totals>("analytics/"),
});

const textsOf = (calls: Call[]): Map<number, string> => new Map(calls.map(({ enrollment, text }) => [enrollment, text]));

/** What those who ask for help wrote, by enrolment; read anew when others ask. */
export const callsQuery = (slug: string, asking: readonly number[]) =>
  queryOptions({
    queryKey: ["calls", slug, asking],
    queryFn: () => get<Call[]>(coursePath(slug, "calls/")),
    select: textsOf,
    enabled: asking.length > 0,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });

/** One's notifications, a page at a time from the newest back: each page in the order of its numbers. */
export const inboxQuery = infiniteQueryOptions({
  queryKey: ["notifications"],
  queryFn: ({ pageParam }) => get<Page<NotificationFrame>>(pageParam),
  initialPageParam: "notifications/?page=last",
  getNextPageParam: (page: Page<NotificationFrame>) => page.previous,
  staleTime: Infinity,
});
