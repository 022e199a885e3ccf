/**
 * The learner's news: notifications as they come, how far they are seen, and places in waitlists.
 *
 * Owns what a page sees of them, and which number the next hello asks from. The server sends each notification
 * once and in order; what a connection missed comes behind the next welcome, or, when that is too much, is left
 * to be read over REST (`gap`).
 */

import type { NewsState } from "./state.js";
import { Store } from "./store.js";
import type { ClientFrame, NotificationFrame, NotificationsState, WaitlistUpdated, Welcome } from "./types.js";

/** So many notifications are kept for the page; older ones are read over REST. */
const KEPT = 200;

const NOTHING: NewsState = { head: 0, seen: 0, unread: 0, gap: false, latest: [], places: {} };

export class News {
  readonly store = new Store<NewsState>(NOTHING);
  readonly #send: (frame: ClientFrame) => number;
  /** The newest notification this client has; null: none, and it wants no old ones. */
  #last: number | null;
  /** What the page said it has seen, which the server may not know yet. */
  #wanted = 0;

  /** `after`: the last notification that an earlier page of this user had. `send` as the connection's. */
  constructor(send: (frame: ClientFrame) => number, after: number | null) {
    this.#send = send;
    this.#last = after;
  }

  /** For `notifications_after`. */
  get after(): number | null {
    return this.#last;
  }

  /** Somebody else is signed in: nothing of what was here is theirs. */
  forget(): void {
    this.#last = null;
    this.#wanted = 0;
    this.store.set(NOTHING);
  }

  online({ notifications: { head, seen, gap } }: Welcome): void {
    if (this.#last === null || gap) this.#last = head;
    this.store.set(gap ? { head, gap, latest: [] } : { head });
    this.#heard(seen);
    this.#tell();
  }

  came(frame: NotificationFrame): void {
    if (this.#last !== null && frame.number <= this.#last) return;
    this.#last = frame.number;
    const { latest, head, seen } = this.store.get();
    this.store.set({ latest: [...latest, frame].slice(-KEPT), head: Math.max(head, frame.number) });
    this.#seen(seen);
  }

  state({ head, seen }: NotificationsState): void {
    this.store.set({ head: Math.max(head, this.store.get().head) });
    this.#heard(seen);
  }

  moved({ course, position, offer_expires_at }: WaitlistUpdated): void {
    const place = position === null ? null : { position, offer_expires_at };
    this.store.set({ places: { ...this.store.get().places, [course]: place } });
  }

  /** The learner has seen everything up to this number; told to the server now, or when it is there again. */
  see(number: number): void {
    this.#wanted = Math.max(this.#wanted, Math.min(number, this.store.get().head));
    this.#tell();
    this.#seen(this.#wanted);
  }

  /** The missed ones were read over REST. */
  caughtUp(): void {
    this.store.set({ gap: false });
  }

  /** The server knows of this much: no more need to tell it. */
  #heard(seen: number): void {
    if (seen >= this.#wanted) this.#wanted = 0;
    this.#seen(seen);
  }

  /** `seen` never falls, and is the page's own word before it is the server's. */
  #seen(number: number): void {
    const seen = Math.max(number, this.store.get().seen, this.#wanted);
    this.store.set({ seen, unread: Math.max(0, this.store.get().head - seen) });
  }

  #tell(): void {
    if (this.#wanted > 0) this.#send({ type: "notifications.seen", number: this.#wanted });
  }
}
