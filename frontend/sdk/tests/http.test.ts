/** The HTTP way: last words, and networks that let no websocket through. */

import { describe, expect, test } from "vitest";

import type { PostAnswer } from "../src/platform.js";
import { outcomeOf } from "../src/post.js";
import { HIDDEN, LOOKED_AT, Page, phaseOf } from "./page.js";

function answer(status: number, body: object, retryAfter: string | null = null): PostAnswer {
  return { status, retryAfter, text: JSON.stringify(body) };
}

/** A page behind a proxy that refuses websockets, studying all the same. */
function behindProxy() {
  const page = new Page();
  page.world.refusesSockets = true;
  page.client.signal(LOOKED_AT);
  page.client.start();
  const session = page.client.open({ course: "intro", content: 12 });
  while (session.store.get().phase === "opening") page.world.advance(1);
  return { page, session };
}

describe("last words", () => {
  test("a page that hides says it by the connection and over HTTP both, and is counted once", () => {
    const { page, session } = Page.studying();
    page.world.advance(4_000);
    page.client.signal(HIDDEN);
    page.client.lastWords();
    const idle = { seq: 2, at: 4_000, state: "idle", interactions: 0 };
    expect(page.world.sent("session.samples").at(-1)?.samples).toEqual([idle]);
    expect(page.world.posts).toMatchObject([
      {
        url: "http://test/api/v1/sessions/key-1/samples/",
        outlivesPage: true,
        token: null,
        posted: { samples: [idle], close: false },
      },
    ]);
    page.world.advance(1_000);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { seq: 2, focus_ms: 4_000 } });
  });

  test("with nothing unacknowledged there is nothing to say", () => {
    const { page } = Page.studying();
    page.world.advance(4_000);
    page.client.lastWords();
    expect(page.world.posts).toEqual([]);
  });

  test("a page that goes for good closes with all that is left, though the connection is dead", () => {
    const { page } = Page.studying();
    page.world.advance(5_000);
    page.world.link.losesToServer = true;
    page.client.signal(HIDDEN);
    page.world.advance(2_000);
    page.client.leave();
    expect(page.world.posts.at(-1)?.posted).toMatchObject({ samples: [{ seq: 2 }, { seq: 3, at: 7_000 }], close: true });
    page.world.advance(0);
    const { isClosed, durable } = page.server.session("key-1");
    expect(isClosed).toBe(true);
    expect(durable.acked).toMatchObject({ focus_ms: 5_000, idle_ms: 2_000, duration_ms: 7_000 });
  });

  test("more than one post holds does not end the session: the rest would be lost", () => {
    const { page } = Page.studying();
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(1_100_000);
    page.client.leave();
    const { posted } = page.world.posts.at(-1) ?? {};
    expect(posted?.samples).toHaveLength(100);
    expect(posted?.close).toBe(false);
  });

  test("a page that is put aside says them too, lets the connection go, closes nothing, and goes on when it is back", () => {
    const { page, session } = Page.studying();
    page.world.advance(5_000);
    page.client.pause();
    page.client.lastWords(); // the page hides after it was put aside
    page.world.advance(8_000);
    const idle = { seq: 2, at: 5_000, state: "idle", interactions: 0 };
    expect(page.world.posts.map(({ outlivesPage, posted }) => ({ outlivesPage, posted }))).toEqual([
      { outlivesPage: true, posted: { samples: [idle], close: false } },
    ]);
    expect(page.world.sent("session.samples").at(-1)?.samples).toEqual([idle]);
    expect(page.world.sent("session.close")).toEqual([]);
    expect(page.world.link.isOpen).toBe(false);
    expect(page.server.session("key-1").durable.acked.focus_ms).toBe(5_000);
    page.client.resume();
    page.client.signal(LOOKED_AT);
    page.world.advance(4_000);
    session.close();
    page.world.advance(0);
    expect(page.world.sent("session.open").map(({ key }) => key)).toEqual(["key-1", "key-1"]);
    expect(session.store.get().acked).toMatchObject({ focus_ms: 9_000, idle_ms: 8_000, unknown_ms: 0 });
  });

  test("a page that is put aside is heard, though its connection is dead", () => {
    const { page } = Page.studying();
    page.world.advance(5_000);
    page.world.link.losesToServer = true;
    page.world.advance(8_000);
    page.client.pause();
    page.world.advance(0);
    expect(page.server.session("key-1").durable.acked).toMatchObject({ focus_ms: 13_000, duration_ms: 13_000 });
  });

  test.each([
    ["not_authenticated", 401],
    ["not_found", 404],
  ])("said while nobody, or somebody else, is signed in, they are refused (%s), and nothing is lost by that", (code, status) => {
    const { page, session } = Page.studying();
    page.world.link.losesToServer = true;
    page.world.advance(12_000);
    page.world.link.close(4503);
    page.server.postRefusals.push(answer(status, { code }));
    page.client.signal(HIDDEN);
    page.client.lastWords();
    page.world.advance(3_000);
    expect(session.store.get()).toMatchObject({ phase: "live", reason: null, pending: 2 });
    page.client.signal(LOOKED_AT);
    page.client.start();
    page.world.advance(5_000);
    session.close();
    page.world.advance(0);
    expect(session.store.get().acked).toMatchObject({ focus_ms: 17_000, idle_ms: 3_000, unknown_ms: 0 });
  });

  test("a page that its user had stopped is not started by being restored", () => {
    const { page } = Page.studying();
    page.client.stop();
    page.client.pause();
    page.client.resume();
    page.world.advance(60_000);
    expect(page.client.connection.get().status).toBe("stopped");
  });
});

describe("without websockets", () => {
  test("three attempts in vain, then it goes on by posts at the heartbeat, and says so", () => {
    const { page, session } = behindProxy();
    expect(page.world.links).toHaveLength(3);
    expect(page.client.connection.get()).toMatchObject({ status: "http", reconnectAt: null });
    page.client.input(true);
    page.world.advance(60_000);
    session.close();
    page.world.advance(0);
    expect(page.world.posts[0]?.posted).toEqual({
      samples: [],
      close: false,
      open: { course: "intro", content: 12, device_type: "desktop" },
    });
    expect(page.world.posts.filter(({ posted }) => posted.open)).toHaveLength(1);
    expect(page.world.posts.length).toBeLessThanOrEqual(9);
    expect(page.world.posts.some(({ outlivesPage }) => outlivesPage)).toBe(false);
    expect(phaseOf(session)).toEqual({ phase: "closed", reason: null });
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { engaged_ms: 60_000, duration_ms: 60_000 } });
  });

  test("one attempt whose handshake nobody answers is enough", () => {
    const page = new Page();
    page.world.swallowsSockets = true;
    page.client.signal(LOOKED_AT);
    page.client.start();
    const session = page.client.open({ course: "intro", content: 12 });
    page.world.advance(16_000);
    expect(page.client.connection.get().status).toBe("http");
    page.world.advance(20_000);
    expect(session.store.get().acked).toMatchObject({ focus_ms: 20_000 });
    page.world.swallowsSockets = false;
    page.world.advance(60_000);
    expect(page.client.connection.get().status).toBe("online");
  });

  test("a server that opens the socket and is slow to welcome is not behind such a proxy", () => {
    const page = new Page();
    page.client.signal(LOOKED_AT);
    page.client.start();
    page.client.open({ course: "intro", content: 12 });
    page.world.link.losesToClient = true;
    page.world.advance(16_000);
    expect(page.world.sent("hello")).not.toEqual([]);
    expect(page.client.connection.get().status).not.toBe("http");
    expect(page.world.posts).toEqual([]);
  });

  test("moving to another content closes one session and begins the other at once, by posts", () => {
    const { page, session } = behindProxy();
    page.client.input(true);
    page.world.advance(10_000);
    session.close();
    const next = page.client.open({ course: "intro", content: 13 });
    page.world.advance(20_000);
    next.close();
    page.world.advance(0);
    expect([phaseOf(session), phaseOf(next)]).toEqual(Array(2).fill({ phase: "closed", reason: null }));
    expect(session.store.get().acked).toMatchObject({ engaged_ms: 10_000, duration_ms: 10_000 });
    expect(next.store.get().acked).toMatchObject({ engaged_ms: 20_000, duration_ms: 20_000 });
  });

  test("it returns to the websocket when that works, with the same key, each sample counted once", () => {
    const { page, session } = behindProxy();
    page.world.advance(35_000);
    expect(page.client.connection.get().status).toBe("http");
    page.world.refusesSockets = false;
    page.client.check();
    page.world.advance(25_000);
    expect(page.client.connection.get().status).toBe("online");
    const posts = page.world.posts.length;
    page.world.advance(30_000);
    expect(page.world.posts).toHaveLength(posts);
    expect(page.server.sessions.size).toBe(1);
    session.close();
    page.world.advance(0);
    expect(session.store.get().acked).toMatchObject({ focus_ms: 90_000, duration_ms: 90_000 });
  });

  test("an attempt goes out at least every minute all the while", () => {
    const { page } = behindProxy();
    page.world.advance(600_000);
    const attempts = page.world.links.length;
    expect(attempts).toBeGreaterThan(10);
    expect(attempts).toBeLessThan(25);
    page.world.refusesSockets = false;
    page.world.advance(60_000);
    expect(page.client.connection.get().status).toBe("online");
  });

  test("when posts fail too it is offline, and nothing is lost by that", () => {
    const { page, session } = behindProxy();
    page.world.isNetworkDown = true;
    page.world.advance(120_000);
    expect(["waiting", "connecting"]).toContain(page.client.connection.get().status);
    expect(session.store.get()).toMatchObject({ phase: "live", pending: 13 });
    page.world.isNetworkDown = false;
    page.world.advance(20_000);
    expect(page.client.connection.get().status).toBe("http");
    session.close();
    page.world.advance(0);
    expect(session.store.get().acked).toMatchObject({ focus_ms: 140_000, unknown_ms: 0 });
  });

  test("a server that answers websockets with a close code of its own is not behind such a proxy", () => {
    const { page } = Page.studying();
    for (let times = 0; times < 20; times += 1) {
      page.world.link.close(4001);
      page.world.advance(2_000);
    }
    expect(page.world.posts).toEqual([]);
  });

  test.each([
    ["not_enrolled", 403],
    ["not_authenticated", 401],
    ["bad_frame", 400],
  ])("%s: the key is dropped and the page told", (code, status) => {
    const { page, session } = behindProxy();
    page.server.postRefusals.push(answer(status, { code }));
    page.world.advance(60_000);
    expect(session.store.get()).toMatchObject({ phase: "failed", reason: code, pending: 0 });
  });

  test("session_closed brings the last totals along", () => {
    const { page, session } = behindProxy();
    page.server.postRefusals.push(answer(409, { code: "session_closed", seq: 1, idle_ms: 7_000 }));
    page.world.advance(10_000);
    expect(phaseOf(session)).toEqual({ phase: "closed", reason: "session_closed" });
    expect(session.store.get().acked).toMatchObject({ seq: 1, idle_ms: 7_000 });
  });

  test("a gap that can't be filled begins anew, with a new key", () => {
    const { page, session } = behindProxy();
    page.world.advance(30_000);
    page.server.postRefusals.push(answer(409, { code: "gap", expect: 1 }));
    page.world.advance(12_000);
    expect(session.store.get()).toMatchObject({ key: "key-2", phase: "live" });
    page.world.advance(20_000);
    expect(page.server.session("key-2").durable.acked.focus_ms).toBeGreaterThanOrEqual(20_000);
  });

  test("asked to wait it waits, and posts the same again", () => {
    const { page, session } = behindProxy();
    page.world.advance(5_000);
    page.server.postRefusals.push(answer(429, { code: "rate_limited" }, "30"));
    page.world.advance(6_000);
    const { length } = page.world.posts;
    page.world.advance(28_000);
    expect(page.world.posts).toHaveLength(length);
    page.world.advance(3_000);
    expect(session.store.get()).toMatchObject({ phase: "live", reason: null });
    expect(page.server.session("key-1").durable.acked.focus_ms).toBeGreaterThanOrEqual(30_000);
  });

  test("after sleep it aligns at once", () => {
    const { page, session } = behindProxy();
    page.world.advance(5_000);
    page.world.sleep(3_600_000);
    page.client.signal(LOOKED_AT);
    page.world.advance(5_000);
    session.close();
    page.world.advance(0);
    const { acked } = session.store.get();
    expect(acked.duration_ms).toBe(3_610_000);
    expect(acked.unknown_ms).toBeGreaterThanOrEqual(3_595_000);
  });
});

test("an answer that is not the server's own means that it was not reached", () => {
  const portal = { status: 200, retryAfter: null, text: "<html>Sign in to the Wi-Fi</html>" };
  const proxy = { status: 403, retryAfter: null, text: "Blocked" };
  const away = { status: 503, retryAfter: "2", text: '{"code":"unavailable"}' };
  expect([null, portal, proxy].map(outcomeOf)).toEqual(Array(3).fill({ kind: "unreachable", retryAfterMs: null }));
  expect(outcomeOf(away)).toEqual({ kind: "unreachable", retryAfterMs: 2_000 });
});
