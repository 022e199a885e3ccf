// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Wish } from "../src/timers.js";

let wishes: Wish[];
let scope: { onmessage: (event: { data: number }) => void; postMessage: (wish: Wish) => void };
let setTimer: typeof import("../src/timers.js").setTimer;
let rings: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  wishes = [];
  rings = [];
  scope = { onmessage: () => undefined, postMessage: (wish) => wishes.push(wish) };
  vi.stubGlobal(
    "Worker",
    vi.fn(function () {
      return scope;
    }),
  );
  ({ setTimer } = await import("../src/timers.js"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a timer rings when the worker says so, though the page's own is held back, and once only", () => {
  setTimer(() => rings.push("a"), 10_000);
  expect(wishes).toEqual([{ id: 1, ms: 10_000 }]);
  scope.onmessage({ data: 1 });
  expect(rings).toEqual(["a"]);
  vi.advanceTimersByTime(60_000);
  expect(rings).toEqual(["a"]);
});

test("it rings without the worker's help too", () => {
  setTimer(() => rings.push("a"), 10_000);
  vi.advanceTimersByTime(10_000);
  scope.onmessage({ data: 1 });
  expect(rings).toEqual(["a"]);
});

test("one that was cancelled rings never", () => {
  setTimer(() => rings.push("a"), 10_000)();
  scope.onmessage({ data: 1 });
  vi.advanceTimersByTime(60_000);
  expect(rings).toEqual([]);
});

function refusesWorkers(): never {
  throw new DOMException("The site's policy allows none.", "SecurityError");
}

test.each([
  ["there are no workers", () => vi.unstubAllGlobals()],
  ["none may be started", () => vi.stubGlobal("Worker", vi.fn(refusesWorkers))],
])("where %s, the page's own timers do", async (_, given) => {
  given();
  vi.resetModules();
  ({ setTimer } = await import("../src/timers.js"));
  setTimer(() => rings.push("a"), 1_000);
  vi.advanceTimersByTime(1_000);
  expect(rings).toEqual(["a"]);
});
