/** A session over a connection that comes back, and samples that did not arrive. */

import { describe, expect, test } from "vitest";

import { HIDDEN, LOOKED_AT, Page, phaseOf } from "./page.js";

describe("resuming", () => {
  test("opens the same key and sends what is not acknowledged, no more", () => {
    const { page, session } = Page.studying();
    page.world.advance(25_000);
    page.world.link.losesToClient = true; // the acks from here on
    page.world.advance(10_000);
    page.world.link.close(1006);
    page.world.advance(1_000);
    expect(page.world.link.sent.map(({ type }) => type)).toEqual([
      "hello",
      "session.open",
      "session.samples",
    ]);
    expect(page.world.link.sent[1]).toMatchObject({ key: "key-1" });
    page.world.advance(30_000);
    expect(session.store.get().acked.duration_ms).toBeGreaterThanOrEqual(60_000);
    expect(session.store.get().acked.unknown_ms).toBe(0);
  });

  test("two minutes offline are recorded and sent afterwards", () => {
    const { page, session } = Page.studying();
    page.world.advance(5_000);
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(60_000);
    page.client.signal(HIDDEN);
    page.world.advance(60_000);
    expect(session.store.get()).toMatchObject({ phase: "live", pending: 13 });
    page.world.isNetworkDown = false;
    page.world.advance(15_000);
    const { acked } = session.store.get();
    expect(acked).toMatchObject({ focus_ms: 65_000, unknown_ms: 0 });
    expect(acked.idle_ms).toBeGreaterThanOrEqual(60_000);
  });

  test("what the server has beyond the last ack is not sent again", () => {
    const { page } = Page.studying();
    page.world.advance(1_000);
    page.world.link.losesToClient = true;
    page.world.advance(10_000);
    page.world.link.close(1006);
    page.world.advance(1_000);
    const resent = page.world.link.sent.flatMap((frame) =>
      frame.type === "session.samples" ? frame.samples : [],
    );
    expect(resent.map(({ seq }) => seq)).toEqual([3]); // made at the reopening
  });

  test("a server that fell back behind its acks gets a new key, and the page is told", () => {
    const { page, session } = Page.studying();
    page.world.advance(30_000);
    const held = page.server.session("key-1");
    page.server.crash();
    held.durable = held.memory = { acked: { ...held.durable.acked, seq: 1 }, last: null };
    const reasons: (string | null)[] = [];
    session.store.subscribe(() => reasons.push(session.store.get().reason));
    page.world.advance(1_000);
    expect(reasons).toContain("restored");
    expect(session.store.get()).toMatchObject({ key: "key-2", phase: "live", session: 902, reason: null });
    page.world.advance(20_000);
    expect(page.world.link.sent.filter((frame) => "session" in frame && frame.session === 901)).toEqual([]);
    expect(page.server.session("key-2").durable.acked.focus_ms).toBeGreaterThanOrEqual(20_000);
    expect(page.server.session("key-2").durable.acked.unknown_ms).toBe(0);
  });

  test("another user's connection gets nothing of it", () => {
    const { page, session } = Page.studying();
    page.client.stop();
    page.server.userId = 2;
    const other = page.client.open({ course: "intro" });
    page.client.start();
    page.world.advance(0);
    expect(phaseOf(session)).not.toEqual({ phase: "live", reason: null });
    expect(phaseOf(other)).toEqual({ phase: "failed", reason: "other_user" });
    expect(page.world.link.sent.map(({ type }) => type)).toEqual(["hello"]);
  });
});

describe("a gap", () => {
  test("is filled from where the server expects", () => {
    const { page, session } = Page.studying();
    page.world.link.losesToServer = true;
    page.world.advance(20_000);
    page.world.link.losesToServer = false;
    page.world.advance(10_300);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { seq: 4, focus_ms: 30_000 } });
  });

  test("that many frames run into is filled once", () => {
    const { page, session } = Page.studying();
    const { world, client } = page;
    world.advance(1_000);
    world.link.latencyMs = 200;
    world.link.losesToServer = true;
    client.signal(HIDDEN);
    world.link.losesToServer = false;
    for (let n = 0; n < 10; n += 1) client.signal(n % 2 === 0 ? LOOKED_AT : HIDDEN);
    world.advance(5_000);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { seq: 12 } });
    // The first, the lost one, the ten that ran into the hole, and those eleven once more in a single frame.
    const sizes = world.sent("session.samples").map(({ samples }) => samples.length);
    expect(sizes).toEqual([1, 1, ...Array<number>(10).fill(1), 11]);
  });
});
