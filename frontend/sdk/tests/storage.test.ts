/** What outlives a page: kept until it is acknowledged, sent by the next page, never closed by it. */

import { beforeEach, describe, expect, test } from "vitest";

import { MemoryStorage } from "../src/storage.js";
import type { KeptSession } from "../src/storage.js";
import type { Sample } from "../src/types.js";
import { HIDDEN, LOOKED_AT, Page } from "./page.js";

/** The storage of a browser, which its pages share. */
type Shelves = ConstructorParameters<typeof MemoryStorage>[0];
let shelves: NonNullable<Shelves>;
let mine: MemoryStorage;

beforeEach(() => {
  shelves = new Map();
  mine = new MemoryStorage(shelves);
});

function studying() {
  return Page.studying(new Page(1, mine));
}

/** The page dies without a word. */
function crash(page: Page): void {
  page.world.link.isOpen = false;
  page.world.dropTimers();
  mine.release();
}

/** Another page of the same browser, signed in; gives time for what it sends. */
async function visit(before: Page): Promise<Page> {
  const page = new Page(2, new MemoryStorage(shelves), before);
  page.client.start();
  await settle(before);
  return page;
}

/** Gives time for what is being sent. */
async function settle(page: Page): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) {
    page.world.advance(10);
    await Promise.resolve();
  }
}

async function kept(): Promise<[KeptSession, readonly Sample[]][]> {
  const found: [KeptSession, readonly Sample[]][] = [];
  await new MemoryStorage(shelves).orphans((session, samples) => {
    found.push([session, samples]);
    return Promise.resolve(false);
  });
  return found;
}

test("what is not acknowledged is kept, with what it belongs to; what is acknowledged is not", async () => {
  const { page } = studying();
  page.world.advance(15_000);
  page.world.link.losesToServer = true;
  page.client.signal(HIDDEN);
  mine.release();
  expect(await kept()).toEqual([
    [
      { key: "key-1", course: "intro", content: 12, user: 1, began: expect.any(Number) as number },
      [{ seq: 3, at: 15_000, state: "idle", interactions: 0 }],
    ],
  ]);
});

test("a session that is over leaves nothing", async () => {
  const { page, session } = studying();
  page.world.advance(15_000);
  session.close();
  page.world.advance(1_000);
  mine.release();
  expect(await kept()).toEqual([]);
});

describe("a page that died", () => {
  test("is made up for by the next one, to the second before its death, and not closed", async () => {
    const { page } = studying();
    page.client.input(true);
    page.world.advance(12_000);
    for (let second = 0; second < 6; second += 1) {
      page.world.advance(1_000);
      page.client.signal(LOOKED_AT); // as the browser's adapter does every second
    }
    crash(page);
    page.world.advance(60_000);
    await visit(page);
    const { durable, isClosed } = page.server.session("key-1");
    expect(durable.acked).toMatchObject({ engaged_ms: 18_000, duration_ms: 18_000, unknown_ms: 0, interactions: 1 });
    expect(isClosed).toBe(false);
    expect(page.world.posts.every(({ posted }) => posted.open === undefined && !posted.close)).toBe(true);
    expect(await kept()).toEqual([]);
  });

  test("is made up for by one that was there before it, when that is looked at again", async () => {
    const { page } = studying();
    page.world.link.losesToServer = true;
    const { client } = await visit(page);
    page.world.advance(10_000);
    page.world.links[0]?.close(1006);
    mine.release();
    expect(page.server.session("key-1").durable.acked.duration_ms).toBe(0);
    client.check();
    await settle(page);
    expect(page.server.session("key-1").durable.acked.duration_ms).toBe(10_000);
    expect(page.world.posts.every(({ posted }) => !posted.close)).toBe(true);
  });

  test("offline for hours: all of it goes, in posts of the allowed size", async () => {
    const { page } = studying();
    page.world.isNetworkDown = page.world.refusesPosts = true;
    page.world.link.close(1006);
    page.world.advance(3_600_000);
    crash(page);
    page.world.isNetworkDown = page.world.refusesPosts = false;
    const before = page.world.posts.length;
    await visit(page);
    const sizes = page.world.posts.slice(before).map(({ posted }) => posted.samples.length);
    expect(Math.max(...sizes)).toBe(100);
    expect(page.server.session("key-1").durable.acked.duration_ms).toBe(3_600_000);
  });

  test("whose storage took one sample less: all before that one goes", async () => {
    const { page } = studying();
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(45_000);
    crash(page);
    page.world.isNetworkDown = false;
    const samples = shelves.get("key-1")?.samples;
    expect([...(samples?.keys() ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
    samples?.delete(4);
    await visit(page);
    expect(page.server.session("key-1").durable.acked.duration_ms).toBe(20_000);
    expect(await kept()).toEqual([]);
  });

  test("is made up for by a page that records nothing, where websockets are refused", async () => {
    const { page } = studying();
    page.world.link.losesToServer = true;
    page.world.advance(15_000);
    crash(page);
    page.world.refusesSockets = true;
    const { client } = await visit(page);
    page.world.advance(10_000);
    await settle(page);
    expect(page.server.session("key-1").durable.acked.duration_ms).toBe(10_000);
    expect(client.connection.get().status).toBe("http");
    expect(await kept()).toEqual([]);
    page.world.refusesSockets = false;
    page.world.advance(61_000);
    expect(client.connection.get().status).toBe("online");
  });

  test("is nobody else's to send", async () => {
    const { page } = studying();
    page.world.link.losesToServer = true;
    page.world.advance(15_000);
    crash(page);
    page.server.userId = 2;
    await visit(page);
    expect(page.world.posts).toEqual([]);
    expect(await kept()).toHaveLength(1);
  });

  test("and whose session was closed meanwhile is forgotten", async () => {
    const { page } = studying();
    page.world.link.losesToServer = true;
    page.world.advance(15_000);
    crash(page);
    page.server.session("key-1").isClosed = true;
    await visit(page);
    expect(await kept()).toEqual([]);
  });

  test("stays kept while the server can't be reached by post", async () => {
    const { page } = studying();
    page.world.link.losesToServer = true;
    page.world.advance(15_000);
    crash(page);
    page.world.refusesPosts = true;
    await visit(page);
    expect(await kept()).toHaveLength(1);
  });

  test("stays kept as long as the server may take it, however long its page was open", async () => {
    const { page } = studying();
    page.world.advance(72 * 3_600_000);
    page.world.link.losesToServer = true;
    page.world.advance(15_000);
    crash(page);
    page.world.refusesPosts = true;
    await visit(page);
    expect(await kept()).toHaveLength(1);
    page.world.advance(49 * 3_600_000);
    await visit(page);
    expect(await kept()).toEqual([]);
  });
});

test("a living page's samples are left alone", async () => {
  const { page } = studying();
  page.world.link.losesToServer = true;
  page.world.advance(12_000);
  await visit(page);
  expect(page.world.posts).toEqual([]);
});

test("what waits for its user is not lost when somebody else signs in meanwhile", async () => {
  const { page, session } = studying();
  page.world.link.losesToServer = true;
  page.world.advance(12_000);
  page.client.stop();
  page.server.userId = 2;
  page.client.start();
  page.world.advance(0);
  expect(session.store.get()).toMatchObject({ phase: "failed", reason: "other_user" });
  expect((await kept()).map(([{ user }]) => user)).toEqual([1]);
  await visit(page);
  expect(page.server.session("key-1").durable.acked.focus_ms).toBe(0);
  page.server.userId = 1;
  await visit(page);
  expect(page.server.session("key-1").durable.acked.focus_ms).toBeGreaterThanOrEqual(10_000);
  expect(await kept()).toEqual([]);
});

test.each([
  ["not_authenticated", 401],
  ["not_found", 404],
])("and behind a proxy neither: a post that is refused for who is signed in (%s) ends it and drops nothing", async (code, status) => {
  const page = new Page(1, mine);
  page.world.refusesSockets = true;
  page.client.signal(LOOKED_AT);
  page.client.start();
  const session = page.client.open({ course: "intro", content: 12 });
  while (session.store.get().phase === "opening") page.world.advance(1);
  page.world.isNetworkDown = true;
  page.world.advance(60_000);
  page.world.isNetworkDown = false;
  page.server.postRefusals.push({ status, retryAfter: null, text: JSON.stringify({ code }) });
  while (session.store.get().phase === "live") page.world.advance(100);
  expect(session.store.get()).toMatchObject({ phase: "failed", reason: code });
  page.world.refusesSockets = false;
  await visit(page);
  expect(page.server.session(session.store.get().key).durable.acked.focus_ms).toBeGreaterThanOrEqual(60_000);
  expect(await kept()).toEqual([]);
});

test("a page that is put aside is drained like a dead one, and goes on when it is restored", async () => {
  const { page, session } = studying();
  page.world.advance(5_000);
  page.world.link.losesToServer = true;
  page.client.pause();
  page.world.advance(3_000);
  await visit(page);
  expect(page.server.session("key-1").durable.acked.focus_ms).toBe(5_000);
  page.client.resume();
  page.client.signal(LOOKED_AT);
  page.world.advance(12_000);
  session.close();
  page.world.advance(1_000);
  expect(session.store.get().acked).toMatchObject({ focus_ms: 17_000, unknown_ms: 0 });
});
