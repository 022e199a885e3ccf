/** What a course's owner decides about a learner, and the reading anew after it. */

import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";

import { patch, post } from "../api/http";
import { coursePath, peopleKey } from "../api/queries";

export type Decision = "approve" | "reject" | "pause" | "resume" | "withdraw";

export interface Decided {
  /** The enrolment's number. */
  enrollment: number;
  decision: Decision;
  reason?: string;
}

export interface Revoked {
  /** The certificate's. */
  code: string;
  reason: string;
}

export interface Prioritized {
  /** The queue entry's number. */
  entry: number;
  priority: number;
  reason: string;
}

/** In flight until the lists show what came of it. */
function useThenReread<T>(slug: string, request: (asked: T) => Promise<unknown>): UseMutationResult<unknown, Error, T> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: request,
    onSettled: () => queries.invalidateQueries({ queryKey: peopleKey(slug) }),
  });
}

export const useDecide = (slug: string): UseMutationResult<unknown, Error, Decided> =>
  useThenReread(slug, ({ enrollment, decision, reason }) =>
    post(`enrollments/${enrollment}/${decision}/`, reason === undefined ? {} : { reason }),
  );

export const useRevoke = (slug: string): UseMutationResult<unknown, Error, Revoked> =>
  useThenReread(slug, ({ code, reason }) => post(`certificates/${code}/revoke/`, { reason }));

export const usePrioritize = (slug: string): UseMutationResult<unknown, Error, Prioritized> =>
  useThenReread(slug, ({ entry, priority, reason }) => patch(coursePath(slug, `waitlist/${entry}/`), { priority, reason }));
