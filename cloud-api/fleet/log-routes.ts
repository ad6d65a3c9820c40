import { Hono, type Context } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { LogAck } from "@parkme/shared/protocol/log";
import type { Db } from "../db/connection.ts";
import { readBody, sendProblem } from "../http.ts";
import type { IngestMetrics } from "../metrics.ts";
import type { Door } from "./door.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import { ingestBatch } from "./ingest.ts";
import { raiseIncident } from "./incidents.queries.ts";
import { MAX_BODY_BYTES, readBatch, type NoBatch } from "./log-body.ts";
import type { Edge } from "./queries.ts";
import { sendRefusal } from "./refusal.ts";

export type LogDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  /** Called after a commit that changed what is shown of an edge's facility. */
  readonly onChange: (edge: Edge) => void;
  readonly door: Door;
};

/** `POST /api/edge/log`: the lines of an edge's log, in their order. See shared/protocol/log. */
export function logRoutes({ db, clock, metrics, onChange, door }: LogDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });

  routes.post("/api/edge/log", requireEdge(db, clock), async (c) => {
    // The body first: an edge on a slow line keeps nobody else from the door.
    const body = await readBody(c, MAX_BODY_BYTES);
    if (body === null) {
      // The rest of it is still coming: the connection is of no use for another request.
      c.header("connection", "close");
      return sendProblem(
        c,
        problem(413, "body_too_large", `the body is longer than ${MAX_BODY_BYTES} bytes`),
      );
    }
    if (c.req.header("content-encoding")?.toLowerCase() !== "gzip")
      return sendProblem(c, problem(415, "not_gzip", "a batch comes as gzip", "content-encoding"));
    const edge = c.get("edge");
    const passed = await door.pass(edge.id, () => takeBody(c, edge, body));
    if (passed.kind === "done") return passed.result;
    metrics.busy(edge.facilitySlug);
    return sendRefusal(c, { code: "busy", retry_after_ms: passed.retryAfterMs });
  });

  async function takeBody(c: Context<EdgeEnv>, edge: Edge, body: Uint8Array): Promise<Response> {
    const startedMs = clock.monotonicMs();
    const now = new Date(clock.wallMs());
    const batch = readBatch(body);
    if (!batch.ok) return await refuseBody(c, edge, batch.error, now);
    if (batch.value.header.edge_id !== edge.id)
      return sendProblem(c, problem(401, "unknown_edge", "the bearer token is another edge's", "edge_id"));
    const outcome = await ingestBatch(db, edge, batch.value, now);
    metrics.observe(edge.facilitySlug, outcome, (clock.monotonicMs() - startedMs) / 1_000);
    if (outcome.kind === "refused") return sendRefusal(c, outcome.refusal);
    onChange(edge);
    return c.json<LogAck>({
      ...outcome.head,
      window: door.window(batch.value.header.waiting > 0),
      now: now.toISOString(),
    });
  }

  async function refuseBody(c: Context, edge: Edge, bad: NoBatch, now: Date): Promise<Response> {
    if (bad.kind === "invalid") return sendProblem(c, problem(400, "invalid", bad.detail, bad.field));
    if (bad.kind === "too_large") return sendProblem(c, problem(413, "body_too_large", bad.detail));
    const { facilityId, id: edgeId } = edge;
    const detail = `the lines from ${bad.seq} on are not those that the edge hashed`;
    await raiseIncident(db, { facilityId, edgeId, kind: "broken_chain", detail }, now);
    return sendRefusal(c, { code: "broken_chain", seq: bad.seq });
  }

  return routes;
}
