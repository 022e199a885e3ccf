import { type RefObject, useEffect, useState } from "react";

/** So much above and below what is in sight is laid out too. */
const AROUND_PX = 400;
const STEP_PX = 200;

/** From where to where of a list, in pixels from its top, lines need to be laid out while the page scrolls. */
export function useInSight(list: RefObject<HTMLElement | null>): { from: number; to: number } {
  const [sight, setSight] = useState({ from: -AROUND_PX, to: 2000 });
  useEffect(() => {
    const look = (): void => {
      const top = -(list.current?.getBoundingClientRect().top ?? 0);
      const from = Math.floor((top - AROUND_PX) / STEP_PX) * STEP_PX;
      const to = Math.ceil((top + innerHeight + AROUND_PX) / STEP_PX) * STEP_PX;
      setSight((before) => (before.from === from && before.to === to ? before : { from, to }));
    };
    look();
    // What stands above the list moves it without a scroll.
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      observer.disconnect();
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [list]);
  return sight;
}

/** The first of these ascending numbers that is greater; their count where none is. */
export function firstAfter(ascending: readonly number[], value: number): number {
  let from = 0;
  let to = ascending.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((ascending[middle] ?? Infinity) > value) to = middle;
    else from = middle + 1;
  }
  return from;
}
