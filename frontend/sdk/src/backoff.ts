/**
 * How long to wait before connecting again: exponential, with full jitter, so that a crowd does not come back
 * as one.
 */

const FIRST_MS = 1_000;
const CAP_MS = 10_000;

export class Backoff {
  readonly #random: () => number;
  #ceiling = FIRST_MS;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next wait: anywhere from 0 to the ceiling, which then doubles, up to 10 s. */
  next(): number {
    const wait = this.#random() * this.#ceiling;
    this.#ceiling = Math.min(CAP_MS, this.#ceiling * 2);
    return wait;
  }

  /** A wait from the upper half of the cap, for a client that was told it asks too much. */
  slow(): number {
    this.#ceiling = CAP_MS;
    return CAP_MS / 2 + this.#random() * (CAP_MS / 2);
  }

  /** After a connection that proved healthy. */
  reset(): void {
    this.#ceiling = FIRST_MS;
  }
}
