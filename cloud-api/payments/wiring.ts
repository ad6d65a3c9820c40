import { BOOKING_PAYMENTS } from "../bookings/paid.queries.ts";
import type { Db } from "../db/connection.ts";
import { VIOLATION_PAYMENTS } from "../enforcement/payment-effects.ts";
import type { Estimator } from "../pricing/estimate.ts";
import { SUBSCRIPTION_PAYMENTS } from "../subscriptions/payments.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import { createProvider as createCash } from "./providers/cash.ts";
import type { Provider } from "./providers/contract.ts";
import { stayPayments } from "./stay-payments.ts";

/** Payments with the other parts of the platform. */
export function paymentDepsOf(
  deps: Pick<PaymentDeps, "clock" | "log"> & {
    readonly db: Db;
    /** Left out: cash is taken, and nothing else. */
    readonly providers?: readonly Provider[] | undefined;
  },
  estimator: Pick<Estimator, "estimate">,
): PaymentDeps {
  const { db, clock, log, providers = [createCash({ name: "cash" })] } = deps;
  const effects = {
    booking: BOOKING_PAYMENTS,
    violation: VIOLATION_PAYMENTS,
    subscription: SUBSCRIPTION_PAYMENTS,
    stay: stayPayments(estimator.estimate),
  };
  return { db, clock, log, providers, effects };
}
