import { expect, test } from "vitest";

import { ago, clock, day, fileSize, left, roughly, spoken } from "../src/time";

test.each([
  [0, "0:00"],
  [999, "0:00"],
  [65_999, "1:05"],
  [3_723_000, "1:02:03"],
])("%i ms on the clock: %s", (ms, shown) => {
  expect(clock(ms)).toBe(shown);
});

test.each([
  [0, "0 seconds"],
  [61_000, "1 minute 1 second"],
  [7_200_000, "2 hours"],
])("%i ms spoken: %s", (ms, said) => {
  expect(spoken(ms)).toBe(said);
});

test.each([
  [0, "no time yet"],
  [59.9, "under a minute"],
  [4_980, "1 h 23 min"],
  [7_200, "2 h"],
])("%d s roughly: %s", (seconds, said) => {
  expect(roughly(seconds)).toBe(said);
});

test.each([
  [812, "812 B"],
  [482_133, "482 kB"],
  [4_210_000, "4.2 MB"],
])("%i bytes: %s", (bytes, said) => {
  expect(fileSize(bytes)).toBe(said);
});

test.each([
  [0, "0:00"],
  [725_999, "12:05"],
  [3_600_000, "1 h 0 min"],
  [2 * 86_400_000 + 3_600_000, "2 days 1 h"],
])("%i ms are left: %s", (ms, said) => {
  expect(left(ms)).toBe(said);
});

const now = Date.parse("2026-05-10T12:00:00Z");
test.each([
  ["2026-05-10T12:00:09Z", "just now"],
  ["2026-05-10T11:55:00Z", "5 minutes ago"],
  ["2026-05-10T10:59:00Z", "1 hour ago"],
  ["2026-05-09T11:00:00Z", "yesterday"],
  ["2026-05-01T12:00:00Z", day("2026-05-01T12:00:00Z")],
])("%s was %s", (moment, said) => {
  expect(ago(moment, now)).toBe(said);
});
