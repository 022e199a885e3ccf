import { expect, test } from "vitest";

import { clock, fileSize, roughly, spoken } from "../src/time";

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
