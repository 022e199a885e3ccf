/**
 * Things to do, each at an instant of its own, by one alarm. What could not be done is due again when whoever does it
 * says.
 */

import { Alarm } from "./alarm.js";
import type { Platform } from "./platform.js";

export class Agenda {
  readonly #platform: Platform;
  readonly #act: (key: number) => number;
  readonly #alarm: Alarm;
  readonly #dues = new Map<number, number>();

  /** `act` returns the milliseconds after which it is due again; Infinity: not by itself. */
  constructor(platform: Platform, act: (key: number) => number) {
    this.#platform = platform;
    this.#act = act;
    this.#alarm = new Alarm(platform, () => {
      this.#run();
    });
  }

  /** Due in so many milliseconds; at once when that is 0. Replaces what was set before. */
  set(key: number, ms: number): void {
    this.#dues.set(key, this.#platform.monotonic() + ms);
    this.#run();
  }

  delete(key: number): void {
    this.#dues.delete(key);
  }

  clear(): void {
    this.#dues.clear();
    this.#alarm.clear();
  }

  #run(): void {
    const now = this.#platform.monotonic();
    for (const [key, due] of [...this.#dues]) {
      if (due > now) continue;
      this.#dues.delete(key);
      const again = this.#act(key);
      if (again < Infinity) this.#dues.set(key, now + again);
    }
    this.#alarm.set(Math.min(Infinity, ...this.#dues.values()));
  }
}
