import { Hono, type Context } from "hono";
import { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";
import { helloSchema, newEpochSchema, type HelloAnswer, type Window } from "@parkme/shared/protocol/log";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Db } from "../db/connection.ts";
import { contentDigest, limitBody, readJson, sendProblem } from "../http.ts";
import { signingKey } from "./cloud-keys.queries.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import { hear, startEpoch } from "./hello.ts";
import { sendRefusal } from "./refusal.ts";
import { readTail } from "./tail.ts";

export type HelloDeps = {
  readonly db: Db;
  readonly clock: Clock;
  /** What the next batch is granted. */
  readonly window: (hasMore: boolean) => Window;
};

/** A hello with the longest locator is about 10 KB. */
const MAX_HELLO_BYTES = 32_768;
const MAX_EPOCH_BYTES = 4_096;
const afterSchema = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** `POST /api/edge/hello`, `POST /api/edge/epochs`, `GET /api/edge/log?after=SEQ`. See shared/protocol/log. */
export function helloRoutes({ db, clock, window }: HelloDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  const edgesOnly = requireEdge(db, clock);

  routes.post("/api/edge/hello", edgesOnly, limitBody(MAX_HELLO_BYTES), async (c) => {
    const hello = helloSchema.safeParse(await readJson(c));
    if (!hello.success) return refuseShape(c, hello.error);
    const edge = c.get("edge");
    if (hello.data.edge_id !== edge.id)
      return sendProblem(c, problem(401, "unknown_edge", "the bearer token is another edge's", "edge_id"));
    const now = new Date(clock.wallMs());
    const heard = await hear(db, edge, hello.data, now);
    if (heard.kind === "refused") return sendRefusal(c, heard.refusal);
    const { verdict, head, common } = heard;
    const { publicKey: signing_key } = await signingKey(db);
    const answer: HelloAnswer = {
      verdict,
      head,
      common,
      window: window(hello.data.head.seq > head.seq),
      signing_key,
      now: now.toISOString(),
    };
    const text = JSON.stringify(answer);
    const headers = { "content-type": "application/json", "content-digest": contentDigest(text) };
    return c.body(text, 200, headers);
  });

  routes.post("/api/edge/epochs", edgesOnly, limitBody(MAX_EPOCH_BYTES), async (c) => {
    const begun = newEpochSchema.safeParse(await readJson(c));
    if (!begun.success) return refuseShape(c, begun.error);
    const outcome = await startEpoch(db, c.get("edge"), begun.data, new Date(clock.wallMs()));
    if (outcome.kind === "refused") return sendRefusal(c, outcome.refusal);
    return c.json({ epoch: begun.data.epoch });
  });

  routes.get("/api/edge/log", edgesOnly, async (c) => {
    const after = afterSchema.safeParse(c.req.query("after"));
    if (!after.success) return refuseShape(c, after.error, "after");
    const body = await readTail(db, c.get("edge").id, after.data);
    c.header("cache-control", "no-store");
    return c.body(new Uint8Array(body), 200, {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
    });
  });

  return routes;
}

function refuseShape(c: Context, error: z.ZodError, field?: string): Response {
  const [issue] = error.issues;
  const where = field ?? (issue?.path.join(".") || undefined);
  return sendProblem(c, problem(400, "invalid", issue?.message ?? "not what is asked for", where));
}
