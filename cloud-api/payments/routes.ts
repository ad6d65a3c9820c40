import { Hono } from "hono";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Db } from "../db/connection.ts";
import { limitBody, sendProblem, type AppEnv } from "../http.ts";
import type { PaymentEffects } from "./effects.ts";
import type { Webhook, WebhookReader, WebhookRefusal } from "./provider-event.ts";
import type { Provider, ProviderNotice } from "./providers/contract.ts";
import { withoutPayer } from "./redact.ts";
import { applyNotice } from "./webhooks.ts";

type WebhookDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Providers of which only the webhooks are set up: others begin their payments for stays. */
  readonly webhooks: readonly WebhookReader[];
  readonly providers: readonly Provider[];
  readonly effects: PaymentEffects;
};

/** The largest that the providers document is a few dozen kilobytes. */
const MAX_WEBHOOK_BYTES = 256 * 1024;

/**
 * `POST /api/payments/webhooks/<provider>`: what a payment provider tells us, signed over its bytes. 200 also for what was
 * told before, so that it is not sent for ever; 401 for a forged one, 400 for one that is not understood, 409 for one that
 * comes too early and has to be sent again. Edges hear of the money by their downlink. It is no call of the API: nobody
 * signs in to it, and nobody counts its requests.
 */
export function paymentRoutes(deps: WebhookDeps): Hono<AppEnv> {
  const { clock, log } = deps;
  const routes = new Hono<AppEnv>({ strict: false });

  routes.post("/api/payments/webhooks/:provider", limitBody(MAX_WEBHOOK_BYTES), async (c) => {
    const name = c.req.param("provider");
    const read = readerOf(deps, name);
    if (read === null)
      return sendProblem(c, problem(404, "unknown_provider", "no such payment provider is set up"));
    const body = new Uint8Array(await c.req.arrayBuffer());
    const now = new Date(clock.wallMs());
    const notice = read({ header: (header) => c.req.header(header), body }, now);
    if (!notice.ok) {
      log.warn({ provider: name, why: notice.error }, "a webhook was refused");
      return notice.error === "forged"
        ? sendProblem(c, problem(401, "forged", "the signature is not the provider's"))
        : sendProblem(c, problem(400, "malformed", "the event is not understood"));
    }
    const outcome = await applyNotice(deps, name, notice.value, now);
    const { eventId, kind } = notice.value;
    log[outcome === "unmatched" ? "warn" : "info"]({ provider: name, eventId, kind, outcome }, "webhook");
    return c.json({ outcome });
  });

  return routes;
}

type Read = (webhook: Webhook, now: Date) => Result<ProviderNotice, WebhookRefusal>;

function readerOf({ providers, webhooks, log }: WebhookDeps, name: string): Read | null {
  const read = providers.find((provider) => provider.name === name)?.readWebhook;
  if (read != null)
    return (webhook, now) => {
      try {
        return read(webhook, now);
      } catch (error) {
        // A package that was not ours to test.
        log.error(
          { provider: name, error: error instanceof Error ? error.name : "no error" },
          "a provider's package failed",
        );
        return err("malformed");
      }
    };
  const reader = webhooks.find((one) => one.name === name);
  return reader === undefined ? null : (webhook) => noticeOf(reader, webhook);
}

function noticeOf(reader: WebhookReader, webhook: Webhook): ReturnType<Read> {
  const event = reader.read(webhook);
  if (!event.ok) return err(event.error);
  const { payment, payload } = event.value;
  const told = payment === null ? null : ({ type: "stay", payment } as const);
  return ok({ ...event.value, payload: withoutPayer(payload), told });
}
