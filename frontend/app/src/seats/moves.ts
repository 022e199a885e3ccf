/** What a learner can do about a seat: each a request, and then everything that it changes is read anew. */

import { type QueryClient, type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";

import { post, remove } from "../api/http";
import { coursePath, courseQuery, enrollmentsQuery } from "../api/queries";
import type { Enrollment, Place } from "../api/types";

export type Move = "enroll" | "join" | "leave" | "accept" | "decline" | "withdraw";

const requests: Record<Move, (slug: string) => Promise<Enrollment | Place>> = {
  enroll: (slug) => post<Enrollment>(coursePath(slug, "enroll/")),
  join: (slug) => post<Place>(coursePath(slug, "waitlist/")),
  leave: (slug) => remove<Place>(coursePath(slug, "waitlist/")),
  accept: (slug) => post<Enrollment>(coursePath(slug, "waitlist/accept/")),
  decline: (slug) => post<Place>(coursePath(slug, "waitlist/decline/")),
  withdraw: (slug) => post<Enrollment>(coursePath(slug, "withdraw/")),
};

/** Somebody's standing in this course has changed, or may have: read what shows it. */
export function reread(queries: QueryClient, slug: string): Promise<unknown> {
  return Promise.all([
    queries.invalidateQueries({ queryKey: courseQuery(slug).queryKey }), // and the outline with it
    queries.invalidateQueries({ queryKey: enrollmentsQuery.queryKey }),
    queries.invalidateQueries({ queryKey: ["courses"] }),
  ]);
}

/** In flight until the page shows what came of it; a refusal too means that the page was behind. */
export function useMove(slug: string): UseMutationResult<Enrollment | Place, Error, Move> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (move: Move) => requests[move](slug),
    onSettled: () => reread(queries, slug),
  });
}
