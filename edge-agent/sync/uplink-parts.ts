import type { Clock } from "@parkme/shared/domain/clock";
import type { HelloAnswer, LogPlace } from "@parkme/shared/protocol/log";
import type { CloudAddress } from "./cloud-request.ts";
import type { Compress, Line } from "./post-batch.ts";

/** What the uplink reads and remembers; the store keeps it on the disk. */
export type UplinkLog = {
  readonly logHead: () => LogPlace;
  readonly logLines: (after: number, limit: number) => readonly Line[];
  /** Null = it was pruned, or never written. */
  readonly hashAt: (seq: number) => string | null;
  readonly logLocator: (which: { readonly from?: number; readonly also?: readonly number[] }) => LogPlace[];
  /** The first line from `from` to `to` that is not what its hash says; null = all are. */
  readonly damagedLine: (from: number, to: number) => number | null;
  readonly uploadCursor: () => number;
  readonly setUploadCursor: (seq: number) => void;
  readonly linkState: () => {
    readonly fenced: string | null;
    /** The last line that was pruned; 0 = none was. */
    readonly anchorSeq: number;
    readonly restoredSeq: number | null;
    readonly signingKey: string | null;
    readonly clockOffsetMs: number | null;
  };
  readonly setLinkState: (change: {
    readonly fenced?: string | null;
    readonly signingKey?: string;
    readonly clockOffsetMs?: number;
  }) => void;
};

/** A database that was restored gets from the cloud what it does not know, while the gate works. See restore.ts. */
export type Restoring = {
  /** What is still to be adopted; null = nothing is. */
  readonly place: () => object | null;
  /** Adopts all of it; may be stopped at any moment, and goes on from there. Throws when the cloud cannot be asked. */
  readonly run: (answer: HelloAnswer, stopping: AbortSignal) => Promise<unknown>;
  /** The database was restored, but the cloud knows no more than it does. */
  readonly notNeeded: () => void;
  /** Tells the cloud of an epoch that it has not heard of. Throws when the cloud cannot be asked. */
  readonly tellEpoch: (answer: HelloAnswer, stopping: AbortSignal) => Promise<unknown>;
  readonly progress: () => { readonly adopted: number; readonly of: number } | null;
};

export type Note = {
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
};

export type UplinkOptions = CloudAddress & {
  readonly log: UplinkLog;
  readonly restoring: Restoring;
  /** How far the downlink and the manifest were taken. */
  readonly taken: () => { readonly downlink: number; readonly manifest: number };
  readonly bootId: string;
  /** Of the program. */
  readonly version: string;
  readonly clock: Clock;
  /** Told besides what the cloud's clock says. */
  readonly cloudTime?: { readonly heard: (now: string, askedMs: number) => void };
  /** Both sides know where they are: now, and after every time that they did not. */
  readonly agreed?: () => void;
  /** 0..1, for jitter. */
  readonly random: () => number;
  /** The alarm that the cloud takes nothing from us any more; to begin it twice changes nothing. */
  readonly alarm: { readonly begin: (detail: string) => void; readonly over: () => void };
  readonly note: Note;
  readonly compress?: Compress;
};
