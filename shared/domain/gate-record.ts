import type { Now } from "./clock.ts";
import type { BarrierAction } from "./lane.ts";
import type { CommandId, ImageId, MovementId, PaymentId, StayId, TicketNumber } from "./ids.ts";
import type { AlarmKind, MovementKind, PaymentMethod, ReviewReason } from "./stay.ts";
import type { Quote } from "../pricing/quote.ts";

/** What a lane decides and a store writes: the vocabulary they share without knowing each other. */

/** Rising edges of the loops since a boot of the board: what passed while nobody was listening. */
export type LoopCounts = { readonly boot: string; readonly safety: number; readonly closing: number };

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

/** The stay a lane is working on. */
export type StayInHand = {
  readonly stayId: StayId;
  readonly ticketNumber: TicketNumber;
  readonly plate: string | null;
  readonly entryWallMs: number;
  readonly status: "provisional" | "open";
  /** At an exit: what the stay costs, and what is still due. */
  readonly due: { readonly quote: Quote; readonly amountMinor: number } | null;
};

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
  | { readonly type: "stay_started"; readonly stay: StayInHand }
  | { readonly type: "stay_voided"; readonly stayId: StayId; readonly reason: string }
  | { readonly type: "stay_review"; readonly stayId: StayId; readonly review: ReviewReason }
  | {
      readonly type: "movement";
      readonly movementId: MovementId;
      readonly direction: "in" | "out";
      readonly kind: MovementKind;
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
      readonly actor: string;
      readonly idempotencyKey: string;
    }
  | {
      readonly type: "vend";
      readonly commandId: CommandId;
      readonly actor: string;
      readonly reason: string;
      readonly idempotencyKey: string;
    }
  /** A person looked at a lane in doubt and vouched for it. */
  | { readonly type: "reset"; readonly actor: string; readonly reason: string }
  | { readonly type: "alarm"; readonly kind: AlarmKind; readonly detail: string };

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
