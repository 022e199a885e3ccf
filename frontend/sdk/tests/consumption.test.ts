import { beforeEach, expect, test } from "vitest";

import { longest, seconds, union } from "../src/played.js";
import { Page } from "./page.js";
import { progress } from "./server.js";

let page: Page;

beforeEach(() => {
  page = new Page();
  page.client.start();
  page.world.advance(0);
});

/** What the server was told: an item, and the stretches of it. */
function told(): [number, ...number[][]][] {
  return page.world
    .sent("content.consumed")
    .map(({ item, ranges }) => [item, ...ranges.map(({ start, end }) => [start, end])]);
}

test("stretches add up to their union", () => {
  const played = union([{ start: 10, end: 20 }, { start: 0, end: 5 }], [{ start: 4, end: 11 }, { start: 30, end: 30 }]);
  expect(played).toEqual([{ start: 0, end: 20 }]);
  expect(seconds(played)).toBe(20);
  const two = [{ start: 0, end: 1 }, { start: 2, end: 9 }, { start: 20, end: 23 }];
  expect(longest(two, 2)).toEqual([{ start: 2, end: 9 }, { start: 20, end: 23 }]);
});

test("a text is told once, however often the page says so", () => {
  page.client.consumed(12, 1);
  page.client.consumed(12, 1);
  page.world.advance(60_000);
  page.client.consumed(12, 1);
  expect(told()).toEqual([[1]]);
});

test("of a video, all that was played is told, every five seconds at most", () => {
  for (let second = 1; second <= 11; second++) {
    page.client.consumed(12, 2, [{ start: 0, end: second }]);
    page.world.advance(1_000);
  }
  page.world.advance(60_000);
  expect(told()).toEqual([
    [2, [0, 1]],
    [2, [0, 5]],
    [2, [0, 10]],
    [2, [0, 11]],
  ]);
  page.client.consumed(12, 2, [{ start: 3, end: 9 }]);
  page.world.advance(60_000);
  expect(told()).toHaveLength(4);
});

test("items are apart", () => {
  page.client.consumed(12, 1);
  page.client.consumed(12, 2, [{ start: 0, end: 1 }]);
  expect(told()).toEqual([[1], [2, [0, 1]]]);
});

test("a page that may go says what waits for its turn", () => {
  page.client.consumed(12, 2, [{ start: 0, end: 1 }]);
  page.client.consumed(12, 2, [{ start: 0, end: 3 }]);
  expect(told()).toHaveLength(1);
  page.client.lastWords();
  expect(told()).toEqual([
    [2, [0, 1]],
    [2, [0, 3]],
  ]);
});

test("what may have been lost with a connection is said again, and what is older is not", () => {
  page.client.consumed(12, 1);
  page.world.advance(60_000);
  page.world.link.losesToServer = true;
  page.client.consumed(12, 2, [{ start: 0, end: 1 }]);
  page.world.link.close(1006);
  page.client.consumed(12, 2, [{ start: 0, end: 3 }]);
  page.world.advance(20_000);
  expect(told()).toEqual([[1], [2, [0, 1]], [2, [0, 3]]]);
});

test("asked to wait, it waits, and then says all there is", () => {
  page.server.refusals["content.consumed"] = [{ code: "rate_limited", message: "", retry_after_ms: 7_000 }];
  page.client.consumed(12, 2, [{ start: 0, end: 4 }]);
  page.world.advance(6_000);
  page.client.consumed(12, 2, [{ start: 0, end: 10 }]);
  page.world.advance(999);
  expect(told()).toHaveLength(1);
  page.world.advance(1);
  expect(told().at(-1)).toEqual([2, [0, 10]]);
});

test("what is refused is not said again on this connection", () => {
  page.server.refusals["content.consumed"] = [{ code: "not_found", message: "" }];
  page.client.consumed(12, 2, [{ start: 0, end: 4 }]);
  page.world.advance(0);
  page.client.consumed(12, 2, [{ start: 0, end: 40 }]);
  page.client.lastWords();
  page.world.advance(60_000);
  expect(told()).toHaveLength(1);
});

test("of a completed content nothing more is said", () => {
  page.client.consumed(12, 2, [{ start: 0, end: 1 }]);
  page.client.consumed(12, 2, [{ start: 0, end: 3 }]);
  page.client.consumed(13, 3);
  page.world.link.send(progress({ content: 12 }));
  page.world.advance(60_000);
  expect(told()).toEqual([[2, [0, 1]], [3]]);
});
