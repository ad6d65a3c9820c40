import { createHash } from "node:crypto";
import type { PaymentMethod, PaymentState, RefundState } from "./providers/contract.ts";

/** What becomes of a payment and of a refund: decided here, whatever the order in which we hear of it. */

export type PaymentStatus = "created" | "pending" | "authorized" | "captured" | "failed" | "cancelled";

/** A status only goes forward: what is true of one that comes later is not undone by one that was before it. */
const RANK: Readonly<Record<PaymentStatus, number>> = {
  created: 0,
  pending: 1,
  authorized: 2,
  failed: 3,
  cancelled: 4,
  captured: 5,
};

export const OPEN_STATUSES = ["created", "pending", "authorized"] as const satisfies readonly PaymentStatus[];

export function isOpen(status: PaymentStatus): boolean {
  return RANK[status] < RANK.failed;
}

type PaymentFacts = {
  readonly status: PaymentStatus;
  readonly reference: string | null;
  readonly charge: string | null;
  readonly method: PaymentMethod;
  readonly amountMinor: number;
  readonly currency: string;
  readonly failure: string | null;
};

export type PaymentChange = {
  readonly status: PaymentStatus;
  readonly reference: string;
  readonly charge: string | null;
  readonly method: PaymentMethod;
  readonly failure: string | null;
};

export type Advance =
  | { readonly kind: "same" }
  | { readonly kind: "changed"; readonly change: PaymentChange; readonly capturedMinor: number | null }
  /** It cannot be what we asked for: for a person to look at, and nothing changes. */
  | { readonly kind: "mismatch"; readonly why: string };

/** What a provider's word changes about a payment; `capturedMinor` where the money has come by it. */
export function advance(payment: PaymentFacts, state: PaymentState): Advance {
  const why = mismatch(payment, state);
  if (why !== null) return { kind: "mismatch", why };
  const forward = RANK[state.status] > RANK[payment.status];
  const change: PaymentChange = {
    status: forward ? state.status : payment.status,
    reference: state.reference,
    charge: forward ? (state.charge ?? payment.charge) : payment.charge,
    method: forward && state.status === "captured" ? state.method : payment.method,
    failure: forward || state.status === payment.status ? state.failure : payment.failure,
  };
  const same =
    change.status === payment.status &&
    change.reference === payment.reference &&
    change.charge === payment.charge &&
    change.failure === payment.failure;
  if (same) return { kind: "same" };
  const captured = forward && change.status === "captured";
  return { kind: "changed", change, capturedMinor: captured ? state.capturedMinor : null };
}

function mismatch(payment: PaymentFacts, state: PaymentState): string | null {
  if (payment.reference !== null && payment.reference !== state.reference)
    return "the provider has another number for it";
  if (payment.currency !== state.currency) return "it is in another currency";
  if (state.status !== "captured") return null;
  const { capturedMinor, charge } = state;
  if (capturedMinor === null || !Number.isSafeInteger(capturedMinor) || capturedMinor <= 0)
    return "it was captured without an amount";
  if (capturedMinor > payment.amountMinor) return "more was captured than was asked for";
  if (
    payment.status === "captured" &&
    charge !== null &&
    payment.charge !== null &&
    charge !== payment.charge
  )
    return "it was paid a second time";
  return null;
}

export type RefundStatus = "asked" | "pending" | "done" | "failed";
const REFUND_RANK: Readonly<Record<RefundStatus, number>> = { asked: 0, pending: 1, done: 2, failed: 3 };

export type RefundAdvance =
  | { readonly kind: "same" }
  | {
      readonly kind: "changed";
      readonly status: RefundStatus;
      /** What the ledger has of it from now on: the money that went back, or came back because the bank did not take it. */
      readonly booked: "given" | "returned" | null;
    }
  | { readonly kind: "mismatch"; readonly why: string };

/** Banks may send back what was given already: `failed` comes last, and undoes what was booked. */
export function advanceRefund(
  refund: {
    readonly status: RefundStatus;
    readonly reference: string | null;
    readonly amountMinor: number;
    readonly currency: string;
  },
  state: RefundState,
): RefundAdvance {
  if (refund.reference !== null && refund.reference !== state.reference)
    return { kind: "mismatch", why: "the provider has another number for the refund" };
  if (refund.amountMinor !== state.amountMinor || refund.currency !== state.currency)
    return { kind: "mismatch", why: "another amount was given back than was asked for" };
  const forward = REFUND_RANK[state.status] > REFUND_RANK[refund.status];
  if (!forward && refund.reference !== null) return { kind: "same" };
  const status = forward ? state.status : refund.status;
  if (forward && status === "done") return { kind: "changed", status, booked: "given" };
  if (forward && status === "failed" && refund.status === "done")
    return { kind: "changed", status, booked: "returned" };
  return { kind: "changed", status, booked: null };
}

/** What may still be given back of a payment, in minor units: refunds that wait count. */
export function refundableMinor(
  capturedMinor: number,
  refunds: readonly { readonly status: RefundStatus; readonly amountMinor: number }[],
): number {
  const given = refunds.filter(({ status }) => status !== "failed");
  return capturedMinor - given.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

type Waiting = {
  readonly id: string;
  readonly status: RefundStatus;
  readonly amountMinor: number;
  readonly madeAt: Date;
};

/** Whether a refund may be asked for: with those that were asked for, or written down before it, no more than was paid. */
export function isCovered(capturedMinor: number, refund: Waiting, refunds: readonly Waiting[]): boolean {
  const place = ({ madeAt, id }: Waiting) => `${madeAt.toISOString()} ${id}`;
  const before = refunds.filter(
    (other) =>
      other.id !== refund.id &&
      other.status !== "failed" &&
      (other.status !== "asked" || place(other) < place(refund)),
  );
  return before.reduce((sum, { amountMinor }) => sum + amountMinor, refund.amountMinor) <= capturedMinor;
}

const FIRST_POLL_MS = 10_000;
const LAST_POLL_MS = 3_600_000;
/** A payment that nobody has finished by then is given up: it is cancelled at the provider. */
export const ABANDONED_MS = 24 * 3_600_000;
/** One that was cancelled may have been paid at the same moment: it is looked at for so long after it was begun. */
const LATE_MS = 26 * 3_600_000;
/** Refunds take days at some banks; later than that a person has to ask. */
const REFUND_GIVEN_UP_MS = 30 * 24 * 3_600_000;

/** When the provider is asked (again), in ever longer intervals; null = what becomes of it is known. */
export function nextPoll(
  {
    status,
    polls,
    madeAt,
  }: { readonly status: PaymentStatus; readonly polls: number; readonly madeAt: Date },
  now: Date,
): Date | null {
  if (status === "captured" || status === "failed") return null;
  const at = now.getTime() + pollAfterMs(polls);
  if (status === "cancelled" && at > madeAt.getTime() + LATE_MS) return null;
  return new Date(at);
}

export function nextRefundPoll(
  { status, polls, madeAt }: { readonly status: RefundStatus; readonly polls: number; readonly madeAt: Date },
  now: Date,
): Date | null {
  if (status === "done" || status === "failed") return null;
  const at = now.getTime() + pollAfterMs(polls);
  return at > madeAt.getTime() + REFUND_GIVEN_UP_MS ? null : new Date(at);
}

function pollAfterMs(polls: number): number {
  return Math.min(LAST_POLL_MS, FIRST_POLL_MS * 2 ** Math.min(polls, 20));
}

/**
 * The id of what is asked for with an `Idempotency-Key`: the same person with the same key means the same payment, or
 * the same refund. A UUID of version 8 (RFC 9562).
 */
export function idOfKey(kind: "payment" | "refund", owner: string, key: string): string {
  const hex = createHash("sha256").update(`${kind}\n${owner}\n${key}`).digest("hex");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
