/** What the learner reads, sees and plays on the page, told to the client: for contents that complete by that. */

import type { LiveSession, Played } from "@studybeat/sdk";
import { type RefObject, useCallback, useEffect, useRef, useSyncExternalStore } from "react";

import type { Content } from "../api/types";
import { useClient } from "../live/client";

/** Told of an item, as often as one likes. `played`: of a video, in seconds. */
export type Consume = (item: number, played?: Played[]) => void;

/** On the screen this long, it counts as seen: what is only scrolled past does not. */
const SEEN_MS = 1_000;

const nothingToHear = () => () => undefined;

/** Undefined while nobody asks: the content completes otherwise, or is completed, or has no session yet. */
export function useConsume(session: LiveSession | null, content: Content): Consume | undefined {
  const client = useClient();
  const isLive = useSyncExternalStore(
    session?.store.subscribe ?? nothingToHear,
    () => session?.store.get().phase === "live",
  );
  const { id } = content;
  const consume = useCallback<Consume>(
    (item, played) => {
      client.consumed(id, item, played);
    },
    [client, id],
  );
  return isLive && content.completion_method === "auto" && !content.completed ? consume : undefined;
}

/** For the element that stands for this item: once it has been on the screen for a moment, `consume` is told. */
export function useSeen<T extends Element>(item: number, consume: Consume | undefined): RefObject<T | null> {
  const seen = useRef<T>(null);
  useEffect(() => {
    const element = seen.current;
    if (!element || !consume) return undefined;
    let isInView = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (!isInView || document.hidden) return;
      timer = setTimeout(() => {
        stop();
        consume(item);
      }, SEEN_MS);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        isInView = entries.at(-1)?.isIntersecting ?? false;
        look();
      },
      { threshold: 0.5 },
    );
    const stop = (): void => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
    observer.observe(element);
    document.addEventListener("visibilitychange", look);
    return stop;
  }, [item, consume]);
  return seen;
}

export const stretchesOf = (played: TimeRanges): Played[] =>
  Array.from({ length: played.length }, (_, index) => ({ start: played.start(index), end: played.end(index) }));
