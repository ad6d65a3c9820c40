import { Hono } from "hono";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { limitBody, sendProblem, type AppEnv } from "../http.ts";
import type { WebhookReader } from "./provider-event.ts";
import { applyProviderEvent } from "./queries.ts";

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

/**
 * `POST /api/payments/webhooks/<provider>`: what a payment provider tells us, signed. 200 also for what was told
 * before, so that it is not sent for ever; 401 for a forged one, 400 for one that is not understood. Edges hear of the
 * money by their downlink.
 */
export function paymentRoutes({ db, clock, log, webhooks, mintId }: PaymentDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });

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

  return routes;
}
