import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Purpose } from "./effects.ts";
import type { PaymentRow } from "./payments.queries.ts";
import {
  ProviderError,
  type KnownOrder,
  type Order,
  type Provider,
  type RefundOrder,
} from "./providers/contract.ts";
import type { RefundRow } from "./refunds.queries.ts";
import type { SettleDeps } from "./settle.ts";

export type PaymentDeps = SettleDeps & {
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly providers: readonly Provider[];
};

export function findProvider({ providers }: Pick<PaymentDeps, "providers">, name: string): Provider | null {
  return providers.find((provider) => provider.name === name) ?? null;
}

/** A provider's library has a limit of its own; one that forgot it does not hold up a request for ever. */
const MAX_CALL_MS = 65_000;

/**
 * Asks a provider, outside any transaction. @throws {ProviderError} and nothing else: what a package throws besides says
 * nothing of what happened over there.
 */
export async function askProvider<T>(
  { log }: Pick<PaymentDeps, "log">,
  { name }: Provider,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProviderError("unreachable", `${name} gave no answer`)), MAX_CALL_MS);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    log.error(
      { provider: name, error: error instanceof Error ? error.name : "no error" },
      "a provider's package failed",
    );
    throw new ProviderError("unreachable", `${name} failed`);
  } finally {
    clearTimeout(timer);
  }
}

const DESCRIPTIONS: Readonly<Record<Purpose, string>> = {
  stay: "Parking",
  booking: "Parking booking",
  violation: "Parking penalty",
  subscription: "Parking pass",
};

export function orderOf(payment: PaymentRow): Order {
  const {
    id: paymentId,
    facilityId,
    method,
    amountMinor,
    currency,
    manualCapture,
    purpose,
    madeAt,
  } = payment;
  const description = DESCRIPTIONS[purpose];
  return { paymentId, facilityId, method, amountMinor, currency, manualCapture, description, madeAt };
}

/** Null = the provider has not answered yet that it has it. */
export function knownOrderOf(payment: PaymentRow): KnownOrder | null {
  const { reference, charge } = payment;
  return reference === null ? null : { ...orderOf(payment), reference, charge };
}

export function refundOrderOf(refund: RefundRow, again: boolean): RefundOrder {
  const { id: refundId, amountMinor, reason, reference } = refund;
  return { refundId, amountMinor, reason, reference, again };
}
