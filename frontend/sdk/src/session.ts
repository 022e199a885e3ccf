/**
 * One learning session: the conversation that gets every sample to the server exactly once.
 *
 * Owns the session's key and the one request (open or close) that may be under way. After every reconnect the
 * same key is opened again and what is not acknowledged is sent again. A key that was lost, closed or refused
 * is never opened again: that session is over, and the page starts a new one. Where websockets do not get
 * through, posts take their place; and a page's last words go both ways.
 */

import { Alarm } from "./alarm.js";
import { afterError } from "./codes.js";
import type { SessionHost } from "./host.js";
import { Life } from "./life.js";
import type { Outcome } from "./post.js";
import { Posting } from "./posting.js";
import type { Letter } from "./posting.js";
import { Requests } from "./requests.js";
import type { LiveSession, SessionState, SessionTarget } from "./state.js";
import type { Readable } from "./store.js";
import { HEARTBEAT_MS } from "./types.js";
import type { Acked, ActivityState, ErrorFrame, Refusal, Welcome } from "./types.js";
import type { SessionAck, SessionClosed, SessionOpened, Taken } from "./types.js";

/** When the server says "later" but not when. */
const RETRY_AFTER_MS = 2_000;

export class Session implements LiveSession {
  readonly store: Readable<SessionState>;
  readonly #host: SessionHost;
  readonly #target: SessionTarget;
  readonly #requests: Requests;
  readonly #posting: Posting;
  readonly #alarm: Alarm;
  readonly #life: Life;

  #heartbeatMs = HEARTBEAT_MS;
  /** This connection holds the session. */
  #isHeld = false;
  /** The clocks parted: the server has to say anew where the session's clock stands. */
  #isAdrift = false;
  #isClosing = false;
  #notBefore = 0;

  /** `name`: without a dot, and this session's alone within its client. */
  constructor(host: SessionHost, name: string, target: SessionTarget, activity: ActivityState) {
    this.#host = host;
    this.#target = target;
    this.#requests = new Requests(name);
    this.#alarm = new Alarm(host.platform, () => {
      this.#send();
    });
    this.#posting = new Posting(host, (letter, outcome) => {
      this.#answered(letter, outcome);
    });
    this.#life = new Life(host, target, activity);
    this.store = this.#life.store;
  }

  get isOver(): boolean {
    return this.#life.isOver;
  }

  readonly close = (): void => {
    if (this.#isClosing || this.isOver) return;
    this.#host.look();
    this.#life.record(this.#now());
    this.#isClosing = true;
    if (this.#life.recording.isAnchored || this.#requests.isWaiting || this.#posting.isUnderWay) this.#send();
    else this.end("closed", null);
  };

  /** Says over HTTP too what is not acknowledged, and with it the end if there is one: nobody may wait here. */
  lastWords(): void {
    const isAnything = this.#isClosing || this.#life.recording.queue.pending > 0;
    if (isAnything && this.#life.recording.isAnchored && !this.isOver) this.#posting.sendLast(this.#life.letter(this.#isClosing, false));
  }

  // What the page does. Instants are monotonic milliseconds.

  turned(activity: ActivityState, instant: number): void {
    this.#life.publish({ activity });
    this.#sample(instant);
  }

  interacted(): void {
    this.#life.recording.interacted();
  }

  /** When a sample is due at the latest. */
  get nextBeat(): number {
    const isRecording = this.#life.recording.isAnchored && !this.#isClosing && !this.isOver;
    return isRecording ? this.#life.recording.sampled + this.#heartbeatMs : Infinity;
  }

  beat(now: number): void {
    if (this.nextBeat <= now) this.#sample(now);
    else if (!this.#isClosing) this.#life.recording.mark(this.#life.state.activity, now);
  }

  realign(): void {
    this.#isAdrift = true;
    this.#send();
  }

  // What the connection does.

  online(welcome: Welcome): void {
    this.#heartbeatMs = welcome.heartbeat_ms;
    this.#send();
  }

  /** Websockets do not get through. */
  socketless(): void {
    this.#send();
  }

  offline(): void {
    this.#isHeld = false;
    this.#requests.forget();
    this.#alarm.clear();
    if (this.#isClosing && !this.#life.recording.isAnchored) this.end("closed", null);
  }

  /** The server did not take a frame, perhaps one of ours: what has no answer yet is sent again. */
  again(): void {
    this.#requests.forget();
    this.#resendFrom();
    this.#send();
  }

  // What the server says.

  owns(ref: string): boolean {
    return this.#requests.owns(ref);
  }

  opened(frame: SessionOpened): void {
    if (!this.#requests.settle(frame.ref)) return;
    if (frame.seq < this.#life.recording.queue.acked) {
      this.#restart();
      return;
    }
    this.#isHeld = true;
    this.#align(frame);
    this.#resendFrom();
    this.#send();
  }

  acked(frame: SessionAck): void {
    this.#life.acknowledge(frame);
  }

  closed(frame: SessionClosed): void {
    if (this.#requests.settle(frame.ref)) this.end("closed", null, frame);
  }

  /** An error that answers the frame of ours that had this ref. */
  refused(error: ErrorFrame, ref: string): void {
    if (this.#requests.settle(ref) || !this.#requests.isSuperseded(ref)) this.#refuse(error);
  }

  #refuse(error: Refusal): void {
    switch (afterError(error.code)) {
      case "resend":
        if (this.#resendFrom(error.expect ?? 0)) this.#send();
        else this.#restart();
        break;
      case "retry":
        this.#notBefore = this.#now() + (error.retry_after_ms ?? RETRY_AFTER_MS);
        this.#posting.wait(error.retry_after_ms ?? RETRY_AFTER_MS);
        this.#life.publish({ reason: error.code });
        this.again();
        break;
      case "closed":
        this.end("closed", this.#isClosing ? null : error.code, error);
        break;
      case "drop":
        this.end("failed", error.code);
        break;
    }
  }

  /** It may be that somebody else is signed in by now, or nobody: then what is left waits for its own user. */
  #refusePost(error: Refusal): void {
    if (["not_authenticated", "not_found"].includes(error.code)) this.leave(error.code);
    else this.#refuse(error);
  }

  /**
   * An answer to a post. While there is a connection it only acknowledges, and so it does while there will be one
   * again: that one's word counts.
   */
  #answered({ key, posted, acked, aligns }: Letter, outcome: Outcome): void {
    if (this.isOver || key !== this.#life.state.key) return;
    const isAlone = this.#host.welcome === null;
    if (outcome.kind === "taken") {
      const { taken } = outcome;
      if (posted.close) this.end("closed", null, taken);
      else if (taken.seq < acked) this.#restart();
      else if (isAlone && aligns) this.#align(taken);
      else this.#life.acknowledge(taken);
    } else {
      this.#isAdrift ||= aligns;
      if (outcome.kind === "refused" && this.#host.isRefused) this.#refusePost(outcome.error);
      else if (this.#isClosing && !this.#life.recording.isAnchored) this.offline();
    }
    this.#send();
  }

  /** This session is over; what it still had is dropped. */
  end(phase: "closed" | "lost" | "failed", reason: string | null, last: Partial<Acked> = {}): void {
    if (this.isOver) return;
    this.#alarm.clear();
    this.#life.end(phase, reason, last);
    this.#host.ended(this);
  }

  /** Its user is signed in no longer: it is over here, and waits for that user's next page. */
  leave(reason: string): void {
    if (this.isOver) return;
    this.#alarm.clear();
    this.#life.leave(reason);
    this.#host.ended(this);
  }

  /** The server says where the session's clock stands, and the record goes on from there. */
  #align(taken: Taken): void {
    const now = this.#now();
    const isFirst = !this.#life.recording.isAnchored;
    this.#life.align(taken, now);
    if (isFirst || !this.#isClosing) this.#life.record(now);
  }

  // Sending.

  #sample(instant: number): void {
    if (this.#isClosing || this.isOver) return;
    this.#life.record(instant);
    this.#send();
  }

  /** Sends whatever can go now, and sets the alarm for what can't. */
  #send(): void {
    const { welcome } = this.#host;
    if (this.isOver) return;
    const now = this.#now();
    if (welcome === null) {
      this.#sendByPost(now);
      return;
    }
    if (this.#requests.expire(now)) this.#resendFrom();
    if (this.#requests.isWaiting) return;
    const wait = now < this.#notBefore ? this.#notBefore - now : this.#sendNext(welcome);
    if (wait > 0) this.#alarm.set(now + wait);
  }

  /** 0: all is sent that can be before the next answer. Else: the milliseconds after which to go on. */
  #sendNext(welcome: Welcome): number {
    if (!this.#isHeld || this.#isAdrift) return this.#open();
    let wait = 0;
    while (wait === 0 && !this.#requests.isWaiting && (this.#isClosing || this.#life.recording.queue.unsent > 0)) {
      wait = this.#sendBatch(welcome);
    }
    return wait;
  }

  #open(): number {
    const { key } = this.#life.state;
    const ref = this.#requests.next();
    const wait = this.#host.send({ type: "session.open", ref, key, ...this.#target });
    if (wait > 0) return wait;
    // Until the answer the server may hold it for nobody, and would refuse samples.
    this.#isHeld = false;
    this.#isAdrift = false;
    this.#alarm.set(this.#requests.await(ref, this.#now()));
    return 0;
  }

  #sendBatch({ limits }: Welcome): number {
    const { queue } = this.#life.recording;
    const session = this.#life.state.session ?? 0;
    const samples = queue.batch(limits);
    const isLast = this.#isClosing && samples.length === queue.unsent;
    const ref = this.#requests.next();
    const type = isLast ? "session.close" : "session.samples";
    const wait = this.#host.send({ type, ref, session, samples });
    if (wait > 0) return wait;
    queue.sent(samples);
    if (isLast) this.#alarm.set(this.#requests.await(ref, this.#now()));
    return 0;
  }

  #sendByPost(now: number): void {
    if (!this.#host.isRefused) return;
    const { isAnchored, queue } = this.#life.recording;
    const aligns = !isAnchored || this.#isAdrift;
    if (!aligns && !this.#isClosing && queue.pending === 0) return;
    const due = this.#posting.due(aligns || this.#isClosing);
    if (now < due) {
      this.#alarm.set(due);
      return;
    }
    const letter = this.#life.letter(this.#isClosing, aligns);
    this.#isAdrift = false;
    this.#posting.send(letter, now, letter.posted.samples.length < queue.pending);
  }

  #resendFrom(seq = this.#life.recording.queue.acked + 1): boolean {
    this.#requests.supersede();
    return this.#life.recording.queue.rewind(seq);
  }

  /** The server fell back behind its acks: what is left would leave a hole. Begins anew, with a new key. */
  #restart(): void {
    if (this.#isClosing) {
      this.end("lost", "restored");
      return;
    }
    this.#isHeld = false;
    this.#requests.forget();
    this.#requests.supersede();
    this.#life.restart("restored");
    this.#send();
  }

  #now(): number {
    return this.#host.platform.monotonic();
  }
}
