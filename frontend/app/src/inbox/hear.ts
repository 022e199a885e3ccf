/** What the server tells by itself, brought to what the pages have read. */

import type { CourseProgress, NotificationFrame, WaitlistPlace } from "@studybeat/sdk";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";

import { courseQuery, inboxQuery, peopleKey } from "../api/queries";
import type { CourseSummary, Page, Place } from "../api/types";
import type { LiveClient } from "../live/client";
import { reread } from "../seats/moves";

/** A place in a queue, as a page shows it: gone, an offer, or waiting. */
const kindOf = (place: Place | null): string =>
  place?.position == null ? "none" : place.position === 0 ? "offered" : "waiting";

/** A new position is all there is to know; where it turned into something else, more has changed than that. */
export function placeMoved(queries: QueryClient, slug: string, place: WaitlistPlace | null): void {
  const before = new Set<string>();
  const moved = <T extends CourseSummary>(course: T): T => {
    if (course.slug !== slug) return course;
    before.add(kindOf(course.waitlist));
    return { ...course, waitlist: place };
  };
  queries.setQueryData(courseQuery(slug).queryKey, (course) => course && moved(course));
  queries.setQueriesData<InfiniteData<Page<CourseSummary>>>(
    { queryKey: ["courses"] },
    (found) =>
      found && { ...found, pages: found.pages.map((page) => ({ ...page, results: page.results.map(moved) })) },
  );
  const isOtherKind = [...before].some((kind) => kind !== kindOf(place));
  // What is being read just now may be older than this.
  const isReading = [courseQuery(slug).queryKey, ["courses"]].some((queryKey) => queries.isFetching({ queryKey }) > 0);
  if (isOtherKind || isReading) void reread(queries, slug);
}

/** Into the inbox, as far as that was read; and what it is about is read anew. */
export function told(queries: QueryClient, notification: NotificationFrame): void {
  // What is being read just now may be older than this, and is not read again by itself.
  const { queryKey } = inboxQuery;
  const isReading = queries.isFetching({ queryKey }) > 0;
  const ended = queries.cancelQueries({ queryKey });
  queries.setQueryData(queryKey, (read) => {
    const [newest, ...older] = read?.pages ?? [];
    if (!read || !newest) return read;
    const others = newest.results.filter(({ number }) => number !== notification.number);
    const results = [...others, notification].sort((a, b) => a.number - b.number);
    return { ...read, pages: [{ ...newest, results }, ...older] };
  });
  if (isReading) void ended.then(() => queries.invalidateQueries({ queryKey }));
  const { course } = notification.data;
  // Words between people: nothing that was read has changed.
  if (course === undefined || notification.kind === "session.nudge" || notification.kind === "help.requested") return;
  if (notification.kind === "enrollment.requested") void queries.invalidateQueries({ queryKey: peopleKey(course) });
  else void reread(queries, course);
}

/** Something may have been missed. What nobody looks at is read when somebody does. */
export function missedSomething(queries: QueryClient): void {
  for (const queryKey of [["courses"], ["course"], ["enrollments"], ["enrollment"], ["people"], inboxQuery.queryKey]) {
    void queries.invalidateQueries({ queryKey });
  }
}

interface Listener {
  told: (notification: NotificationFrame) => void;
  moved: (slug: string, place: WaitlistPlace | null) => void;
  progressed: (slug: string, progress: CourseProgress) => void;
  /** Online anew, and what changed meanwhile was not heard. */
  online: () => void;
}

/** Calls back with each thing that is new in the client's stores, once, until the function it returns is called. */
export function hear({ news, progress, connection, caughtUp }: LiveClient, listener: Listener): () => void {
  let { head, places } = news.get();
  let { courses } = progress.get();
  let { status } = connection.get();
  const leaveNews = news.subscribe(() => {
    const now = news.get();
    for (const notification of now.latest) {
      if (notification.number <= head) continue;
      head = notification.number;
      listener.told(notification);
    }
    for (const [slug, place] of Object.entries(now.places)) {
      if (places[slug] !== place) listener.moved(slug, place);
    }
    places = now.places;
    if (now.gap) caughtUp();
  });
  const leaveProgress = progress.subscribe(() => {
    const before = courses;
    ({ courses } = progress.get());
    for (const [slug, course] of Object.entries(courses)) {
      if (before[slug] !== course) listener.progressed(slug, course);
    }
  });
  const leaveConnection = connection.subscribe(() => {
    const before = status;
    ({ status } = connection.get());
    if (status === "online" && before !== "online") listener.online();
  });
  return () => {
    leaveNews();
    leaveProgress();
    leaveConnection();
  };
}
