import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, CommandId, JobId } from "@parkme/shared/domain/ids";

/**
 * The contracts between the agent and its devices. A driver reports everything as an event, in the order it
 * happened, and never throws for what a device does: a dead line is an event like any other.
 */

/** One pulse on one relay of a barrier. Written to disk before the driver sees it. */
export type RelayCommand = {
  readonly id: CommandId;
  /** The relay to pulse; null = only let go of the others. */
  readonly relay: string | null;
  /** Relays of the same barrier, let go before `relay` is energised: break before make (safety invariant 5). */
  readonly release: readonly string[];
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
      /** True = contact closed. A point that is not fresh is left out: its level is unknown. */
      readonly levels: Readonly<Record<string, boolean>>;
      /** Relays as the board reads them back; null where it cannot. */
      readonly outputs: Readonly<Record<string, boolean>> | null;
      /** Rising edges since the board's boot, where the board counts them. */
      readonly edges: Readonly<Record<string, number>> | null;
      /** Identifies the board's boot, where the board has one. */
      readonly boot: string | null;
    }
  /** Inputs are not known any more: line dead, board silent past its freshness limit, rebooting, talking nonsense. */
  | { readonly kind: "lost"; readonly reason: string }
  | {
      readonly kind: "outcome";
      readonly commandId: CommandId;
      readonly outcome: CommandOutcome;
      readonly detail: string;
    }
  /** A card was shown to a reader that is wired to the board (Wiegand); `reader` is the point's name. */
  | { readonly kind: "card"; readonly reader: string; readonly card: string };

/** A board: relays of one or more barriers, and the inputs wired to it. */
export type Board = {
  readonly name: string;
  /** Connects, and keeps reconnecting until {@link Board.stop}. Resolves at once; the link comes as events. */
  readonly start: (sink: (event: BoardEvent) => void) => Promise<void>;
  /** Sends at most once. The outcome arrives as an event, always exactly one. */
  readonly command: (command: RelayCommand) => void;
  readonly stop: () => Promise<void>;
};

/** Whether a device can be worked with, and if not, why, in words for an attendant. */
export type Health = { readonly ok: boolean; readonly reason: string };

export type ReaderEvent =
  /** `code` is the text of a QR code or barcode, `card` a card's number. At most 256 printable characters. */
  | { readonly kind: "credential"; readonly medium: "card" | "code"; readonly text: string }
  | { readonly kind: "health"; readonly health: Health };

/** A device that reads what a driver shows: a scanner, a card reader. */
export type Reader = {
  readonly name: string;
  readonly start: (sink: (event: ReaderEvent) => void) => Promise<void>;
  /** Lamp and buzzer, where the device has them. */
  readonly indicate: (signal: "granted" | "denied") => void;
  readonly stop: () => Promise<void>;
};

export type PrintLine =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly align?: "left" | "centre";
      /** 2 = twice as high and wide. */
      readonly size?: 1 | 2;
      readonly bold?: boolean;
    }
  | { readonly kind: "pair"; readonly left: string; readonly right: string }
  | { readonly kind: "rule" }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "qr"; readonly data: string };
export type PrintDocument = readonly PrintLine[];

export type PrintJob = {
  readonly id: JobId;
  readonly document: PrintDocument;
  /** Monotonic: not begun after this. */
  readonly deadlineMs: number;
};

export type PrinterHealth = {
  readonly online: boolean;
  readonly paper: "ok" | "low" | "out" | "unknown";
  readonly cover: "closed" | "open" | "unknown";
  /** Anything else that keeps it from printing: a jam, a cutter error, a silent line. Null when nothing does. */
  readonly fault: string | null;
};

export type PrinterEvent =
  | { readonly kind: "health"; readonly health: PrinterHealth }
  /** `held` = the printer holds the paper and will say `taken`. */
  | { readonly kind: "printed"; readonly jobId: JobId; readonly held: boolean }
  /** `mayBeOut`: some or all of it may have been printed, so the same number must not be printed again blindly. */
  | { readonly kind: "failed"; readonly jobId: JobId; readonly reason: string; readonly mayBeOut: boolean }
  | { readonly kind: "taken"; readonly jobId: JobId }
  | { readonly kind: "retracted"; readonly jobId: JobId };

/** A printer of tickets or receipts. One job at a time; a second one fails at once. */
export type Printer = {
  readonly name: string;
  readonly start: (sink: (event: PrinterEvent) => void) => Promise<void>;
  /** Leads to `printed` or `failed`, exactly one of them. */
  readonly print: (job: PrintJob) => void;
  /** Takes back or drops a ticket that nobody took; `retracted` follows where the device can. */
  readonly retract: (jobId: JobId) => void;
  /** Kicks the cash drawer that hangs on the printer. False = the printer cannot be reached. */
  readonly openDrawer: () => boolean;
  readonly stop: () => Promise<void>;
};

/** A text display of two lines. */
export type Display = {
  readonly name: string;
  readonly start: (sink: (health: Health) => void) => Promise<void>;
  /** Shows these lines until others are shown, also after the line was down; too long ones are cut. */
  readonly show: (lines: readonly [string, string]) => void;
  readonly stop: () => Promise<void>;
};

/** What a card terminal is asked. Amounts are minor units. */
export type TerminalRequest =
  | {
      readonly kind: "authorise";
      readonly attemptId: AttemptId;
      readonly amountMinor: number;
      readonly currency: string;
      /** Monotonic: not begun after this. */
      readonly deadlineMs: number;
    }
  /** What became of an attempt in doubt: answered with a `result`, never with a new charge. */
  | { readonly kind: "enquire"; readonly attemptId: AttemptId; readonly amountMinor: number }
  | { readonly kind: "abort"; readonly attemptId: AttemptId }
  | {
      readonly kind: "reverse";
      readonly attemptId: AttemptId;
      readonly amountMinor: number;
      readonly receipt: string;
    };

export type TerminalEvent =
  | { readonly kind: "health"; readonly health: Health }
  /** What the terminal tells the driver meanwhile: "insert card", "PIN". */
  | { readonly kind: "progress"; readonly attemptId: AttemptId; readonly text: string }
  | { readonly kind: "result"; readonly attemptId: AttemptId; readonly outcome: TerminalOutcome };

/** A card terminal. One attempt at a time. */
export type PaymentTerminal = {
  readonly name: string;
  readonly start: (sink: (event: TerminalEvent) => void) => Promise<void>;
  /** Every request but `abort` leads to exactly one `result`; an aborted `authorise` still has its own. */
  readonly ask: (request: TerminalRequest) => void;
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
