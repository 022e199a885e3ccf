/** Durations in words and figures. Always rounded down: nobody is shown a second that is not recorded yet. */

function parts(ms: number): { hours: number; minutes: number; seconds: number } {
  const total = Math.floor(Math.max(0, ms) / 1000);
  return { hours: Math.floor(total / 3600), minutes: Math.floor(total / 60) % 60, seconds: total % 60 };
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** `7:05`, `1:02:03`. */
export function clock(ms: number): string {
  const { hours, minutes, seconds } = parts(ms);
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds)}`
    : `${minutes}:${twoDigits(seconds)}`;
}

const counted = (value: number, unit: string): string => `${value} ${unit}${value === 1 ? "" : "s"}`;

/** `7 minutes 5 seconds`, for people who listen to the page. */
export function spoken(ms: number): string {
  const { hours, minutes, seconds } = parts(ms);
  return [
    hours > 0 && counted(hours, "hour"),
    minutes > 0 && counted(minutes, "minute"),
    (seconds > 0 || hours + minutes === 0) && counted(seconds, "second"),
  ]
    .filter(Boolean)
    .join(" ");
}

/** `1 h 20 min`, `3 min`, `under a minute`, `no time yet`. */
export function roughly(seconds: number): string {
  if (seconds <= 0) return "no time yet";
  if (seconds < 60) return "under a minute";
  const { hours, minutes } = parts(seconds * 1000);
  return [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`].filter(Boolean).join(" ");
}

/** `812 B`, `4.2 MB`. */
export function fileSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `just now`, `5 minutes ago`, `yesterday`; from a week on the date. */
export function ago(moment: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (seconds < 7 * 86_400) return relative.format(-Math.floor(seconds / 86_400), "day");
  return day(moment);
}

/** `3 May 2026`, by the clocks here. */
export function day(moment: string): string {
  return new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

/** `14:30`, by the clocks here. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** `14:30:05`, by the clocks here. */
export function secondOfDay(ms: number): string {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/** `Tuesday 5 May, 14:30`, by the clocks here. */
export function dayAndTime(moment: string): string {
  const format = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" } as const;
  return new Date(moment).toLocaleString("en-GB", format);
}

/** What is left of a time limit: `2 days 3 h`, `3 h 20 min`, below an hour `12:05`. */
export function left(ms: number): string {
  const { hours, minutes } = parts(ms);
  if (hours >= 48) return `${Math.floor(hours / 24)} days ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return clock(ms);
}

const calendar = { day: "numeric", month: "short", timeZone: "UTC" } as const;

/** `5 May`, of a day of a calendar: `2026-05-05`. */
export function dayOfMonth(date: string): string {
  return new Date(date).toLocaleDateString("en-GB", calendar);
}

/** `Tue 5 May`, likewise. */
export function weekday(date: string): string {
  return new Date(date).toLocaleDateString("en-GB", { weekday: "short", ...calendar });
}
