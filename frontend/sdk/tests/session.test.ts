import { describe, expect, test } from "vitest";

import type { ErrorFrame } from "../src/types.js";
import { HIDDEN, LOOKED_AT, Page, phaseOf } from "./page.js";

function refusal(code: ErrorFrame["code"], fields: Partial<ErrorFrame> = {}): Omit<ErrorFrame, "type" | "ref"> {
  return { code, message: code, ...fields };
}

test("a whole conversation", () => {
  const { page, session } = Page.studying();
  const { client, world } = page;
  world.advance(4_000);
  client.input(true);
  world.advance(3_500);
  client.signal(HIDDEN);
  world.advance(10_000);
  client.signal(LOOKED_AT);
  world.advance(500);
  session.close();
  world.advance(0);

  expect(world.link.sent).toEqual([
    { type: "hello", device_type: "desktop" },
    { type: "session.open", ref: "s1.1", key: "key-1", course: "intro", content: 12 },
    sample("s1.2", { seq: 1, at: 0, state: "focus", interactions: 0 }),
    sample("s1.3", { seq: 2, at: 4_000, state: "engaged", interactions: 1 }),
    sample("s1.4", { seq: 3, at: 7_500, state: "idle", interactions: 0 }),
    sample("s1.5", { seq: 4, at: 17_500, state: "idle", interactions: 0 }),
    sample("s1.6", { seq: 5, at: 17_500, state: "engaged", interactions: 0 }),
    {
      type: "session.close",
      ref: "s1.7",
      session: 901,
      samples: [{ seq: 6, at: 18_000, state: "engaged", interactions: 0 }],
    },
  ]);
  expect(session.store.get()).toEqual({
    key: "key-1",
    session: 901,
    phase: "closed",
    activity: "engaged",
    acked: {
      seq: 6,
      duration_ms: 18_000,
      focus_ms: 8_000,
      engaged_ms: 4_000,
      idle_ms: 10_000,
      unknown_ms: 0,
      interactions: 1,
    },
    pending: 0,
    full: false,
    reason: null,
  });

  function sample(ref: string, fields: object): object {
    return { type: "session.samples", ref, session: 901, samples: [fields] };
  }
});

describe("sampling", () => {
  test("nothing before the first `opened` counts", () => {
    const page = new Page();
    page.client.signal(LOOKED_AT);
    const session = page.client.open({ course: "intro" });
    page.world.advance(30_000);
    page.client.input(true);
    page.client.start();
    page.world.advance(0);
    expect(session.store.get()).toMatchObject({ phase: "live", pending: 1 });
    expect(page.world.sent("session.samples")[0]?.samples).toEqual([
      { seq: 1, at: 0, state: "engaged", interactions: 0 },
    ]);
  });

  test("there is a sample at least every heartbeat", () => {
    const { page } = Page.studying();
    page.world.advance(60_000);
    const ats = page.world.sent("session.samples").flatMap(({ samples }) => samples.map(({ at }) => at));
    expect(ats).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
  });

  test("a turn that is noticed late is sampled as of when it was due, before the heartbeat", () => {
    const { page, session } = Page.studying();
    page.client.input(true);
    page.world.advance(55_000);
    page.world.stall(8_000); // the timer that was due at 60 s comes 3 s late
    page.world.advance(0);
    session.close();
    page.world.advance(0);
    expect(session.store.get().acked).toMatchObject({
      engaged_ms: 60_000,
      focus_ms: 63_000,
      duration_ms: 63_000,
    });
  });

  test("a stall of the whole page is unknown time, not focus", () => {
    const { page, session } = Page.studying();
    page.world.stall(40_000);
    page.world.advance(0);
    session.close();
    page.world.advance(0);
    expect(session.store.get().acked).toMatchObject({ unknown_ms: 40_000, focus_ms: 0 });
  });
});

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

describe("when the clocks part", () => {
  test("after sleep the key is opened again, and the time asleep is unknown", () => {
    const { page, session } = Page.studying();
    page.client.input(true);
    page.world.advance(5_000);
    page.world.sleep(3_600_000);
    page.client.signal(LOOKED_AT); // the page's next look
    page.world.advance(5_000);
    expect(page.world.sent("session.open").map(({ key }) => key)).toEqual(["key-1", "key-1"]);
    page.world.advance(6_000);
    session.close();
    page.world.advance(0);
    const { acked } = session.store.get();
    expect(acked.duration_ms).toBe(3_616_000);
    expect(acked.unknown_ms).toBeGreaterThan(3_590_000);
    expect(acked.engaged_ms).toBeLessThanOrEqual(16_000);
  });

  test.each([3_600_000, -3_600_000])(
    "a wall clock set by %i ms credits nothing and takes nothing",
    (byMs) => {
      const { page, session } = Page.studying();
      page.world.advance(5_000);
      page.world.setWallClock(byMs);
      page.world.advance(25_000);
      session.close();
      page.world.advance(0);
      expect(page.world.sent("session.open")).toHaveLength(2);
      expect(session.store.get().acked).toMatchObject({ duration_ms: 30_000, focus_ms: 30_000 });
    },
  );

  test("a realigning that has to wait is not forgotten, and no samples go out meanwhile", () => {
    const { page, session } = Page.studying();
    page.server.refusals["session.open"] = [refusal("rate_limited", { retry_after_ms: 15_000 })];
    page.world.setWallClock(3_600_000);
    page.client.signal(HIDDEN);
    const before = page.world.sent("session.samples").length;
    page.world.advance(14_999);
    expect(page.world.sent("session.samples")).toHaveLength(before);
    page.world.advance(1_000);
    expect(page.world.sent("session.open")).toHaveLength(3);
    expect(session.store.get()).toMatchObject({ phase: "live", pending: 0, reason: null });
  });

  test("an answer from before the sleep does not count as aligned", () => {
    const page = new Page();
    page.client.start();
    page.world.advance(0);
    page.world.link.latencyMs = 1_000;
    page.client.open({ course: "intro" });
    page.world.advance(1_500);
    page.world.sleep(600_000);
    page.world.advance(2_500);
    expect(page.world.sent("session.open")).toHaveLength(2);
    const ats = page.world.sent("session.samples").flatMap(({ samples }) => samples.map(({ at }) => at));
    expect(ats[0]).toBeLessThan(1_000);
    expect(ats.at(-1)).toBeGreaterThan(600_000);
  });
});
