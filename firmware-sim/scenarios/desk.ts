import { afterEach } from "vitest";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { createKioskClient } from "../attendant/kiosk-client.ts";
import { eventually } from "./stage.ts";

/** An attendant's desk: what the page shows, and what is asked there. */
export type Desk = {
  readonly lane: (name: string) => KioskSnapshot["lanes"][number] | undefined;
  readonly snapshot: () => KioskSnapshot | null;
  /** The HTTP status. */
  readonly post: (path: string, body: object) => Promise<number | null>;
  /** Waits until the page shows it. */
  readonly until: (
    what: string,
    holds: (seen: KioskSnapshot) => boolean,
    withinMs?: number,
  ) => Promise<KioskSnapshot>;
};

const closing: AbortController[] = [];
afterEach(() => {
  for (const end of closing.splice(0)) end.abort();
});

export function openDesk(url: string, name: string, pin: string): Desk {
  const end = new AbortController();
  closing.push(end);
  let latest: KioskSnapshot | null = null;
  const client = createKioskClient({ url, name, pin, signal: end.signal });
  void client.follow((snapshot) => (latest = snapshot));
  return {
    lane: (lane) => latest?.lanes.find((view) => view.lane === lane),
    snapshot: () => latest,
    post: client.post,
    until: async (what, holds, withinMs = 20_000) => {
      const seen = await eventually(
        what,
        () => latest,
        (now) => now !== null && holds(now),
        withinMs,
      );
      if (seen === null) throw new Error("no snapshot");
      return seen;
    },
  };
}
