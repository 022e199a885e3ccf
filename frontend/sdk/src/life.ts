/**
 * A session's life as a page sees it: its record, and the store that shows it. The two change together here and
 * nowhere else; so do the phases, by one table of moves.
 */

import type { SessionHost } from "./host.js";
import type { Letter } from "./posting.js";
import { Recording } from "./recording.js";
import type { LiveSession, SessionPhase, SessionState, SessionTarget } from "./state.js";
import { Store } from "./store.js";
import { NOTHING_ACKED, POST_LIMITS, ackedFields } from "./types.js";
import type { Acked, ActivityState, Taken } from "./types.js";

const MOVES: Readonly<Record<SessionPhase, readonly SessionPhase[]>> = {
  opening: ["live", "closed", "lost", "failed"],
  live: ["opening", "closed", "lost", "failed"],
  closed: [],
  lost: [],
  failed: [],
};

export class Life {
  readonly #host: SessionHost;
  readonly #target: SessionTarget;
  readonly #store: Store<SessionState>;
  #recording: Recording;

  constructor(host: SessionHost, target: SessionTarget, activity: ActivityState) {
    this.#host = host;
    this.#target = target;
    const key = host.platform.uuid();
    this.#recording = this.#begin(key);
    this.#store = new Store<SessionState>({
      key,
      session: null,
      phase: "opening",
      activity,
      acked: NOTHING_ACKED,
      pending: 0,
      full: false,
      reason: null,
    });
  }

  get store(): LiveSession["store"] {
    return this.#store;
  }

  get state(): SessionState {
    return this.#store.get();
  }

  /** What the key of now has recorded. */
  get recording(): Recording {
    return this.#recording;
  }

  get isOver(): boolean {
    return MOVES[this.state.phase].length === 0;
  }

  /** From this monotonic instant on, the page is what the state says. */
  record(instant: number): void {
    this.#recording.record(this.state.activity, instant);
    this.publish();
  }

  /** The server says where the session's clock stands: `at` goes on from there. */
  align(taken: Taken, now: number): void {
    this.#recording.anchor(taken.now_ms, now, this.#host.userId);
    this.#recording.ack(taken.seq);
    this.#enter("live", null, { session: taken.session, acked: ackedFields(taken) });
  }

  /** The server has this durably. What it said earlier may come later. */
  acknowledge(acked: Acked): void {
    if (acked.seq < this.#recording.queue.acked) return;
    this.#recording.ack(acked.seq);
    this.publish({ reason: null, acked: ackedFields(acked) });
  }

  /** What is not acknowledged, as far as it fits a post; and of what it is, while the server can't know. */
  letter(isClosing: boolean, aligns: boolean): Letter {
    const { isAnchored, queue } = this.#recording;
    const samples = queue.oldest(POST_LIMITS);
    const close = isClosing && isAnchored && samples.length === queue.pending;
    const { deviceType } = this.#host;
    const device = deviceType === undefined ? {} : { device_type: deviceType };
    const open = isAnchored ? {} : { open: { ...this.#target, ...device } };
    return { key: this.state.key, posted: { samples, close, ...open }, acked: queue.acked, aligns };
  }

  /** Goes on under a new key; what the old one still had is dropped. */
  restart(reason: string): void {
    const key = this.#host.platform.uuid();
    this.#recording.end();
    this.#recording = this.#begin(key);
    this.#enter("opening", reason, { key, session: null, acked: NOTHING_ACKED });
  }

  /** It is over; what it still had is dropped. */
  end(phase: "closed" | "lost" | "failed", reason: string | null, last: Partial<Acked>): void {
    this.#recording.end();
    this.#enter(phase, reason, { acked: ackedFields({ ...this.state.acked, ...last }) });
  }

  /** Its user is signed in no longer; what it still had waits for them. */
  leave(reason: string): void {
    this.#recording.leave();
    this.#enter("failed", reason, {});
  }

  publish(fields: Partial<SessionState> = {}): void {
    const { pending, isFull } = this.#recording.queue;
    this.#store.set({ ...fields, pending, full: isFull });
  }

  #begin(key: string): Recording {
    const { platform, storage } = this.#host;
    return new Recording({ key, ...this.#target, user: null, began: platform.wall() }, storage);
  }

  /** The one place that changes the phase. A move that is not in the table came too late to matter. */
  #enter(phase: SessionPhase, reason: string | null, fields: Partial<SessionState>): void {
    const from = this.state.phase;
    if (phase === from || MOVES[from].includes(phase)) this.publish({ ...fields, phase, reason });
  }
}
