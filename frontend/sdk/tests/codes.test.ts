import { expect, test } from "vitest";

import { afterClose, afterError, mayReconnect } from "../src/codes.js";

test.each([
  [1000, "again"],
  [1001, "again"],
  [1006, "again"],
  [1009, "smaller"],
  [1011, "again"],
  [1012, "again"],
  [1013, "again"],
  [4001, "again"],
  [4008, "again"],
  [4012, "again"],
  [4013, "slower"],
  [4400, "again"],
  [4499, "again"],
  [4500, "stop"],
  [4501, "stop"],
  [4502, "stop"],
  [4503, "stop"],
  [4504, "stop"],
  [4505, "stop"],
  [4777, "stop"],
  [4999, "stop"],
])("after close code %i: %s", (code, then) => {
  expect(afterClose(code)).toBe(then);
  expect(mayReconnect(code)).toBe(then !== "stop");
});

test.each([
  ["gap", "resend"],
  ["rate_limited", "retry"],
  ["too_many_sessions", "retry"],
  ["session_closed", "closed"],
  ["not_enrolled", "drop"],
  ["not_found", "drop"],
  ["forbidden", "drop"],
  ["bad_frame", "drop"],
  ["a code of tomorrow", "drop"],
])("after error %s: %s", (code, then) => {
  expect(afterError(code)).toBe(then);
});
