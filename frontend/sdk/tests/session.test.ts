/** A session from its opening to its close: what is sampled, and by which clock. */

import { describe, expect, test } from "vitest";

import { HIDDEN, LOOKED_AT, Page, refusal } from "./page.js";

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
