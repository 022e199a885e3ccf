import { beforeEach, expect, test } from "vitest";

import type { ProgressState } from "../src/state.js";
import { Page } from "./page.js";
import { progress } from "./server.js";

let page: Page;

beforeEach(() => {
  page = new Page();
  page.client.start();
  page.world.advance(0);
});

function state(): ProgressState {
  return page.client.progress.get();
}

function asked(): number[] {
  return page.world.sent("content.complete").map(({ content }) => content);
}

function say(fields: Parameters<typeof progress>[0]): void {
  page.world.link.send(progress(fields));
  page.world.advance(0);
}

test("it begins empty, and hears what is completed on whatever device", () => {
  expect(state()).toEqual({ courses: {}, asked: {} });
  page.server.complete(12);
  page.server.complete(13);
  page.world.advance(0);
  expect(state().courses).toEqual({
    intro: {
      enrollment: 5,
      revision: 2,
      percent: 50,
      status: "enrolled",
      content: 13,
      completed: [12, 13],
      modules: { 3: 50 },
    },
  });
});

test("a lower revision comes too late, and the same one again", () => {
  say({ revision: 9, course_percent: 75, status: "completed" });
  const before = state();
  say({ revision: 8, content: 13, course_percent: 50 });
  say({ revision: 9, course_percent: 0 });
  expect(state()).toBe(before);
});

test("courses are apart, and so are enrolments", () => {
  say({ revision: 9 });
  say({ course: "other", enrollment: 6, revision: 1, content: 40, module: 9, module_percent: 100, course_percent: 100 });
  expect(state().courses).toMatchObject({ intro: { percent: 25 }, other: { percent: 100, modules: { 9: 100 } } });
  say({ enrollment: 7, revision: 1, content: 14, module: 4 });
  expect(state().courses.intro).toMatchObject({ enrollment: 7, completed: [14], modules: { 4: 50 } });
});

test("a change that names no content takes back what was known of modules, not what is completed", () => {
  say({ revision: 1 });
  const nothing = { content: null, content_completed: null, module: null, module_percent: null };
  say({ ...nothing, revision: 2, course_percent: 20 });
  expect(state().courses.intro).toMatchObject({ percent: 20, content: null, completed: [12], modules: {} });
});

test("what is completed here is asked once, and gone from there with the answer", () => {
  page.client.complete(12);
  page.client.complete(12);
  expect(state().asked).toEqual({ 12: null });
  page.world.advance(0);
  expect(asked()).toEqual([12]);
  expect(state()).toMatchObject({ courses: { intro: { completed: [12] } }, asked: {} });
  page.world.advance(120_000);
  expect(asked()).toEqual([12]);
});

test("said offline, it is told when the server is there again", () => {
  page.world.link.close(1006);
  page.client.complete(12);
  expect(state().asked).toEqual({ 12: null });
  page.world.advance(20_000);
  expect(page.server.completed).toEqual([12]);
  expect(state().asked).toEqual({});
});

test("a frame that gets lost is said again", () => {
  page.world.link.losesToServer = true;
  page.client.complete(12);
  page.world.advance(120_000);
  expect(page.server.completed).toEqual([12]);
  expect(state().asked).toEqual({});
});

test("a refusal is kept for the page, which may ask again", () => {
  page.server.refusals["content.complete"] = [{ code: "forbidden", message: "It completes itself." }];
  page.client.complete(12);
  page.world.advance(60_000);
  expect(state().asked[12]).toMatchObject({ code: "forbidden", message: "It completes itself." });
  expect(asked()).toEqual([12]);
  page.client.complete(12);
  expect(state().asked).toEqual({ 12: null });
  page.world.advance(0);
  expect(state().courses.intro?.completed).toEqual([12]);
});

test("asked to wait, it waits", () => {
  page.server.refusals["content.complete"] = [{ code: "rate_limited", message: "", retry_after_ms: 3_000 }];
  page.client.complete(12);
  page.world.advance(2_999);
  expect(asked()).toEqual([12]);
  expect(state().asked).toEqual({ 12: null });
  page.world.advance(1);
  expect(asked()).toEqual([12, 12]);
  expect(state().asked).toEqual({});
});

test("somebody else's progress is nobody's here", () => {
  page.server.complete(12);
  page.world.advance(0);
  page.world.link.close(1006);
  page.client.complete(13);
  page.server.userId = 2;
  page.world.advance(60_000);
  expect(state()).toEqual({ courses: {}, asked: {} });
  expect(asked()).toEqual([]);
});
