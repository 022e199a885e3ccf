/** What the live panel says: the SDK's states and codes, as sentences for people. */

import type { ActivityState, ConnectionState, SessionState } from "@studybeat/sdk";

const stateWords: Record<ActivityState, string> = {
  engaged: "Engaged",
  focus: "In focus",
  idle: "Away",
};

/** What the page is now, as far as it is recorded. */
export function nowWords({ phase, activity, reason }: Pick<SessionState, "phase" | "activity" | "reason">): string {
  if (phase === "live") return stateWords[activity];
  if (phase === "opening") return hintOf({ phase, reason }) ? "Waiting" : "Starting";
  return "Stopped";
}

export interface Notice {
  title: string;
  text: string;
  /** What the button that begins a new session says; none when that would not help. */
  again?: string;
}

const startAgain = "Start a new session";

/**
 * Whether the page follows this session with a new one by itself: its key is not to be opened again. So it is with one
 * that was closed without the page, as after a day without a connection.
 */
export function beginsAnew({ phase, reason }: Pick<SessionState, "phase" | "reason">): boolean {
  return (phase === "lost" && reason !== "access_ended") || (phase === "closed" && reason === "session_closed");
}

/** Why a session does not go on, and what can be done; null while it does. */
export function noticeOf({ phase, reason }: Pick<SessionState, "phase" | "reason">): Notice | null {
  if (phase === "opening" || phase === "live" || beginsAnew({ phase, reason })) return null;
  switch (reason) {
    case "access_ended":
      return { title: "Access ended", text: "You no longer take part in this course, so no more time is recorded." };
    case "not_enrolled":
      return { title: "Not recorded", text: "You are not enrolled in this course, so no time is recorded." };
    case "not_found":
      return { title: "Not recorded", text: "This content is no longer in the course, so no time is recorded." };
    case "not_authenticated":
      return { title: "Not signed in", text: "Sign in again, then recording can go on.", again: startAgain };
    case "other_user":
      return { title: "Somebody else signed in", text: "Load the page again to go on." };
    default:
      return phase === "closed"
        ? { title: "This session has ended", text: "What was recorded is kept.", again: startAgain }
        : {
            title: "Recording stopped",
            text: "The server could not go on with this session. What it had confirmed is kept.",
            again: startAgain,
          };
  }
}

/** What holds a running session up, if anything does. */
export function hintOf({ phase, reason }: Pick<SessionState, "phase" | "reason">): string | null {
  if (noticeOf({ phase, reason })) return null;
  switch (reason) {
    case "too_many_sessions":
      return "Too many sessions are open. This one begins as soon as another ends.";
    case "rate_limited":
      return "The server asks to wait a moment.";
    case "restored":
      return "The server was restored from a backup: recording begins anew.";
    default:
      return null;
  }
}

export interface ConnectionWords {
  text: string;
  /** Whether the connection will not come back by itself. */
  isStopped: boolean;
}

/** The connection in words; the seconds to wait are said beside it. */
export function connectionWords({ status, code }: ConnectionState): ConnectionWords {
  switch (status) {
    case "online":
      return { text: "Online", isStopped: false };
    case "connecting":
      return { text: code === null ? "Connecting" : "Reconnecting", isStopped: false };
    case "waiting":
      return { text: "Reconnecting", isStopped: false };
    case "http":
      return { text: "Recording without a live connection", isStopped: false };
    case "stopped":
      return { text: code === null ? "Not connected" : stopped(code), isStopped: code !== null };
  }
}

function stopped(code: number): string {
  switch (code) {
    case 4500:
    case 4503:
      return "Stopped: you are no longer signed in";
    case 4504:
      return "Stopped: too many windows are open";
    case 4505:
      return "Stopped: this page is too old, load it again";
    default:
      return "Stopped by the server";
  }
}
