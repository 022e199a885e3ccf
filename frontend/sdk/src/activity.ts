/**
 * What the page is: `engaged`, `focus` or `idle`. Pure: told of signals and input with their instants, tells
 * of turns.
 *
 * Being engaged ends by itself, `idle_after_ms` after the last input; that turn is told with the exact
 * instant at which it was due, however late anybody looks. Instants are monotonic milliseconds and do not go
 * back.
 */

import type { ActivityState } from "./types.js";

export interface Signals {
  readonly visible: boolean;
  readonly focused: boolean;
  /** Audio or video is playing. Counts as input, for as long as the page is visible and focused. */
  readonly playing: boolean;
}

export class Activity {
  readonly #turned: (state: ActivityState, instant: number) => void;
  #idleAfterMs: number;
  #signals: Signals = { visible: false, focused: false, playing: false };
  #lastInput = -Infinity;
  #state: ActivityState = "idle";

  /** `turned` is called at every change of state, with the instant from which the new one holds. */
  constructor(idleAfterMs: number, turned: (state: ActivityState, instant: number) => void) {
    this.#idleAfterMs = idleAfterMs;
    this.#turned = turned;
  }

  get state(): ActivityState {
    return this.#state;
  }

  /** When `engaged` will turn to `focus` if nothing else happens; Infinity if it won't. */
  get nextTurn(): number {
    return this.#state === "engaged" && !this.#signals.playing
      ? this.#lastInput + this.#idleAfterMs
      : Infinity;
  }

  /** Looks at the clock: the turn that was due by now, if any, is told. */
  tick(now: number): void {
    const due = this.nextTurn;
    if (due <= now) this.#turn("focus", due);
  }

  input(now: number): void {
    this.tick(now);
    this.#lastInput = now;
    this.#turn(this.#stateAt(now), now);
  }

  signal(signals: Signals, now: number): void {
    this.tick(now);
    // Being engaged goes on from where the media stopped, or were left.
    if (this.#isPlayed()) this.#lastInput = now;
    this.#signals = signals;
    this.#turn(this.#stateAt(now), now);
  }

  setIdleAfter(ms: number, now: number): void {
    this.tick(now);
    this.#idleAfterMs = ms;
    this.#turn(this.#stateAt(now), now);
  }

  #isPlayed(): boolean {
    return this.#signals.visible && this.#signals.focused && this.#signals.playing;
  }

  #stateAt(now: number): ActivityState {
    if (!this.#signals.visible || !this.#signals.focused) return "idle";
    return this.#signals.playing || now < this.#lastInput + this.#idleAfterMs ? "engaged" : "focus";
  }

  #turn(state: ActivityState, instant: number): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#turned(state, instant);
  }
}
