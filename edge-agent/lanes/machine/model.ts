import type { CommandId, IdMint, PaymentId, StayId } from "@parkme/shared/domain/ids";
import type {
  BarrierAction,
  InputValue,
  LaneDirection,
  LaneInput,
  LaneState,
} from "@parkme/shared/domain/lane";
import type { Now } from "@parkme/shared/domain/clock";
import type {
  Credit,
  GateRecord,
  LaneCommand,
  LaneRead,
  LoopCounts,
  StayInHand,
} from "@parkme/shared/domain/gate-record";
import type { ReviewReason } from "@parkme/shared/domain/stay";

/** Timers of a lane, milliseconds. Names and defaults follow the lane table of the gate handbook. */
export type LaneTimers = {
  /** Arming loop occupied for this long starts a transaction. */
  readonly armMs: number;
  /** Waiting for a plate before the driver is told that none was read. */
  readonly readMs: number;
  /** Arming loop clear for this long means the vehicle backed out. */
  readonly backMs: number;
  /** Everything under and behind the arm clear for this long allows a close. */
  readonly clearMs: number;
  /** An open arm and a vehicle that does not move: prompt it. */
  readonly noEntryMs: number;
  /** A vehicle under the arm for this long raises an alarm. */
  readonly stuckMs: number;
  /** An arm that has not reached its limit after this long gets one more pulse, then is at fault. */
  readonly moveMs: number;
};

export const TIMER_NAMES = ["arm", "read", "back", "clear", "noEntry", "stuck", "move"] as const;
export type TimerName = (typeof TIMER_NAMES)[number];

/** What a lane is, from the configuration. */
export type LaneConfig = {
  readonly name: string;
  readonly title: string;
  readonly direction: LaneDirection;
  /** Inputs this lane has wires for; arming, safety and closed_limit always. */
  readonly wired: ReadonlySet<LaneInput>;
  readonly timers: LaneTimers;
  readonly pulseMs: number;
};

/** A vehicle between the safety loop and the end of its passage. Without a credit it is uncontrolled. */
export type Passage = {
  readonly credit: Credit | null;
  /** When it reached the arm, and since when the arming loop was covered then: its reads lie around these. */
  readonly sinceMs: number;
  readonly armingSinceMs: number | null;
  /** The closing loop was covered after the safety loop. */
  readonly closingSeen: boolean;
  readonly review: ReviewReason | null;
};

export type PendingCommand = {
  readonly id: CommandId;
  readonly action: BarrierAction;
  readonly attempt: 1 | 2;
};

export type Lane = {
  readonly state: LaneState;
  readonly since: Now;
  readonly inputs: Readonly<Record<LaneInput, InputValue>>;
  readonly counts: LoopCounts | null;
  /** The safety loop has been seen to work since the last doubt: required before the first close. */
  readonly loopsProven: boolean;
  /** Since when the arming loop is covered, monotonic; null when it is clear, the last word when it is unknown. */
  readonly armingSinceMs: number | null;
  readonly timers: Readonly<Partial<Record<TimerName, number>>>;
  /** The newest reads, oldest first, bounded. */
  readonly reads: readonly LaneRead[];
  /** Plate of the last vehicle that passed, and when: repeats of it are not the next vehicle. */
  readonly lastPassed: { readonly plate: string; readonly atMs: number } | null;
  /** The plate this transaction is about. */
  readonly plate: string | null;
  readonly stay: StayInHand | null;
  readonly credit: Credit | null;
  /** In UNKNOWN: the passage that was under way when the lane lost sight of it. */
  readonly passage: Passage | null;
  readonly command: PendingCommand | null;
  /** A credit whose passage nobody saw: resolved from the board's counts as soon as inputs are proven. */
  readonly unresolved: Credit | null;
  readonly display: string;
  readonly trouble: string | null;
};

/** What the store knows, asked for by the machine and given back as the next event of the same turn. */
export type FactsRequest = { readonly purpose: "decide" | "identify"; readonly plate: string };

export type EntryFacts = {
  readonly direction: "entry";
  readonly purpose: "decide" | "identify";
  readonly plate: string;
  /** Vehicles inside, and those admitted whose passage is not confirmed yet. */
  readonly taken: number;
  readonly capacity: number;
  readonly stay: StayInHand | null;
};

export type ExitFacts = {
  readonly direction: "exit";
  readonly purpose: "decide" | "identify";
  readonly plate: string;
  readonly match:
    | { readonly kind: "one"; readonly stay: StayInHand }
    | { readonly kind: "none" }
    | { readonly kind: "several"; readonly count: number };
  /** Why the matched stay cannot be priced; null when it is. */
  readonly pricingRefusal: string | null;
};
export type Facts = EntryFacts | ExitFacts;

/**
 * What can happen to a lane, after inputs were turned into edges and timers into their names: the columns of
 * the lane tables, each with what it carries.
 */
type EventBodies = {
  readonly arming_on: object;
  readonly arming_off: object;
  readonly safety_on: object;
  readonly safety_off: object;
  /** The closing loop or the photocell. */
  readonly behind_on: { readonly input: "closing" | "photocell" };
  readonly behind_off: { readonly input: "closing" | "photocell" };
  readonly arm_opened: object;
  readonly arm_closed: object;
  readonly arm_left_closed: object;
  /** Every input became known after some were not. */
  readonly proven: object;
  readonly lost: { readonly reason: string };
  readonly read: { readonly read: LaneRead };
  readonly facts: { readonly facts: Facts };
  readonly arm_due: object;
  readonly read_due: object;
  readonly back_due: object;
  readonly clear_due: object;
  readonly noEntry_due: object;
  readonly stuck_due: object;
  readonly move_due: object;
  readonly outcome: {
    readonly commandId: CommandId;
    readonly outcome: "done" | "refused" | "silent";
    readonly detail: string;
  };
  /** An attendant took cash for the stay in hand. */
  readonly cash: {
    readonly stayId: StayId;
    /** The fee the attendant saw. */
    readonly amountMinor: number;
    readonly tenderedMinor: number;
    readonly actor: string;
    readonly idempotencyKey: string;
  };
  readonly vend: { readonly reason: string; readonly actor: string; readonly idempotencyKey: string };
  readonly reset: { readonly reason: string; readonly actor: string };
};
export type LaneEventKind = keyof EventBodies;
export type EventOf<K extends LaneEventKind> = { readonly kind: K } & EventBodies[K];
export type LaneEvent = { [K in LaneEventKind]: EventOf<K> }[LaneEventKind];

/** Answer to an attendant. */
export type Reply =
  | {
      readonly ok: true;
      readonly payment: { readonly paymentId: PaymentId; readonly changeMinor: number } | null;
    }
  | { readonly ok: false; readonly code: string; readonly message: string };

export type StepContext = {
  readonly config: LaneConfig;
  readonly now: Now;
  readonly mint: IdMint;
  /** The plate the reads agree on, or null while they do not; `final` when no more reads are waited for. */
  readonly vote: (reads: readonly LaneRead[], final: boolean) => string | null;
};

export type Step = {
  readonly lane: Lane;
  readonly records: readonly GateRecord[];
  readonly commands: readonly LaneCommand[];
  readonly request: FactsRequest | null;
  readonly reply: Reply | null;
};

/** Handles one event in one state. Pure: same arguments, same step. */
export type Handler<K extends LaneEventKind> = (lane: Lane, event: EventOf<K>, ctx: StepContext) => Step;

/** `ignored`: normal and of no consequence here. `unexpected`: cannot happen unless something is broken; counted and logged. */
export type Cell<K extends LaneEventKind> = Handler<K> | "ignored" | "unexpected";
export type Row = { readonly [K in LaneEventKind]: Cell<K> };
export type LaneTable = { readonly [S in LaneState]: Row };
