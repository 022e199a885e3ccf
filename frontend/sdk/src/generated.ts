// Made from realtime/protocol.py by `make generate`. Not to be edited.

/**
 * The wire, version 1: every frame and every body, as the JSON Schemas in docs/protocol have them. Bounds are the
 * server's to check; a type of TypeScript knows none.
 */

/** The first frame: who this is. */
export interface Hello {
  readonly type: "hello";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** An API token. Without one (nor in the header) the session cookie counts. */
  readonly token?: string | null;
  /** For sessions that name none of their own. */
  readonly device_type?: "desktop" | "mobile" | "tablet" | "unknown" | null;
  /** The last notification number that this client has. */
  readonly notifications_after?: number | null;
}

/** Answered by `pong`; like any frame, it says that the client is there. */
export interface Ping {
  readonly type: "ping";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
}

/** Begin or resume the session that this user calls `key`. */
export interface SessionOpen {
  readonly type: "session.open";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** A UUID of the client's making, of any version, hyphens or not. */
  readonly key: string;
  /** The slug of a course that the user is enrolled in. */
  readonly course: string;
  /** The content of it that the page shows. */
  readonly content?: number | null;
  /** What it is studied on; else as `hello` said. */
  readonly device_type?: "desktop" | "mobile" | "tablet" | "unknown" | null;
}

/**
 * What the page has been; answered by a later `session.ack`. No samples at all only says: still
 * here.
 */
export interface SessionSamples {
  readonly type: "session.samples";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** From `session.opened`. */
  readonly session: number;
  /** In order; acknowledged ones are passed over. */
  readonly samples: readonly Sample[];
}

/**
 * What the page is from `at` on.
 *
 * `engaged`: visible, focused, and input or playing media within `idle_after_ms`. `focus`: visible
 * and focused. `idle`: out of focus or hidden.
 */
export interface Sample {
  /** 1, 2, 3, … for the session's whole life, across connections. */
  readonly seq: number;
  /** ms of the session: `now_ms` of its latest opening, plus the client's monotonic time since. */
  readonly at: number;
  /** What the page is from then on. */
  readonly state: "engaged" | "focus" | "idle";
  /** How many there were since the sample before. */
  readonly interactions: number;
}

/** The last samples, if any are left, and the end of the session for good. */
export interface SessionClose {
  readonly type: "session.close";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** From `session.opened`. */
  readonly session: number;
  /** Every sample that is left. */
  readonly samples?: readonly Sample[];
}

/** The user has seen every notification up to this number. One past the head counts as the head. */
export interface NotificationsSeen {
  readonly type: "notifications.seen";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The newest that was seen. `seen` never falls: a lower one changes nothing. */
  readonly number: number;
}

/**
 * The user says that a `manual` content is done. Said again, it changes nothing.
 *
 * What comes of it is a `progress.updated` on every connection of the user; said again, on the one
 * that says so.
 */
export interface ContentComplete {
  readonly type: "content.complete";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The content's number. */
  readonly content: number;
}

/**
 * A text was read to its end, an image seen, or of a video these ranges played: for contents that
 * complete so.
 *
 * Ranges add up, over frames and devices, so sending them again is harmless; `rate_limited` when
 * there has not been the time to play so much. A file counts when it is downloaded. It needs a
 * session of the content, live or ended.
 */
export interface ContentConsumed {
  readonly type: "content.consumed";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The item's number, from the outline. */
  readonly item: number;
  /** With a video only. */
  readonly ranges?: readonly Played[];
}

/** A stretch of a video that was played. */
export interface Played {
  /** Seconds of the video. */
  readonly start: number;
  /** Seconds of the video. */
  readonly end: number;
}

/**
 * Show who learns in this course, now and from now on: for its owner and staff. Again: it begins
 * anew.
 *
 * Over 4 of them: `rate_limited`. When the right to watch ends so does the watch, with an `error`
 * that has the watch's `ref` and `course`.
 */
export interface WatchStart {
  readonly type: "watch.start";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The course's slug. */
  readonly course: string;
}

/** No more of this course. */
export interface WatchStop {
  readonly type: "watch.stop";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The course's slug, as in `watch.start`. */
  readonly course: string;
}

/**
 * A word to a learner, who gets it as a notification `session.nudge`: from the course's owner or
 * staff.
 *
 * `rate_limited` when the learner got several just now; `forbidden` in a course that is watched
 * anonymously.
 */
export interface Nudge {
  readonly type: "nudge";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The learner's enrolment. */
  readonly enrollment: number;
  /** What to say. */
  readonly text: string;
}

/**
 * The learner needs help: shown to who watches, and told to the course's owner as `help.requested`.
 *
 * Raised already: nothing is told again. It is up until it is cleared, or its session has ended.
 */
export interface HelpRaise {
  readonly type: "help.raise";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** A live session of the learner's own. */
  readonly session: number;
  /** What it is about. */
  readonly text?: string;
}

/** The learner needs no help any more. Cleared already: nothing happens. */
export interface HelpClear {
  readonly type: "help.clear";
  /** The client's own mark; the answer or the error repeats it. */
  readonly ref?: string | null;
  /** The session that it was raised in. */
  readonly session: number;
}

/** The body of `POST /api/v1/sessions/KEY/samples/`: the same rules as over the socket. */
export interface Posted {
  /** In order; acknowledged ones are passed over. None at all sets the session's clock going. */
  readonly samples?: readonly Sample[];
  /** Whether this ends the session for good. */
  readonly close?: boolean;
  /** Makes the session if the key is unknown. */
  readonly open?: PostedOpen | null;
}

/** What `session.open` says beside the key, which is in the address of the post. */
export interface PostedOpen {
  /** The slug of a course that the user is enrolled in. */
  readonly course: string;
  /** The content of it that the page shows. */
  readonly content?: number | null;
  /** What it is studied on. */
  readonly device_type?: "desktop" | "mobile" | "tablet" | "unknown" | null;
}

/** The answer to `hello`: who this is, and what to keep to. */
export interface Welcome {
  readonly type: "welcome";
  /** That of the `hello`. */
  readonly ref?: string;
  /** Names this connection. */
  readonly connection: string;
  /** Who the connection belongs to. */
  readonly user: ConnectedUser;
  /** Now. */
  readonly server_time: string;
  /** A sample is due at least this often. */
  readonly heartbeat_ms: number;
  /** Without input for this long, `engaged` turns to `focus`. */
  readonly idle_after_ms: number;
  /** What a client keeps to. */
  readonly limits: Limits;
  /** Where the user's notifications stand. */
  readonly notifications: NotificationsHead;
}

/** Who the connection belongs to. */
export interface ConnectedUser {
  /** The user's number. */
  readonly id: number;
  /** The name to sign in with. */
  readonly username: string;
  /** `student` or `instructor`. */
  readonly role: string;
}

/** What a client keeps to. Going over is answered, never guessed at. */
export interface Limits {
  /** The longest frame. */
  readonly frame_bytes: number;
  /** The most samples in one. */
  readonly samples_per_frame: number;
  /** How many frames, of any type. */
  readonly frames_per_second: number;
  /** Frames at once, before the rate counts. */
  readonly burst: number;
  /** Live sessions of a connection. */
  readonly sessions: number;
}

/** Where the user's notifications stand. */
export interface NotificationsHead {
  /** The newest number; 0: none yet. */
  readonly head: number;
  /** The newest that was seen. */
  readonly seen: number;
  /** Whether too many were missed to be sent: read them over REST. */
  readonly gap: boolean;
}

/** The answer to `ping`. */
export interface Pong {
  readonly type: "pong";
  /** That of the `ping`. */
  readonly ref?: string;
  /** Now. */
  readonly server_time: string;
}

/** The session is this connection's, with what is durable of it. The client sends the rest. */
export interface SessionOpened {
  readonly type: "session.opened";
  /** The session's number. */
  readonly session: number;
  /** The last durable sample; 0: none yet. */
  readonly seq: number;
  /** `focus_ms` + `idle_ms` + `unknown_ms`, always. */
  readonly duration_ms: number;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Spans too long to be known as anything. */
  readonly unknown_ms: number;
  /** Those that count. */
  readonly interactions: number;
  /** That of the `session.open`. */
  readonly ref?: string;
  /** Where the session's clock stands: `at` goes on from there. */
  readonly now_ms: number;
}

/** Everything up to `seq` is durable: the client may drop it. Cumulative and coalesced. */
export interface SessionAck {
  readonly type: "session.ack";
  /** The session's number. */
  readonly session: number;
  /** The last durable sample; 0: none yet. */
  readonly seq: number;
  /** `focus_ms` + `idle_ms` + `unknown_ms`, always. */
  readonly duration_ms: number;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Spans too long to be known as anything. */
  readonly unknown_ms: number;
  /** Those that count. */
  readonly interactions: number;
}

/** The session has ended for good, with everything that came before durable. */
export interface SessionClosed {
  readonly type: "session.closed";
  /** The session's number. */
  readonly session: number;
  /** The last durable sample; 0: none yet. */
  readonly seq: number;
  /** `focus_ms` + `idle_ms` + `unknown_ms`, always. */
  readonly duration_ms: number;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Spans too long to be known as anything. */
  readonly unknown_ms: number;
  /** Those that count. */
  readonly interactions: number;
  /** That of the `session.close`. */
  readonly ref?: string;
}

/** The session is no longer this connection's to write. Nothing more of it is acknowledged here. */
export interface SessionLost {
  readonly type: "session.lost";
  /** The session's number. */
  readonly session: number;
  /** Why. */
  readonly reason: LostReason;
}

/**
 * Why a session is no longer this connection's to write.
 *
 * - `resumed_elsewhere`: Another connection opened its key. Never open that key again.
 * - `access_ended`: Withdrawn, paused or rejected.
 * - `gone`: The record can no longer be written.
 */
export type LostReason =
  | "access_ended"
  | "gone"
  | "resumed_elsewhere";

/**
 * Something the user is told. Kept by the server; sent on each connection once, in the order of its
 * number.
 */
export interface Notification {
  readonly type: "notification";
  /** 1, 2, 3, … per user, with no hole. */
  readonly number: number;
  /** What it tells. */
  readonly kind: NotificationKind;
  /** When it happened. */
  readonly created_at: string;
  /** For people, in the user's language. */
  readonly title: string;
  /** The same at length; may be empty. */
  readonly body: string;
  /** For programs. */
  readonly data: NotificationData;
}

/**
 * What a notification tells.
 *
 * - `enrollment.requested`: To the course's owner: a learner asks for a seat.
 * - `enrollment.approved`: The request was granted.
 * - `enrollment.rejected`: The request was turned down, for `reason`.
 * - `enrollment.confirmed`: A seat is the learner's.
 * - `enrollment.ended`: Somebody else ended or paused the learner's place: `cause`.
 * - `waitlist.joined`: The learner is in the queue.
 * - `waitlist.offer`: A seat is kept for the learner until `offer_expires_at`.
 * - `waitlist.offer_expired`: It was not taken in time; the learner has left the queue.
 * - `progress.module_completed`: A module is completed.
 * - `progress.course_completed`: A course is completed.
 * - `certificate.issued`: There is a certificate.
 * - `session.nudge`: A word from who watches the course.
 * - `help.requested`: To the course's owner: a learner asks for help.
 */
export type NotificationKind =
  | "certificate.issued"
  | "enrollment.approved"
  | "enrollment.confirmed"
  | "enrollment.ended"
  | "enrollment.rejected"
  | "enrollment.requested"
  | "help.requested"
  | "progress.course_completed"
  | "progress.module_completed"
  | "session.nudge"
  | "waitlist.joined"
  | "waitlist.offer"
  | "waitlist.offer_expired";

/** What a notification is about, for programs. Each kind has what fits it. */
export interface NotificationData {
  /** The course's slug. */
  readonly course?: string;
  /** The course's title, at that time. */
  readonly course_title?: string;
  /** The enrolment's number. */
  readonly enrollment?: number;
  /** The learner's name, for who is not the learner. */
  readonly student?: string;
  /** What ended or paused the place. */
  readonly cause?: EndCause;
  /** Why, in the words of who did it. */
  readonly reason?: string;
  /** What somebody wrote. */
  readonly text?: string;
  /** Until when the seat is kept. */
  readonly offer_expires_at?: string;
  /** The module's number. */
  readonly module?: number;
  /** The module's title, at that time. */
  readonly module_title?: string;
  /** The certificate's, which is at `/certificates/CODE`. */
  readonly code?: string;
}

/**
 * Why a place is not the learner's any more, though they did not give it up.
 *
 * - `paused`: Whoever teaches took the access away for a while; the seat stays.
 * - `removed`: Whoever teaches ended the enrolment or the request.
 * - `archived`: The course takes nobody in any more: requests and waitlist have ended.
 * - `restricted`: The course is by invitation now: its waitlist has ended.
 */
export type EndCause =
  | "archived"
  | "paused"
  | "removed"
  | "restricted";

/** How far the user has seen them; sent on all of the user's connections when that changes. */
export interface NotificationsState {
  readonly type: "notifications.state";
  /** The newest number. */
  readonly head: number;
  /** The newest that was seen. */
  readonly seen: number;
  /** How many were not. */
  readonly unread: number;
}

/** The user's place in the queue of a course changed. */
export interface WaitlistUpdated {
  readonly type: "waitlist.updated";
  /** The course's slug. */
  readonly course: string;
  /** 1: the next in turn. 0: an offer is theirs. null: not in it. */
  readonly position: number | null;
  /** With position 0: until when the seat is kept. */
  readonly offer_expires_at: string | null;
}

/**
 * The user's progress in a course changed; sent on every connection of theirs. Whoever says of a
 * content that is completed that it is done gets one too, with the newest revision.
 *
 * One for each content that was completed. A change of another kind (the course's owner added or
 * archived something) names no content and no module: read the outline anew. Percents are as of
 * now, also where several come at once.
 */
export interface ProgressUpdated {
  readonly type: "progress.updated";
  /** The course's slug. */
  readonly course: string;
  /** The enrolment's number. */
  readonly enrollment: number;
  /** Grows with every change of this enrolment's progress: drop older ones. */
  readonly revision: number;
  /** The content that was completed. */
  readonly content: number | null;
  /** Whether it is completed. */
  readonly content_completed: boolean | null;
  /** The module that it is in. */
  readonly module: number | null;
  /** How much of the module is completed. */
  readonly module_percent: number | null;
  /** How much of the course is completed. */
  readonly course_percent: number;
  /** The enrolment's: `enrolled`, `completed`, … */
  readonly status: string;
}

/**
 * All who learn in the course now: the answer to `watch.start`. It replaces everything.
 *
 * Without a `ref` it was not asked for: the client had read too slowly for deltas, or the course is
 * watched anonymously from now on, or not any more. Anonymously there are no learners in it, and
 * `counts`.
 */
export interface WatchSnapshot {
  readonly type: "watch.snapshot";
  /** That of the `watch.start`. */
  readonly ref?: string;
  /** The course's slug. */
  readonly course: string;
  /** 1 for the answer; then one more with every frame of this watch. */
  readonly version: number;
  /** In no order. */
  readonly learners: readonly WatchedLearner[];
  /** Where the course is watched anonymously. */
  readonly counts?: WatchedCounts;
}

/**
 * A learner with a live session that has a sample, and that session: of several the one with the
 * highest state (engaged, then focus, idle, silent), then with the latest sample.
 *
 * `silent`: nothing heard for 25,000 ms, 150,000 ms when idle. A client counts the times on from
 * `counted_at`.
 */
export interface WatchedLearner {
  /** Names the row. */
  readonly enrollment: number;
  /** Who it is. */
  readonly user: WatchedUser;
  /** The session's number. */
  readonly session: number;
  /** What the page is. */
  readonly state: "engaged" | "focus" | "idle" | "silent";
  /** Since when it is that; `silent`: when it was last heard. */
  readonly since: string;
  /** The content that the page shows. */
  readonly content: number | null;
  /** What it is studied on. */
  readonly device_type: "desktop" | "mobile" | "tablet" | "unknown";
  /** Up to when the counters count. */
  readonly counted_at: string;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Those that count. */
  readonly interactions: number;
  /** How much of the course is completed. */
  readonly progress: number;
  /** Whether the learner asks for help, in any live session. */
  readonly help: boolean;
}

/** A learner, for who watches. */
export interface WatchedUser {
  /** The user's number. */
  readonly id: number;
  /** The learner's name. */
  readonly name: string;
}

/**
 * How many learners there are in each state: all that is shown of a course that is watched
 * anonymously.
 */
export interface WatchedCounts {
  /** How many are engaged. */
  readonly engaged: number;
  /** How many are in focus. */
  readonly focus: number;
  /** How many are away. */
  readonly idle: number;
  /** How many are not heard. */
  readonly silent: number;
  /** How many of them ask for help. */
  readonly help: number;
}

/** What changed since the frame of this watch before. */
export interface WatchDelta {
  readonly type: "watch.delta";
  /** The course's slug. */
  readonly course: string;
  /** One more than that of the frame before. */
  readonly version: number;
  /** Rows that are new or not what they were, whole. */
  readonly upsert: readonly WatchedLearner[];
  /** Enrolments that have no row any more. */
  readonly remove: readonly number[];
  /** Where the course is watched anonymously: all of them. */
  readonly counts?: WatchedCounts;
}

/** A request was refused. With `session_closed` come all the fields of `session.ack`. */
export interface Error {
  readonly type: "error";
  /** Always there: null when the request had none that could be read. */
  readonly ref: string | null;
  /** What to act on. */
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly message: string;
  /** With `rate_limited` and `too_many_sessions`. */
  readonly retry_after_ms?: number;
  /** With `gap`: the `seq` to send from. */
  readonly expect?: number;
  /** With a watch that has ended, whose `ref` it repeats: the course's slug. */
  readonly course?: string;
  /** The session's number. */
  readonly session?: number;
  /** The last durable sample; 0: none yet. */
  readonly seq?: number;
  /** As in `session.ack`. */
  readonly duration_ms?: number;
  /** As in `session.ack`. */
  readonly focus_ms?: number;
  /** As in `session.ack`. */
  readonly engaged_ms?: number;
  /** As in `session.ack`. */
  readonly idle_ms?: number;
  /** As in `session.ack`. */
  readonly unknown_ms?: number;
  /** As in `session.ack`. */
  readonly interactions?: number;
}

/**
 * What an `error` says. The connection lives on.
 *
 * - `bad_json`: Not JSON (nor is half a surrogate pair), or nested too deep to be read.
 * - `bad_frame`: JSON of the wrong shape, type or range; the message names the field.
 * - `unknown_type`: A type that is not served.
 * - `not_found`: No such thing, or somebody else's.
 * - `not_enrolled`: No enrolment whose time is recorded.
 * - `forbidden`: Not this user's to do.
 * - `gap`: A hole before a sample; nothing of the frame was applied. Send from `expect`.
 * - `session_closed`: For good; carries the acknowledged totals.
 * - `too_many_sessions`: Too many live ones. Again after `retry_after_ms`.
 * - `rate_limited`: Too much, or not now. Again after `retry_after_ms`.
 * - `internal`: A fault of the server's, logged there; the frame was not carried out.
 */
export type ErrorCode =
  | "bad_frame"
  | "bad_json"
  | "forbidden"
  | "gap"
  | "internal"
  | "not_enrolled"
  | "not_found"
  | "rate_limited"
  | "session_closed"
  | "too_many_sessions"
  | "unknown_type";

/** The process stops: close code 4001 follows, and the client comes back after this long. */
export interface Bye {
  readonly type: "bye";
  /** Drawn at random, so that not all come back at once. */
  readonly reconnect_after_ms: number;
}

/** The answer to a post, once it is durable: the fields of `session.opened`. */
export interface PostAnswer {
  /** The session's number. */
  readonly session: number;
  /** The last durable sample; 0: none yet. */
  readonly seq: number;
  /** `focus_ms` + `idle_ms` + `unknown_ms`, always. */
  readonly duration_ms: number;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Spans too long to be known as anything. */
  readonly unknown_ms: number;
  /** Those that count. */
  readonly interactions: number;
  /** Where the session's clock stands. */
  readonly now_ms: number;
}

/**
 * What PostgreSQL has of a session, once committed: every sample up to `seq`, and the totals they
 * make.
 */
export interface AckFields {
  /** The session's number. */
  readonly session: number;
  /** The last durable sample; 0: none yet. */
  readonly seq: number;
  /** `focus_ms` + `idle_ms` + `unknown_ms`, always. */
  readonly duration_ms: number;
  /** In focus, engaged or not. */
  readonly focus_ms: number;
  /** Of it, engaged. */
  readonly engaged_ms: number;
  /** Out of focus or hidden. */
  readonly idle_ms: number;
  /** Spans too long to be known as anything. */
  readonly unknown_ms: number;
  /** Those that count. */
  readonly interactions: number;
}

/** How far the user has seen their notifications, on whatever device. */
export interface SeenFields {
  /** The newest number. */
  readonly head: number;
  /** The newest that was seen. */
  readonly seen: number;
  /** How many were not. */
  readonly unread: number;
}

export type ClientFrame =
  | Hello
  | Ping
  | SessionOpen
  | SessionSamples
  | SessionClose
  | NotificationsSeen
  | ContentComplete
  | ContentConsumed
  | WatchStart
  | WatchStop
  | Nudge
  | HelpRaise
  | HelpClear;

export type ServerFrame =
  | Welcome
  | Pong
  | SessionOpened
  | SessionAck
  | SessionClosed
  | SessionLost
  | Notification
  | NotificationsState
  | WaitlistUpdated
  | ProgressUpdated
  | WatchSnapshot
  | WatchDelta
  | Error
  | Bye;
