import { useEffect, useState } from "react";
import type { Now } from "@parkme/shared/domain/clock";
import { readBrowserClock } from "./browser-clock.ts";
import { followLive } from "./live.ts";
import type { Snapshot } from "./snapshot.ts";

export type Live = {
  readonly snapshot: Snapshot | null;
  /** When the snapshot came, or when the wait for the first one began. */
  readonly received: Now;
  /** Why the newest event could not be read; null when it could. */
  readonly bad: string | null;
};

/** The newest snapshot of the gate. `onRefused` must be stable. */
export function useLive(onRefused: () => void): Live {
  const [live, setLive] = useState<Live>(() => ({ snapshot: null, received: readBrowserClock(), bad: null }));
  useEffect(
    () =>
      followLive((url) => new EventSource(url), {
        onSnapshot: (snapshot) => setLive({ snapshot, received: readBrowserClock(), bad: null }),
        onBadSnapshot: (bad) => setLive((before) => ({ ...before, bad })),
        onRefused,
      }),
    [onRefused],
  );
  return live;
}
