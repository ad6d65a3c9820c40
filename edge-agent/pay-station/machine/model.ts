import type { Now } from "@parkme/shared/domain/clock";
import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, IdMint, PaymentId, StayId } from "@parkme/shared/domain/ids";
import type { Currency } from "@parkme/shared/domain/money";
import type { Quote } from "@parkme/shared/pricing/quote-model";

/**
 * A pay station as a pure machine: where drivers on foot pay by card before they go to their cars. It asks its terminal
 * for one payment at a time, and never for a stay whose last payment is in doubt.
 */

export const STATION_STATES = [
  /** Nobody is here. */
  "IDLE",
  /** Says something for a while: already paid, nothing to pay, refused, pay at the desk. */
  "SHOWING",
  /** The terminal was asked for what is due. */
  "PAYING",
  /** The terminal does not say whether the card was charged: it is asked that, for as long as a driver waits. */
  "IN_DOUBT",
  /** Paid. */
  "THANKS",
  /** Cannot read anything, or cannot write anything down. */
  "OUT_OF_ORDER",
] as const;
export type StationState = (typeof STATION_STATES)[number];

/** Two lines of a display. */
export type Lines = readonly [string, string];

/** What a reader has read. */
export type Shown = { readonly medium: "card" | "code"; readonly text: string };

export type Attempt = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
  readonly amountMinor: number;
  /** Null = taken up after a restart, and its price is not known any more: only what was asked for. */
  readonly quote: Quote | null;
  readonly phase: "asked" | "aborting" | "unknown";
};

/** What stands behind something that was shown. */
export type Found =
  | {
      readonly kind: "stay";
      readonly stayId: StayId;
      readonly quote: Quote;
      /** What is to be paid now. */
      readonly amountMinor: number;
      /** Paid for already: the time to leave. */
      readonly leaveByMs: number | null;
      /** A permit pays for it. */
      readonly covered: boolean;
      /** The code was a merchant's, and this is what it has come to. */
      readonly voucher: boolean;
    }
  | {
      readonly kind: "refused";
      readonly lines: Lines;
      /** A voucher was refused, and the stay it was for waits to be paid all the same. */
      readonly goOn: boolean;
    };

export type StationDevice = "reader" | "terminal" | "printer" | "display";

export type Station = {
  readonly state: StationState;
  readonly since: Now;
  /** Monotonic: when the state is over by itself. */
  readonly dueMs: number | null;
  readonly lines: Lines;
  /** What was looked at last. */
  readonly asked: Shown | null;
  /** What the stay in hand was found by. */
  readonly ticket: Shown | null;
  readonly stayId: StayId | null;
  /** Its voucher was refused: it is looked at once more when that was shown for long enough. */
  readonly again: boolean;
  readonly attempt: Attempt | null;
  /** Looked at when the payment under way is settled without a charge. */
  readonly next: Shown | null;
  /**
   * Payments whose drivers went without knowing, oldest first: the terminal is asked about them from time to time.
   * Their stays are not charged again here; others are.
   */
  readonly doubts: readonly Attempt[];
  /** Monotonic: when it is asked about them. */
  readonly chaseMs: number | null;
  /** Null = not heard of yet. */
  readonly works: Readonly<Record<StationDevice, boolean | null>>;
  /** The alarm of a payment in doubt lasts; null = an earlier run may have raised it. */
  readonly alarmed: boolean | null;
};

export type StationEvent =
  | { readonly kind: "shown"; readonly shown: Shown }
  /** What was asked for by {@link StationStep.request}, within the same turn. */
  | { readonly kind: "found"; readonly found: Found }
  | { readonly kind: "terminal"; readonly attemptId: AttemptId; readonly outcome: TerminalOutcome }
  | { readonly kind: "due" }
  | { readonly kind: "chase" }
  /** Somebody else paid for, validated or amended that stay. */
  | { readonly kind: "stay_changed"; readonly stayId: StayId }
  | {
      readonly kind: "device";
      readonly device: StationDevice;
      readonly ok: boolean;
      readonly reason: string;
    };
export type StationEventKind = StationEvent["kind"];
export type EventOf<Kind extends StationEventKind> = Extract<StationEvent, { readonly kind: Kind }>;

/** `stayId` = the stay that is worked on: a voucher counts for it. */
export type LookUp = { readonly shown: Shown; readonly stayId: StayId | null };

/** What leaves when the turn is written down. */
export type StationOrder =
  | {
      readonly kind: "authorise";
      readonly attemptId: AttemptId;
      readonly amountMinor: number;
      readonly deadlineMs: number;
    }
  | { readonly kind: "enquire"; readonly attemptId: AttemptId; readonly amountMinor: number }
  | { readonly kind: "abort"; readonly attemptId: AttemptId }
  | { readonly kind: "indicate"; readonly signal: "granted" | "denied" }
  | { readonly kind: "receipt"; readonly paymentId: PaymentId };

export type StationStep = {
  readonly station: Station;
  readonly records: readonly GateRecord[];
  /** Stays that owe nothing: from now on they count as paid. */
  readonly settled: readonly { readonly stayId: StayId; readonly quote: Quote }[];
  readonly orders: readonly StationOrder[];
  readonly request: LookUp | null;
};

export type StationContext = {
  readonly now: Now;
  readonly mint: IdMint;
  readonly currency: Currency;
  readonly timeZone: string;
  readonly payMs: number;
  readonly showMs: number;
};

export type Cell<Kind extends StationEventKind> =
  | ((station: Station, event: EventOf<Kind>, ctx: StationContext) => StationStep)
  /** It may come at any time, and means nothing here. */
  | "ignored"
  /** It cannot come here: logged. */
  | "unexpected";
export type StationRow = { readonly [Kind in StationEventKind]: Cell<Kind> };
export type StationTable = { readonly [State in StationState]: StationRow };
