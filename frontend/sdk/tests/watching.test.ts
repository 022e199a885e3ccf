import { beforeEach, expect, test } from "vitest";

import type { LiveWatch, WatchState } from "../src/state.js";
import type { WatchDelta, WatchedLearner } from "../src/types.js";
import { countedOn } from "../src/watching.js";
import { Page, refusal } from "./page.js";
import { TRUE_EPOCH_MS } from "./server.js";

let page: Page;
let watch: LiveWatch;

beforeEach(() => {
  page = new Page();
  page.server.roster = [row(5), row(6, { state: "idle" })];
  page.client.start();
  page.world.advance(0);
  watch = page.client.watch("intro");
  page.world.advance(0);
});

function row(enrollment: number, fields: Partial<WatchedLearner> = {}): WatchedLearner {
  return {
    enrollment,
    user: { id: enrollment, name: `Learner ${enrollment}` },
    session: 900 + enrollment,
    state: "engaged",
    since: "2026-01-01T00:00:00Z",
    content: 12,
    device_type: "desktop",
    counted_at: "2026-01-01T00:00:00Z",
    focus_ms: 5_000,
    engaged_ms: 4_000,
    idle_ms: 1_000,
    interactions: 3,
    progress: 25,
    help: false,
    ...fields,
  };
}

function state(of = watch): WatchState {
  return of.store.get();
}

function enrollments(): number[] {
  return [...state().learners.keys()];
}

function starts(): string[] {
  return page.world.sent("watch.start").map(({ course }) => course);
}

function stops(): string[] {
  return page.world.sent("watch.stop").map(({ course }) => course);
}

function delta(version: number, fields: Partial<WatchDelta> = {}): void {
  page.world.link.send({ type: "watch.delta", course: "intro", version, upsert: [], remove: [], ...fields });
  page.world.advance(0);
}

test("the snapshot is who learns now, and counts them", () => {
  expect(state()).toMatchObject({ phase: "live", isAnonymous: false, error: null });
  expect(enrollments()).toEqual([5, 6]);
  expect(state().counts).toEqual({ engaged: 1, focus: 0, idle: 1, silent: 0, help: 0 });
  expect(starts()).toEqual(["intro"]);
});

test("deltas change it row by row, and what has not changed stays the same", () => {
  const before = state().learners;
  delta(2, { upsert: [row(6, { state: "focus", help: true }), row(7)] });
  expect(enrollments()).toEqual([5, 6, 7]);
  expect(state().counts).toEqual({ engaged: 2, focus: 1, idle: 0, silent: 0, help: 1 });
  expect(state().learners.get(5)).toBe(before.get(5));
  expect(before.get(6)?.state).toBe("idle");
  delta(3, { remove: [5, 7] });
  expect(enrollments()).toEqual([6]);
});

test("where a delta is missing it begins anew, and shows what it knew meanwhile", () => {
  page.world.link.latencyMs = 50;
  page.server.roster = [row(9)];
  delta(3, { upsert: [row(7)] });
  page.world.advance(60);
  expect(state().phase).toBe("stale");
  expect(enrollments()).toEqual([5, 6]);
  delta(4, { upsert: [row(8)] });
  page.world.advance(100);
  expect(state().phase).toBe("live");
  expect(enrollments()).toEqual([9]);
  expect(starts()).toHaveLength(2);
  delta(2, { upsert: [row(10)] });
  page.world.advance(50);
  expect(enrollments()).toEqual([9, 10]);
});

test("an unasked snapshot replaces everything, and deltas go on from it", () => {
  page.world.link.send({ type: "watch.snapshot", course: "intro", version: 7, learners: [row(8)] });
  page.world.advance(0);
  expect(enrollments()).toEqual([8]);
  delta(8, { upsert: [row(9)] });
  expect(enrollments()).toEqual([8, 9]);
  expect(starts()).toHaveLength(1);
});

test("an anonymous course shows how many, and not who; and may become another one", () => {
  const counts = { engaged: 3, focus: 2, idle: 1, silent: 0, help: 1 };
  page.world.link.send({ type: "watch.snapshot", course: "intro", version: 2, learners: [], counts });
  page.world.advance(0);
  expect(state()).toMatchObject({ isAnonymous: true, counts });
  delta(3, { counts: { ...counts, engaged: 4 } });
  expect(state().counts.engaged).toBe(4);
  page.world.link.send({ type: "watch.snapshot", course: "intro", version: 4, learners: [row(5)] });
  page.world.advance(0);
  expect(state()).toMatchObject({ isAnonymous: false, counts: { engaged: 1 } });
});

test("after a lost connection it begins anew", () => {
  page.world.link.close(1006);
  expect(state().phase).toBe("stale");
  expect(enrollments()).toEqual([5, 6]);
  page.server.roster = [row(6)];
  page.world.advance(20_000);
  expect(state().phase).toBe("live");
  expect(enrollments()).toEqual([6]);
});

test("begun offline it starts with the connection", () => {
  page.world.link.close(1006);
  const other = page.client.watch("other");
  expect(state(other).phase).toBe("starting");
  page.world.advance(20_000);
  expect(state(other).phase).toBe("live");
});

test("a start that gets lost is said again", () => {
  page.world.link.losesToServer = true;
  const other = page.client.watch("other");
  page.world.advance(1_000);
  page.world.link.losesToServer = false;
  page.world.advance(90_000);
  expect(state(other).phase).toBe("live");
});

test("a snapshot that is long on its way is waited for, and asked for once", () => {
  const { link } = page.world;
  watch.stop();
  link.latencyMs = 35_000;
  const other = page.client.watch("other");
  page.world.advance(69_000);
  expect(state(other).phase).toBe("starting");
  page.world.advance(2_000);
  expect(state(other).phase).toBe("live");
  expect(starts()).toEqual(["intro", "other"]);
  expect(page.world.link).toBe(link);
});

test("so is the next one of a large class, and none of a small one", () => {
  const hearsNothing = (): void => {
    page.world.link.losesToClient = true;
    page.world.advance(31_000);
  };
  hearsNothing();
  expect(page.world.links).toHaveLength(2);
  page.server.roster = Array.from({ length: 5_000 }, (_, index) => row(index));
  page.world.link.close(1006);
  page.world.advance(20_000);
  expect(state().learners.size).toBe(5_000);
  hearsNothing();
  expect(page.world.links).toHaveLength(3);
  page.world.advance(60_000);
  expect(page.world.links).toHaveLength(4);
});

test("stopped it hears no more, and says so again where the server goes on", () => {
  watch.stop();
  watch.stop();
  page.world.advance(0);
  expect(state().phase).toBe("ended");
  expect(stops()).toEqual(["intro"]);
  delta(2, { upsert: [row(7)] });
  expect(enrollments()).toEqual([5, 6]);
  expect(stops()).toEqual(["intro", "intro"]);
  page.world.link.close(1006);
  page.world.advance(20_000);
  expect(starts()).toHaveLength(1);
});

test("a later watch of a course takes the place of the one before, whose end then stops nothing", () => {
  const later = page.client.watch("intro");
  page.world.advance(0);
  watch.stop();
  delta(2, { upsert: [row(7)] });
  expect(state().phase).toBe("ended");
  expect([...state(later).learners.keys()]).toEqual([5, 6, 7]);
  expect(stops()).toEqual([]);
});

test("who may not watch is told so, and who may no longer, too", () => {
  page.server.refusals["watch.start"] = [refusal("forbidden", { message: "It is not yours." })];
  const other = page.client.watch("other");
  page.world.advance(60_000);
  expect(state(other)).toMatchObject({ phase: "ended", error: { code: "forbidden", message: "It is not yours." } });
  const ref = page.world.sent("watch.start")[0]?.ref ?? null;
  page.world.link.send({ type: "error", ref, code: "forbidden", message: "No longer yours.", course: "intro" });
  page.world.advance(60_000);
  expect(state()).toMatchObject({ phase: "ended", error: { message: "No longer yours." } });
  expect(starts()).toEqual(["intro", "other"]);
});

test("asked to wait, it waits", () => {
  page.server.refusals["watch.start"] = [refusal("rate_limited", { retry_after_ms: 3_000 })];
  const other = page.client.watch("other");
  page.world.advance(2_999);
  expect(state(other).phase).toBe("starting");
  page.world.advance(1);
  expect(state(other).phase).toBe("live");
});

test("for somebody else there is nothing to see", () => {
  page.world.link.close(1006);
  page.server.userId = 2;
  page.world.advance(60_000);
  expect(state()).toMatchObject({ phase: "ended", counts: { engaged: 0 } });
  expect(enrollments()).toEqual([]);
  expect(starts()).toHaveLength(1);
});

test("times count on by the state and the server's clock, whatever time it is here", () => {
  page.world.setWallClock(3_600_000);
  page.world.advance(10_000);
  const now = page.client.serverNow();
  expect(now).toBe(TRUE_EPOCH_MS + 10_000);
  const times = (fields: Partial<WatchedLearner>): number[] => Object.values(countedOn(row(5, fields), now));
  expect(times({})).toEqual([15_000, 14_000, 1_000]);
  expect(times({ state: "focus" })).toEqual([15_000, 4_000, 1_000]);
  expect(times({ state: "idle" })).toEqual([5_000, 4_000, 11_000]);
  expect(times({ state: "silent" })).toEqual([5_000, 4_000, 1_000]);
  expect(times({ counted_at: "2026-01-01T00:00:20Z" })).toEqual([5_000, 4_000, 1_000]);
});

test("the server's clock is what came fastest, and after a sleep what the next connection says", () => {
  page.world.link.latencyMs = 4_000;
  page.world.advance(40_000); // pings, whose answers are late
  expect(page.client.serverNow()).toBe(TRUE_EPOCH_MS + 40_000);
  page.world.sleep(600_000);
  page.world.link.close(1006);
  page.world.advance(20_000);
  expect(page.client.serverNow()).toBe(TRUE_EPOCH_MS + page.world.now);
});
