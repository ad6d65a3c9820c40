import { useEffect, useState } from "react";
import { readClock, type Now } from "@parkme/shared/domain/clock";

export function readBrowserClock(): Now {
  return readClock({ wallMs: () => Date.now(), monotonicMs: () => performance.now() });
}

/** The time, read again every `everyMs` milliseconds. */
export function useNow(everyMs: number): Now {
  const [now, setNow] = useState(readBrowserClock);
  useEffect(() => {
    const timer = setInterval(() => setNow(readBrowserClock()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
