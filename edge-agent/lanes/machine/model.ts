import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { Credential } from "@parkme/shared/domain/credential";
import type { AttemptId, CommandId, IdMint, JobId, PaymentId, StayId } from "@parkme/shared/domain/ids";
import type {
  BarrierAction,
  InputValue,
  LaneDirection,
  LaneInput,
  LaneKind,
  LaneState,
} from "@parkme/shared/domain/lane";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { Now } from "@parkme/shared/domain/clock";
import type {
  Credit,
  GateRecord,
  HoldCause,
  LaneCommand,
  LaneOrder,
  LaneRead,
  LoopCounts,
  StayInHand,
  TerminalOutcome,
  Vehicle,
  ZoneChange,
} from "@parkme/shared/domain/gate-record";
import type { ReviewReason, RightKind } from "@parkme/shared/domain/stay";

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
  /** A printed ticket that nobody takes for this long is taken back; a printer that is silent for so long failed. */
  readonly takeMs: number;
  /** A terminal that has not answered after this long leaves the payment in doubt: it is asked what became of it. */
  readonly payMs: number;
};

export const TIMER_NAMES = [
  "arm",
  "read",
  "back",
  "clear",
  "noEntry",
  "stuck",
  "move",
  "take",
  "pay",
] as const;
export type TimerName = (typeof TIMER_NAMES)[number];

/** What a lane is, from the configuration. */
export type LaneConfig = {
  readonly name: string;
  readonly title: string;
  readonly kind: LaneKind;
  /** Inputs this lane has wires for; arming, safety and closed_limit always. */
  readonly wired: ReadonlySet<LaneInput>;
  readonly timers: LaneTimers;
  readonly pulseMs: number;
  /** Leads from one zone of the facility into another: a passage moves a stay, it neither begins nor ends one. */
  readonly inner: boolean;
  /** How the zones' counts change when a vehicle goes in; the other way round when it goes out. */
  readonly zones: readonly ZoneChange[];
  /** Which vehicles are given a ticket; `never` where the lane has no printer. */
  readonly ticket: "never" | "no_plate" | "always";
  readonly terminal: boolean;
  /** What it lets in, where it is for one kind of vehicle; null = any, which is a car. */
  readonly vehicle: Vehicle | null;
  readonly policy: LanePolicy;
};

/** What a site wants where more than one thing is right. */
export type LanePolicy = {
  /** A plate or card that comes in though it is inside: `soft` lets it in and flags it, `neutral` does not care. */
  readonly passback: "hard" | "soft" | "neutral";
  /** A printer that fails: let the vehicle in by its plate alone, or leave it to an attendant. */
  readonly printerFailure: "admit" | "deny";
  /** Sensors or the store fail: leave the arm as it is, or open it and hold it open (safety invariant 8). */
  readonly outage: "hold" | "open";
};

/** A vehicle between the safety loop and the end of its passage. Without a credit it is uncontrolled. */
export type Passage = {
  readonly credit: Credit | null;
  /** Its stay where that is known without a credit: it stood at the arm when the arm was opened for everybody. */
  readonly known: StayInHand | null;
  /** How the movement is written down where there is no credit. */
  readonly kind: "tailgate" | "manual" | "free";
  /** When it reached the arm, the closing loop was covered and the arming loop was not: it may come the other way. */
  readonly fromInside: boolean;
  /** When the safety loop fell behind it; null while it is under the arm. */
  readonly endedMs: number | null;
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

/** A ticket on its way to the driver. */
export type TicketInHand = { readonly jobId: JobId; readonly printed: boolean };

/** Which stay the vehicle at the arm is, on an attendant's word. `by` until that is written down. */
export type Chosen = {
  readonly stayId: StayId;
  readonly by: { readonly actor: string; readonly reason: string } | null;
};

/** A card payment that the terminal has not settled yet. */
export type Attempt = {
  readonly attemptId: AttemptId;
  readonly stayId: StayId;
  readonly amountMinor: number;
  /**
   * `asked` = the terminal has it; `aborting` = and was told to give it up; `unknown` = it may have been charged;
   * `reversing` = it was charged, and is being given back.
   */
  readonly phase: "asked" | "aborting" | "unknown" | "reversing";
  /** The terminal's number of a charge that is given back. */
  readonly receipt: string | null;
  /** The vehicle was let out by an attendant: a charge that still comes pays for its stay. */
  readonly released: boolean;
};

export type Lane = {
  readonly state: LaneState;
  /** Which way vehicles go now: fixed but for a reversible lane. */
  readonly direction: LaneDirection;
  /** The direction a reversible lane takes as soon as it is at rest; null when it has it. */
  readonly turnTo: LaneDirection | null;
  /** Who wants it to turn; null = the schedule. */
  readonly turnBy: string | null;
  readonly mode: LaneMode;
  /** In HELD_OPEN: why. */
  readonly heldBy: HoldCause | null;
  /** Lasting alarms of this lane that have not ended. */
  readonly alarms: readonly AlarmKind[];
  readonly since: Now;
  readonly inputs: Readonly<Record<LaneInput, InputValue>>;
  readonly counts: LoopCounts | null;
  /** The safety loop has been seen to work since the last doubt: required before the first close. */
  readonly loopsProven: boolean;
  /** Since when the arming loop is covered, monotonic; null when it is clear, the last word when it is unknown. */
  readonly armingSinceMs: number | null;
  /** Since when the safety loop has let go of a vehicle that the photocell still sees under the arm; null = it does not. */
  readonly heldByBeamSinceMs: number | null;
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
  /** The passage whose vehicle the store is being asked about, within the turn. */
  readonly identifying: Passage | null;
  /** Why a person should look at the passage of the vehicle in hand. */
  readonly review: ReviewReason | null;
  /** What the lists say of the vehicle in hand, once it was told: it is told once. */
  readonly alerted: EntryFacts["listed"];
  /** What the driver has shown in this transaction. */
  readonly credential: Credential | null;
  /** An attendant's word goes before plates; what the driver shows afterwards goes before that. */
  readonly chosen: Chosen | null;
  /** How many codes were refused in this transaction. */
  readonly refusedCodes: number;
  readonly ticket: TicketInHand | null;
  readonly attempt: Attempt | null;
  /** Card payments declined or refused in this transaction. */
  readonly declines: number;
  /** In DENIED: the place where a card may be charged for the stay in hand already. Nothing is taken here meanwhile. */
  readonly chargedAt: string | null;
  /** Attempts whose vehicle is gone: a charge that still comes is given back. Bounded. */
  readonly abandoned: readonly Attempt[];
  readonly display: string;
  readonly trouble: string | null;
};

/** What a lane takes up from the store when it starts. */
export type LaneStart = {
  readonly direction: LaneDirection;
  /** The credit whose passage is not confirmed. */
  readonly credit: Credit | null;
  /** Lasting alarms that have not ended. */
  readonly alarms: readonly AlarmKind[];
  readonly mode: LaneMode;
  /** Card payments that were not settled: the terminal is asked what became of them. */
  readonly abandoned: readonly Attempt[];
};

/** What the store knows, asked for by the machine and given back as the next event of the same turn. */
export type FactsRequest = {
  readonly purpose: "decide" | "identify";
  /** Which way the vehicle goes: the lane's direction, or the one its loops told of. */
  readonly direction: LaneDirection;
  /** An exit's: the vehicle is this stay, whatever was read or shown. */
  readonly stayId: StayId | null;
  /** At least one of these two, but for a vehicle that is given a ticket. */
  readonly plate: string | null;
  readonly credential: Credential | null;
};

/** A permit or reservation that fits what was shown. */
export type Right = {
  readonly kind: RightKind;
  readonly id: string;
  /** Why it does not hold here and now, in words for the driver: expired, too early, all its spaces taken. */
  readonly refused: string | null;
  /** Its own quota has room: it is let in though the place is full for others. */
  readonly room: boolean;
};

export type EntryFacts = {
  readonly direction: "entry";
  readonly purpose: "decide" | "identify";
  readonly plate: string | null;
  readonly credential: Credential | null;
  /** The place with no room for one more vehicle, by its title; null while there is room everywhere. */
  readonly full: string | null;
  readonly right: Right | null;
  readonly listed: "blocked" | "watched" | null;
  /** The stay inside with this plate or credential. At an inner lane: the stay that goes on into the zone. */
  readonly stay: StayInHand | null;
  /** Anti-passback was reset since that stay began: nobody minds that it is still open. */
  readonly neutral: boolean;
};

export type ExitFacts = {
  readonly direction: "exit";
  readonly purpose: "decide" | "identify";
  readonly plate: string | null;
  readonly credential: Credential | null;
  readonly match:
    | {
        readonly kind: "one";
        readonly stay: StayInHand;
        /** Another lane, a pay station or the desk, where a card may be charged for this stay; null = nowhere. */
        readonly chargedAt: string | null;
      }
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
  /** Every sensor became known after some were not. */
  readonly proven: object;
  /** The board of the barrier is silent: no sensor is known, and no command would arrive. */
  readonly lost: { readonly reason: string };
  /** Some sensor is unknown while the barrier can still be commanded. */
  readonly stale: { readonly reason: string };
  readonly button_on: object;
  readonly fire_on: object;
  readonly fire_off: object;
  readonly stop_on: object;
  readonly stop_off: object;
  readonly key_on: object;
  readonly key_off: object;
  readonly credential: { readonly credential: Credential };
  readonly read: { readonly read: LaneRead };
  readonly facts: { readonly facts: Facts };
  readonly arm_due: object;
  readonly read_due: object;
  readonly back_due: object;
  readonly clear_due: object;
  readonly noEntry_due: object;
  readonly stuck_due: object;
  readonly move_due: object;
  readonly take_due: object;
  readonly pay_due: object;
  readonly printed: { readonly jobId: JobId; readonly held: boolean };
  readonly print_failed: {
    readonly jobId: JobId;
    readonly reason: string;
    /** Some of it may be out: the same number must not be printed again. */
    readonly mayBeOut: boolean;
  };
  readonly taken: { readonly jobId: JobId };
  readonly terminal: { readonly attemptId: AttemptId; readonly outcome: TerminalOutcome };
  /** A device of the lane beside its board works, or does not. */
  readonly device: {
    readonly device: "printer" | "paper_low" | "reader" | "terminal" | "display";
    readonly ok: boolean;
    readonly reason: string;
  };
  /** What the relays read back is not what was commanded; null = it is again. */
  readonly output: { readonly mismatch: string | null };
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
  /** Somebody paid for this stay, validated it or amended it, elsewhere. */
  readonly due_changed: { readonly stayId: StayId };
  /** A code that was shown here is not taken; why, in words for the driver. */
  readonly code_refused: { readonly reason: string };
  /** An attendant says which stay the vehicle at the arm is. */
  readonly identify: { readonly stayId: StayId; readonly actor: string; readonly reason: string };
  readonly vend: { readonly reason: string; readonly actor: string; readonly idempotencyKey: string };
  readonly reset: { readonly reason: string; readonly actor: string };
  /** An attendant holds the arm open, until reset. */
  readonly hold: { readonly reason: string; readonly actor: string };
  /** The mode in force at this lane has changed, or is told at the start. */
  readonly mode: { readonly mode: LaneMode };
  /** A reversible lane is to go the other way. `actor` null = by schedule. */
  readonly turn: { readonly direction: LaneDirection; readonly actor: string | null };
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
  readonly orders: readonly LaneOrder[];
  readonly request: FactsRequest | null;
  readonly reply: Reply | null;
};

/** Handles one event in one state. Pure: same arguments, same step. */
export type Handler<K extends LaneEventKind> = (lane: Lane, event: EventOf<K>, ctx: StepContext) => Step;

/** `ignored`: normal and of no consequence here. `unexpected`: cannot happen unless something is broken; counted and logged. */
export type PlainCell<K extends LaneEventKind> = Handler<K> | "ignored" | "unexpected";
/** A reversible lane does what a lane of its direction does. */
export type Cell<K extends LaneEventKind> =
  PlainCell<K> | { readonly entry: PlainCell<K>; readonly exit: PlainCell<K> };
export type Row = { readonly [K in LaneEventKind]: PlainCell<K> };
/** Every state by every event: the compiler refuses a table with a hole. */
export type LaneTable = { readonly [S in LaneState]: { readonly [K in LaneEventKind]: Cell<K> } };
