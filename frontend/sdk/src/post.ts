/**
 * The HTTP way: for a page's last words, and for networks that block websockets.
 *
 * Knows the address, the body and the answers of `POST /api/v1/sessions/KEY/samples/`. A post commits at once,
 * counts nothing twice, and takes the session from nobody.
 */

import type { Platform, PostAnswer } from "./platform.js";
import type { Posted, Refusal, Taken } from "./types.js";

/** `unreachable`: no answer of our server's; nothing is known, and the same may be posted again. */
export type Outcome =
  | { readonly kind: "taken"; readonly taken: Taken }
  | { readonly kind: "refused"; readonly error: Refusal }
  | { readonly kind: "unreachable"; readonly retryAfterMs: number | null };

export class Poster {
  readonly #platform: Platform;
  readonly #server: string;
  readonly #token: string | null;

  /** `url`: the websocket's; the contract has both ways on one server. */
  constructor(platform: Platform, url: string, token: string | undefined) {
    this.#platform = platform;
    this.#server = url.replace(/^ws/, "http").replace(/ws\/$/, "");
    this.#token = token ?? null;
  }

  /** Posts for the session of this key. `outlivesPage`: the page may be gone before the answer. */
  post(key: string, posted: Posted, outlivesPage: boolean, done: (outcome: Outcome) => void): void {
    const url = `${this.#server}api/v1/sessions/${key}/samples/`;
    const post = { url, body: JSON.stringify(posted), token: this.#token, outlivesPage };
    this.#platform.post(post, (answer) => {
      done(outcomeOf(answer));
    });
  }
}

/** What an answer means. One that is not our server's (a proxy's page, say) means that it was not reached. */
export function outcomeOf(answer: PostAnswer | null): Outcome {
  const seconds = Number(answer?.retryAfter ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  const body = answer === null ? null : parse(answer.text);
  if (answer?.status === 200 && body !== null && "now_ms" in body) {
    return { kind: "taken", taken: body as Taken };
  }
  if (answer !== null && answer.status >= 400 && answer.status < 500 && body !== null && "code" in body) {
    const asked = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
    return { kind: "refused", error: { ...asked, ...(body as Refusal) } };
  }
  return { kind: "unreachable", retryAfterMs };
}

function parse(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
