/** Stretches of a video that were played, and their union. */

import type { Played } from "./types.js";

/** Their union: in order, apart from each other, none empty. */
export function union(...stretches: (readonly Played[])[]): Played[] {
  const found: Played[] = [];
  for (const { start, end } of stretches.flat().sort((a, b) => a.start - b.start)) {
    const last = found.at(-1);
    if (last !== undefined && start <= last.end) found[found.length - 1] = { start: last.start, end: Math.max(last.end, end) };
    else if (start < end) found.push({ start, end });
  }
  return found;
}

/** How many seconds they are, apart from each other as they are. */
export function seconds(stretches: readonly Played[]): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The longest of them, in order. */
export function longest(stretches: readonly Played[], most: number): Played[] {
  return [...stretches]
    .sort((a, b) => b.end - b.start - (a.end - a.start))
    .slice(0, most)
    .sort((a, b) => a.start - b.start);
}
