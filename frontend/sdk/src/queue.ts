/**
 * The samples of one session, from the moment they are made until the server has them durably.
 *
 * Owns `seq`. Bounded: a full queue takes no more samples until some are acknowledged. It never drops an old
 * one, because a hole in `seq` could not be sent; what it did not take becomes `unknown` time on the server.
 */

import type { ActivityState, FrameLimits, Sample } from "./types.js";

/** A heartbeat every 10 s for a whole day, after which the server would refuse the session anyway. */
export const QUEUE_LIMIT = 10_000;

/** Of a frame, for all that is not samples. */
const ENVELOPE_BYTES = 256;

export class SampleQueue {
  readonly #limit: number;
  /** Without holes: the first is `acked + 1`. */
  #samples: Sample[] = [];
  #acked = 0;
  #sent = 0;

  constructor(limit: number = QUEUE_LIMIT) {
    this.#limit = limit;
  }

  /** A queue of samples that were kept, in order, as far as they have no hole: a storage may have failed to take one. */
  static of(samples: readonly Sample[]): SampleQueue {
    const queue = new SampleQueue();
    const first = samples[0]?.seq ?? 1;
    queue.#samples = samples.filter(({ seq }, index) => seq === first + index);
    queue.#acked = queue.#sent = first - 1;
    return queue;
  }

  /** The highest `seq` that is durable: everything up to it is forgotten here. */
  get acked(): number {
    return this.#acked;
  }

  /** How many samples are not durable yet. */
  get pending(): number {
    return this.#samples.length;
  }

  get isFull(): boolean {
    return this.#samples.length >= this.#limit;
  }

  /** How many samples were not sent yet on this connection. */
  get unsent(): number {
    return this.#acked + this.#samples.length - this.#sent;
  }

  /** The `seq` of the next sample. */
  get next(): number {
    return this.#acked + this.#samples.length + 1;
  }

  /** Gives the sample its number. Null: full, not taken. */
  add(at: number, state: ActivityState, interactions: number): Sample | null {
    if (this.isFull) return null;
    const sample = { seq: this.next, at, state, interactions };
    this.#samples.push(sample);
    return sample;
  }

  /** Drops all it has. */
  clear(): void {
    this.#samples = [];
    this.#sent = this.#acked;
  }

  /** Everything up to `seq` is durable. */
  ack(seq: number): void {
    if (seq <= this.#acked) return;
    this.#samples.splice(0, seq - this.#acked);
    this.#acked = seq;
    this.#sent = Math.max(this.#sent, seq);
  }

  /** Send from this `seq` again. False: it can't be done, the samples there are gone or were never made. */
  rewind(seq: number): boolean {
    if (seq <= this.#acked || seq > this.#acked + this.#samples.length + 1) return false;
    this.#sent = seq - 1;
    return true;
  }

  /** The next samples to send: as many as fit one frame, and one if there is any. */
  batch(limits: FrameLimits): readonly Sample[] {
    return this.#from(this.#sent - this.#acked, limits);
  }

  /** The same from the oldest on, sent or not. */
  oldest(limits: FrameLimits): readonly Sample[] {
    return this.#from(0, limits);
  }

  #from(from: number, limits: FrameLimits): readonly Sample[] {
    const candidates = this.#samples.slice(from, from + limits.samples_per_frame);
    let bytes = 0;
    const end = candidates.findIndex((sample) => {
      bytes += JSON.stringify(sample).length + 1; // all of it ASCII; 1 for the comma
      return bytes > limits.frame_bytes - ENVELOPE_BYTES;
    });
    return end < 0 ? candidates : candidates.slice(0, Math.max(1, end));
  }

  sent(samples: readonly Sample[]): void {
    this.#sent += samples.length;
  }
}
