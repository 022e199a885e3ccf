import { beforeEach, expect, test } from "vitest";

import type { NewsState } from "../src/state.js";
import { Page } from "./page.js";

let page: Page;

beforeEach(() => {
  page = new Page();
});

function news(): NewsState {
  return page.client.news.get();
}

function numbers(): number[] {
  return news().latest.map(({ number }) => number);
}

function start(): void {
  page.client.start();
  page.world.advance(0);
}

function notify(times = 1): void {
  for (let time = 0; time < times; time++) page.server.notify();
  page.world.advance(0);
}

/** The network breaks; what happens meanwhile is missed. */
function missing(times: number): void {
  page.world.link.close(1006);
  notify(times);
  page.world.advance(20_000);
}

test("it begins where the server is, and hears what comes then", () => {
  page.server.notifications = 57;
  page.server.seen = 40;
  start();
  expect(news()).toMatchObject({ head: 57, seen: 40, unread: 17, gap: false, latest: [] });
  notify(2);
  expect(numbers()).toEqual([58, 59]);
  expect(news()).toMatchObject({ head: 59, unread: 19 });
});

test("after a lost connection it asks from the last one, and has each once and in order", () => {
  start();
  notify(3);
  missing(4);
  expect(page.world.sent("hello").map((hello) => hello.notifications_after)).toEqual([undefined, 3]);
  notify();
  expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("one that comes again is passed over", () => {
  start();
  notify(2);
  page.server.notifications = 1;
  notify();
  expect(numbers()).toEqual([1, 2]);
});

test("after too many it says so, goes on from the newest, and the page reads the rest", () => {
  start();
  notify(3);
  missing(201);
  expect(news()).toMatchObject({ gap: true, head: 204, unread: 204, latest: [] });
  page.client.caughtUp();
  notify();
  expect(news().gap).toBe(false);
  expect(numbers()).toEqual([205]);
});

test("it keeps the latest 200", () => {
  start();
  notify(250);
  expect(numbers()).toHaveLength(200);
  expect(numbers().at(-1)).toBe(250);
});

test("what is seen here is seen at once, and never less", () => {
  start();
  notify(5);
  page.client.see(3);
  expect(news()).toMatchObject({ seen: 3, unread: 2 });
  page.world.advance(0);
  expect(page.server.seen).toBe(3);
  page.client.see(1);
  page.client.see(99);
  expect(news()).toMatchObject({ seen: 5, unread: 0 });
  page.world.advance(0);
  expect(page.server.seen).toBe(5);
});

test("what is seen on another device is seen here", () => {
  start();
  notify(5);
  page.world.link.send({ type: "notifications.state", head: 5, seen: 4, unread: 1 });
  page.world.advance(0);
  expect(news()).toMatchObject({ seen: 4, unread: 1 });
});

test("what is seen offline reaches the server later", () => {
  start();
  notify(5);
  page.world.link.close(1006);
  page.client.see(5);
  expect(news().unread).toBe(0);
  page.world.advance(20_000);
  expect(page.server.seen).toBe(5);
});

test("a place in a waitlist: the latest word counts", () => {
  start();
  const word = { type: "waitlist.updated", course: "intro" } as const;
  page.world.link.send({ ...word, position: 2, offer_expires_at: null });
  page.world.advance(0);
  expect(news().places).toEqual({ intro: { position: 2, offer_expires_at: null } });
  page.world.link.send({ ...word, position: 0, offer_expires_at: "2026-01-01T00:00:00Z" });
  page.world.link.send({ ...word, course: "other", position: 1, offer_expires_at: null });
  page.world.advance(0);
  page.world.link.send({ ...word, course: "other", position: null, offer_expires_at: null });
  page.world.advance(0);
  expect(news().places).toEqual({
    intro: { position: 0, offer_expires_at: "2026-01-01T00:00:00Z" },
    other: null,
  });
});

test("somebody else's news is nobody's here", () => {
  start();
  notify(3);
  page.client.see(2);
  page.world.link.close(1006);
  page.server.userId = 2;
  page.server.notifications = 1;
  page.server.seen = 0;
  page.world.advance(20_000);
  expect(news()).toMatchObject({ head: 1, seen: 0, unread: 1, latest: [] });
});

test("a client that remembers asks from there", () => {
  page.server.notifications = 9;
  const client = page.remembering(7);
  client.start();
  page.world.advance(0);
  expect(client.news.get().latest.map(({ number }) => number)).toEqual([8, 9]);
});
