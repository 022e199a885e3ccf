/**
 * The one connection to the server: connects, says hello, notices when it is dead, comes back as the close
 * codes allow. Notices too when websockets do not get through at all.
 *
 * Owns the connection's state and what may be sent when. Knows frames, but nothing of sessions. Never keeps a
 * frame to send later: what can't go now is refused, and whoever has it keeps it.
 */

import { Alarm } from "./alarm.js";
import { Backoff } from "./backoff.js";
import { FrameBudget } from "./budget.js";
import { afterClose } from "./codes.js";
import type { Platform, Socket } from "./platform.js";
import type { ConnectionState, ConnectionStatus } from "./state.js";
import { Store } from "./store.js";
import { SUBPROTOCOL } from "./types.js";
import type { ClientFrame, DeviceType, Hello, ServerFrame, Welcome } from "./types.js";

export interface ConnectionOptions {
  /** `ws://…/ws/` or `wss://…/ws/`. */
  readonly url: string;
  /** Without one, the session cookie of the page counts. */
  readonly token?: string;
  readonly deviceType?: DeviceType;
  /** The last notification that this user had here, for a client that remembers it: later ones come first. */
  readonly notificationsAfter?: number;
}

export interface ConnectionEvents {
  /** For the hello: the last notification that is here; null when none is wanted. */
  notificationsAfter(): number | null;
  online(welcome: Welcome): void;
  offline(): void;
  /** Another attempt has failed, and it is time for the HTTP way: see `isRefused`. */
  refused(): void;
  /** How large a frame may be on its way, in bytes: before its end nothing is heard of it, nor of what is behind it. */
  awaitedBytes(): number;
  frame(frame: ServerFrame): void;
}

const MOVES: Readonly<Record<ConnectionStatus, readonly ConnectionStatus[]>> = {
  stopped: ["connecting"],
  connecting: ["online", "waiting", "http", "stopped"],
  online: ["waiting", "stopped"],
  waiting: ["connecting", "http", "stopped"],
  http: ["online", "connecting", "waiting", "stopped"],
};

/** From connecting to the welcome. */
const WELCOME_WITHIN_MS = 15_000;
/** Nothing sent or nothing heard for this long: ping. The server closes after 60 s. */
const QUIET_MS = 20_000;
/**
 * Nothing heard since the ping: the connection is dead, whatever the socket says. As long again with each SLOW_BYTES of a
 * frame that may be on its way: so much time the server gives it too.
 */
const PONG_WITHIN_MS = 10_000;
const SLOW_BYTES = 262_144;
/** A connection that lasted this long proves that the server can take us. */
const HEALTHY_MS = 10_000;
/**
 * So many attempts in a row without a welcome, and a network is taken to refuse websockets. One is enough whose handshake
 * nobody answered in all that time: a proxy may swallow what it doesn't know.
 */
const REFUSED_AFTER = 3;
/** Between attempts while posts get through: half of this or more (docs/decisions/0135). */
const HTTP_RETRY_MS = 60_000;
const SMALLEST_FRAME_BYTES = 1_024;
const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;
/** From this close code on it was our server that closed, so that websockets do get through to it. */
const SERVERS_OWN = 4000;

export class Connection {
  readonly store = new Store<ConnectionState>({
    status: "stopped",
    code: null,
    reconnectAt: null,
    user: null,
  });
  readonly #platform: Platform;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #backoff: Backoff;
  readonly #alarm: Alarm;

  #socket: Socket | null = null;
  #isOpened = false;
  #welcome: Welcome | null = null;
  #budget: FrameBudget | null = null;
  #frameCap = Infinity;
  #byeMs: number | null = null;
  /** Monotonic instants. */
  #onlineSince = 0;
  #heard = 0;
  #spoke = 0;
  /** By when something has to be heard, after a ping. */
  #pongBy: number | null = null;
  #notBefore = 0;
  /** Attempts in a row that brought no welcome, nor a word of the server's why. */
  #failures = 0;

  constructor(platform: Platform, options: ConnectionOptions, events: ConnectionEvents) {
    this.#platform = platform;
    this.#options = options;
    this.#events = events;
    this.#backoff = new Backoff(() => platform.random());
    this.#alarm = new Alarm(platform, () => {
      this.#rang();
    });
  }

  /** What the server said in its welcome, with `frame_bytes` as they really are; null while not online. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  /** Websockets do not get through, as it seems: there is no connection, and posts may do better. */
  get isRefused(): boolean {
    return this.#welcome === null && this.#failures >= REFUSED_AFTER;
  }

  /** A post did get through, or it did not. */
  posted(isReached: boolean): void {
    const { status } = this.store.get();
    if (status === "stopped" || !this.isRefused) return;
    if (isReached) this.#enter("http", { code: null });
    else if (status === "http" && this.#socket !== null) this.#enter("connecting");
    else if (status === "http") this.#come(this.#backoff.next());
  }

  /** Connects, unless it does or is. Also comes back after a close code that says stop. */
  start(): void {
    if (this.store.get().status === "stopped") this.#connect();
  }

  /** Ends the connection. What was sent before still arrives. */
  stop(): void {
    if (this.store.get().status === "stopped") return;
    const wasOnline = this.#leave();
    this.#enter("stopped", { code: null });
    if (wasOnline) this.#events.offline();
  }

  /**
   * The network or the machine may have changed: come back now if waiting, else see whether the server still
   * answers.
   */
  check(): void {
    const { status } = this.store.get();
    if (status === "waiting") this.#wait(this.#notBefore);
    if (status === "http" && this.#socket === null) this.#alarm.set(this.#platform.monotonic());
    if (status === "online" && this.#pongBy === null) this.#probe();
  }

  /** Sends a frame. 0: sent. Else: the milliseconds after which to try again; Infinity while not online. */
  send(frame: ClientFrame): number {
    if (this.#welcome === null || this.#budget === null) return Infinity;
    const wait = this.#budget.take(this.#platform.monotonic());
    if (wait === 0) this.#say(frame);
    return wait;
  }

  /** The server wants no frames for this long. */
  pause(ms: number): void {
    this.#budget?.pause(this.#platform.monotonic(), ms);
  }

  #enter(status: ConnectionStatus, fields: Partial<ConnectionState> = {}): void {
    const from = this.store.get().status;
    if (from !== status && !MOVES[from].includes(status)) throw new Error(`A connection can't go from ${from} to ${status}.`);
    this.store.set({ status, reconnectAt: null, ...fields });
  }

  #connect(): void {
    if (this.store.get().status !== "http") this.#enter("connecting");
    this.#alarm.set(this.#platform.monotonic() + WELCOME_WITHIN_MS);
    this.#isOpened = false;
    // Only the latest socket is listened to: an abandoned one may speak for a while.
    const isLatest = (): boolean => this.#socket === socket;
    const socket = this.#platform.connect(this.#options.url, SUBPROTOCOL, {
      opened: () => {
        if (!isLatest()) return;
        this.#isOpened = true;
        this.#say(this.#hello());
      },
      message: (text) => {
        if (isLatest()) this.#hear(text);
      },
      closed: (code) => {
        if (isLatest()) this.#down(code);
      },
    });
    this.#socket = socket;
  }

  #hello(): Hello {
    const { token, deviceType } = this.#options;
    const after = this.#events.notificationsAfter();
    return {
      type: "hello",
      ...(token === undefined ? {} : { token }),
      ...(deviceType === undefined ? {} : { device_type: deviceType }),
      ...(after === null ? {} : { notifications_after: after }),
    };
  }

  #say(frame: ClientFrame): void {
    this.#spoke = this.#platform.monotonic();
    this.#socket?.send(JSON.stringify(frame));
  }

  #hear(text: string): void {
    this.#heard = this.#platform.monotonic();
    this.#pongBy = null;
    const frame = parse(text);
    if (frame === null) return;
    if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "bye") this.#byeMs = frame.reconnect_after_ms;
    else if (this.#welcome !== null) this.#events.frame(frame);
  }

  #welcomed(welcome: Welcome): void {
    if (this.#welcome !== null) return;
    const now = this.#platform.monotonic();
    const { frame_bytes, frames_per_second, burst } = welcome.limits;
    const limits = { ...welcome.limits, frame_bytes: Math.min(frame_bytes, this.#frameCap) };
    this.#welcome = { ...welcome, limits };
    this.#budget = new FrameBudget(frames_per_second, burst, now);
    this.#onlineSince = now;
    this.#failures = 0;
    this.#alarm.set(now + QUIET_MS);
    this.#enter("online", { code: null, user: welcome.user });
    this.#events.online(this.#welcome);
  }

  #rang(): void {
    const now = this.#platform.monotonic();
    if (this.#socket === null) this.#connect();
    else if (this.#welcome === null) this.#timedOut();
    else if (this.#pongBy !== null && now >= this.#pongBy) this.#down(ABNORMAL_CLOSURE);
    else this.#listen(now);
  }

  #timedOut(): void {
    if (!this.#isOpened) this.#failures = Math.max(this.#failures, REFUSED_AFTER - 1);
    this.#down(ABNORMAL_CLOSURE);
  }

  /** Online: pings when it is quiet, and sets the alarm for the next look. */
  #listen(now: number): void {
    const quietAt = Math.min(this.#heard, this.#spoke) + QUIET_MS;
    if (this.#pongBy !== null) this.#alarm.set(this.#pongBy);
    else if (now < quietAt) this.#alarm.set(quietAt);
    else this.#probe();
  }

  #probe(): void {
    const slow = 1 + Math.floor(this.#events.awaitedBytes() / SLOW_BYTES);
    this.#pongBy = this.#platform.monotonic() + PONG_WITHIN_MS * slow;
    this.#alarm.set(this.#pongBy);
    this.#say({ type: "ping" });
  }

  /** The connection is over. What now, the close code says. */
  #down(code: number): void {
    const now = this.#platform.monotonic();
    const wasHealthy = this.#welcome !== null && now - this.#onlineSince >= HEALTHY_MS;
    const byeMs = this.#byeMs;
    const cap = Math.min(this.#frameCap, this.#welcome?.limits.frame_bytes ?? Infinity);
    if (this.#welcome === null) this.#failures = code < SERVERS_OWN ? this.#failures + 1 : 0;
    const wasOnline = this.#leave();
    if (wasHealthy) this.#backoff.reset();

    const then = afterClose(code);
    if (then === "stop") {
      this.#enter("stopped", { code });
    } else if (this.store.get().status === "http") {
      this.#alarm.set(now + (HTTP_RETRY_MS * (1 + this.#platform.random())) / 2);
    } else {
      if (then === "smaller") this.#frameCap = Math.max(SMALLEST_FRAME_BYTES, Math.floor(cap / 2));
      // A wait that the server asked for is kept to; one of our own, `check` may cut short.
      const asked = then === "slower" ? this.#backoff.slow() : (byeMs ?? 0);
      this.#notBefore = now + asked;
      this.#come(asked > 0 ? asked : this.#backoff.next(), code);
    }
    if (wasOnline) this.#events.offline();
    if (this.isRefused) this.#events.refused();
  }

  /** Comes back in so many milliseconds. */
  #come(ms: number, code = ABNORMAL_CLOSURE): void {
    this.#enter("waiting", { code });
    this.#wait(this.#platform.monotonic() + ms);
  }

  #wait(until: number): void {
    this.#alarm.set(until);
    const wait = Math.max(0, until - this.#platform.monotonic());
    this.store.set({ reconnectAt: Math.round(this.#platform.wall() + wait) });
  }

  /** Lets go of the socket. Whether the connection was online. */
  #leave(): boolean {
    const socket = this.#socket;
    const wasOnline = this.#welcome !== null;
    this.#socket = null;
    this.#welcome = null;
    this.#budget = null;
    this.#byeMs = null;
    this.#pongBy = null;
    this.#alarm.clear();
    socket?.close(NORMAL_CLOSURE);
    return wasOnline;
  }
}

/**
 * The frame in a text, or null for what is none. The server is trusted to keep to the shapes of its types.
 */
function parse(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "type" in value ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
