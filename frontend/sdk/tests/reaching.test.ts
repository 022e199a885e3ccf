import { beforeEach, expect, test } from "vitest";

import type { CallForHelp, NudgeOutcome } from "../src/state.js";
import { Page, refusal } from "./page.js";

let page: Page;

beforeEach(() => {
  page = new Page();
  page.client.start();
  page.world.advance(0);
});

function help(): CallForHelp | undefined {
  return page.client.help.get().sessions[901];
}

/** What has come of it by then: undefined is nothing yet. */
async function outcome(nudge: Promise<NudgeOutcome>): Promise<NudgeOutcome | undefined> {
  return Promise.race([nudge, Promise.resolve().then(() => undefined)]);
}

function nudge(text = "Try page two"): Promise<NudgeOutcome> {
  return page.client.nudge(5, text);
}

test("a nudge is told when the server has carried it out", async () => {
  page.world.link.latencyMs = 50;
  const said = nudge();
  page.world.advance(99);
  expect(await outcome(said)).toBeUndefined();
  page.world.advance(1);
  expect(await said).toEqual({ kind: "told" });
  expect(page.server.nudges).toEqual(["Try page two"]);
});

test("a refusal is its outcome, also to be slower", async () => {
  page.server.refusals.nudge = [refusal("forbidden"), refusal("rate_limited", { retry_after_ms: 3_000 })];
  const first = nudge();
  const second = nudge();
  page.world.advance(60_000);
  expect(await first).toMatchObject({ kind: "refused", error: { code: "forbidden" } });
  expect(await second).toMatchObject({ kind: "refused", error: { code: "rate_limited" } });
  expect(page.server.nudges).toEqual([]);
});

test("offline it is not sent, nor later", async () => {
  page.world.link.close(1006);
  expect(await nudge()).toEqual({ kind: "offline" });
  page.world.advance(60_000);
  expect(page.server.nudges).toEqual([]);
});

test("it is said once, also where nobody knows whether it arrived", async () => {
  page.world.link.losesToClient = true;
  const lost = nudge("One");
  page.world.advance(0);
  page.world.link.close(1006);
  expect(await lost).toEqual({ kind: "unknown" });
  page.world.advance(20_000);
  page.world.link.losesToClient = true;
  const unanswered = nudge("Two");
  page.world.advance(60_000);
  expect(await unanswered).toEqual({ kind: "unknown" });
  expect(page.server.nudges).toEqual(["One", "Two"]);
});

test("when only what asks for the answer is refused, that is said again, and not the word", async () => {
  page.server.refusals.ping = [refusal("rate_limited", { retry_after_ms: 500 })];
  const said = nudge();
  page.world.advance(0);
  expect(await outcome(said)).toBeUndefined();
  page.world.advance(500);
  expect(await said).toEqual({ kind: "told" });
  expect(page.server.nudges).toEqual(["Try page two"]);
});

test("help is asked for at once, and known when the server has it", () => {
  page.world.link.latencyMs = 50;
  page.client.raiseHelp(901, "I am lost");
  expect(help()).toEqual({ isRaised: true, isKnown: false, error: null });
  page.world.advance(100);
  expect(help()).toEqual({ isRaised: true, isKnown: true, error: null });
  expect(page.world.sent("help.raise")).toMatchObject([{ session: 901, text: "I am lost" }]);
  page.client.clearHelp(901);
  page.world.advance(100);
  expect(help()).toEqual({ isRaised: false, isKnown: true, error: null });
  expect([...page.server.asking]).toEqual([]);
});

test("asked for offline, the server is told when it is there again", () => {
  page.world.link.close(1006);
  page.client.raiseHelp(901, "");
  expect(help()).toMatchObject({ isRaised: true, isKnown: false });
  page.world.advance(20_000);
  expect(help()).toMatchObject({ isRaised: true, isKnown: true });
  expect([...page.server.asking]).toEqual([901]);
});

test("a call that gets lost is said again", () => {
  page.world.link.losesToServer = true;
  page.client.raiseHelp(901, "");
  page.world.advance(120_000);
  expect(help()).toMatchObject({ isRaised: true, isKnown: true });
  expect([...page.server.asking]).toEqual([901]);
});

test("what is wanted last counts", () => {
  page.world.link.close(1006);
  page.client.raiseHelp(901, "");
  page.client.clearHelp(901);
  page.world.advance(60_000);
  expect(help()).toMatchObject({ isRaised: false, isKnown: true });
  expect(page.world.sent("help.raise")).toEqual([]);
});

test("asked to wait, it waits; another refusal is said, and nothing is raised", () => {
  page.server.refusals["help.raise"] = [
    refusal("rate_limited", { retry_after_ms: 3_000 }),
    refusal("not_found", { message: "It is not live." }),
  ];
  page.client.raiseHelp(901, "");
  page.world.advance(2_999);
  expect(help()).toEqual({ isRaised: true, isKnown: false, error: null });
  page.world.advance(1);
  expect(help()).toMatchObject({ isRaised: false, isKnown: true, error: { message: "It is not live." } });
  page.client.raiseHelp(901, "");
  page.world.advance(0);
  expect(help()).toEqual({ isRaised: true, isKnown: true, error: null });
});

test("with its session a call is over", () => {
  const { session } = Page.studying(page);
  page.client.raiseHelp(901, "");
  page.world.advance(0);
  expect(help()).toMatchObject({ isRaised: true });
  session.close();
  page.world.advance(0);
  expect(page.client.help.get().sessions).toEqual({});
});

test("somebody else asked for nothing", () => {
  page.client.raiseHelp(901, "");
  page.world.advance(0);
  page.world.link.close(1006);
  page.client.raiseHelp(902, "");
  page.server.userId = 2;
  page.world.advance(60_000);
  expect(page.client.help.get().sessions).toEqual({});
  expect([...page.server.asking]).toEqual([901]);
});
