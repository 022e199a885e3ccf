/**
 * Reaching out: a learner asks for help, and who watches has a word for a learner.
 *
 * The server answers only where it refuses. So a ping goes behind each request: since frames are carried out one after
 * the other, its pong says that what was before it is done. A call for help may be said twice, and is until that is
 * known; a word to somebody is said once, also where nobody knows whether it arrived.
 */

import { Agenda } from "./agenda.js";
import { PAUSE_MS } from "./budget.js";
import { afterError } from "./codes.js";
import type { Platform } from "./platform.js";
import type { HelpState, NudgeOutcome } from "./state.js";
import { Store } from "./store.js";
import type { ClientFrame, ErrorFrame } from "./types.js";

/** No pong for this long: it will not come. */
const ANSWER_WITHIN_MS = 20_000;
const REF = "reach.";
const PING_REF = "reach.ping.";

interface Request {
  readonly frame: (ref: string) => ClientFrame;
  /** For a call for help, which may be said again when it may have got lost: its session. */
  readonly session: number | null;
  readonly done: (outcome: NudgeOutcome) => void;
  isSent: boolean;
  /** So is the ping behind it. */
  isFenced: boolean;
}

export class ReachingOut {
  readonly help = new Store<HelpState>({ sessions: {} });
  readonly #send: (frame: ClientFrame) => number;
  readonly #agenda: Agenda;
  readonly #requests = new Map<number, Request>();
  /** Which of them is a session's latest. */
  readonly #latest = new Map<number, number>();
  #asked = 0;

  /** `send` as the connection's. */
  constructor(platform: Platform, send: (frame: ClientFrame) => number) {
    this.#send = send;
    this.#agenda = new Agenda(platform, (number) => this.#ask(number));
  }

  nudge(enrollment: number, text: string): Promise<NudgeOutcome> {
    return new Promise((done) => {
      this.#request({ session: null, done, frame: (ref) => ({ type: "nudge", ref, enrollment, text }) });
    });
  }

  raise(session: number, text: string): void {
    this.#say(session, true, (ref) => ({ type: "help.raise", ref, session, text }));
  }

  clear(session: number): void {
    this.#say(session, false, (ref) => ({ type: "help.clear", ref, session }));
  }

  /** This session has ended, and with it what was asked in it. */
  over(session: number | null): void {
    if (session === null) return;
    const last = this.#latest.get(session);
    if (last !== undefined) this.#drop(last);
    this.#latest.delete(session);
    const { [session]: gone, ...sessions } = this.help.get().sessions;
    if (gone !== undefined) this.help.set({ sessions });
  }

  /** Somebody else is signed in: nothing of what was here is theirs. */
  forget(): void {
    for (const number of [...this.#requests.keys()]) this.#settle(number, { kind: "unknown" });
    this.#latest.clear();
    this.help.set({ sessions: {} });
  }

  online(): void {
    for (const number of this.#requests.keys()) this.#agenda.set(number, 0);
  }

  offline(): void {
    for (const [number, request] of [...this.#requests]) {
      if (request.session !== null) this.#again(number, request, Infinity);
      else this.#settle(number, { kind: request.isSent ? "unknown" : "offline" });
    }
  }

  /** This was the ref of a pong. */
  ponged(ref: string): void {
    if (ref.startsWith(PING_REF)) this.#settle(Number(ref.slice(PING_REF.length)), { kind: "told" });
  }

  /** Whether this error answers something of this. */
  refused(error: ErrorFrame): boolean {
    if (!error.ref?.startsWith(REF)) return false;
    const isPing = error.ref.startsWith(PING_REF);
    const number = Number(error.ref.slice((isPing ? PING_REF : REF).length));
    const request = this.#requests.get(number);
    if (request === undefined) return true;
    if (isPing) {
      request.isFenced = false;
      this.#agenda.set(number, error.retry_after_ms ?? PAUSE_MS);
    } else if (request.session !== null && afterError(error.code) === "retry") {
      this.#again(number, request, error.retry_after_ms ?? PAUSE_MS);
    } else {
      this.#settle(number, { kind: "refused", error });
    }
    return true;
  }

  /** The learner wants this of a session's flag; whatever was wanted before no longer counts. */
  #say(session: number, isRaised: boolean, frame: (ref: string) => ClientFrame): void {
    const before = this.#latest.get(session);
    if (before !== undefined) this.#drop(before);
    const wasRaised = this.help.get().sessions[session]?.isRaised ?? false;
    this.#show(session, { isRaised, isKnown: false, error: null });
    const done = (outcome: NudgeOutcome): void => {
      const error = outcome.kind === "refused" ? outcome.error : null;
      this.#show(session, { isRaised: error === null ? isRaised : wasRaised, isKnown: true, error });
    };
    this.#request({ session, done, frame });
  }

  #show(session: number, said: HelpState["sessions"][number]): void {
    this.help.set({ sessions: { ...this.help.get().sessions, [session]: said } });
  }

  #request(request: Pick<Request, "frame" | "session" | "done">, ms = 0): void {
    this.#asked += 1;
    const number = this.#asked;
    this.#requests.set(number, { ...request, isSent: false, isFenced: false });
    if (request.session !== null) this.#latest.set(request.session, number);
    if (ms < Infinity) this.#agenda.set(number, ms);
  }

  #ask(number: number): number {
    const request = this.#requests.get(number);
    if (request === undefined) return Infinity;
    if (request.isFenced) {
      if (request.session !== null) this.#again(number, request, 0);
      else this.#settle(number, { kind: "unknown" });
      return Infinity;
    }
    if (!request.isSent) {
      const wait = this.#send(request.frame(`${REF}${number}`));
      if (wait === Infinity && request.session === null) this.#settle(number, { kind: "offline" });
      if (wait > 0) return wait;
      request.isSent = true;
    }
    const wait = this.#send({ type: "ping", ref: `${PING_REF}${number}` });
    if (wait > 0) return wait;
    request.isFenced = true;
    return ANSWER_WITHIN_MS;
  }

  /** Says it anew, by another ref: what still comes of this one no longer counts. */
  #again(number: number, request: Request, ms: number): void {
    this.#drop(number);
    this.#request(request, ms);
  }

  #settle(number: number, outcome: NudgeOutcome): void {
    const request = this.#requests.get(number);
    this.#drop(number);
    request?.done(outcome);
  }

  #drop(number: number): void {
    this.#requests.delete(number);
    this.#agenda.delete(number);
  }
}
