/**
 * The adapter for web pages, and the one file that knows a DOM: gives the core its clocks, timers and socket,
 * and tells it what the page sees. Decides nothing.
 */

import { StudybeatClient } from "./client.js";
import { IndexedDbStorage, canKeep } from "./indexeddb.js";
import type { Platform, Socket } from "./platform.js";
import { MemoryStorage } from "./storage.js";
import { setTimer } from "./timers.js";
import type { DeviceType } from "./types.js";

/** A press is an interaction, and so is a scroll, however many events it makes; a pointer that moves only shows a person. */
const PRESSES = ["pointerdown", "keydown"] as const;
const SCROLLS = ["wheel", "touchmove"] as const;
const SCROLL_PAUSE_MS = 500;
const MEDIA_STOPS = ["pause", "ended", "waiting", "emptied", "error"] as const;

const POST_WITHIN_MS = 20_000;

/**
 * Some changes come without an event: focus that leaves a frame inside the page, a machine that wakes up. And what a
 * page that dies did since the last look, nobody knows.
 */
const LOOK_EVERY_MS = 500;

export interface BrowserOptions {
  /** By default `/ws/` of the page's own server. */
  readonly url?: string;
  /** By default the page's session cookie counts. */
  readonly token?: string;
}

/**
 * The client for this page, watching it from now on. One for each page, for as long as it lives; `start` it
 * after sign-in.
 */
export function browserClient(options: BrowserOptions = {}): StudybeatClient {
  const { url = serverUrl(), token } = options;
  const connection = { url, deviceType: deviceType(), ...(token === undefined ? {} : { token }) };
  const storage = canKeep() ? new IndexedDbStorage() : new MemoryStorage();
  const client = new StudybeatClient(browserPlatform, connection, storage);
  watchPage(client);
  return client;
}

export const browserPlatform: Platform = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  random: () => Math.random(),
  uuid,
  setTimer,
  connect: (url, subprotocol, events): Socket => {
    const socket = new WebSocket(url, subprotocol);
    socket.onopen = () => {
      events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === "string") events.message(data);
    };
    socket.onclose = ({ code }) => {
      events.closed(code);
    };
    return {
      send: (text) => {
        socket.send(text);
      },
      close: (code) => {
        socket.close(code);
      },
    };
  },
  post: ({ url, body, token, outlivesPage }, answered) => {
    const headers = {
      "Content-Type": "application/json",
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    };
    // A page that closes takes no time limit along, and needs none.
    const limit = outlivesPage ? {} : { signal: AbortSignal.timeout(POST_WITHIN_MS) };
    void fetch(url, { method: "POST", body, headers, keepalive: outlivesPage, ...limit })
      .then(async (answer) => ({
        status: answer.status,
        retryAfter: answer.headers.get("Retry-After"),
        text: await answer.text(),
      }))
      .catch(() => null)
      .then(answered);
  },
};

type Watcher = Pick<
  StudybeatClient,
  "signal" | "input" | "check" | "lastWords" | "leave" | "pause" | "resume"
>;

/** Tells the client what this page sees. Returns what ends that. */
export function watchPage(client: Watcher): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  // Before the page's own handlers, and also for events that those stop.
  const early = { signal, capture: true, passive: true };
  const playing = new Set<EventTarget>();

  // Every event reads all signals: `focus` fires while the page is still hidden, `blur` also when a frame
  // inside it has focus.
  const look = (): void => {
    const visible = document.visibilityState === "visible";
    client.signal({ visible, focused: document.hasFocus(), playing: playing.size > 0 });
  };
  const check = (): void => {
    client.check();
  };
  const pressed = (event: Event): void => {
    client.input(!(event instanceof KeyboardEvent && event.repeat));
  };
  let scrolledAt = -SCROLL_PAUSE_MS;
  const scrolled = ({ timeStamp }: Event): void => {
    client.input(timeStamp - scrolledAt >= SCROLL_PAUSE_MS);
    scrolledAt = timeStamp;
  };
  const moved = (): void => {
    client.input(false);
  };
  const stopped = ({ target }: Event): void => {
    if (target !== null && playing.delete(target)) look();
  };
  const started = ({ target }: Event): void => {
    if (target === null) return;
    playing.add(target);
    // On the element itself: one that has left the document still says there that it stopped.
    for (const type of MEDIA_STOPS) target.addEventListener(type, stopped, { signal });
    look();
  };

  for (const type of PRESSES) document.addEventListener(type, pressed, early);
  for (const type of SCROLLS) document.addEventListener(type, scrolled, early);
  document.addEventListener("pointermove", moved, early);
  document.addEventListener("playing", started, early);
  for (const type of ["focus", "blur"]) window.addEventListener(type, look, { signal });
  for (const type of ["online", "offline"]) window.addEventListener(type, check, { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      look();
      if (document.visibilityState === "visible") check();
      else client.lastWords();
    },
    { signal },
  );
  window.addEventListener(
    "pagehide",
    ({ persisted }) => {
      if (persisted) client.pause();
      else client.leave();
    },
    { signal },
  );
  window.addEventListener(
    "pageshow",
    ({ persisted }) => {
      if (persisted) client.resume();
      look();
      check();
    },
    { signal },
  );
  // Only hidden pages are frozen; on waking, the connection may be long gone.
  document.addEventListener("freeze", look, { signal });
  document.addEventListener("resume", check, { signal });

  const timer = setInterval(look, LOOK_EVERY_MS);
  look();
  return () => {
    ending.abort();
    clearInterval(timer);
  };
}

/** The server that the page came from. */
function serverUrl(): string {
  const { protocol, host } = location;
  return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/ws/`;
}

/** A guess from the pointer and the screen; the user agent lies. */
function deviceType(): DeviceType {
  if (!matchMedia("(pointer: coarse)").matches) return "desktop";
  return Math.min(screen.width, screen.height) < 600 ? "mobile" : "tablet";
}

/** Version 4. Not by `crypto.randomUUID`: that is missing where a page is served without TLS. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x40);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
