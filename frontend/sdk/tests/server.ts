/**
 * The server's side of the contract, small: counts time by the span rules, acknowledges what it has
 * committed, keeps to `seq`.
 *
 * Commits after `commitMs`; `crash` loses what was not committed. Not simulated: the lease, the clamp to the
 * server's clock, and that a late span is not engaged.
 */

import { NOTHING_ACKED } from "../src/types.js";
import type { PostAnswer } from "../src/platform.js";
import type { Acked, ClientFrame, ErrorFrame, Posted, ProgressUpdated, Sample, ServerFrame } from "../src/types.js";
import type { WatchedLearner } from "../src/types.js";
import type { Accepts, Link, Peer, World } from "./world.js";

interface Totals {
  readonly acked: Acked;
  readonly last: Sample | null;
}

interface Held {
  readonly number: number;
  readonly startedAt: number;
  durable: Totals;
  /** What was applied, durable or not. */
  memory: Totals;
  link: Link | null;
  isCommitting: boolean;
  isClosed: boolean;
}

/** When a world begins. */
export const TRUE_EPOCH_MS = Date.parse("2026-01-01T00:00:00Z");

const NOTHING: Totals = { acked: NOTHING_ACKED, last: null };

export class FakeServer implements Accepts {
  readonly sessions = new Map<string, Held>();
  heartbeatMs = 10_000;
  idleAfterMs = 60_000;
  limits = { frame_bytes: 16_384, samples_per_frame: 100, frames_per_second: 20, burst: 40, sessions: 4 };
  userId = 1;
  notifications = 0;
  seen = 0;
  /** Completed contents, in their order: how many there are is the revision. */
  readonly completed: number[] = [];
  /** Who learns in whatever course is watched. */
  roster: WatchedLearner[] = [];
  /** What was said to learners, and which sessions ask for help. */
  readonly nudges: string[] = [];
  readonly asking = new Set<number>();
  commitMs = 250;
  isDown = false;
  /** Answers no hello. */
  isMute = false;
  /** The planted bug: acknowledges before it commits. */
  acksEarly = false;
  /** Frames that came over the limit, and were refused. */
  overLimit = 0;
  /** Answers to the next frames of these types, in place of what they would bring about. */
  /** Answers to the next posts, in place of what they would bring about. */
  readonly postRefusals: PostAnswer[] = [];
  readonly refusals: Partial<Record<ClientFrame["type"], Omit<ErrorFrame, "type" | "ref">[]>> = {};
  #world: World | null = null;

  inhabit(world: World): void {
    this.#world = world;
  }

  session(key: string): Held {
    const held = this.sessions.get(key);
    if (held === undefined) throw new Error(`There is no session ${key}.`);
    return held;
  }

  /** The process dies: connections break, and what was not committed is lost. */
  crash(): void {
    for (const held of this.sessions.values()) {
      held.memory = held.durable;
      held.isCommitting = false;
    }
    for (const link of this.world.links) link.close(1006);
  }

  get world(): World {
    if (this.#world === null) throw new Error("The server is in no world yet.");
    return this.#world;
  }

  accept(link: Link): Peer | null {
    if (this.isDown) return null;
    const allowance = { frames: this.limits.burst, at: this.world.now };
    return {
      receive: (frame) => {
        const { frames_per_second, burst } = this.limits;
        const refilled = ((this.world.now - allowance.at) * frames_per_second) / 1000;
        allowance.frames = Math.min(burst, allowance.frames + refilled) - 1;
        allowance.at = this.world.now;
        if (allowance.frames >= 0) {
          this.#receive(frame, link);
          return;
        }
        allowance.frames += 1;
        this.overLimit += 1;
        this.#refuse(link, ("ref" in frame ? frame.ref : null) ?? null, "rate_limited", { retry_after_ms: 50 });
      },
      gone: () => undefined,
    };
  }

  /** The HTTP way in: commits at once, and takes the session from nobody. */
  posted(key: string, { samples, close, open }: Posted): PostAnswer | null {
    if (this.isDown) return null;
    const refusal = this.postRefusals.shift();
    if (refusal !== undefined) return refusal;
    const held = this.sessions.get(key) ?? (open === undefined ? null : this.#begin(key, null));
    if (held === null) return answer(404, { code: "not_found" });
    if (held.isClosed) return answer(409, { code: "session_closed", ...held.durable.acked });
    const fresh = samples.filter(({ seq }) => seq > held.durable.acked.seq);
    const expect = held.durable.acked.seq + 1;
    if (fresh.some(({ seq }, index) => seq !== expect + index)) return answer(409, { code: "gap", expect });
    held.durable = fresh.reduce(counted, held.durable);
    // What the holder has in hand beyond that is counted again from here: the same samples, in this world.
    if (held.memory.acked.seq < held.durable.acked.seq) held.memory = held.durable;
    held.isClosed = close;
    const now_ms = this.world.now - held.startedAt;
    return answer(200, { session: held.number, now_ms, ...held.durable.acked });
  }

  #receive(frame: ClientFrame, link: Link): void {
    const refusal = this.refusals[frame.type]?.shift();
    if (refusal !== undefined) {
      link.send({ type: "error", ref: ("ref" in frame ? frame.ref : null) ?? null, ...refusal });
      return;
    }
    switch (frame.type) {
      case "hello":
        if (!this.isMute) this.#greet(link, frame.notifications_after ?? null);
        break;
      case "notifications.seen":
        this.seen = Math.max(this.seen, Math.min(frame.number, this.notifications));
        this.#toAll({
          type: "notifications.state",
          head: this.notifications,
          seen: this.seen,
          unread: this.notifications - this.seen,
        });
        break;
      case "content.complete":
        if (!this.completed.includes(frame.content)) this.complete(frame.content);
        break;
      case "content.consumed":
        break;
      case "ping":
        link.send({ type: "pong", ...(typeof frame.ref === "string" ? { ref: frame.ref } : {}), server_time: this.time });
        break;
      case "watch.start":
        link.send({ type: "watch.snapshot", ref: frame.ref, course: frame.course, version: 1, learners: this.roster });
        break;
      case "watch.stop":
        break;
      case "nudge":
        this.nudges.push(frame.text);
        break;
      case "help.raise":
        this.asking.add(frame.session);
        break;
      case "help.clear":
        this.asking.delete(frame.session);
        break;
      case "session.open":
        this.#open(frame.key, frame.ref, link);
        break;
      case "session.samples":
        this.#take(frame.session, frame.samples, frame.ref, link, false);
        break;
      case "session.close":
        this.#take(frame.session, frame.samples, frame.ref, link, true);
        break;
    }
  }

  /** True time, whatever the client's clocks say. */
  get time(): string {
    return new Date(TRUE_EPOCH_MS + this.world.now).toISOString();
  }

  #welcome(gap: boolean): ServerFrame {
    return {
      type: "welcome",
      connection: "c",
      user: { id: this.userId, username: "ana", role: "student" },
      server_time: this.time,
      heartbeat_ms: this.heartbeatMs,
      idle_after_ms: this.idleAfterMs,
      limits: this.limits,
      notifications: { head: this.notifications, seen: this.seen, gap },
    };
  }

  /** The welcome, then what was missed: up to 200, else a gap. */
  #greet(link: Link, after: number | null): void {
    const missed = after === null ? 0 : this.notifications - after;
    const gap = missed < 0 || missed > 200;
    link.send(this.#welcome(gap));
    if (gap) return;
    for (let number = this.notifications - missed + 1; number <= this.notifications; number++) {
      link.send(notification(number));
    }
  }

  /** Something happens that the user is told. */
  notify(): void {
    this.notifications += 1;
    this.#toAll(notification(this.notifications));
  }

  /** A content of the course is completed, on whatever device; there are four. */
  complete(content: number): void {
    this.completed.push(content);
    this.#toAll(progress({ revision: this.completed.length, content, course_percent: this.completed.length * 25 }));
  }

  #toAll(frame: ServerFrame): void {
    for (const link of this.world.links) link.send(frame);
  }

  #begin(key: string, link: Link | null): Held {
    const number = 900 + this.sessions.size + 1;
    const startedAt = this.world.now;
    const held = { number, startedAt, durable: NOTHING, memory: NOTHING, link, isCommitting: false, isClosed: false };
    this.sessions.set(key, held);
    return held;
  }

  #open(key: string, ref: string, link: Link): void {
    const held = this.sessions.get(key) ?? this.#begin(key, link);
    if (held.isClosed) {
      this.#refuse(link, ref, "session_closed", { session: held.number, ...held.durable.acked });
      return;
    }
    if (held.link !== link)
      held.link?.send({ type: "session.lost", session: held.number, reason: "resumed_elsewhere" });
    held.link = link;
    held.memory = held.durable;
    const now_ms = this.world.now - held.startedAt;
    link.send({ type: "session.opened", ref, session: held.number, now_ms, ...held.durable.acked });
  }

  #take(number: number, samples: readonly Sample[], ref: string, link: Link, closes: boolean): void {
    const held = [...this.sessions.values()].find((each) => each.number === number && each.link === link);
    if (held === undefined) {
      this.#refuse(link, ref, "not_found");
      return;
    }
    const fresh = samples.filter(({ seq }) => seq > held.memory.acked.seq);
    const expect = held.memory.acked.seq + 1;
    if (fresh.some(({ seq }, index) => seq !== expect + index)) {
      this.#refuse(link, ref, "gap", { expect });
      return;
    }
    held.memory = fresh.reduce(counted, held.memory);
    if (closes) {
      held.durable = held.memory;
      held.isClosed = true;
      link.send({ type: "session.closed", ref, session: number, ...held.durable.acked });
    } else {
      this.#commitSoon(held);
    }
  }

  #commitSoon(held: Held): void {
    const ack = (): void => {
      held.link?.send({ type: "session.ack", session: held.number, ...held.memory.acked });
    };
    if (this.acksEarly) ack();
    if (held.isCommitting) return;
    held.isCommitting = true;
    this.world.after(this.commitMs, () => {
      if (!held.isCommitting || held.isClosed) return;
      held.isCommitting = false;
      held.durable = held.memory;
      ack();
    });
  }

  #refuse(link: Link, ref: string | null, code: ErrorFrame["code"], fields: Partial<ErrorFrame> = {}): void {
    link.send({ type: "error", ref, code, message: code, ...fields });
  }
}

export function notification(number: number): ServerFrame {
  const kind = "enrollment.confirmed";
  return { type: "notification", number, kind, created_at: "", title: "A seat", body: "", data: { course: "intro" } };
}

export function progress(fields: Partial<ProgressUpdated>): ProgressUpdated {
  return {
    type: "progress.updated",
    course: "intro",
    enrollment: 5,
    revision: 1,
    content: 12,
    content_completed: true,
    module: 3,
    module_percent: 50,
    course_percent: 25,
    status: "enrolled",
    ...fields,
  };
}

function answer(status: number, body: object): PostAnswer {
  return { status, retryAfter: null, text: JSON.stringify(body) };
}

/**
 * The totals with one more sample: its predecessor's span goes to the predecessor's state, or is too long to
 * be known.
 */
function counted({ acked, last }: Totals, sample: Sample): Totals {
  const span = last === null ? 0 : sample.at - last.at;
  if (span < 0) throw new Error("`at` went back.");
  const limit = last?.state === "idle" ? 150_000 : 25_000;
  const state = span > limit ? "unknown" : last?.state;
  return {
    last: sample,
    acked: {
      seq: sample.seq,
      duration_ms: acked.duration_ms + span,
      focus_ms: acked.focus_ms + (state === "focus" || state === "engaged" ? span : 0),
      engaged_ms: acked.engaged_ms + (state === "engaged" ? span : 0),
      idle_ms: acked.idle_ms + (state === "idle" ? span : 0),
      unknown_ms: acked.unknown_ms + (state === "unknown" ? span : 0),
      interactions: acked.interactions + sample.interactions,
    },
  };
}
