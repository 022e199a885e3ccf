/** Runs in a worker: answers each wish with its id, when its time has come. */

import type { Wish } from "./timers.js";

// The worker's own scope; the types at hand are those of pages.
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Wish>) => void) | null;
  postMessage(id: number): void;
};

scope.onmessage = ({ data: { id, ms } }) => {
  setTimeout(() => {
    scope.postMessage(id);
  }, ms);
};
