import type { Now } from "./clock.ts";
import type { Credential } from "./credential.ts";
import type { BarrierAction, LaneDirection } from "./lane.ts";
import type {
  AttemptId,
  CommandId,
  ImageId,
  JobId,
  MovementId,
  PaymentId,
  StayId,
  TicketNumber,
} from "./ids.ts";
import type { AlarmKind } from "./alarm.ts";
import type {
  AttemptStatus,
  MovementKind,
  PaymentMethod,
  ReviewReason,
  RightKind,
  TicketStep,
} from "./stay.ts";
import type { Quote } from "../pricing/quote-model.ts";

/** What a lane decides and a store writes: the vocabulary they share without knowing each other. */

/** Rising edges of the loops since a boot of the board: what passed while nobody was listening. */
export type LoopCounts = {
  readonly boot: string;
  /** Of the loop before the arm; 0 where it is not counted. */
  readonly arming: number;
  readonly safety: number;
  readonly closing: number;
};

/** A plate read as a lane sees it: stamped by the agent's clock, its picture already on disk. */
export type LaneRead = {
  readonly plate: string | null;
  readonly raw: string;
  readonly confidence: number | null;
  readonly camera: string;
  readonly sourceId: string | null;
  readonly claimedAtMs: number | null;
  readonly imageId: ImageId | null;
  readonly at: Now;
};

/** What kind of vehicle a lane lets in, by the tariff's names of them. */
export type Vehicle = { readonly type: string; readonly ev: boolean; readonly accessible: boolean };

/** The stay a lane is working on. */
export type StayInHand = {
  readonly stayId: StayId;
  readonly ticketNumber: TicketNumber;
  readonly plate: string | null;
  readonly entryWallMs: number;
  readonly status: "provisional" | "open";
  /** The permit or reservation it was begun under; null = pays by the tariff. */
  readonly right: { readonly kind: RightKind; readonly id: string } | null;
  /** At an exit: what the stay costs, and what is still due. No quote where a right covers it without a tariff. */
  readonly due: { readonly quote: Quote | null; readonly amountMinor: number } | null;
};

/** One vehicle more or less in a zone. The facility itself is counted apart. */
export type ZoneChange = { readonly zone: string; readonly by: 1 | -1 };

/**
 * The right to one opening for one passage. Never queued, and never renewed by a restart: a credit found after
 * a restart is only resolved (did it pass?), it opens nothing.
 */
export type Credit = {
  readonly kind: "stay" | "vend";
  readonly stay: StayInHand | null;
  readonly plate: string | null;
  readonly countsAtGrant: LoopCounts | null;
};

/** Things to be written with a lane's transition, in one transaction, before any command leaves. */
export type GateRecord =
  | {
      readonly type: "stay_started";
      readonly stay: StayInHand;
      /** What it was begun with; a card or a code shown again finds the stay. */
      readonly credential: Credential | null;
      /** The innermost zone that the lane leads into; null = the facility without one. */
      readonly zone: string | null;
      /** Left out where the lane is for any vehicle: a car. */
      readonly vehicle?: Vehicle;
    }
  | { readonly type: "stay_voided"; readonly stayId: StayId; readonly reason: string }
  | { readonly type: "stay_review"; readonly stayId: StayId; readonly review: ReviewReason }
  | {
      readonly type: "movement";
      readonly movementId: MovementId;
      readonly direction: "in" | "out";
      readonly kind: MovementKind;
      /** `zone` = within the facility, from one zone into another: the stay goes on. */
      readonly scope: "facility" | "zone";
      readonly zones: readonly ZoneChange[];
      readonly stayId: StayId | null;
      readonly plate: string | null;
      readonly review: ReviewReason | null;
      readonly quote: Quote | null;
    }
  | {
      readonly type: "payment";
      readonly paymentId: PaymentId;
      readonly stayId: StayId;
      readonly method: PaymentMethod;
      readonly amountMinor: number;
      readonly changeMinor: number;
      /** An attendant's name; `terminal` for a card payment. */
      readonly actor: string;
      readonly idempotencyKey: string;
      /** What the stay cost when it was paid for; null where money came without anybody asking for it. */
      readonly quote: Quote | null;
      /** A terminal's own number of the payment. */
      readonly reference: string | null;
    }
  /** A step of one card payment; the first is written before the terminal is asked. */
  | {
      readonly type: "attempt";
      readonly attemptId: AttemptId;
      readonly stayId: StayId;
      readonly amountMinor: number;
      readonly status: AttemptStatus;
      /** The terminal's receipt number, where it gave one. */
      readonly receipt: string | null;
      readonly detail: string;
    }
  /** A step of one ticket on its way to the driver; the first is written before the printer is told. */
  | {
      readonly type: "ticket";
      readonly jobId: JobId;
      readonly stayId: StayId;
      readonly step: TicketStep;
      readonly detail: string;
    }
  | {
      readonly type: "vend";
      readonly commandId: CommandId;
      readonly actor: string;
      readonly reason: string;
      readonly idempotencyKey: string;
    }
  /** A person said which stay the vehicle at an exit is. */
  | {
      readonly type: "identified";
      readonly stayId: StayId;
      readonly actor: string;
      readonly reason: string;
    }
  /** A person looked at a lane in doubt and vouched for it. */
  | { readonly type: "reset"; readonly actor: string; readonly reason: string }
  /** A person held the arm open, or let go of it; also the fire panel, the key switch, a mode and a policy. */
  | {
      readonly type: "hold";
      readonly on: boolean;
      readonly cause: HoldCause;
      readonly actor: string | null;
      readonly reason: string;
    }
  /** A reversible lane goes the other way from now on. */
  | { readonly type: "turned"; readonly direction: LaneDirection; readonly actor: string | null }
  /** Begins an alarm; without effect while one of this kind lasts at this lane. */
  | { readonly type: "alarm"; readonly kind: AlarmKind; readonly detail: string }
  /** Ends the lasting alarm of this kind at this lane, if there is one. */
  | { readonly type: "alarm_over"; readonly kind: AlarmKind };

/** Why an arm is held open. */
export const HOLD_CAUSES = ["operator", "key_switch", "fire", "mode", "policy"] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** A command as it is written down, and then sent. */
export type LaneCommand = {
  readonly id: CommandId;
  readonly action: BarrierAction;
  readonly pulseMs: number;
  /** On the agent's monotonic clock. */
  readonly deadlineMs: number;
  /** Reopening onto an obstruction: sent even when the disk refuses the record. */
  readonly safety: boolean;
};

/** What a lane asks of its other devices, after it is written down. */
export type LaneOrder =
  | { readonly kind: "print"; readonly jobId: JobId; readonly stay: StayInHand; readonly deadlineMs: number }
  | { readonly kind: "retract"; readonly jobId: JobId }
  | {
      readonly kind: "authorise";
      readonly attemptId: AttemptId;
      readonly amountMinor: number;
      readonly deadlineMs: number;
    }
  /** What became of an attempt in doubt: it is asked, never charged again. */
  | { readonly kind: "enquire"; readonly attemptId: AttemptId; readonly amountMinor: number }
  | { readonly kind: "abort"; readonly attemptId: AttemptId }
  | {
      readonly kind: "reverse";
      readonly attemptId: AttemptId;
      readonly amountMinor: number;
      readonly receipt: string;
    }
  | { readonly kind: "indicate"; readonly signal: "granted" | "denied" };

/** How a card terminal answers about one attempt. */
export type TerminalOutcome =
  /** `receipt` is the terminal's own number of the payment; `card` the masked number or the brand. */
  | { readonly kind: "approved"; readonly receipt: string; readonly card: string }
  | { readonly kind: "declined"; readonly reason: string }
  /** The terminal never took it on: nothing was charged. */
  | { readonly kind: "refused"; readonly reason: string }
  /** In doubt: it may have been charged. */
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "reversed" };
