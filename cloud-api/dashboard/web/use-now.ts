import { useEffect, useState } from "react";

/**
 * The server's clock, again every second: this computer's may be wrong, the snapshot's time is not.
 *
 * @param serverAt the time of the newest snapshot.
 */
export function useServerNow(serverAt: string | null): number {
  const [now, setNow] = useState(() => Date.now());
  const [offset, setOffset] = useState(0);
  useEffect(() => {
    if (serverAt !== null) setOffset(Date.parse(serverAt) - Date.now());
  }, [serverAt]);
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(ticking);
  }, []);
  return now + offset;
}
