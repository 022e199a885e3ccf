/**
 * The wire, version 1, as this SDK speaks it. The frames themselves are generated from the server's types
 * (`generated.ts`); here is what the SDK adds: each of its requests carries a `ref`.
 *
 * Names are the wire's own (`focus_ms`, not `focusMs`), so that a frame reads the same in the contract, in
 * a log and here. `_ms` is milliseconds. Unknown fields are ignored, and so are frames of unknown type.
 */

import type * as wire from "./generated.js";

export type { Bye, Hello, Limits, Ping, Pong, Sample, SessionAck, SessionLost, Welcome } from "./generated.js";
export type { NotificationData, NotificationKind, NotificationsState, WaitlistUpdated } from "./generated.js";
export type { Played, ProgressUpdated } from "./generated.js";
export type { WatchDelta, WatchSnapshot, WatchedCounts, WatchedLearner } from "./generated.js";
export type { ConnectedUser as User, Error as ErrorFrame, Notification as NotificationFrame } from "./generated.js";

export const SUBPROTOCOL = "studybeat.v1";

/**
 * What a page is. `engaged`: visible, focused, and input or playing media within `idle_after_ms`. `focus`:
 * visible and focused. `idle`: out of focus or hidden.
 */
export type ActivityState = wire.Sample["state"];

export type DeviceType = NonNullable<wire.Hello["device_type"]>;

/**
 * What the server holds durably: all samples up to `seq`, and the totals they make. `focus_ms` includes
 * `engaged_ms`.
 */
export type Acked = Omit<wire.AckFields, "session">;

export const NOTHING_ACKED: Acked = {
  seq: 0,
  duration_ms: 0,
  focus_ms: 0,
  engaged_ms: 0,
  idle_ms: 0,
  unknown_ms: 0,
  interactions: 0,
};

/** These fields of a frame that has more. */
export function ackedFields({
  seq,
  duration_ms,
  focus_ms,
  engaged_ms,
  idle_ms,
  unknown_ms,
  interactions,
}: Acked): Acked {
  return { seq, duration_ms, focus_ms, engaged_ms, idle_ms, unknown_ms, interactions };
}

/** What a frame may hold, and so may a post. */
export type FrameLimits = Pick<wire.Limits, "frame_bytes" | "samples_per_frame">;

/** What version 1 of the contract says, for where no welcome says it: over HTTP. */
export const HEARTBEAT_MS = 10_000;
export const IDLE_AFTER_MS = 60_000;
export const POST_LIMITS: FrameLimits = { frame_bytes: 16_384, samples_per_frame: 100 };

/** The body of `POST /api/v1/sessions/KEY/samples/`. `open` makes a key that the server does not know yet. */
export type Posted = Required<Pick<wire.Posted, "samples" | "close">> & { readonly open?: wire.PostedOpen };

/** The answer to a post that was taken: what `session.opened` says. */
export type Taken = wire.AckFields & { readonly now_ms: number };

/** What every refusal says, by frame or by post. With `session_closed` come the fields of the last ack. */
export interface Refusal extends Partial<Acked> {
  readonly code: string;
  readonly retry_after_ms?: number;
  /** With `gap`: the `seq` to send from. */
  readonly expect?: number;
}

/** A request of this SDK's, or the answer to one: it has a `ref`. */
type Marked<Frame> = Omit<Frame, "ref"> & { readonly ref: string };

export type SessionOpen = Marked<wire.SessionOpen>;
export type SessionSamples = Marked<wire.SessionSamples>;
export type SessionClose = Marked<Required<wire.SessionClose>>;

export type ClientFrame =
  | wire.Hello
  | wire.Ping
  | SessionOpen
  | SessionSamples
  | SessionClose
  | wire.NotificationsSeen
  | Marked<wire.ContentComplete>
  | Marked<Required<wire.ContentConsumed>>
  | Marked<wire.WatchStart>
  | wire.WatchStop
  | Marked<wire.Nudge>
  | Marked<wire.HelpRaise>
  | Marked<wire.HelpClear>;

export type SessionOpened = Marked<wire.SessionOpened>;
export type SessionClosed = Marked<wire.SessionClosed>;

export type ServerFrame =
  | Exclude<wire.ServerFrame, wire.SessionOpened | wire.SessionClosed>
  | SessionOpened
  | SessionClosed;
