/**
 * Which answers belong to what: the refs of one session's frames, and the one request that waits for its
 * answer.
 *
 * A ref is the session's name and a number that grows with every frame, so that an error can be matched with
 * its session, and one that comes late can be told from one that counts.
 */

/** No answer for this long: ask again. */
const ANSWER_WITHIN_MS = 20_000;

export class Requests {
  readonly #name: string;
  #last = 0;
  #superseded = 0;
  #awaited: string | null = null;
  #expires = Infinity;

  /** `name`: without a dot, and this session's alone within its client. */
  constructor(name: string) {
    this.#name = name;
  }

  /** A ref for the next frame. */
  next(): string {
    this.#last += 1;
    return `${this.#name}.${this.#last}`;
  }

  owns(ref: string): boolean {
    return ref.startsWith(`${this.#name}.`);
  }

  get isWaiting(): boolean {
    return this.#awaited !== null;
  }

  /** The request of this ref was sent. Returns the monotonic instant at which to give up on its answer. */
  await(ref: string, now: number): number {
    this.#awaited = ref;
    this.#expires = now + ANSWER_WITHIN_MS;
    return this.#expires;
  }

  /** Gives up on the request if its answer is overdue; whether it was. */
  expire(now: number): boolean {
    if (now < this.#expires) return false;
    this.forget();
    return true;
  }

  /** Nobody will answer the request under way. */
  forget(): void {
    this.#awaited = null;
    this.#expires = Infinity;
  }

  /** Whether this is the answer to the request under way, which with that is answered. */
  settle(ref: string): boolean {
    if (this.#awaited !== ref) return false;
    this.forget();
    return true;
  }

  /** All that was sent so far is sent again: what is said about it no longer counts. */
  supersede(): void {
    this.#superseded = this.#last;
  }

  isSuperseded(ref: string): boolean {
    return Number(ref.slice(this.#name.length + 1)) <= this.#superseded;
  }
}
