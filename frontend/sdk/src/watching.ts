/**
 * Courses that are watched: who learns there now, put together from snapshots and deltas.
 *
 * Owns what a page sees of them. A watch is its connection's: after every welcome it begins anew, and so it does where a
 * delta is missing; until then the page keeps what was known last. Nothing here ticks: what counts on by itself, whoever
 * shows it works out with `countedOn`.
 */

import { Agenda } from "./agenda.js";
import { PAUSE_MS } from "./budget.js";
import { afterError } from "./codes.js";
import type { Platform } from "./platform.js";
import type { LiveWatch, WatchState } from "./state.js";
import { Store } from "./store.js";
import type { ClientFrame, ErrorFrame, WatchDelta, WatchSnapshot, WatchedCounts, WatchedLearner } from "./types.js";

/** No answer for this long: ask again. A snapshot of thousands takes a slow line a minute, and asked anew as long again. */
const ANSWER_WITHIN_MS = 90_000;
/** About what a learner takes of a snapshot; and all of one, where nobody knows how many there are. */
const LEARNER_BYTES = 350;
const UNKNOWN_BYTES = 2_097_152;
const REF = "watch.";

const NOBODY: WatchedCounts = { engaged: 0, focus: 0, idle: 0, silent: 0, help: 0 };

interface Watch {
  readonly course: string;
  readonly store: Store<WatchState>;
  /** That of the latest `watch.start`. */
  ref: string | null;
  /** That of the latest frame; 0: the answer to that start has not come. */
  version: number;
}

export class Watching {
  readonly #agenda: Agenda;
  readonly #send: (frame: ClientFrame) => number;
  readonly #watches = new Map<number, Watch>();
  #begun = 0;
  #asked = 0;

  /** `send` as the connection's. */
  constructor(platform: Platform, send: (frame: ClientFrame) => number) {
    this.#send = send;
    this.#agenda = new Agenda(platform, (number) => this.#ask(number));
  }

  /** How large a snapshot may come: one that was asked for, or, where the page is behind, one that was not. */
  get awaitedBytes(): number {
    const sizes = [...this.#watches.values()].map(({ store }) => {
      const { phase, learners } = store.get();
      return phase === "starting" ? UNKNOWN_BYTES : learners.size * LEARNER_BYTES;
    });
    return Math.max(0, ...sizes);
  }

  watch(course: string): LiveWatch {
    const [before] = this.#of(course) ?? [];
    if (before !== undefined) this.#end(before, null);
    this.#begun += 1;
    const number = this.#begun;
    const store = new Store<WatchState>({
      phase: "starting",
      learners: new Map(),
      counts: NOBODY,
      isAnonymous: false,
      error: null,
    });
    this.#watches.set(number, { course, store, ref: null, version: 0 });
    this.#agenda.set(number, 0);
    const stop = (): void => {
      if (!this.#watches.has(number)) return;
      this.#end(number, null);
      this.#send({ type: "watch.stop", course });
    };
    return { store, stop };
  }

  /** Somebody else is signed in: nothing of what was here is for them. */
  forget(): void {
    for (const [number, { store }] of [...this.#watches]) {
      store.set({ learners: new Map(), counts: NOBODY });
      this.#end(number, null);
    }
  }

  online(): void {
    for (const number of this.#watches.keys()) this.#again(number, 0);
  }

  offline(): void {
    for (const number of this.#watches.keys()) this.#again(number, Infinity);
  }

  snapshot(frame: WatchSnapshot): void {
    const [number, watch] = this.#of(frame.course) ?? [];
    if (number === undefined || watch === undefined) return;
    // What an earlier start of it still brings is not the answer that is waited for.
    if (frame.ref === undefined ? watch.version === 0 : frame.ref !== watch.ref) return;
    this.#agenda.delete(number);
    watch.version = frame.version;
    this.#show(watch, new Map(frame.learners.map((learner) => [learner.enrollment, learner])), frame.counts);
  }

  delta(frame: WatchDelta): void {
    const [number, watch] = this.#of(frame.course) ?? [];
    // The stop may not have got through.
    if (watch === undefined) this.#send({ type: "watch.stop", course: frame.course });
    if (number === undefined || watch === undefined || watch.version === 0) return;
    if (frame.version !== watch.version + 1) {
      this.#again(number, 0);
      return;
    }
    watch.version = frame.version;
    const learners = new Map(watch.store.get().learners);
    for (const learner of frame.upsert) learners.set(learner.enrollment, learner);
    for (const enrollment of frame.remove) learners.delete(enrollment);
    this.#show(watch, learners, frame.counts);
  }

  /** Whether this error answers a watch, or ends one. */
  refused(error: ErrorFrame): boolean {
    if (!error.ref?.startsWith(REF)) return false;
    const [number] = [...this.#watches].find(([, { ref }]) => ref === error.ref) ?? [];
    if (number === undefined) return true;
    if (afterError(error.code) === "retry") this.#again(number, error.retry_after_ms ?? PAUSE_MS);
    else this.#end(number, error);
    return true;
  }

  #of(course: string): [number, Watch] | undefined {
    return [...this.#watches].find(([, watch]) => watch.course === course);
  }

  #ask(number: number): number {
    const watch = this.#watches.get(number);
    if (watch === undefined) return Infinity;
    const ref = `${REF}${this.#asked + 1}`;
    const wait = this.#send({ type: "watch.start", ref, course: watch.course });
    if (wait > 0) return wait;
    this.#asked += 1;
    watch.ref = ref;
    watch.version = 0;
    return ANSWER_WITHIN_MS;
  }

  /** What is shown is no longer how it is: begins anew in so many milliseconds; Infinity: not by itself. */
  #again(number: number, ms: number): void {
    const watch = this.#watches.get(number);
    if (watch === undefined) return;
    watch.version = 0;
    if (watch.store.get().phase === "live") watch.store.set({ phase: "stale" });
    if (ms === Infinity) this.#agenda.delete(number);
    else this.#agenda.set(number, ms);
  }

  #show({ store }: Watch, learners: ReadonlyMap<number, WatchedLearner>, counts: WatchedCounts | undefined): void {
    store.set({ phase: "live", learners, counts: counts ?? count(learners), isAnonymous: counts !== undefined });
  }

  #end(number: number, error: ErrorFrame | null): void {
    this.#watches.get(number)?.store.set({ phase: "ended", error });
    this.#watches.delete(number);
    this.#agenda.delete(number);
  }
}

function count(learners: ReadonlyMap<number, WatchedLearner>): WatchedCounts {
  const counts = { ...NOBODY };
  for (const { state, help } of learners.values()) {
    counts[state] += 1;
    if (help) counts.help += 1;
  }
  return counts;
}

/** A learner's times at an instant of the server's clock (`serverNow`): while silent they stand still. */
export function countedOn(learner: WatchedLearner, now: number): Pick<WatchedLearner, "focus_ms" | "engaged_ms" | "idle_ms"> {
  const { state, focus_ms, engaged_ms, idle_ms } = learner;
  const since = Math.max(0, now - Date.parse(learner.counted_at));
  return {
    focus_ms: focus_ms + (state === "engaged" || state === "focus" ? since : 0),
    engaged_ms: engaged_ms + (state === "engaged" ? since : 0),
    idle_ms: idle_ms + (state === "idle" ? since : 0),
  };
}
