import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { shareBriefly, type Changes } from "./changes.ts";
import { fail, type Env } from "./http.ts";
import { sessionToken } from "./session-routes.ts";
import type { Sessions } from "./sessions.ts";

export type LiveOptions = {
  readonly sessions: Sessions;
  readonly snapshot: () => KioskSnapshot;
  readonly changes: Changes;
  readonly log: { readonly error: (fields: object, message: string) => void };
};

/** A page refreshes at least so often, so that it can tell a quiet gate from a dead line. */
const LIVE_INTERVAL_MS = 1_000;
const MAX_LIVE_CLIENTS = 50;
/** Pages woken by one change are given one snapshot; shorter than the time between two changes told. */
const SHARE_MS = 40;

/** The live view: a snapshot at once and after every change, until the session ends. */
export function liveRoute(api: Hono<Env>, { snapshot, changes, sessions, log }: LiveOptions): void {
  let clients = 0;
  const shared = shareBriefly(() => JSON.stringify(snapshot()), SHARE_MS);
  api.get("/live", (c) => {
    if (clients >= MAX_LIVE_CLIENTS)
      return fail(c, 503, "too_many_pages", "Too many pages are open on this gate.");
    const token = sessionToken(c);
    clients += 1;
    return streamSSE(c, async (stream) => {
      try {
        while (!stream.aborted && sessions.personOf(token) !== null) {
          // Asked for before the snapshot is taken: a change while it is being written must not be missed.
          const changed = changes.next(LIVE_INTERVAL_MS);
          await stream.writeSSE({ event: "snapshot", data: shared() });
          await changed;
        }
      } catch (error) {
        log.error({ err: error }, "a page's live stream failed");
      } finally {
        clients -= 1;
      }
    });
  });
}
