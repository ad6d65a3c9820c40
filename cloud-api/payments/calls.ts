import type { Api } from "../platform/api.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import type { WebhookReader } from "./provider-event.ts";
import { paymentActCalls } from "./act-calls.ts";
import { paymentCalls } from "./payment-calls.ts";
import { reconciliationCalls } from "./reconciliation-calls.ts";
import { refundCalls } from "./refund-calls.ts";
import { paymentRoutes } from "./routes.ts";
import { stayCalls } from "./stay-calls.ts";

/** The calls of payments. What a path names beside an id comes first: `/reconciliations/` is no payment. */
export function addPaymentCalls(
  api: Api,
  deps: PaymentDeps & {
    /** Providers of which only the webhooks are set up. */
    readonly webhooks?: readonly WebhookReader[] | undefined;
  },
): void {
  api.routes.route("/", paymentRoutes({ ...deps, webhooks: deps.webhooks ?? [] }));
  reconciliationCalls(api, deps);
  paymentCalls(api, deps);
  paymentActCalls(api, deps);
  refundCalls(api, deps);
  stayCalls(api, deps);
}
