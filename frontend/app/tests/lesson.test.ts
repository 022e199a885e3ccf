import { beforeEach, expect, test } from "vitest";

import { Lesson, TRACE_MS } from "../src/watch/lesson";
import { segments, traceWords } from "../src/watch/words";
import { FakeWatch } from "./fakes";
import { learner } from "./watched";

const BEGAN = Date.parse("2026-01-01T10:00:00Z");
let now: number;
let watch: FakeWatch;
let lesson: Lesson;

const at = (ms: number): string => new Date(ms).toISOString();

beforeEach(() => {
  now = BEGAN;
  watch = new FakeWatch("intro");
  lesson = new Lesson(watch.store, () => now);
});

test("until the first snapshot nothing is kept", () => {
  expect(lesson.points).toEqual([]);
  expect(lesson.traceOf(5)).toEqual([]);
});

test("a trace has every turn, from when it was on, and that a learner has left", () => {
  watch.show(learner(5), learner(6));
  now += 60_000;
  watch.show(learner(5, { state: "idle", since: at(now - 2_000) }), learner(6, { progress: 50 }));
  now += 60_000;
  watch.show(learner(6));
  expect(lesson.traceOf(5)).toEqual([
    { at: BEGAN - 120_000, state: "engaged" },
    { at: BEGAN + 58_000, state: "idle" },
    { at: BEGAN + 120_000, state: null },
  ]);
  expect(lesson.traceOf(6)).toHaveLength(1);
  expect(segments(lesson.traceOf(5), now).map(({ state }) => state)).toEqual(["engaged", "idle"]);
  expect(traceWords(lesson.traceOf(5), now)).toBe("engaged 2 min, away 1 min");
});

test("who comes back is here again, and was not in between", () => {
  watch.show(learner(5));
  now += 60_000;
  watch.show();
  now += 60_000;
  watch.show(learner(5, { since: at(now) }));
  expect(segments(lesson.traceOf(5), now + 60_000).map(({ from, to }) => Math.round((to - from) * 10))).toEqual([3, 1]);
});

test("of a trace no more is kept than is shown, and of who left nothing in the end", () => {
  for (let turn = 0; turn < 100; turn++) {
    now += 60_000;
    watch.show(learner(5, { state: turn % 2 ? "engaged" : "focus", since: at(now) }), learner(6));
  }
  expect(lesson.traceOf(5).length).toBeLessThanOrEqual(12);
  expect(segments(lesson.traceOf(5), now)[0]?.from).toBe(0);
  watch.show(learner(6));
  now += TRACE_MS + 1;
  watch.show(learner(6, { progress: 60 }));
  expect(lesson.traceOf(5)).toEqual([]);
});

test("points say how many were in each state; where nobody knows, so", () => {
  watch.show(learner(5), learner(6, { state: "idle" }));
  now += 10_000;
  watch.store.set({ phase: "stale" });
  now += 10_000;
  watch.show(learner(5));
  expect(lesson.points.map(({ at: when, counts }) => [when - BEGAN, counts?.engaged, counts?.idle])).toEqual([
    [0, 1, 1],
    [10_000, undefined, undefined],
    [20_000, 1, 0],
  ]);
});

test("many points in a short time are one, and after four hours the oldest go", () => {
  for (let second = 0; second < 5 * 3600; second++) {
    now += 1_000;
    watch.show(...(second % 2 ? [learner(5)] : [learner(5), learner(6)]));
  }
  expect(lesson.points.length).toBeLessThanOrEqual((4 * 3600) / 5 + 2);
  expect(lesson.points.at(-1)?.at).toBe(now);
  expect(now - (lesson.points[0]?.at ?? 0)).toBeLessThanOrEqual(4 * 3_600_000 + 5_000);
});

test("whose name is hidden has a number, and keeps it", () => {
  watch.show(learner(8), learner(5));
  watch.show(learner(5), learner(7));
  expect([8, 5, 7].map((enrollment) => lesson.numberOf(enrollment))).toEqual([1, 2, 3]);
});

test("stopped it hears no more", () => {
  watch.show(learner(5));
  lesson.stop();
  watch.show(learner(6));
  expect(lesson.traceOf(6)).toEqual([]);
});
