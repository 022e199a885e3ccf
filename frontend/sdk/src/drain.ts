/**
 * Sends what dead pages left. By posts, which take a session from nobody; without `open`, which would make the
 * key for somebody else; and without a close, since nobody here knows that the learner has left.
 */

import { afterError } from "./codes.js";
import type { Outcome } from "./post.js";
import { SampleQueue } from "./queue.js";
import type { KeptSession, SampleStorage } from "./storage.js";
import { POST_LIMITS } from "./types.js";
import type { Posted, Sample } from "./types.js";

/** For so long the server takes samples of a session that went silent. */
const TAKEN_FOR_MS = 24 * 3_600_000;

type Send = (key: string, posted: Posted, done: (outcome: Outcome) => void) => void;

/** `user`: who is signed in here; null if unknown. Done when every orphan was tried once. */
export async function drain(
  storage: SampleStorage,
  user: number | null,
  now: number,
  send: Send,
): Promise<void> {
  await storage.orphans(async (session, samples) => {
    const isTooOld = now - lastWordOf(session, samples) > 2 * TAKEN_FOR_MS;
    if (session.user !== null && user !== null && session.user !== user) return isTooOld;
    const isOurs = session.user !== null && session.user === user;
    return (await isSent(session.key, samples, isOurs, send)) || isTooOld;
  });
}

/** When its page said the last thing that is kept: a page may have been open for days. */
function lastWordOf({ began }: KeptSession, samples: readonly Sample[]): number {
  return began + (samples.at(-1)?.at ?? 0);
}

/** Whether nothing of it is left to send. */
async function isSent(key: string, samples: readonly Sample[], isOurs: boolean, send: Send): Promise<boolean> {
  const queue = SampleQueue.of(samples);
  while (queue.pending > 0) {
    const posted = { samples: queue.oldest(POST_LIMITS), close: false };
    const outcome = await new Promise<Outcome>((done) => {
      send(key, posted, done);
    });
    if (outcome.kind === "unreachable") return false;
    if (outcome.kind === "refused") {
      const { code } = outcome.error;
      // Somebody else may be signed in: then the key is unknown, but not gone.
      if (code === "not_authenticated" || (code === "not_found" && !isOurs)) return false;
      return afterError(code) !== "retry";
    }
    if (outcome.taken.seq <= queue.acked) return true; // a database that was restored: it can take nothing of this
    queue.ack(outcome.taken.seq);
  }
  return true;
}
