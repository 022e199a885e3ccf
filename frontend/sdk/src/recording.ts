/**
 * What one key has recorded: makes samples of what the page is, and keeps them until they are durable.
 *
 * Owns the key's clock, its queue and its count of interactions. Records nothing before it is anchored, by
 * the first `opened`. All of it is put into the storage too, in case the page does not live to send it.
 */

import { Timeline } from "./clock.js";
import { SampleQueue } from "./queue.js";
import type { KeptSession, SampleStorage } from "./storage.js";
import type { ActivityState } from "./types.js";

/** Less than what lies between two looks of a page, so that each of them marks. */
const MARK_EVERY_MS = 400;

export class Recording {
  readonly queue: SampleQueue;
  readonly #storage: SampleStorage;
  readonly #session: KeptSession;
  readonly #timeline = new Timeline();
  #isAnchored = false;
  #interactions = 0;
  #sampled = -Infinity;
  #marked = -Infinity;

  constructor(session: KeptSession, storage: SampleStorage, queue: SampleQueue = new SampleQueue()) {
    this.#session = session;
    this.#storage = storage;
    this.queue = queue;
  }

  get isAnchored(): boolean {
    return this.#isAnchored;
  }

  /** The monotonic instant of the last sample. */
  get sampled(): number {
    return this.#sampled;
  }

  /** The server said where the session's clock stands. `user`: whose it is, if known. */
  anchor(nowMs: number, instant: number, user: number | null): void {
    if (!this.#isAnchored) this.#storage.own({ ...this.#session, user });
    this.#timeline.anchor(nowMs, instant);
    this.#isAnchored = true;
  }

  interacted(): void {
    if (this.#isAnchored) this.#interactions += 1;
  }

  /**
   * From this monotonic instant on, the page is this. A full queue does not take it; interactions then wait
   * for the next.
   */
  record(activity: ActivityState, instant: number): void {
    if (!this.#isAnchored) return;
    const sample = this.queue.add(this.#timeline.at(instant), activity, this.#interactions);
    this.#sampled = this.#marked = instant;
    if (sample === null) return;
    this.#interactions = 0;
    this.#storage.put(this.#session.key, sample);
  }

  /**
   * The page still lives at this instant, and is this. Keeps the sample that would be the next if it died now: its
   * last seconds, which the one that is recorded in the end takes the place of.
   */
  mark(activity: ActivityState, instant: number): void {
    if (!this.#isAnchored || activity === "idle" || instant < this.#marked + MARK_EVERY_MS) return;
    if (this.queue.isFull) return;
    this.#marked = instant;
    const at = this.#timeline.at(instant);
    const next = { seq: this.queue.next, at, state: activity, interactions: this.#interactions };
    this.#storage.put(this.#session.key, next);
  }

  /** The server has everything up to `seq`. */
  ack(seq: number): void {
    if (seq <= this.queue.acked) return;
    this.queue.ack(seq);
    this.#storage.acked(this.#session.key, seq);
  }

  /** The session is over, and what it still had with it. */
  end(): void {
    if (this.#isAnchored) this.#storage.forget(this.#session.key);
    this.#stop();
  }

  /** The page has nothing more to do with it; what it still had waits in the storage for its user's next page. */
  leave(): void {
    if (this.#isAnchored) this.#storage.leave(this.#session.key);
    this.#stop();
  }

  #stop(): void {
    this.#isAnchored = false;
    this.queue.clear();
  }
}
