/**
 * A world for tests: time that passes only when told to, chance with a seed, and a network whose faults are
 * the test's to choose.
 *
 * `now` is true time, by which the server goes. A machine that sleeps misses some of it on its monotonic
 * clock.
 */

import type { Platform, Post, PostAnswer, Socket, SocketEvents } from "../src/platform.js";
import type { ClientFrame, Posted, ServerFrame } from "../src/types.js";

/** The server's end of a connection. */
export interface Peer {
  receive(frame: ClientFrame): void;
  /** The connection is gone. */
  gone(): void;
}

export interface Accepts {
  /** Null: no connection comes about. */
  accept(link: Link): Peer | null;
  /** Null: no answer comes. */
  posted(key: string, body: Posted): PostAnswer | null;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A connection as the network sees it. */
export class Link {
  /** Frames that get lost without either side noticing. */
  losesToServer = false;
  losesToClient = false;
  latencyMs = 0;
  isOpen = true;
  readonly sent: ClientFrame[] = [];
  readonly #world: World;
  readonly #events: SocketEvents;

  constructor(world: World, events: SocketEvents) {
    this.#world = world;
    this.#events = events;
  }

  /** From the server to the client. */
  send(frame: ServerFrame): void {
    if (!this.isOpen || this.losesToClient) return;
    const text = JSON.stringify(frame);
    this.#world.after(this.latencyMs, () => {
      if (this.isOpen) this.#events.message(text);
    });
  }

  /** The server closes, or the network does. */
  close(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#events.closed(code);
  }
}

export class World implements Platform {
  now = 0;
  readonly links: Link[] = [];
  readonly #server: Accepts;
  readonly #chance: () => number;
  #asleepMs = 0;
  #wallOffset = 1_700_000_000_000;
  #timers = new Set<Timer>();
  #uuids = 0;
  isNetworkDown = false;
  /** A proxy on the way lets no websocket through. */
  refusesSockets = false;
  /** One that answers no handshake either, in no way. */
  swallowsSockets = false;
  /** One that lets no post through. */
  refusesPosts = false;
  readonly posts: (Post & { readonly key: string; readonly at: number; readonly posted: Posted })[] = [];
  latencyMs = 0;

  constructor(server: Accepts, seed = 1) {
    this.#server = server;
    this.#chance = seeded(seed);
  }

  get link(): Link {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("Nobody has connected yet.");
    return link;
  }

  /** All frames the client sent of this type, on whatever connection. */
  sent<T extends ClientFrame["type"]>(type: T): Extract<ClientFrame, { type: T }>[] {
    const frames = this.links.flatMap((link) => link.sent);
    return frames.filter((frame): frame is Extract<ClientFrame, { type: T }> => frame.type === type);
  }

  /** Lets this much time pass. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = [...this.#timers].reduce<Timer | null>(
        (a, b) => (a !== null && a.due <= b.due ? a : b),
        null,
      );
      if (next === null || next.due > until) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.due);
      next.callback();
    }
    this.now = until;
  }

  /** The machine sleeps: no timer runs, and the monotonic clock stands still. */
  sleep(ms: number): void {
    this.now += ms;
    this.#asleepMs += ms;
    this.#timers = new Set([...this.#timers].map(({ due, callback }) => ({ due: due + ms, callback })));
  }

  /** Timers are held back, as in a hidden page; the clocks go on. */
  stall(ms: number): void {
    this.now += ms;
  }

  /** The page that set them is gone. */
  dropTimers(): void {
    this.#timers.clear();
  }

  setWallClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  // Platform

  monotonic(): number {
    return this.now - this.#asleepMs;
  }

  wall(): number {
    return this.now + this.#wallOffset;
  }

  random(): number {
    return this.#chance();
  }

  uuid(): string {
    this.#uuids += 1;
    return `key-${this.#uuids}`;
  }

  setTimer(callback: () => void, ms: number): () => void {
    return this.after(ms, callback);
  }

  post(post: Post, answered: (answer: PostAnswer | null) => void): void {
    const key = /sessions\/(.*)\/samples\/$/.exec(post.url)?.[1] ?? "";
    const posted = JSON.parse(post.body) as Posted;
    this.posts.push({ ...post, key, posted, at: this.now });
    this.after(this.latencyMs, () => {
      const answer = this.isNetworkDown || this.refusesPosts ? null : this.#server.posted(key, posted);
      this.after(this.latencyMs, () => {
        answered(answer);
      });
    });
  }

  connect(_url: string, _subprotocol: string, events: SocketEvents): Socket {
    const link = new Link(this, events);
    link.latencyMs = this.latencyMs;
    this.links.push(link);
    let peer: Peer | null = null;
    let hasLeft = false;
    this.after(this.latencyMs, () => {
      if (this.swallowsSockets) return;
      peer = this.isNetworkDown || this.refusesSockets ? null : this.#server.accept(link);
      if (peer === null) link.close(1006);
      else if (link.isOpen) events.opened();
    });
    return {
      send: (text) => {
        const frame = JSON.parse(text) as ClientFrame;
        if (!link.isOpen) return;
        link.sent.push(frame);
        if (link.losesToServer) return;
        this.after(link.latencyMs, () => {
          // What was sent before the close still arrives.
          if (link.isOpen || hasLeft) peer?.receive(frame);
        });
      },
      close: () => {
        hasLeft = link.isOpen;
        link.isOpen = false;
        peer?.gone();
      },
    };
  }
}

/** Mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
