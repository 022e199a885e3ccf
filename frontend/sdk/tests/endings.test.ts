/** How a session ends: by the page, by the server, by a refusal. */

import { describe, expect, test } from "vitest";

import { Page, phaseOf, refusal } from "./page.js";

describe("ends", () => {
  test.each(["resumed_elsewhere", "access_ended", "gone"] as const)(
    "lost (%s): that key is never opened again",
    (reason) => {
      const { page, session } = Page.studying();
      page.world.link.send({ type: "session.lost", session: 901, reason });
      page.world.advance(0);
      expect(phaseOf(session)).toEqual({ phase: "lost", reason });
      expect(session.store.get().pending).toBe(0);
      page.world.link.close(1006);
      page.world.advance(60_000);
      expect(page.world.sent("session.open")).toHaveLength(1);
      expect(page.world.sent("session.samples")).toHaveLength(1);
    },
  );

  test.each(["not_enrolled", "not_found", "forbidden", "bad_frame", "internal"] as const)(
    "an open refused with %s",
    (code) => {
      const page = new Page();
      page.server.refusals["session.open"] = [refusal(code)];
      const session = page.client.open({ course: "intro" });
      page.client.start();
      page.world.advance(60_000);
      expect(phaseOf(session)).toEqual({ phase: "failed", reason: code });
      expect(page.world.sent("session.open")).toHaveLength(1);
    },
  );

  test("samples refused: the queue is dropped and the page told", () => {
    const { page, session } = Page.studying();
    page.server.refusals["session.samples"] = [refusal("bad_frame")];
    page.world.advance(60_000);
    expect(session.store.get()).toMatchObject({ phase: "failed", reason: "bad_frame", pending: 0 });
    expect(page.world.sent("session.samples")).toHaveLength(2);
  });

  test("`session_closed` without having asked brings the last totals along", () => {
    const { page, session } = Page.studying();
    page.server.refusals["session.samples"] = [
      refusal("session_closed", { seq: 1, idle_ms: 7_000, duration_ms: 7_000 }),
    ];
    page.world.advance(10_000);
    expect(phaseOf(session)).toEqual({ phase: "closed", reason: "session_closed" });
    expect(session.store.get().acked).toMatchObject({ seq: 1, idle_ms: 7_000, duration_ms: 7_000 });
  });

  test("closed before it was asked for: the server never hears of it", () => {
    const page = new Page();
    const session = page.client.open({ course: "intro" });
    session.close();
    page.client.start();
    page.world.advance(1_000);
    expect(phaseOf(session)).toEqual({ phase: "closed", reason: null });
    expect(page.world.sent("session.open")).toHaveLength(0);
  });

  test("closed between the open and its answer: it is closed there too", () => {
    const page = new Page();
    page.client.start();
    page.world.advance(0);
    const session = page.client.open({ course: "intro" });
    session.close();
    page.world.advance(0);
    expect(phaseOf(session)).toEqual({ phase: "closed", reason: null });
    expect(page.server.session("key-1").isClosed).toBe(true);
  });

  test("the answer to a close that got lost is fetched by the next connection", () => {
    const { page, session } = Page.studying();
    page.world.advance(5_000);
    page.world.link.losesToClient = true;
    session.close();
    page.world.advance(0);
    page.world.link.close(1006);
    page.world.advance(2_000);
    expect(session.store.get()).toMatchObject({
      phase: "closed",
      reason: null,
      pending: 0,
      acked: { focus_ms: 5_000 },
    });
  });

  test("a close that nobody answers is sent again, with all that is not acknowledged", () => {
    const { page, session } = Page.studying();
    page.world.advance(9_000);
    page.world.link.losesToServer = true;
    page.world.advance(1_000);
    session.close();
    page.world.link.losesToServer = false;
    page.world.advance(20_000);
    expect(page.world.sent("session.close").map(({ samples }) => samples.length)).toEqual([1, 2]);
    expect(session.store.get()).toMatchObject({ phase: "closed", acked: { seq: 3, focus_ms: 10_000 } });
  });

  test("closed while offline: the rest is sent, and it ends when it was left", () => {
    const { page, session } = Page.studying();
    page.world.isNetworkDown = true;
    page.world.link.close(1006);
    page.world.advance(5_000);
    session.close();
    page.world.advance(20_000);
    expect(session.store.get()).toMatchObject({ phase: "live", pending: 2 });
    page.world.isNetworkDown = false;
    page.world.advance(15_000);
    expect(session.store.get()).toMatchObject({
      phase: "closed",
      acked: { focus_ms: 5_000, duration_ms: 5_000 },
    });
  });

  test("stopping the client says the last words first", () => {
    const { page } = Page.studying();
    page.world.advance(3_000);
    page.client.stop();
    expect(page.world.link.sent.at(-1)).toMatchObject({
      type: "session.close",
      samples: [{ seq: 2, at: 3_000 }],
    });
  });

  test("moving to another content closes one session and opens another on the same connection", () => {
    const { page, session } = Page.studying();
    page.world.advance(5_000);
    session.close();
    const next = page.client.open({ course: "intro", content: 13 });
    page.world.advance(5_000);
    expect(phaseOf(session).phase).toBe("closed");
    expect(phaseOf(next).phase).toBe("live");
    expect(next.store.get().session).not.toBe(session.store.get().session);
    expect(page.world.links).toHaveLength(1);
  });
});
