import { Hono } from "hono";
import type { Logger } from "pino";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { RemotePayments } from "@parkme/shared/protocol/remote-payments";
import type { Db } from "../db/connection.ts";
import { requireEdge, type EdgeEnv } from "../fleet/edge-auth.ts";
import { limitBody, sendProblem } from "../http.ts";
import type { WebhookReader } from "./provider-event.ts";
import { applyProviderEvent, readFeed } from "./queries.ts";

type PaymentDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Providers that are set up. */
  readonly webhooks: readonly WebhookReader[];
  /** Mints the id of a payment. */
  readonly mintId: () => string;
};

/** The largest that the providers document is a few dozen kilobytes. */
const MAX_WEBHOOK_BYTES = 256 * 1024;
const feedQuery = z.object({ after: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER) });

/**
 * `POST /api/payments/webhooks/<provider>`: what a payment provider tells us, signed. 200 also for what was told
 * before, so that it is not sent for ever; 401 for a forged one, 400 for one that is not understood.
 * `GET /api/edge/payments?after=`: see shared/protocol/remote-payments.
 */
export function paymentRoutes({ db, clock, log, webhooks, mintId }: PaymentDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });

  routes.post("/api/payments/webhooks/:provider", limitBody(MAX_WEBHOOK_BYTES), async (c) => {
    const provider = webhooks.find(({ name }) => name === c.req.param("provider"));
    if (provider === undefined)
      return sendProblem(c, problem(404, "unknown_provider", "no such payment provider is set up"));
    const body = new Uint8Array(await c.req.arrayBuffer());
    const event = provider.read({ header: (name) => c.req.header(name), body });
    if (!event.ok) {
      log.warn({ provider: provider.name, why: event.error }, "a webhook was refused");
      return event.error === "forged"
        ? sendProblem(c, problem(401, "forged", "the signature is not the provider's"))
        : sendProblem(c, problem(400, "malformed", "the event is not understood"));
    }
    const outcome = await applyProviderEvent(
      db,
      provider.name,
      event.value,
      mintId,
      new Date(clock.wallMs()),
    );
    const { eventId, kind } = event.value;
    log[outcome === "unmatched" ? "warn" : "info"](
      { provider: provider.name, eventId, kind, outcome },
      "webhook",
    );
    return c.json({ outcome });
  });

  routes.get("/api/edge/payments", requireEdge(db), async (c) => {
    const query = feedQuery.safeParse(c.req.query());
    if (!query.success) return sendProblem(c, problem(400, "invalid", "after must be a number", "after"));
    const payments = await readFeed(db, c.get("edge").facilityId, query.data.after);
    return c.json<RemotePayments>({ payments });
  });

  return routes;
}
