/** The scale of a plot of times: a round step, and where its lines are. */

const MINUTE = 60;
const HOUR = 3600;
const STEPS = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR];
const MOST_LINES = 4;

export interface Scale {
  /** Its upper end, in seconds; at least as much as was asked for. */
  top: number;
  /** The lines, in seconds, from 0 up. */
  lines: number[];
}

/** For values from 0 to this many seconds. */
export function scaleTo(seconds: number): Scale {
  const step = STEPS.find((one) => one * MOST_LINES >= seconds) ?? Math.ceil(seconds / MOST_LINES / (6 * HOUR)) * 6 * HOUR;
  const count = Math.max(1, Math.ceil(seconds / step));
  return { top: count * step, lines: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

/** `0`, `30 min`, `2 h`, `1.5 h`. */
export function lineWords(seconds: number): string {
  if (seconds === 0) return "0";
  return seconds < HOUR ? `${seconds / MINUTE} min` : `${seconds / HOUR} h`;
}
