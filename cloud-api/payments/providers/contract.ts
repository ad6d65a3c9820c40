import type { Result } from "@parkme/shared/domain/result";
import type { ProviderPayment, Webhook, WebhookRefusal } from "../provider-event.ts";

/**
 * What a payment provider has to do. A provider is a package that is named in the configuration and exports
 * `createProvider` and `PROVIDER_CONTRACT`; see load.ts. Amounts are in the currency's minor unit by ISO 4217. Calls may be
 * made again at any time, also after a crash in the middle of one: the ids of ours that they carry are the keys by which
 * a provider does each thing once.
 */
export const PROVIDER_CONTRACT = 1;

export const PAYMENT_METHODS = ["card", "upi", "online", "cash"] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/** A payment of ours, as its provider is told of it. */
export type Order = {
  /** The key by which it is begun once. */
  readonly paymentId: string;
  readonly facilityId: string;
  readonly method: PaymentMethod;
  readonly amountMinor: number;
  readonly currency: string;
  /** The money is only reserved until somebody captures it. */
  readonly manualCapture: boolean;
  /** For the payer's statement: `Booking`, `Parking`, ... */
  readonly description: string;
  readonly madeAt: Date;
};

/** A payment that the provider has a number for. */
export type KnownOrder = Order & {
  /** The provider's own id. */
  readonly reference: string;
  /** The provider's own id of the movement of money, where that is another. */
  readonly charge: string | null;
};

export type ProviderStatus = "pending" | "authorized" | "captured" | "failed" | "cancelled";

/** How a payment stands at the provider. */
export type PaymentState = {
  readonly reference: string;
  readonly charge: string | null;
  /** `pending` also where an attempt failed and another may follow; `failed` = it is over without money. */
  readonly status: ProviderStatus;
  readonly method: PaymentMethod;
  /** What was captured; null = nothing yet. */
  readonly capturedMinor: number | null;
  readonly currency: string;
  /** By the provider's clock, where it says. */
  readonly capturedAt: Date | null;
  /** Why the last attempt failed: a code or a few words, nothing about the payer. */
  readonly failure: string | null;
  /** What the payer's program needs to go on: handed to it, never stored. */
  readonly client: Readonly<Record<string, string>>;
};

export type RefundOrder = {
  /** The key by which it is done once. */
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason: string;
  /** The provider's own id, where it is known. */
  readonly reference: string | null;
  /** It was asked for before, and it is not known what became of that: look for it first. */
  readonly again: boolean;
};

export type RefundState = {
  readonly reference: string;
  readonly status: "pending" | "done" | "failed";
  readonly amountMinor: number;
  readonly currency: string;
  /** When it was made, by the provider's clock, where it says. */
  readonly at: Date | null;
};

/** A line of a provider's list of a day. */
export type DayEntry = {
  readonly kind: "capture" | "refund";
  /** As the ledger has it: the charge, or the payment where there is no charge; the refund. */
  readonly reference: string;
  /** What the payment that it belongs to is called, where the entry says. */
  readonly of: string | null;
  /** It carries an id of ours: others may use the same account. */
  readonly ours: boolean;
  readonly amountMinor: number;
  readonly currency: string;
  readonly at: Date;
};

/** What a webhook says, in our words. */
export type ProviderNotice = {
  /** The provider's own id of the event: the same event sent again has the same. */
  readonly eventId: string;
  readonly kind: string;
  /** Kept for people, without what is about the payer. */
  readonly payload: unknown;
  readonly told:
    | { readonly type: "payment"; readonly paymentId: string | null; readonly state: PaymentState }
    | {
        readonly type: "refund";
        /** What the payment, or its charge, is called. */
        readonly of: string;
        /** Ours; null = it was made in the provider's own pages. */
        readonly refundId: string | null;
        readonly state: RefundState;
      }
    /** Begun elsewhere for a stay at a gate. */
    | { readonly type: "stay"; readonly payment: ProviderPayment }
    /** Of no consequence here. */
    | null;
};

/** @throws {ProviderError} from every call that asks the provider. */
export type Provider = {
  /** As in requests and in the address of its webhooks. */
  readonly name: string;
  /** The first is taken where a request names none. */
  readonly methods: readonly PaymentMethod[];
  /** ISO 4217 codes; null = any. */
  readonly currencies: readonly string[] | null;
  readonly canAuthorize: boolean;
  /** Begins a payment, once for each payment id. */
  readonly begin: (order: Order) => Promise<PaymentState>;
  readonly status: (order: KnownOrder) => Promise<PaymentState>;
  /** The payer's program says that it is done, with what it was given. `byStaff`: a person of ours says so. */
  readonly confirm: (
    order: KnownOrder,
    proof: Readonly<Record<string, string>>,
    byStaff: boolean,
  ) => Promise<PaymentState>;
  /** Takes what was authorized, or less. */
  readonly capture: (order: KnownOrder, amountMinor: number) => Promise<PaymentState>;
  /** Nobody is to pay it any more; where it was too late for that, the state says so. */
  readonly cancel: (order: KnownOrder) => Promise<PaymentState>;
  /** Gives money back, once for each refund id. */
  readonly refund: (order: KnownOrder, refund: RefundOrder) => Promise<RefundState>;
  readonly refundStatus: (
    order: KnownOrder,
    refund: RefundOrder & { readonly reference: string },
  ) => Promise<RefundState>;
  /** What was captured and given back from one moment to before another; null = it keeps no list. */
  readonly entries: ((from: Date, until: Date) => AsyncIterable<DayEntry>) | null;
  /** Null = it has none. */
  readonly readWebhook: ((webhook: Webhook, now: Date) => Result<ProviderNotice, WebhookRefusal>) | null;
};

/**
 * `refused` = the provider said no, and nothing happened; `unreachable` = no answer, or none that says what happened.
 * Messages are told to people: they have no secrets and nothing about the payer.
 */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  readonly kind: "refused" | "unreachable";

  constructor(kind: "refused" | "unreachable", message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What a provider is made with. */
export type ProviderConfig = {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The contents of the files that the configuration names. */
  readonly secrets: Readonly<Record<string, string>>;
};

/** The one function of a provider's package. @throws with words for whoever wrote the configuration. */
export type CreateProvider = (config: ProviderConfig) => Provider | Promise<Provider>;
