/** What the live page says: states and outcomes as words for people. */

import type { DeviceType, NudgeOutcome, WatchedLearner } from "@studybeat/sdk";

import { roughly } from "../time";
import { type SeenState, STATES, TRACE_MS, type Turn } from "./lesson";

export const stateWords: Record<SeenState, string> = {
  engaged: "Engaged",
  focus: "In focus",
  idle: "Away",
  silent: "Not heard",
};

export const deviceWords: Record<DeviceType, string> = {
  desktop: "computer",
  tablet: "tablet",
  mobile: "phone",
  unknown: "",
};

export const learnersWords = (count: number): string => (count === 1 ? "1 learner" : `${count} learners`);

/** How long of the last minutes a learner was what: a share of 1 each, in the order of states, where they were at all. */
export function shares(trace: readonly Turn[], now: number): [SeenState, number][] {
  return STATES.map((state): [SeenState, number] => [
    state,
    segments(trace, now).reduce((sum, segment) => (segment.state === state ? sum + segment.to - segment.from : sum), 0),
  ]).filter(([, share]) => share > 0);
}

export interface Segment {
  state: SeenState;
  /** From 0, `TRACE_MS` ago, to 1, now. */
  from: number;
  to: number;
}

/** The last minutes of a trace, where the learner was here. */
export function segments(trace: readonly Turn[], now: number): Segment[] {
  const place = (at: number): number => Math.min(1, Math.max(0, 1 - (now - at) / TRACE_MS));
  return trace.flatMap(({ at, state }, index) => {
    const [from, to] = [place(at), place(trace[index + 1]?.at ?? now)];
    return state === null || to <= from ? [] : [{ state, from, to }];
  });
}

export const traceWords = (trace: readonly Turn[], now: number): string =>
  shares(trace, now)
    .map(([state, share]) => `${stateWords[state].toLowerCase()} ${roughly(Math.round((share * TRACE_MS) / 1000))}`)
    .join(", ");

/** Whether the page with this query hides names, as for a projector: then nothing else on it may say them either. */
export const hidesNames = (query: URLSearchParams): boolean => query.get("names") === "hidden";

/** What came of a word to a learner; null: it arrived. */
export function problemOf(outcome: NudgeOutcome): string | null {
  switch (outcome.kind) {
    case "told":
      return null;
    case "refused":
      return outcome.error.message;
    case "offline":
      return "You are not connected: nothing was sent.";
    case "unknown":
      return "The connection was lost meanwhile: it may have arrived, or not.";
  }
}

export const sinceMs = ({ since }: WatchedLearner, now: number): number => Math.max(0, now - Date.parse(since));
