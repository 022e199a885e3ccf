/** Who is on the roster, and in which order: searched, filtered, sorted, and grouped by where they are. */

import type { WatchedLearner } from "@studybeat/sdk";

import type { Content } from "../api/types";
import { type SeenState, STATES } from "./lesson";

export const SORTS = { name: "Name", state: "State", since: "Longest in their state", progress: "Least progress" } as const;
export type Sort = keyof typeof SORTS;

export interface Wishes {
  search: string;
  state: SeenState | "all";
  sort: Sort;
  isGrouped: boolean;
}

export interface Heading {
  kind: "heading";
  key: string;
  title: string;
  /** Of how many learners. */
  count: number;
}

export interface Row {
  kind: "learner";
  key: number;
  learner: WatchedLearner;
  /** Among all learners that are shown, from 1. */
  place: number;
  /** The content where they are; none where the heading names it. */
  at: string | undefined;
}

export type Line = Heading | Row;

const collator = new Intl.Collator(undefined, { numeric: true });

type Order = (a: WatchedLearner, b: WatchedLearner) => number;

const orders: Record<Sort, Order> = {
  name: () => 0,
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
  since: (a, b) => Date.parse(a.since) - Date.parse(b.since),
  progress: (a, b) => a.progress - b.progress,
};

interface Group {
  key: string;
  title: string;
  learners: WatchedLearner[];
  isOneContent?: boolean;
}

/** The lines of the roster. Who asks for help is on top. `nameOf` is what a learner is called here. */
export function arrange(
  learners: Iterable<WatchedLearner>,
  { search, state, sort, isGrouped }: Wishes,
  contents: Pick<Content, "id" | "title">[],
  nameOf: (learner: WatchedLearner) => string,
): Line[] {
  const wanted = search.trim().toLocaleLowerCase();
  const names = new Map<WatchedLearner, string>();
  for (const learner of learners) {
    const name = nameOf(learner);
    if ((state === "all" || learner.state === state) && name.toLocaleLowerCase().includes(wanted)) names.set(learner, name);
  }
  const order = orders[sort];
  const found = [...names.keys()].sort(
    (a, b) => order(a, b) || collator.compare(names.get(a) ?? "", names.get(b) ?? "") || a.enrollment - b.enrollment,
  );
  const asking = found.filter(({ help }) => help);
  const others = found.filter(({ help }) => !help);
  const groups = [{ key: "help", title: "Asking for help", learners: asking }, ...(isGrouped ? byContent(others, contents) : [whole(others, asking)])];
  const titles = new Map<number | null, string>(contents.map(({ id, title }) => [id, title]));
  let place = 0;
  return groups
    .filter((group) => group.learners.length > 0)
    .flatMap((group): Line[] => [
      ...(group.title ? [{ kind: "heading", key: group.key, title: group.title, count: group.learners.length } as const] : []),
      ...group.learners.map((learner): Row => {
        const at = group.isOneContent ? undefined : titles.get(learner.content);
        return { kind: "learner", key: learner.enrollment, learner, place: ++place, at };
      }),
    ]);
}

/** Not grouped: a heading only where the others need to be told from who asks for help. */
const whole = (learners: WatchedLearner[], asking: WatchedLearner[]): Group => ({
  key: "others",
  title: asking.length > 0 ? "Everybody else" : "",
  learners,
});

/** In the order of study; then who is at no content that the course still has. */
function byContent(learners: WatchedLearner[], contents: Pick<Content, "id" | "title">[]): Group[] {
  const groups = new Map<number | null, Group>(
    contents.map(({ id, title }) => [id, { key: `content ${id}`, title, learners: [], isOneContent: true }]),
  );
  const elsewhere: Group = { key: "elsewhere", title: "Elsewhere in the course", learners: [] };
  for (const learner of learners) (groups.get(learner.content) ?? elsewhere).learners.push(learner);
  return [...groups.values(), elsewhere];
}
