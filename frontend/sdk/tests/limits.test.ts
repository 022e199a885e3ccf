/** What a server asks to wait for, and how much a frame and a queue take. */

import { describe, expect, test } from "vitest";

import { HIDDEN, LOOKED_AT, Page, phaseOf, refusal } from "./page.js";

describe("asked to wait", () => {
  test.each(["rate_limited", "too_many_sessions"] as const)(
    "an open refused with %s is tried again when it may be",
    (code) => {
      const page = new Page();
      page.server.refusals["session.open"] = [refusal(code, { retry_after_ms: 3_000 })];
      const session = page.client.open({ course: "intro" });
      page.client.start();
      page.world.advance(2_999);
      expect(phaseOf(session)).toEqual({ phase: "opening", reason: code });
      expect(page.world.sent("session.open")).toHaveLength(1);
      page.world.advance(1);
      expect(phaseOf(session)).toEqual({ phase: "live", reason: null });
    },
  );

  test("samples over the limit are sent again, all of them, in order", () => {
    const { page, session } = Page.studying();
    page.server.refusals["session.samples"] = [refusal("rate_limited", { retry_after_ms: 500 })];
    page.world.advance(11_000);
    expect(session.store.get()).toMatchObject({
      pending: 0,
      reason: null,
      acked: { seq: 2, focus_ms: 10_000 },
    });
  });

  test("a refusal that names no frame holds everything up, then everything unanswered goes again", () => {
    const { page, session } = Page.studying();
    page.world.link.losesToServer = true;
    page.world.advance(10_000);
    page.world.link.losesToServer = false;
    page.world.link.send({
      type: "error",
      ref: null,
      code: "rate_limited",
      message: "",
      retry_after_ms: 800,
    });
    page.world.advance(799);
    expect(page.world.sent("session.samples")).toHaveLength(2);
    page.world.advance(300);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { seq: 2 } });
  });

  test("an open that nobody answers is asked again", () => {
    const page = new Page();
    page.client.start();
    page.world.advance(0);
    page.world.link.losesToServer = true;
    const session = page.client.open({ course: "intro" });
    page.world.advance(100);
    page.world.link.losesToServer = false;
    page.world.advance(20_000);
    expect(phaseOf(session).phase).toBe("live");
  });
});

describe("limits", () => {
  test("a page that changes all the time keeps to the pace, and loses nothing by it", () => {
    const { page, session } = Page.studying();
    for (let n = 0; n < 1_000; n += 1) {
      page.client.signal(n % 2 === 0 ? HIDDEN : LOOKED_AT);
      page.world.advance(7);
    }
    page.world.advance(3_000);
    expect(page.server.overLimit).toBe(0);
    expect(page.world.sent("session.samples").length).toBeLessThan(100);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { seq: 1_001, unknown_ms: 0 } });
  });

  test("a long offline stretch goes out in frames of the allowed size and pace", () => {
    const { page, session } = Page.studying();
    page.server.limits = { ...page.server.limits, samples_per_frame: 30 };
    page.world.isNetworkDown = page.world.refusesPosts = true;
    page.world.link.close(1006);
    page.world.advance(3_600_000 * 4);
    page.world.isNetworkDown = false;
    const before = page.world.sent("session.samples").length;
    page.world.advance(16_000);
    const frames = page.world.sent("session.samples").slice(before);
    expect(frames.every(({ samples }) => samples.length <= 30)).toBe(true);
    expect(frames.length).toBeGreaterThanOrEqual(1440 / 30);
    expect(page.server.overLimit).toBe(0);
    expect(session.store.get()).toMatchObject({ pending: 0, acked: { unknown_ms: 0 } });
  });

  test("a small frame limit is kept to, and a smaller one after 1009", () => {
    const { page, session } = Page.studying();
    page.server.limits = { ...page.server.limits, frame_bytes: 4_096 };
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(3_600_000);
    page.world.isNetworkDown = false;
    page.world.latencyMs = 100;
    while (page.client.connection.get().status !== "online") page.world.advance(10);
    page.world.link.close(1009);
    page.world.advance(30_000);
    const frames = page.world.link.sent.map((frame) => JSON.stringify(frame).length);
    expect(Math.max(...frames)).toBeLessThanOrEqual(2_048);
    expect(Math.max(...frames)).toBeGreaterThan(1_024);
    expect(session.store.get().pending).toBe(0);
  });

  test("a full queue says so, records no more, and goes on when there is room", { timeout: 30_000 }, () => {
    const { page, session } = Page.studying();
    page.world.advance(500);
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(10_000 * 10_100);
    expect(session.store.get()).toMatchObject({ full: true, pending: 10_000 });
    page.world.isNetworkDown = false;
    page.world.advance(60_000);
    const { full, pending, acked } = session.store.get();
    expect({ full, pending }).toEqual({ full: false, pending: 0 });
    expect(acked.focus_ms).toBeGreaterThan(99_900_000);
    expect(acked.unknown_ms).toBeGreaterThan(0);
  });
});
