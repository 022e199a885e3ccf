/**
 * A timer that believes the clock, not the timer: page timers come late (hidden tabs, sleep) and, rounded,
 * early.
 */

import type { Platform } from "./platform.js";

export class Alarm {
  readonly #platform: Platform;
  readonly #ring: () => void;
  #due = Infinity;
  #cancel: (() => void) | null = null;

  constructor(platform: Platform, ring: () => void) {
    this.#platform = platform;
    this.#ring = ring;
  }

  /**
   * Rings once, at this monotonic instant or as soon after as the platform lets it. Replaces what was set
   * before.
   */
  set(instant: number): void {
    if (instant === this.#due) return;
    this.clear();
    if (instant === Infinity) return;
    this.#due = instant;
    const wait = Math.max(0, Math.ceil(instant - this.#platform.monotonic()));
    this.#cancel = this.#platform.setTimer(this.#look, wait);
  }

  clear(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#due = Infinity;
  }

  readonly #look = (): void => {
    const due = this.#due;
    this.clear();
    if (this.#platform.monotonic() < due) this.set(due);
    else this.#ring();
  };
}
