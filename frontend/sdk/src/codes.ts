/** Every close code and every error code of the contract, and what a client does about it. */

/**
 * What follows the end of a connection. `again`: reconnect, with backoff (after a `bye`: when it said).
 * `slower`: reconnect, backed off. `smaller`: reconnect, with smaller frames. `stop`: do not come back by
 * yourself.
 */
export type AfterClose = "again" | "slower" | "smaller" | "stop";

interface Close {
  readonly why: string;
  readonly then: AfterClose;
}

export const CLOSE_CODES: Readonly<Record<number, Close>> = {
  1009: { why: "a frame was too large", then: "smaller" },
  1011: { why: "a fault of the server's", then: "again" },
  1013: { why: "the server can't reach its database", then: "again" },
  4001: { why: "the server is draining; a bye came first", then: "again" },
  4008: { why: "this client reads too slowly", then: "again" },
  4012: { why: "nothing was heard from this client", then: "again" },
  4013: { why: "over the frame limit for too long", then: "slower" },
  4500: { why: "not signed in, or from a place that is not allowed", then: "stop" },
  4501: { why: "too many bad frames in a row", then: "stop" },
  4502: { why: "no hello came in time", then: "stop" },
  4503: { why: "signed out: the token or the password changed, or the account was disabled", then: "stop" },
  4504: { why: "too many connections of this user", then: "stop" },
  4505: { why: "the server does not speak this version", then: "stop" },
};

/** What to do after this close code: known ones by the table, others by their range. */
export function afterClose(code: number): AfterClose {
  return CLOSE_CODES[code]?.then ?? (code >= 4500 && code <= 4999 ? "stop" : "again");
}

/** Whether a client comes back by itself after this close code. */
export function mayReconnect(code: number): boolean {
  return afterClose(code) !== "stop";
}

/**
 * What follows a refused open, samples or close. `resend`: from the `seq` that was expected. `retry`: the
 * same again, after `retry_after_ms`. `closed`: the session has ended. `drop`: this key can't go on; its
 * queue is dropped and the page told.
 */
export type AfterError = "resend" | "retry" | "closed" | "drop";

export const ERROR_CODES: Readonly<Record<string, AfterError>> = {
  gap: "resend",
  rate_limited: "retry",
  too_many_sessions: "retry",
  session_closed: "closed",
  not_enrolled: "drop",
  not_found: "drop",
  forbidden: "drop",
  bad_json: "drop",
  bad_frame: "drop",
  unknown_type: "drop",
  internal: "drop",
};

/** What to do after this error: known codes by the table, any other as the contract says, `drop`. */
export function afterError(code: string): AfterError {
  return ERROR_CODES[code] ?? "drop";
}
