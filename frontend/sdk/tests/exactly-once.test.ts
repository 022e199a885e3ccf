/**
 * Whatever gets lost on the way, the server ends up with the truth, each millisecond once.
 *
 * A page lives at random while the network and the server fail at random. What the server has in the end is
 * compared with a truth that is counted apart from the SDK: millisecond by millisecond, from the script of
 * what the page did.
 */

import { expect, test } from "vitest";

import type { Signals } from "../src/activity.js";
import type { SessionState } from "../src/state.js";
import type { Acked } from "../src/types.js";
import { HIDDEN, LOOKED_AT, Page } from "./page.js";
import { seeded } from "./world.js";

type Deed = { readonly at: number } & ({ readonly signals: Signals } | { readonly input: "press" | "move" });

const STUDY_MS = 400_000;
const IDLE_AFTER_MS = 20_000;
const SCRIPTS = 100;

/** What the page does, and when: from the first moment of the session to its end. */
function script(chance: () => number): Deed[] {
  const deeds: Deed[] = [{ at: 0, signals: LOOKED_AT }];
  for (let at = 0; at < STUDY_MS; at += 1 + Math.floor(chance() ** 3 * 40_000)) {
    const dice = chance();
    if (dice < 0.3) deeds.push({ at, signals: LOOKED_AT });
    else if (dice < 0.45) deeds.push({ at, signals: HIDDEN });
    else if (dice < 0.5) deeds.push({ at, signals: { ...LOOKED_AT, focused: false } });
    else if (dice < 0.6) deeds.push({ at, signals: { ...LOOKED_AT, playing: true } });
    else deeds.push({ at, input: dice < 0.8 ? "press" : "move" });
  }
  return deeds;
}

/** The definition of the three states, a millisecond at a time. */
function truthOf(deeds: readonly Deed[], idleAfterMs: number): Omit<Acked, "seq"> {
  let signals: Signals = HIDDEN;
  let lastInput = -Infinity;
  let next = 0;
  const total = { engaged: 0, focus: 0, idle: 0, interactions: 0 };
  for (let ms = 0; ms < STUDY_MS; ms += 1) {
    for (let deed = deeds[next]; deed?.at === ms; deed = deeds[next]) {
      if ("signals" in deed) signals = deed.signals;
      else {
        lastInput = ms;
        total.interactions += deed.input === "press" ? 1 : 0;
      }
      next += 1;
    }
    const isPresent = signals.visible && signals.focused;
    if (isPresent && signals.playing) lastInput = ms + 1;
    if (!isPresent) total.idle += 1;
    else if (ms < lastInput + idleAfterMs) total.engaged += 1;
    else total.focus += 1;
  }
  return {
    duration_ms: STUDY_MS,
    engaged_ms: total.engaged,
    focus_ms: total.engaged + total.focus,
    idle_ms: total.idle,
    unknown_ms: 0,
    interactions: total.interactions,
  };
}

/** Something goes wrong, or gets well again. */
function mishap(page: Page, chance: () => number): void {
  const { world, server } = page;
  const link = world.links.at(-1);
  const dice = chance();
  if (dice < 0.2 && link !== undefined) link.losesToServer = true;
  else if (dice < 0.4 && link !== undefined) link.losesToClient = true;
  else if (dice < 0.6) link?.close(1006);
  else if (dice < 0.75) server.crash();
  else if (dice < 0.85) world.isNetworkDown = !world.isNetworkDown;
  else if (dice < 0.88) server.isDown = !server.isDown;
  else if (dice < 0.93) {
    world.refusesSockets = !world.refusesSockets;
    if (world.refusesSockets) link?.close(1006);
  } else if (dice < 0.95) world.refusesPosts = !world.refusesPosts;
  else if (dice < 0.97) page.client.check();
  else world.setWallClock(Math.floor((chance() - 0.5) * 7_200_000));
}

interface Outcome {
  readonly page: Page;
  readonly end: Pick<SessionState, "phase" | "reason">;
  readonly has: Acked;
  readonly truth: Omit<Acked, "seq">;
}

function live(seed: number, plant: (page: Page) => void = () => undefined): Outcome {
  const chance = seeded(seed);
  const deeds = script(chance);
  const page = new Page(seed);
  const { world, client, server } = page;
  server.idleAfterMs = IDLE_AFTER_MS;
  server.commitMs = Math.floor(chance() * 1_000);
  world.latencyMs = 1 + Math.floor(chance() * 300);
  plant(page);

  client.signal(LOOKED_AT);
  client.start();
  const session = client.open({ course: "intro" });
  while (session.store.get().phase === "opening") world.advance(1);
  const began = world.now;

  let nextMishap = began;
  for (const deed of [...deeds, { at: STUDY_MS, input: "move" } as const]) {
    while (world.now < began + deed.at) {
      world.advance(Math.min(nextMishap, began + deed.at) - world.now);
      if (world.now < nextMishap) continue;
      mishap(page, chance);
      nextMishap = world.now + 1 + Math.floor(chance() * 20_000);
    }
    if (deed.at === STUDY_MS) session.close();
    else if ("signals" in deed) client.signal(deed.signals);
    else client.input(deed.input === "press");
  }

  world.isNetworkDown = server.isDown = world.refusesPosts = false;
  world.link.losesToServer = world.link.losesToClient = false;
  world.advance(60_000);
  const { phase, reason, acked } = session.store.get();
  return { page, end: { phase, reason }, has: acked, truth: truthOf(deeds, IDLE_AFTER_MS) };
}

test("the server has the truth in the end, to the millisecond", { timeout: 60_000 }, () => {
  let resent = 0;
  let connections = 0;
  let posts = 0;
  for (let seed = 1; seed <= SCRIPTS; seed += 1) {
    const { page, end, has, truth } = live(seed);
    expect(end, `script ${seed}`).toEqual({ phase: "closed", reason: null });
    expect(has, `script ${seed}`).toMatchObject(truth);
    const seqs = page.world.sent("session.samples").flatMap(({ samples }) => samples.map(({ seq }) => seq));
    resent += seqs.length - new Set(seqs).size;
    connections += page.world.links.length;
    posts += page.world.posts.length;
  }
  // Else nothing was put to the test.
  expect(resent).toBeGreaterThan(SCRIPTS);
  expect(connections).toBeGreaterThan(SCRIPTS * 5);
  expect(posts).toBeGreaterThan(SCRIPTS);
});

test(
  "negative control: a server that acknowledges before it commits is found out",
  { timeout: 60_000 },
  () => {
    let wrong = 0;
    for (let seed = 1; seed <= SCRIPTS; seed += 1) {
      const { has, truth } = live(seed, ({ server }) => {
        server.acksEarly = true;
      });
      if (has.duration_ms !== truth.duration_ms) wrong += 1;
    }
    expect(wrong).toBeGreaterThan(0);
  },
);
