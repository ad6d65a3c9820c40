import { Hono } from "hono";
import { problem } from "@parkme/shared/domain/errors";
import { requireRunner, runnerOf } from "../accounts/guard.ts";
import type { Principal } from "../accounts/principal.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { Refusal } from "../platform/refusal.ts";
import type { DashboardSnapshot } from "./contract.ts";
import type { LiveDashboard, Watcher } from "./live.ts";

type DashboardDeps = {
  readonly live: LiveDashboard;
  /** A room's snapshot as JSON: an organisation's, or {@link EVERY_ORGANISATION}'s. */
  readonly loadSnapshot: (room: string) => Promise<string>;
};

/** What an admin watches, who has no organisation of their own. */
export const EVERY_ORGANISATION = "every organisation";

function roomOf({ organisationId, role }: Principal): string {
  return organisationId === null || role === "admin" ? EVERY_ORGANISATION : organisationId;
}

/** What of a room's snapshot somebody sees: staff only the facilities that they work at. */
function shownTo(principal: Principal, snapshot: string): string {
  if (principal.role !== "staff") return snapshot;
  const all = JSON.parse(snapshot) as DashboardSnapshot;
  const facilities = all.facilities.filter(({ id }) => principal.facilityIds.includes(id));
  return JSON.stringify({ ...all, facilities } satisfies DashboardSnapshot);
}

/** `GET /api/dashboard`, and the same as a stream of server-sent events, `GET /api/dashboard/live`. See contract. */
export function dashboardRoutes({ live, loadSnapshot }: DashboardDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });
  routes.use("/api/dashboard/*", requireRunner());

  routes.get("/api/dashboard", async (c) => {
    const { principal } = c.get("session");
    const snapshot = shownTo(principal, await loadSnapshot(roomOf(principal)));
    return c.body(snapshot, 200, { "content-type": "application/json", "cache-control": "no-store" });
  });

  routes.get("/api/dashboard/live", (c) => {
    let { principal } = c.get("session");
    const room = roomOf(principal);
    const watcher = live.watch(room);
    if (watcher === null) {
      c.header("retry-after", "10");
      return sendProblem(c, problem(503, "too_many_watchers", "too many dashboards are open"));
    }
    const stillSignedIn = async () => {
      try {
        principal = (await runnerOf(c)).principal;
        return roomOf(principal) === room;
      } catch (error) {
        if (error instanceof Refusal) return false;
        throw error;
      }
    };
    const shown = (snapshot: string) => shownTo(principal, snapshot);
    return c.body(eventStream(watcher, stillSignedIn, shown), 200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
  });

  return routes;
}

/**
 * A watcher's messages as server-sent events. Each is made when the connection has taken the one before, so a slow
 * connection holds a single snapshot. At every beat the session is looked at again.
 *
 * @param shown what of a snapshot this watcher may see.
 */
export function eventStream(
  watcher: Watcher,
  stillSignedIn: () => Promise<boolean>,
  shown: (snapshot: string) => string = (snapshot) => snapshot,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let left = false;
  return new ReadableStream(
    {
      async pull(controller) {
        const message = await watcher.next();
        if (left) return;
        if (message.kind === "snapshot") {
          controller.enqueue(encoder.encode(`event: snapshot\ndata: ${shown(message.data)}\n\n`));
        } else if (message.kind === "beat" && (await stillSignedIn())) {
          controller.enqueue(encoder.encode(": beat\n\n"));
        } else {
          watcher.leave();
          controller.close();
        }
      },
      cancel() {
        left = true;
        watcher.leave();
      },
    },
    { highWaterMark: 0 },
  );
}
