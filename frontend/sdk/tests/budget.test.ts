import { expect, test } from "vitest";

import { FrameBudget } from "../src/budget.js";

test("half the burst goes at once, then half the rate", () => {
  const budget = new FrameBudget(20, 40, 0);
  for (let frame = 0; frame < 20; frame += 1) expect(budget.take(0)).toBe(0);
  expect(budget.take(0)).toBe(100);
  expect(budget.take(100)).toBe(0);
  expect(budget.take(100)).toBe(100);
});

test("it refills, but not beyond the burst", () => {
  const budget = new FrameBudget(20, 40, 0);
  for (let frame = 0; frame < 20; frame += 1) budget.take(0);
  for (let frame = 0; frame < 20; frame += 1) expect(budget.take(3_600_000)).toBe(0);
  expect(budget.take(3_600_000)).toBeGreaterThan(0);
});

test("waiting as long as it says is always enough, whatever the fractions", () => {
  const budget = new FrameBudget(7, 3, 0);
  let now = 0.1;
  for (let frame = 0; frame < 500; frame += 1) {
    const wait = budget.take(now);
    if (wait === 0) continue;
    now += wait;
    expect(budget.take(now)).toBe(0);
  }
});

test("nothing goes while paused, and one frame right after", () => {
  const budget = new FrameBudget(20, 40, 0);
  budget.pause(0, 1_000);
  expect(budget.take(0)).toBe(1_000);
  expect(budget.take(999)).toBe(1);
  expect(budget.take(1_000)).toBe(0);
  expect(budget.take(1_000)).toBe(100);
});
