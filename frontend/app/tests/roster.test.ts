import type { WatchedLearner } from "@studybeat/sdk";
import { expect, test } from "vitest";

import { arrange, type Wishes } from "../src/watch/roster";
import { firstAfter } from "../src/watch/useInSight";
import { learner } from "./watched";

const everybody: Wishes = { search: "", state: "all", sort: "name", isGrouped: false };
const contents = [
  { id: 11, title: "Welcome" },
  { id: 12, title: "Attention" },
];
const named = (enrollment: number, name: string, fields: Partial<WatchedLearner> = {}): WatchedLearner =>
  learner(enrollment, { user: { id: enrollment, name }, ...fields });

/** The lines in short: headings in brackets. */
function lines(learners: WatchedLearner[], wishes: Partial<Wishes> = {}): string[] {
  return arrange(learners, { ...everybody, ...wishes }, contents, ({ user }) => user.name).map((line) =>
    line.kind === "heading" ? `[${line.title} ${line.count}]` : `${line.place} ${line.learner.user.name}`,
  );
}

const ana = named(5, "Ana", { progress: 50, since: "2026-01-01T09:30:00Z" });
const ben = named(6, "Ben", { state: "idle", content: 12, progress: 10 });
const chidi = named(7, "Chidi", { state: "focus", progress: 90, since: "2026-01-01T09:10:00Z" });

test("by name, as people read them", () => {
  expect(lines([named(1, "Learner 10"), named(2, "Learner 9"), named(3, "émile"), named(4, "Eva")])).toEqual([
    "1 émile",
    "2 Eva",
    "3 Learner 9",
    "4 Learner 10",
  ]);
});

test("sorted by state, by how long, by progress", () => {
  const all = [ben, chidi, ana];
  expect(lines(all, { sort: "state" })).toEqual(["1 Ana", "2 Chidi", "3 Ben"]);
  expect(lines(all, { sort: "since" })).toEqual(["1 Chidi", "2 Ana", "3 Ben"]);
  expect(lines(all, { sort: "progress" })).toEqual(["1 Ben", "2 Ana", "3 Chidi"]);
});

test("searched and filtered", () => {
  expect(lines([ana, ben, chidi], { search: " N" })).toEqual(["1 Ana", "2 Ben"]);
  expect(lines([ana, ben, chidi], { state: "focus" })).toEqual(["1 Chidi"]);
  expect(lines([ana, ben, chidi], { state: "silent" })).toEqual([]);
});

test("grouped by where they are, in the order of study", () => {
  const gone = named(8, "Dora", { content: 99 });
  const nowhere = named(9, "Emil", { content: null });
  expect(lines([gone, ben, ana, chidi, nowhere], { isGrouped: true })).toEqual([
    "[Welcome 2]",
    "1 Ana",
    "2 Chidi",
    "[Attention 1]",
    "3 Ben",
    "[Elsewhere in the course 2]",
    "4 Dora",
    "5 Emil",
  ]);
});

test("who asks for help is on top, grouped or not", () => {
  const asking = named(8, "Zoe", { help: true, content: 12 });
  expect(lines([ana, ben, asking], { isGrouped: true })).toEqual([
    "[Asking for help 1]",
    "1 Zoe",
    "[Welcome 1]",
    "2 Ana",
    "[Attention 1]",
    "3 Ben",
  ]);
  expect(lines([ana, asking])).toEqual(["[Asking for help 1]", "1 Zoe", "[Everybody else 1]", "2 Ana"]);
  expect(lines([asking])).toEqual(["[Asking for help 1]", "1 Zoe"]);
});

test("what is in sight is found by halving", () => {
  const ends = [40, 100, 160];
  expect([-5, 0, 39, 40, 99, 159, 160, 900].map((value) => firstAfter(ends, value))).toEqual([0, 0, 0, 1, 1, 2, 3, 3]);
  expect(firstAfter([], 0)).toBe(0);
});
