// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Signals } from "../src/activity.js";
import { browserPlatform, watchPage } from "../src/browser.js";

let told: string[];
let stopWatching: () => void;
let isVisible: boolean;
let isFocused: boolean;

const client = {
  signal: ({ visible, focused, playing }: Signals) => {
    const words = [
      visible ? "visible" : "hidden",
      focused ? "focused" : "blurred",
      ...(playing ? ["playing"] : []),
    ];
    told.push(words.join(" "));
  },
  input: (isInteraction: boolean) => told.push(isInteraction ? "press" : "movement"),
  check: () => told.push("check"),
  lastWords: () => told.push("last words"),
  leave: () => told.push("leave"),
  pause: () => told.push("pause"),
  resume: () => told.push("resume"),
};

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  isVisible = isFocused = true;
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => (isVisible ? "visible" : "hidden"));
  vi.spyOn(document, "hasFocus").mockImplementation(() => isFocused);
  stopWatching = watchPage(client);
});

afterEach(() => {
  stopWatching();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** What the client was told since it was last asked. */
function hears(): string[] {
  return told.splice(0);
}

test("it tells at once what the page is", () => {
  expect(hears()).toEqual(["visible focused"]);
});

test("switching to another tab and back, in the order of real browsers", () => {
  hears();
  isFocused = false;
  window.dispatchEvent(new Event("blur"));
  isVisible = false;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(hears()).toEqual(["visible blurred", "hidden blurred", "last words"]);

  isFocused = true;
  window.dispatchEvent(new Event("focus")); // while still hidden
  isVisible = true;
  document.dispatchEvent(new Event("visibilitychange"));
  expect(hears()).toEqual(["hidden focused", "visible focused", "check"]);
});

test("focus that moves without an event is seen within half a second", () => {
  hears();
  isFocused = false;
  vi.advanceTimersByTime(500);
  expect(hears()).toEqual(["visible blurred"]);
});

test("presses and scrolls are interactions; movements and held keys are not", () => {
  hears();
  document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true }));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, repeat: true }));
  document.body.dispatchEvent(new Event("pointermove", { bubbles: true }));
  for (const type of ["wheel", "wheel", "touchmove"]) document.body.dispatchEvent(new Event(type, { bubbles: true }));
  expect(hears()).toEqual(["press", "press", "movement", "movement", "press", "movement", "movement"]);
});

test("input that the page keeps to itself is seen all the same", () => {
  hears();
  const field = document.body.appendChild(document.createElement("input"));
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
  });
  field.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true }));
  expect(hears()).toEqual(["press"]);
});

test("media play until the last of them stops, also when it is taken off the page", () => {
  const first = document.body.appendChild(document.createElement("video"));
  const second = document.body.appendChild(document.createElement("audio"));
  hears();
  first.dispatchEvent(new Event("playing"));
  second.dispatchEvent(new Event("playing"));
  first.dispatchEvent(new Event("ended"));
  second.remove();
  second.dispatchEvent(new Event("pause"));
  second.dispatchEvent(new Event("emptied"));
  expect(hears()).toEqual([
    "visible focused playing",
    "visible focused playing",
    "visible focused playing",
    "visible focused",
  ]);
});

test("the network's comings and goings are hints to look", () => {
  hears();
  window.dispatchEvent(new Event("offline"));
  window.dispatchEvent(new Event("online"));
  expect(hears()).toEqual(["check", "check"]);
});

test("a page that goes for good leaves; one that may be restored pauses", () => {
  hears();
  window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
  window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  expect(hears()).toEqual(["pause", "resume", "visible focused", "check"]);
  window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
  expect(hears()).toEqual(["leave"]);
});

test("nothing is told once the watching has ended", () => {
  stopWatching();
  hears();
  window.dispatchEvent(new Event("blur"));
  document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  vi.advanceTimersByTime(10_000);
  expect(hears()).toEqual([]);
});

test("keys are UUIDs of version 4, each another", () => {
  const keys = Array.from({ length: 100 }, () => browserPlatform.uuid());
  for (const key of keys)
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(keys).size).toBe(100);
});
