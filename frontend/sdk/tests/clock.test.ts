import { expect, test } from "vitest";

import { ClockWatch, Timeline } from "../src/clock.js";
import { FakeServer } from "./server.js";
import { World } from "./world.js";

test("clocks that go together have not parted, however rarely one looks", () => {
  const world = new World(new FakeServer());
  const clocks = new ClockWatch(world);
  world.advance(3_600_000);
  expect(clocks.parted()).toBe(false);
});

test.each([3_600_000, -3_600_000, 2_001])("a wall clock set by %i ms parts them, once", (byMs) => {
  const world = new World(new FakeServer());
  const clocks = new ClockWatch(world);
  world.setWallClock(byMs);
  expect(clocks.parted()).toBe(true);
  expect(clocks.parted()).toBe(false);
});

test("sleep parts them", () => {
  const world = new World(new FakeServer());
  const clocks = new ClockWatch(world);
  world.sleep(60_000);
  expect(clocks.parted()).toBe(true);
});

test("a wall clock that is slowly corrected does not part them", () => {
  const world = new World(new FakeServer());
  const clocks = new ClockWatch(world);
  for (let look = 0; look < 100; look += 1) {
    world.setWallClock(500);
    expect(clocks.parted()).toBe(false);
  }
});

test("`at` is the server's clock plus the monotonic time since, in whole milliseconds", () => {
  const timeline = new Timeline();
  timeline.anchor(5_000, 100.4);
  expect(timeline.at(100.4)).toBe(5_000);
  expect(timeline.at(1_100.9)).toBe(6_000);
});

test("`at` never goes back: not for what is past, nor after a slow answer", () => {
  const timeline = new Timeline();
  timeline.anchor(0, 0);
  expect(timeline.at(10_000)).toBe(10_000);
  expect(timeline.at(9_000)).toBe(10_000);
  timeline.anchor(12_000, 15_000);
  expect(timeline.at(16_000)).toBe(16_000);
});

test("it is set forward when the server's clock is ahead", () => {
  const timeline = new Timeline();
  timeline.anchor(0, 0);
  timeline.anchor(3_610_000, 10_000);
  expect(timeline.at(11_000)).toBe(3_611_000);
});
