import { expect, test } from "vitest";

import { Backoff } from "../src/backoff.js";

test("the ceiling doubles from one second to ten", () => {
  const backoff = new Backoff(() => 1);
  expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test("the wait is anywhere below the ceiling: full jitter", () => {
  const chances = [0, 0.25, 0.5];
  const backoff = new Backoff(() => chances.shift() ?? 1);
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([0, 500, 2_000]);
});

test("it begins anew after a reset", () => {
  const backoff = new Backoff(() => 1);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(1_000);
});

test("one who asks too much waits from five to ten seconds, and then stays backed off", () => {
  const chances = [0, 1];
  const backoff = new Backoff(() => chances.shift() ?? 1);
  expect([backoff.slow(), backoff.slow(), backoff.next()]).toEqual([5_000, 10_000, 10_000]);
});
