/**
 * What the learner has consumed, told to the server: texts read, images seen, stretches of videos played.
 *
 * Coalesces: of an item at most one frame every few seconds, with all that was played of it. The server confirms none
 * of it but by the progress that comes of it; it adds up what it hears, so what may have been lost with a connection
 * is said again.
 */

import { Agenda } from "./agenda.js";
import { PAUSE_MS } from "./budget.js";
import type { Platform } from "./platform.js";
import { longest, seconds, union } from "./played.js";
import type { ClientFrame, ErrorFrame, Played } from "./types.js";

const EVERY_MS = 5_000;
/** A connection that is dead is noticed within this time: what was sent before has arrived. */
const NOTICED_MS = 30_000;
/** So many stretches fit a frame. Nobody who watches leaves more: of more, the longest count. */
const STRETCHES = 100;
const REF = "consumed.";

interface Consumed {
  readonly content: number;
  played: readonly Played[];
  /** Said as it is, at this monotonic instant. */
  sentAt: number | null;
  /** Not before this one again. */
  notBefore: number;
  isRefused: boolean;
}

export class Consumption {
  readonly #platform: Platform;
  readonly #agenda: Agenda;
  readonly #items = new Map<number, Consumed>();

  /** `send` as the connection's. */
  constructor(platform: Platform, send: (frame: ClientFrame) => number) {
    this.#platform = platform;
    this.#agenda = new Agenda(platform, (item) => this.#tell(item, send));
  }

  /** Somebody else is signed in, or this content is completed: nothing more to say of it. */
  forget(content?: number): void {
    for (const [item, consumed] of [...this.#items]) {
      if (content !== undefined && consumed.content !== content) continue;
      this.#items.delete(item);
      this.#agenda.delete(item);
    }
  }

  consumed(content: number, item: number, played: readonly Played[]): void {
    const known = this.#items.get(item);
    const now = this.#platform.monotonic();
    if (known === undefined) {
      const first = { content, played: union(played), sentAt: null, notBefore: now, isRefused: false };
      this.#items.set(item, first);
      this.#agenda.set(item, 0);
      return;
    }
    const more = union(known.played, played);
    if (known.isRefused || seconds(more) <= seconds(known.played)) return;
    known.played = more;
    known.sentAt = null;
    this.#agenda.set(item, Math.max(0, known.notBefore - now));
  }

  online(): void {
    for (const [item, consumed] of this.#items) {
      consumed.isRefused = false;
      if (consumed.sentAt === null) this.#agenda.set(item, 0);
    }
  }

  offline(): void {
    const arrived = this.#platform.monotonic() - NOTICED_MS;
    for (const consumed of this.#items.values()) {
      if (consumed.sentAt !== null && consumed.sentAt > arrived) consumed.sentAt = null;
    }
  }

  /** The page may go: says at once what waits for its turn. */
  flush(): void {
    for (const [item, { sentAt, isRefused }] of this.#items) if (sentAt === null && !isRefused) this.#agenda.set(item, 0);
  }

  /** Whether this error answers something that was consumed. */
  refused(error: ErrorFrame): boolean {
    if (!error.ref?.startsWith(REF)) return false;
    const item = Number(error.ref.slice(REF.length));
    const consumed = this.#items.get(item);
    if (consumed === undefined) return true;
    consumed.sentAt = null;
    if (error.code === "rate_limited") {
      const wait = error.retry_after_ms ?? PAUSE_MS;
      consumed.notBefore = this.#platform.monotonic() + wait;
      this.#agenda.set(item, wait);
    } else {
      consumed.isRefused = true;
      this.#agenda.delete(item);
    }
    return true;
  }

  #tell(item: number, send: (frame: ClientFrame) => number): number {
    const consumed = this.#items.get(item);
    if (consumed?.sentAt !== null) return Infinity;
    const ranges = longest(consumed.played, STRETCHES);
    const wait = send({ type: "content.consumed", ref: `${REF}${item}`, item, ranges });
    if (wait > 0) return wait;
    consumed.sentAt = this.#platform.monotonic();
    consumed.notBefore = consumed.sentAt + EVERY_MS;
    return Infinity;
  }
}
