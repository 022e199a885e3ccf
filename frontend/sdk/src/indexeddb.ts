/**
 * Samples kept in IndexedDB, and keys owned by Web Locks: a lock is free when its page is dead, and when it was
 * put aside. For browsers; knows nothing of sessions beyond `storage.ts`.
 */

import type { KeptSession, Keeping, SampleStorage } from "./storage.js";
import { Store } from "./store.js";
import type { Sample } from "./types.js";

const DATABASE = "studybeat";
const SESSIONS = "sessions";
const SAMPLES = "samples";

/** Stored with its key, which with `seq` is its own. */
type KeptSample = Sample & { readonly key: string };

/** Whether this browser has what it takes; pages without TLS have no locks. */
export function canKeep(): boolean {
  return "indexedDB" in globalThis && "locks" in navigator;
}

export class IndexedDbStorage implements SampleStorage {
  readonly keeping = new Store<Keeping>({ survives: true });
  /** What this page owns, and how to let go of it. */
  readonly #owned = new Map<string, { session: KeptSession; isHeld: boolean; release: () => void }>();
  #database: Promise<IDBDatabase> | null = null;

  own(session: KeptSession): void {
    const { key } = session;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const owned = { session, isHeld: false, release };
    this.#owned.set(key, owned);
    // The record stands only while the lock is held, else it would look orphaned.
    void navigator.locks.request(lockOf(key), () => {
      owned.isHeld = true;
      if (this.#owned.has(key)) this.#record(session);
      return held.finally(() => {
        owned.isHeld = false;
      });
    });
  }

  put(key: string, sample: Sample): void {
    const kept: KeptSample = { key, ...sample };
    this.#write((_, samples) => samples.put(kept));
  }

  acked(key: string, seq: number): void {
    this.#write((_, samples) => samples.delete(IDBKeyRange.bound([key, 0], [key, seq])));
  }

  forget(key: string): void {
    this.#remove(key);
    this.leave(key);
  }

  leave(key: string): void {
    this.#owned.get(key)?.release();
    this.#owned.delete(key);
  }

  release(): void {
    for (const { release } of this.#owned.values()) release();
  }

  reclaim(): void {
    for (const { session } of [...this.#owned.values()]) this.own(session);
  }

  async orphans(
    visit: (session: KeptSession, samples: readonly Sample[]) => Promise<boolean>,
  ): Promise<void> {
    const found = await this.#all<KeptSession>(SESSIONS);
    for (const session of found) {
      const { key } = session;
      if (this.#owned.has(key)) continue;
      await navigator.locks.request(lockOf(key), { ifAvailable: true }, async (lock) => {
        if (lock === null) return;
        const kept = await this.#all<KeptSample>(SAMPLES, allOf(key));
        const samples = kept.map(({ seq, at, state, interactions }) => ({ seq, at, state, interactions }));
        if (await visit(session, samples)) this.#remove(key);
      });
    }
  }

  #record(session: KeptSession): void {
    this.#write((sessions) => sessions.put(session));
  }

  #remove(key: string): void {
    this.#write((sessions, samples) => {
      sessions.delete(key);
      samples.delete(allOf(key));
    });
  }

  /** Writes in the order of the calls; whether it could shows in `keeping`. */
  #write(work: (sessions: IDBObjectStore, samples: IDBObjectStore) => unknown): void {
    this.#open()
      .then(
        (database) =>
          new Promise<void>((done, failed) => {
            const transaction = database.transaction([SESSIONS, SAMPLES], "readwrite", { durability: "relaxed" });
            transaction.oncomplete = () => {
              done();
            };
            transaction.onabort = () => {
              failed(transaction.error ?? new Error("aborted"));
            };
            work(transaction.objectStore(SESSIONS), transaction.objectStore(SAMPLES));
          }),
      )
      .then(
        () => {
          this.keeping.set({ survives: true });
        },
        () => {
          this.keeping.set({ survives: false });
        },
      );
  }

  async #all<T>(store: string, range?: IDBKeyRange): Promise<T[]> {
    const database = await this.#open();
    return new Promise((done, failed) => {
      const request = database.transaction(store).objectStore(store).getAll(range) as IDBRequest<T[]>;
      request.onsuccess = () => {
        done(request.result);
      };
      request.onerror = () => {
        failed(request.error ?? new Error("not read"));
      };
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise<IDBDatabase>((done, failed) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(SESSIONS, { keyPath: "key" });
        request.result.createObjectStore(SAMPLES, { keyPath: ["key", "seq"] });
      };
      request.onsuccess = () => {
        request.result.onclose = () => {
          this.#database = null;
        };
        done(request.result);
        // The browser may have dropped the one before, with all that it held.
        for (const { session, isHeld } of this.#owned.values()) if (isHeld) this.#record(session);
      };
      request.onerror = () => {
        this.#database = null;
        failed(request.error ?? new Error("not opened"));
      };
    });
    return this.#database;
  }
}

function lockOf(key: string): string {
  return `studybeat:${key}`;
}

function allOf(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key, 0], [key, Infinity]);
}
