/**
 * What the page keeps of what it saw of a lesson: how many were in each state, and what each learner was in the last
 * minutes. All of it bounded, and gone with the page: the server keeps no such thing.
 */

import type { LiveWatch, WatchedLearner, WatchState } from "@studybeat/sdk";

export type SeenState = WatchedLearner["state"];

/** From most to least attention; every list and plot has them in this order. */
export const STATES: readonly SeenState[] = ["engaged", "focus", "idle", "silent"];

export type Counts = Record<SeenState, number>;

/** From `at` on so many were in each state; null: nobody knows. In ms of the server's clock. */
export interface Point {
  readonly at: number;
  readonly counts: Counts | null;
}

/** From `at` on a learner was this; null: not here. */
export interface Turn {
  readonly at: number;
  readonly state: SeenState | null;
}

export const TRACE_MS = 10 * 60_000;
/** Of points that lie closer together only the last is kept. */
const POINT_MS = 5_000;
const LESSON_MS = 4 * 3_600_000;
/** Always the same: a row is drawn anew only where something of it is another. */
const NO_TURNS: readonly Turn[] = [];

export class Lesson {
  readonly watch: LiveWatch["store"];
  readonly #now: () => number;
  readonly #leave: () => void;
  readonly #traces = new Map<number, Turn[]>();
  readonly #numbers = new Map<number, number>();
  #points: readonly Point[] = [];
  #seen: WatchState["learners"] = new Map();

  /** `now`: the server's clock. */
  constructor(watch: LiveWatch["store"], now: () => number) {
    this.watch = watch;
    this.#now = now;
    this.#leave = watch.subscribe(() => {
      this.#look();
    });
    this.#look();
  }

  readonly stop = (): void => {
    this.#leave();
  };

  /** Oldest first. The same array until there is a new one. */
  get points(): readonly Point[] {
    return this.#points;
  }

  /** Oldest first; what was before is not known. */
  traceOf(enrollment: number): readonly Turn[] {
    return this.#traces.get(enrollment) ?? NO_TURNS;
  }

  /** What to call a learner whose name is hidden: the first to be seen is 1. */
  numberOf(enrollment: number): number {
    return this.#numbers.get(enrollment) ?? 0;
  }

  #look(): void {
    const { phase, counts, learners } = this.watch.get();
    if (phase === "starting") return;
    const now = this.#now();
    this.#point({ at: now, counts: phase === "live" ? counts : null });
    if (phase !== "live" || learners === this.#seen) return;
    for (const [enrollment, learner] of learners) {
      if (this.#seen.get(enrollment) !== learner) this.#turn(enrollment, { at: Date.parse(learner.since), state: learner.state }, now);
    }
    for (const enrollment of this.#seen.keys()) {
      if (!learners.has(enrollment)) this.#turn(enrollment, { at: now, state: null }, now);
    }
    for (const [enrollment, turns] of this.#traces) {
      const last = turns.at(-1);
      if (last?.state === null && last.at < now - TRACE_MS) this.#traces.delete(enrollment);
    }
    this.#seen = learners;
  }

  #point(point: Point): void {
    const last = this.#points.at(-1);
    if (last && isSame(last.counts, point.counts)) return;
    const before = this.#points.at(-2);
    const isClose = last?.counts && point.counts && before?.counts && last.at - before.at < POINT_MS;
    const kept = isClose === true || last?.at === point.at ? this.#points.slice(0, -1) : this.#points;
    const from = point.at - LESSON_MS;
    this.#points = [...(kept[0] && kept[0].at < from ? kept.slice(1) : kept), point];
  }

  #turn(enrollment: number, turn: Turn, now: number): void {
    if (!this.#numbers.has(enrollment)) this.#numbers.set(enrollment, this.#numbers.size + 1);
    const before = this.traceOf(enrollment);
    const last = before.at(-1);
    if (last?.state === turn.state) return;
    const turns = [...before, { ...turn, at: Math.max(turn.at, last?.at ?? -Infinity) }];
    // Of what is too old, the last one tells what it was when the trace begins.
    const first = turns.findLastIndex(({ at }) => at <= now - TRACE_MS);
    this.#traces.set(enrollment, turns.slice(Math.max(0, first)));
  }
}

const isSame = (a: Counts | null, b: Counts | null): boolean =>
  a === b || (a !== null && b !== null && STATES.every((state) => a[state] === b[state]));
