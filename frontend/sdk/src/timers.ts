/**
 * Timers that ring in hidden pages too. Browsers hold a hidden page's timers back, up to a minute, but not a
 * worker's: so each is set in both, and rings at whichever comes first. A worker that can't be had costs only
 * that.
 */

/** What the worker is asked for. */
export interface Wish {
  readonly id: number;
  readonly ms: number;
}

const waiting = new Map<number, () => void>();
let last = 0;
let worker: Worker | null | undefined;

/** Calls back once, after so many milliseconds. Returns what cancels it. */
export function setTimer(callback: () => void, ms: number): () => void {
  last += 1;
  const id = last;
  const timer = setTimeout(() => {
    ring(id);
  }, ms);
  waiting.set(id, () => {
    clearTimeout(timer);
    callback();
  });
  worker ??= startWorker();
  worker?.postMessage({ id, ms } satisfies Wish);
  return () => {
    clearTimeout(timer);
    waiting.delete(id);
  };
}

function ring(id: number): void {
  const callback = waiting.get(id);
  waiting.delete(id);
  callback?.();
}

function startWorker(): Worker | null {
  if (!("Worker" in globalThis)) return null;
  try {
    // A module of ours beside this one: the site's policy allows no other.
    const started = new Worker(new URL("./timer.worker.ts", import.meta.url), { type: "module" });
    started.onmessage = ({ data }: MessageEvent<number>) => {
      ring(data);
    };
    return started;
  } catch {
    return null;
  }
}
