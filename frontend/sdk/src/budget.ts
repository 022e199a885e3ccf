/**
 * How many frames may go out: a token bucket, like the server's, at half its size, since frames bunch on
 * their way.
 */

const SHARE = 0.5;

/** When the server refuses frames and does not say for how long. */
export const PAUSE_MS = 1_000;

export class FrameBudget {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #refilled: number;

  /** `now` here and below: the monotonic instant. */
  constructor(framesPerSecond: number, burst: number, now: number) {
    this.#perMs = (framesPerSecond * SHARE) / 1000;
    this.#burst = Math.max(1, burst * SHARE);
    this.#tokens = this.#burst;
    this.#refilled = now;
  }

  /** 0: a frame may go, and is counted. Else: the milliseconds until one may. */
  take(now: number): number {
    if (now > this.#refilled) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#refilled) * this.#perMs);
      this.#refilled = now;
    }
    if (now >= this.#refilled && this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    // Whole milliseconds: a wait that rounding makes vanish would never end.
    return Math.max(1, Math.ceil(this.#refilled - now + Math.max(0, 1 - this.#tokens) / this.#perMs));
  }

  /** The server said to wait: nothing goes out for this long. */
  pause(now: number, ms: number): void {
    this.#tokens = Math.min(this.#tokens, 1);
    this.#refilled = Math.max(this.#refilled, now + ms);
  }
}
