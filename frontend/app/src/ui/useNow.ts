import { useEffect, useState } from "react";

/** A clock's time in ms, looked at every so often: the wall clock's here, or the server's (`serverNow`). */
export function useNow(everyMs: number, clock: () => number = Date.now): number {
  const [now, setNow] = useState(clock);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(clock());
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs, clock]);
  return now;
}
