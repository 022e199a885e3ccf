/**
 * Where a session's `at` comes from, and when not to trust it any longer.
 *
 * Time is counted by the monotonic clock alone. The wall clock has one use: when the two part, the machine
 * slept or somebody set the time, and the server has to be asked anew where the session's clock stands.
 */

import type { Platform } from "./platform.js";

const PARTED_MS = 2_000;

/** Compares the two clocks from look to look. */
export class ClockWatch {
  readonly #platform: Platform;
  #difference: number;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#difference = platform.wall() - platform.monotonic();
  }

  /** Whether the clocks have parted since the last look. Says so once for each time they do. */
  parted(): boolean {
    const difference = this.#platform.wall() - this.#platform.monotonic();
    const moved = Math.abs(difference - this.#difference);
    this.#difference = difference;
    return moved > PARTED_MS;
  }
}

/** The server's time of day, by the monotonic clock since the server said it. */
export class ServerClock {
  readonly #platform: Platform;
  #offset = -Infinity;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** It was this (RFC 3339) a moment ago: what took longest to come counts least. */
  heard(time: string): void {
    this.#offset = Math.max(this.#offset, Date.parse(time) - this.#platform.monotonic());
  }

  /** Whole milliseconds since 1970. Before the server was heard, by the wall clock here. */
  get now(): number {
    return Math.floor(this.#offset === -Infinity ? this.#platform.wall() : this.#platform.monotonic() + this.#offset);
  }
}

/** The clock of one session: the server's `now_ms` when it was opened, plus the monotonic time since. */
export class Timeline {
  #offset = -Infinity;
  #last = 0;

  /**
   * The server's clock stood at `nowMs` when its answer came, at this monotonic instant. Only ever moves
   * forward: an answer that took longer than an earlier one must not take time away.
   */
  anchor(nowMs: number, instant: number): void {
    this.#offset = Math.max(this.#offset, nowMs - instant);
  }

  /** The `at` of a monotonic instant, whole milliseconds, never less than the one before it. */
  at(instant: number): number {
    this.#last = Math.max(this.#last, Math.floor(this.#offset + instant));
    return this.#last;
  }
}
