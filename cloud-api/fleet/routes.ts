import { Hono, type MiddlewareHandler } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { MAX_BATCH_BYTES, syncBatchSchema, type SyncAck, type SyncGap } from "@parkme/shared/protocol/sync";
import { hashToken } from "../accounts/secrets.ts";
import type { Db } from "../db/connection.ts";
import { limitBody, readJson, sendProblem, type AppEnv } from "../http.ts";
import type { IngestMetrics } from "../metrics.ts";
import { ingestBatch } from "./ingest.ts";
import { findEdge, type Edge } from "./queries.ts";

type FleetDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  /** Called after a commit that changed what the organisation's dashboards show. */
  readonly onChange: (organisationId: string) => void;
};

type FleetEnv = AppEnv & { Variables: { edge: Edge } };

/** Room for the batch around its events: the limit of the protocol counts these alone. */
const ENVELOPE_BYTES = 4_096;
const MAX_TOKEN_LENGTH = 512;

/** `POST /api/edge/events`: the events of an edge, in their order. See shared/protocol/sync. */
export function fleetRoutes({ db, clock, metrics, onChange }: FleetDeps): Hono<FleetEnv> {
  const routes = new Hono<FleetEnv>({ strict: false });

  // The token is looked up before the body is read: a stranger's body costs us nothing. It is looked up by its
  // SHA-256, so the time that the index takes to compare tells nothing of the token.
  const requireEdge: MiddlewareHandler<FleetEnv> = async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    const tokenHash = token === "" || token.length > MAX_TOKEN_LENGTH ? null : hashToken(token);
    const edge = tokenHash === null ? null : await findEdge(db, tokenHash);
    if (edge === null) return sendProblem(c, problem(401, "unknown_edge", "no edge has this bearer token"));
    c.set("edge", edge);
    return next();
  };

  routes.post("/api/edge/events", requireEdge, limitBody(MAX_BATCH_BYTES + ENVELOPE_BYTES), async (c) => {
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
