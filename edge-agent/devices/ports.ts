import type { BarrierAction } from "@parkme/shared/domain/lane";
import type { CommandId } from "@parkme/shared/domain/ids";

/**
 * The contracts between the agent and its devices. A driver reports everything as an event, in the order it
 * happened, and never throws for what a device does: a dead line is an event like any other.
 */

/** One pulse on one barrier's relay. Written to disk before the driver sees it. */
export type BarrierCommand = {
  readonly id: CommandId;
  readonly barrier: number;
  readonly action: BarrierAction;
  readonly pulseMs: number;
  /** On the agent's monotonic clock: the driver drops the command after this, and never queues past it. */
  readonly deadlineMs: number;
};

/**
 * What became of a command. `done` = the board says it pulsed the relay; `refused` = the board or the driver
 * dropped it (late, link down, malformed answer); `silent` = sent, but no answer in time.
 */
export type CommandOutcome = "done" | "refused" | "silent";

export type BoardEvent =
  /** The whole image of the inputs, after every change and at least once a heartbeat while the link is good. */
  | {
      readonly kind: "inputs";
      readonly levels: Readonly<Record<string, boolean>>;
      /** Rising edges since the board's boot, where the board counts them. */
      readonly edges: Readonly<Record<string, number>> | null;
      /** Identifies the board's boot, where the board has one. */
      readonly boot: string | null;
    }
  /** Inputs are not known any more: line dead, board silent past its freshness limit, rebooting. */
  | { readonly kind: "lost"; readonly reason: string }
  | {
      readonly kind: "outcome";
      readonly commandId: CommandId;
      readonly outcome: CommandOutcome;
      readonly detail: string;
    };

/** A gate board: relays of one or more barriers, and the inputs wired to it. */
export type Board = {
  readonly name: string;
  /** Connects, and keeps reconnecting until {@link Board.stop}. Resolves at once; the link comes as events. */
  readonly start: (sink: (event: BoardEvent) => void) => Promise<void>;
  /** Sends at most once. The outcome arrives as an event, always exactly one. */
  readonly command: (command: BarrierCommand) => void;
  readonly stop: () => Promise<void>;
};

/** One camera's claim about one vehicle, stamped by us. See LPR adapters for the sources. */
export type PlateRead = {
  readonly camera: string;
  /** The camera's own id of the event, for duplicates; null when it has none. */
  readonly sourceId: string | null;
  readonly raw: string;
  /** Normalised text; null = a vehicle was seen, but no plate could be read. */
  readonly plate: string | null;
  /** 0..1; null when the camera does not say. */
  readonly confidence: number | null;
  readonly direction: "towards" | "away" | "unknown";
  /** What the camera's clock says, Unix ms; never used for money. Null when it says nothing usable. */
  readonly claimedAtMs: number | null;
  /** JPEG of the vehicle or plate, when one came along. */
  readonly image: Uint8Array | null;
};

/** A camera that reaches us over a bus it must subscribe to. Cameras that push over HTTP come in by receiver. */
export type Camera = {
  readonly name: string;
  readonly start: (sink: (read: PlateRead) => void) => Promise<void>;
  readonly stop: () => Promise<void>;
};
