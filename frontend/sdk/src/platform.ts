/**
 * What the SDK takes from the world: clocks, timers, chance, a socket, a way to post. `browser.ts` gives it
 * those of a page; tests give it their own; React Native has all of it too. Nothing else in the core touches its
 * surroundings.
 */

export interface Platform {
  /**
   * Milliseconds since some start. Never jumps, whatever happens to the time of day; may stand still while
   * asleep.
   */
  monotonic(): number;
  /** Milliseconds since 1970 by the wall clock. Only ever compared and shown, never counted with. */
  wall(): number;
  /** Calls back once, perhaps much too late. Returns what cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  /** 0 to below 1. */
  random(): number;
  /** A new random UUID, version 4. */
  uuid(): string;
  /** Begins to connect. Nothing is called back before this has returned. */
  connect(url: string, subprotocol: string, events: SocketEvents): Socket;
  /** Posts over HTTP. Calls back once: with the answer, or with null when none came. */
  post(post: Post, answered: (answer: PostAnswer | null) => void): void;
}

export interface Post {
  readonly url: string;
  /** JSON. */
  readonly body: string;
  /** For the `Authorization` header; null: the cookie counts. */
  readonly token: string | null;
  /** It must go out even if the page is gone in the next moment. */
  readonly outlivesPage: boolean;
}

export interface PostAnswer {
  readonly status: number;
  /** The header `Retry-After`. */
  readonly retryAfter: string | null;
  readonly text: string;
}

export interface SocketEvents {
  opened(): void;
  message(text: string): void;
  /** The last event; also when the connection never came about (1006). */
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(code: number): void;
}
