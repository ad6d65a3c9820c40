import { Hono } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { currentSession, requireSession } from "../accounts/routes.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import type { LiveDashboard, Watcher } from "./live.ts";

type DashboardDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly live: LiveDashboard;
  /** An organisation's snapshot as JSON. */
  readonly loadSnapshot: (organisationId: string) => Promise<string>;
};

/** `GET /api/dashboard`, and the same as a stream of server-sent events, `GET /api/dashboard/live`. See contract. */
export function dashboardRoutes({ db, clock, live, loadSnapshot }: DashboardDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });
  routes.use("/api/dashboard/*", requireSession({ db, clock }));

  routes.get("/api/dashboard", async (c) => {
    const snapshot = await loadSnapshot(c.get("session").organisation.id);
    return c.body(snapshot, 200, { "content-type": "application/json", "cache-control": "no-store" });
  });

  routes.get("/api/dashboard/live", (c) => {
    const watcher = live.watch(c.get("session").organisation.id);
    if (watcher === null) {
      c.header("retry-after", "10");
      return sendProblem(c, problem(503, "too_many_watchers", "too many dashboards are open"));
    }
    const stillSignedIn = async () => (await currentSession({ db, clock }, c)) !== null;
    return c.body(eventStream(watcher, stillSignedIn), 200, {
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
 */
export function eventStream(
  watcher: Watcher,
  stillSignedIn: () => Promise<boolean>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let left = false;
  return new ReadableStream(
    {
      async pull(controller) {
        const message = await watcher.next();
        if (left) return;
        if (message.kind === "snapshot") {
          controller.enqueue(encoder.encode(`event: snapshot\ndata: ${message.data}\n\n`));
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
