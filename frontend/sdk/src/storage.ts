/**
 * Where samples wait that the server does not have yet, so that they outlive a page that crashes or is reloaded.
 *
 * One page owns a key: the one that records under it. What a dead page left, any other page of the same user may
 * send; it never closes it, and records nothing under it.
 */

import { Store } from "./store.js";
import type { Readable } from "./store.js";
import type { Sample } from "./types.js";

/** What is known of a session whose samples are kept. */
export interface KeptSession {
  readonly key: string;
  readonly course: string;
  readonly content?: number;
  /** The learner's id; null where no welcome has said it. */
  readonly user: number | null;
  /** When it began, in ms since 1970. */
  readonly began: number;
}

export interface Keeping {
  /** Whether what is kept survives this page. */
  readonly survives: boolean;
}

/**
 * Nothing here is waited for: the server's ack is what counts, and this is for when the page does not live to
 * see it. What fails shows in `keeping`.
 */
export interface SampleStorage {
  readonly keeping: Readable<Keeping>;
  /** This page owns the key from now on, until it lets go or dies. */
  own(session: KeptSession): void;
  /** Keeps a sample, in place of one with the same `seq`. */
  put(key: string, sample: Sample): void;
  /** The server has everything up to `seq`. */
  acked(key: string, seq: number): void;
  /** The session is over. */
  forget(key: string): void;
  /** This page has nothing more to do with the key; what it keeps waits for another. */
  leave(key: string): void;
  /** The page is put aside, and its keys with it. */
  release(): void;
  /** The page is back, and owns its keys again. */
  reclaim(): void;
  /** Visits the keys that no living page owns, one after another; forgets each that `visit` is done with. */
  orphans(visit: (session: KeptSession, samples: readonly Sample[]) => Promise<boolean>): Promise<void>;
}

/** A key's samples, and the page that owns it. */
interface Shelf {
  session: KeptSession;
  readonly samples: Map<number, Sample>;
  owner: MemoryStorage | null;
}

/** Keeps samples for as long as `shelves` live: those of one page, unless several are given the same. */
export class MemoryStorage implements SampleStorage {
  readonly keeping: Readable<Keeping> = new Store<Keeping>({ survives: false });
  readonly #shelves: Map<string, Shelf>;
  readonly #mine = new Map<string, KeptSession>();

  constructor(shelves: Map<string, Shelf> = new Map<string, Shelf>()) {
    this.#shelves = shelves;
  }

  own(session: KeptSession): void {
    this.#mine.set(session.key, session);
    const samples = this.#shelves.get(session.key)?.samples ?? new Map<number, Sample>();
    this.#shelves.set(session.key, { session, samples, owner: this });
  }

  put(key: string, sample: Sample): void {
    this.#shelves.get(key)?.samples.set(sample.seq, sample);
  }

  acked(key: string, seq: number): void {
    const samples = this.#shelves.get(key)?.samples;
    for (const each of samples?.keys() ?? []) if (each <= seq) samples?.delete(each);
  }

  forget(key: string): void {
    this.#mine.delete(key);
    this.#shelves.delete(key);
  }

  leave(key: string): void {
    this.#mine.delete(key);
    const shelf = this.#shelves.get(key);
    if (shelf?.owner === this) shelf.owner = null;
  }

  release(): void {
    for (const shelf of this.#shelves.values()) if (shelf.owner === this) shelf.owner = null;
  }

  reclaim(): void {
    for (const session of this.#mine.values()) this.own(session);
  }

  async orphans(
    visit: (session: KeptSession, samples: readonly Sample[]) => Promise<boolean>,
  ): Promise<void> {
    for (const [key, { session, samples, owner }] of [...this.#shelves]) {
      if (owner !== null) continue;
      const inOrder = [...samples.values()].sort((a, b) => a.seq - b.seq);
      if (await visit(session, inOrder)) this.#shelves.delete(key);
    }
  }
}
