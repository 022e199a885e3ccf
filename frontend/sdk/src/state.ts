/** What a page sees of the SDK: the values of its stores, and the states they go through. */

import type { Readable } from "./store.js";
import type { Acked, ActivityState, ErrorFrame, NotificationFrame, ProgressUpdated, User, WaitlistUpdated } from "./types.js";
import type { WatchedCounts, WatchedLearner } from "./types.js";

/**
 * `waiting`: to come back at `reconnectAt`. `http`: no websocket comes about, and the sessions go on by posts;
 * the websocket is tried again all the while. `stopped`: not coming back by itself.
 */
export type ConnectionStatus = "stopped" | "connecting" | "online" | "waiting" | "http";

export interface ConnectionState {
  readonly status: ConnectionStatus;
  /**
   * The close code of the last connection, while there is none; null if the page itself stopped it or never
   * began.
   */
  readonly code: number | null;
  /** While waiting: when the next attempt is due, in ms since 1970. */
  readonly reconnectAt: number | null;
  /** Who the server says this is; null before the first welcome. */
  readonly user: User | null;
}

/**
 * `opening`: nothing counts yet. `live`: recording, also while offline. Then one of three ends: `closed`, for
 * good; `lost`, it is somebody else's or access ended; `failed`, the server refused it.
 */
export type SessionPhase = "opening" | "live" | "closed" | "lost" | "failed";

export interface SessionState {
  readonly key: string;
  /** The server's number for it, once opened. */
  readonly session: number | null;
  readonly phase: SessionPhase;
  /** What the page is now. */
  readonly activity: ActivityState;
  /** The very numbers that the server holds durably. */
  readonly acked: Acked;
  /** Samples that are not durable yet. */
  readonly pending: number;
  /** The queue is full: what happens now is not recorded, and will be `unknown` time. */
  readonly full: boolean;
  /**
   * Why the phase is what it is: an error code or the reason of a `session.lost`; `restored` when the server
   * fell back behind what it had acknowledged, and the session began anew with a new key; `other_user`. Null
   * when all is well.
   */
  readonly reason: string | null;
}

export interface SessionTarget {
  /** A course's slug. */
  readonly course: string;
  /** A content's id. */
  readonly content?: number;
}

export interface LiveSession {
  readonly store: Readable<SessionState>;
  /**
   * Ends the session with what it has left; done when the phase is `closed`. For when the page leaves the
   * content.
   */
  readonly close: () => void;
}

/** A place in a waitlist. `position` 0: a seat is kept for the learner until `offer_expires_at`. */
export interface WaitlistPlace {
  readonly position: number;
  readonly offer_expires_at: WaitlistUpdated["offer_expires_at"];
}

export interface NewsState {
  /** The newest notification's number. */
  readonly head: number;
  /** The newest that the learner has seen, on whatever device. */
  readonly seen: number;
  readonly unread: number;
  /** More were missed than are sent: read them over REST, then say `caughtUp`. */
  readonly gap: boolean;
  /** Those that came while this client was there, oldest first; at most 200. */
  readonly latest: readonly NotificationFrame[];
  /** By the course's slug: every place that changed while this client was there; null is not in it any more. */
  readonly places: Readonly<Record<string, WaitlistPlace | null>>;
}

/** A course as its newest revision has it. Percents are 0 to 100. */
export interface CourseProgress {
  readonly enrollment: number;
  /** Grows with every change: what was read with a lower one is older than this. */
  readonly revision: number;
  readonly percent: number;
  /** The enrolment's. */
  readonly status: ProgressUpdated["status"];
  /** What was completed with this revision; null: something else has changed, and the outline is to be read anew. */
  readonly content: number | null;
  /** Every content that was completed while this client was there. */
  readonly completed: readonly number[];
  /** By the module's id: those that moved while this client was there, as far as they still hold. */
  readonly modules: Readonly<Record<number, number>>;
}

export interface ProgressState {
  /** By the course's slug: every course that moved while this client was there. */
  readonly courses: Readonly<Record<string, CourseProgress>>;
  /** By the content's id: what the page says is done. Null: not answered yet. Gone with the answer that it is. */
  readonly asked: Readonly<Record<number, ErrorFrame | null>>;
}

/**
 * `starting`: nothing is known yet. `live`: this is how it is. `stale`: how it was last known, while the watch begins
 * anew. `ended`: stopped, or refused.
 */
export type WatchPhase = "starting" | "live" | "stale" | "ended";

export interface WatchState {
  readonly phase: WatchPhase;
  /** By enrolment. A row that has not changed is the same object. */
  readonly learners: ReadonlyMap<number, WatchedLearner>;
  readonly counts: WatchedCounts;
  /** The course shows how many learn in it, and not who. */
  readonly isAnonymous: boolean;
  /** Why it ended, where the server ended it. */
  readonly error: ErrorFrame | null;
}

export interface LiveWatch {
  readonly store: Readable<WatchState>;
  /** No more of it. */
  readonly stop: () => void;
}

export interface HelpState {
  /** By a session's number: whether its learner asks for help. Gone with the session. */
  readonly sessions: Readonly<Record<number, CallForHelp>>;
}

export interface CallForHelp {
  readonly isRaised: boolean;
  /** Whether the server knows; until then it is told, also over a lost connection. */
  readonly isKnown: boolean;
  /** Why the last wish was refused. */
  readonly error: ErrorFrame | null;
}

/**
 * What came of a word to a learner. `told`: the learner has it among the notifications. `offline`: it was not sent.
 * `unknown`: the connection was lost meanwhile, and it may have arrived.
 */
export type NudgeOutcome =
  | { readonly kind: "told" }
  | { readonly kind: "refused"; readonly error: ErrorFrame }
  | { readonly kind: "offline" }
  | { readonly kind: "unknown" };
