import { Hono } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import {
  downlinkQuerySchema,
  type DownlinkAnswer,
  type DownlinkFork,
} from "@parkme/shared/protocol/downlink";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import type { Db } from "../db/connection.ts";
import { sendProblem } from "../http.ts";
import { newestManifest, readDownlink } from "./downlink.queries.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import { raiseIncident } from "./incidents.queries.ts";

type DownlinkDeps = { readonly db: Db; readonly clock: Clock };

/**
 * `GET /api/edge/downlink?after=SEQ&head=HASH`: what goes down to the edge's facility after a place that it has taken.
 * 409 `downlink_fork` where it has taken what we do not have. See shared/protocol/downlink.
 */
export function downlinkRoutes({ db, clock }: DownlinkDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  routes.get("/api/edge/downlink", requireEdge(db, clock), async (c) => {
    const query = downlinkQuerySchema.safeParse(c.req.query());
    if (!query.success) {
      const field = query.error.issues[0]?.path.join(".");
      return sendProblem(
        c,
        problem(400, "invalid", "after must be a number, and head the hash of that item", field),
      );
    }
    const { after, head } = query.data;
    const { id: edgeId, facilityId } = c.get("edge");
    const now = new Date(clock.wallMs());
    const items = await readDownlink(db, facilityId, { seq: after, hash: head });
    if (items === null) {
      // An agent of before there was a downlink knows a number only: it begins anew without having missed anything.
      if (head !== GENESIS_HASH) {
        const detail = "the edge has taken items that we do not have: it takes all of them once more";
        await raiseIncident(db, { facilityId, edgeId, kind: "downlink_fork", detail }, now);
      }
      const fork: DownlinkFork = { code: "downlink_fork", restart_after: 0, restart_hash: GENESIS_HASH };
      return sendProblem(c, problem(409, fork.code, `begin again after ${fork.restart_after}`), fork);
    }
    const manifest = await newestManifest(db, facilityId);
    return c.json<DownlinkAnswer>({ items: [...items], manifest, now: now.toISOString() });
  });
  return routes;
}
