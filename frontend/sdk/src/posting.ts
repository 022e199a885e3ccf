/**
 * The posts of one session, in its words: where websockets do not get through, one after another at the
 * heartbeat; and a page's last words.
 */

import type { SessionHost } from "./host.js";
import type { Outcome } from "./post.js";
import { HEARTBEAT_MS } from "./types.js";
import type { Posted } from "./types.js";

/** A post, and what was known when it went out. */
export interface Letter {
  readonly key: string;
  readonly posted: Posted;
  /** The highest `seq` that was durable before. */
  readonly acked: number;
  /** Its answer says where the session's clock stands. */
  readonly aligns: boolean;
}

export class Posting {
  readonly #host: SessionHost;
  readonly #answered: (letter: Letter, outcome: Outcome) => void;
  #isUnderWay = false;
  #went = -Infinity;
  #notBefore = 0;

  constructor(host: SessionHost, answered: (letter: Letter, outcome: Outcome) => void) {
    this.#host = host;
    this.#answered = answered;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /**
   * The monotonic instant from which the next post may go: as soon as it can, or half a heartbeat after the last
   * one, so that the samples of the heartbeat, which come later than that, go out as they are made.
   */
  due(isUrgent: boolean): number {
    if (this.#isUnderWay) return Infinity;
    return Math.max(this.#notBefore, isUrgent ? 0 : this.#went + HEARTBEAT_MS / 2);
  }

  /** Posts; the next waits for the answer. `hasMore`: and then it goes at once. */
  send(letter: Letter, now: number, hasMore: boolean): void {
    this.#isUnderWay = true;
    this.#went = hasMore ? -Infinity : now;
    this.#host.post(letter.key, letter.posted, false, (outcome) => {
      this.#isUnderWay = false;
      if (outcome.kind === "unreachable") this.wait(outcome.retryAfterMs ?? HEARTBEAT_MS);
      this.#answered(letter, outcome);
    });
  }

  /** Posts at once, whatever else is under way: the page may be gone before the answer. */
  sendLast(letter: Letter): void {
    this.#host.post(letter.key, letter.posted, true, (outcome) => {
      this.#answered(letter, outcome);
    });
  }

  /** No post for this long. */
  wait(ms: number): void {
    this.#notBefore = this.#host.platform.monotonic() + ms;
  }
}
