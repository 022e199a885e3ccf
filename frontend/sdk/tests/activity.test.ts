import { beforeEach, describe, expect, test } from "vitest";

import { Activity } from "../src/activity.js";
import { HIDDEN, LOOKED_AT } from "./page.js";

let turns: string[];
let activity: Activity;

beforeEach(() => {
  turns = [];
  activity = new Activity(60_000, (state, instant) => turns.push(`${state} ${instant}`));
});

test("a page is idle until it is both visible and focused", () => {
  activity.signal({ ...HIDDEN, focused: true }, 10); // what a browser says on the way back to a tab
  activity.signal({ ...HIDDEN, visible: true }, 20);
  expect(turns).toEqual([]);
  activity.signal(LOOKED_AT, 30);
  expect(turns).toEqual(["focus 30"]);
});

test("input engages, and it ends exactly idle_after later, however late anybody looks", () => {
  activity.signal(LOOKED_AT, 0);
  activity.input(1_000);
  activity.input(5_000);
  expect(activity.nextTurn).toBe(65_000);
  activity.tick(64_999);
  expect(activity.state).toBe("engaged");
  activity.tick(90_000);
  expect(turns).toEqual(["focus 0", "engaged 1000", "focus 65000"]);
});

test("the turn that was due is told before what happens now", () => {
  activity.signal(LOOKED_AT, 0);
  activity.input(0);
  activity.signal(HIDDEN, 70_000);
  expect(turns).toEqual(["focus 0", "engaged 0", "focus 60000", "idle 70000"]);
});

test("coming back soon after the last input is still engaged, later only in focus", () => {
  activity.signal(LOOKED_AT, 0);
  activity.input(0);
  activity.signal(HIDDEN, 10_000);
  activity.signal(LOOKED_AT, 20_000);
  expect(activity.state).toBe("engaged");
  activity.signal(HIDDEN, 30_000);
  activity.signal(LOOKED_AT, 60_000);
  expect(activity.state).toBe("focus");
});

test("input into a page out of focus does not bring it into focus", () => {
  activity.signal({ ...HIDDEN, visible: true }, 0);
  activity.input(10);
  expect(activity.state).toBe("idle");
});

describe("media", () => {
  test("engage for as long as they play, and idle_after longer", () => {
    activity.signal({ ...LOOKED_AT, playing: true }, 0);
    expect(activity.nextTurn).toBe(Infinity);
    activity.tick(600_000);
    expect(activity.state).toBe("engaged");
    activity.signal(LOOKED_AT, 600_000);
    activity.tick(700_000);
    expect(turns).toEqual(["engaged 0", "focus 660000"]);
  });

  test("do not count while hidden", () => {
    activity.signal({ ...LOOKED_AT, playing: true }, 0);
    activity.signal({ ...HIDDEN, playing: true }, 1_000);
    activity.signal(HIDDEN, 500_000);
    activity.signal(LOOKED_AT, 500_001);
    expect(turns).toEqual(["engaged 0", "idle 1000", "focus 500001"]);
  });
});

test("another idle_after holds from when it is said", () => {
  activity.signal(LOOKED_AT, 0);
  activity.input(0);
  activity.setIdleAfter(10_000, 5_000);
  expect(activity.nextTurn).toBe(10_000);
  activity.setIdleAfter(2_000, 6_000);
  expect(turns).toEqual(["focus 0", "engaged 0", "focus 6000"]);
});
