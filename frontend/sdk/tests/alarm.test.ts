import { expect, test } from "vitest";

import { Alarm } from "../src/alarm.js";
import { FakeServer } from "./server.js";
import { World } from "./world.js";

function alarmIn(world: World): { alarm: Alarm; rings: number[] } {
  const rings: number[] = [];
  const alarm = new Alarm(world, () => rings.push(world.now));
  return { alarm, rings };
}

test("it rings once, when it is due", () => {
  const world = new World(new FakeServer());
  const { alarm, rings } = alarmIn(world);
  alarm.set(500);
  world.advance(2_000);
  expect(rings).toEqual([500]);
});

test("setting it replaces what was set; Infinity is never", () => {
  const world = new World(new FakeServer());
  const { alarm, rings } = alarmIn(world);
  alarm.set(500);
  alarm.set(700);
  world.advance(1_000);
  alarm.set(1_500);
  alarm.set(Infinity);
  world.advance(1_000);
  expect(rings).toEqual([700]);
});

test("a timer that comes too early is not believed", () => {
  const world = new World(new FakeServer());
  const early = {
    monotonic: () => world.now,
    setTimer: (ring: () => void, ms: number) => world.after(ms / 2, ring),
  };
  const rings: number[] = [];
  const alarm = new Alarm(Object.assign(Object.create(world) as World, early), () => rings.push(world.now));
  alarm.set(1_000);
  world.advance(2_000);
  expect(rings).toHaveLength(1);
  expect(rings[0]).toBeGreaterThanOrEqual(1_000);
});
