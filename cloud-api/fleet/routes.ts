import { Hono } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { MAX_BATCH_BYTES, syncBatchSchema, type SyncAck, type SyncGap } from "@parkme/shared/protocol/sync";
import type { Db } from "../db/connection.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import type { IngestMetrics } from "../metrics.ts";
import { ingestBatch } from "./ingest.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";

type FleetDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  /** Called after a commit that changed what the organisation's dashboards show. */
  readonly onChange: (organisationId: string) => void;
};

/** Room for the batch around its events: the limit of the protocol counts these alone. */
const ENVELOPE_BYTES = 4_096;

/** `POST /api/edge/events`: the events of an edge, in their order. See shared/protocol/sync. */
export function fleetRoutes({ db, clock, metrics, onChange }: FleetDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });

  routes.post("/api/edge/events", requireEdge(db), limitBody(MAX_BATCH_BYTES + ENVELOPE_BYTES), async (c) => {
    const edge = c.get("edge");
    const batch = syncBatchSchema.safeParse(await readJson(c));
    if (!batch.success) {
      const issue = batch.error.issues[0];
      return sendProblem(
        c,
        problem(400, "invalid", issue?.message ?? "not a batch", issue?.path.join(".") || undefined),
      );
    }
    if (batch.data.edge_id.toLowerCase() !== edge.id) {
      return sendProblem(c, problem(401, "unknown_edge", "the bearer token is another edge's", "edge_id"));
    }

    const startedMs = clock.monotonicMs();
    const outcome = await ingestBatch(db, edge, batch.data.events, new Date(clock.wallMs()));
    metrics.observe(edge.facilitySlug, outcome, (clock.monotonicMs() - startedMs) / 1_000);
    if (outcome.kind === "gap") {
      const gap: SyncGap = { code: "sync_gap", expected: outcome.expected };
      return sendProblem(c, problem(409, gap.code, `send again from ${gap.expected}`), gap);
    }
    onChange(edge.organisationId);
    return c.json<SyncAck>({ cursor: outcome.cursor });
  });

  return routes;
}
