import { useCallback, useEffect, useState } from "react";

/**
 * What the page's address says after `#` and a prefix: so that a page within the page can be named, kept and left by the
 * browser's own buttons.
 *
 * @returns null while the address has no such part.
 */
export function useHash(prefix: string): readonly [string | null, (value: string | null) => void] {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const look = () => setHash(location.hash);
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  const start = `#${prefix}`;
  const go = useCallback(
    (value: string | null) => {
      location.hash = value === null ? "" : `${prefix}${value}`;
    },
    [prefix],
  );
  return [hash.startsWith(start) ? hash.slice(start.length) : null, go];
}
