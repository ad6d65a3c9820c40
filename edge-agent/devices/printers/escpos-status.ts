import type { PrinterHealth } from "../ports.ts";

/**
 * What an ESC/POS printer says, and what it means. Bits and blocks are those of Epson's ESC/POS command reference
 * (DLE EOT, GS a, GS r, GS ( H, DLE DC4, and its appendix on telling the answers apart by their fixed bits); the full
 * status is that of Custom's KPM and VKP printers and of Pyramid's Reliance (DLE EOT 20).
 */
export type EscposMessage =
  /** One byte, the answer to DLE EOT 1..4; it does not say to which of them. */
  | { readonly kind: "realtime"; readonly status: number }
  /** Four bytes that come by themselves when something changes (GS a). */
  | { readonly kind: "asb"; readonly status: readonly number[] }
  /** The answer to DLE EOT 20. */
  | { readonly kind: "full"; readonly status: FullStatus }
  /** Header to NUL: `identifier` says what it answers, `text` what it says. */
  | { readonly kind: "block"; readonly identifier: number; readonly text: string }
  /** One byte, the answer to GS r: given when everything before it has been worked off. */
  | { readonly kind: "inline"; readonly status: number }
  /** XON or XOFF. */
  | { readonly kind: "flow"; readonly go: boolean }
  /** A byte of nothing that is known here. */
  | { readonly kind: "noise"; readonly byte: number };

export type FullStatus = {
  readonly paper: number;
  readonly user: number;
  readonly recoverable: number;
  readonly unrecoverable: number;
};

/** Asks for a status; answered at once, also when the printer is offline or its buffer is full. */
export function statusQuery(n: 1 | 2 | 3 | 4 | 20): Uint8Array {
  return Uint8Array.of(0x10, 0x04, n);
}

/** Forgets everything that was received and is not printed yet; answered with a block {@link CLEARED}. */
export const CLEAR_BUFFERS = Uint8Array.of(0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08);
export const CLEARED = 0x25;
/** Identifies the block that repeats the mark of GS ( H, sent when what stood before the mark is printed. */
export const PROCESSED = 0x22;

const XON = 0x11;
const XOFF = 0x13;
const BLOCK_HEADER = 0x37;
const FULL_HEADER = [0x10, 0x0f] as const;
const FULL_BYTES = 6;
const ASB_BYTES = 4;
/** Header, identifier, a mark of four characters, NUL. Longer ones are answers to what is never asked here. */
const MAX_BLOCK_BYTES = 7;

/** Takes bytes as they come, in any pieces; at most {@link MAX_BLOCK_BYTES} of them wait. */
export class EscposDecoder {
  readonly #knowsFullStatus: boolean;
  #pending: number[] = [];

  /** @param knowsFullStatus the printer is asked for it; the same bytes could be an automatic status otherwise. */
  constructor(knowsFullStatus: boolean) {
    this.#knowsFullStatus = knowsFullStatus;
  }

  push(chunk: Uint8Array): EscposMessage[] {
    const messages: EscposMessage[] = [];
    for (const byte of chunk) {
      // Flow control may interrupt a block; within a full status the same bits mean something else.
      if ((byte === XON || byte === XOFF) && !this.#inFullStatus()) {
        messages.push({ kind: "flow", go: byte === XON });
        continue;
      }
      this.#pending.push(byte);
      for (let next = this.#take(); next !== null; next = this.#take()) messages.push(next);
    }
    return messages;
  }

  reset(): void {
    this.#pending = [];
  }

  #inFullStatus(): boolean {
    return this.#knowsFullStatus && FULL_HEADER.every((byte, index) => this.#pending[index] === byte);
  }

  /** The first whole message of what waits; null when more bytes are needed. */
  #take(): EscposMessage | null {
    const [first] = this.#pending;
    if (first === undefined) return null;
    if (first === BLOCK_HEADER) return this.#takeBlock();
    if ((first & 0x90) === 0) return this.#taken(1, { kind: "inline", status: first });
    if ((first & 0x93) === 0x12) return this.#taken(1, { kind: "realtime", status: first });
    if ((first & 0x93) !== 0x10) return this.#noise(first);
    return this.#knowsFullStatus ? this.#takeFull(first) : this.#takeAsb(first);
  }

  #takeBlock(): EscposMessage | null {
    const end = this.#pending.indexOf(0);
    const body = this.#pending.slice(1, end === -1 ? undefined : end);
    const isText = body.every((byte) => byte >= 0x20 && byte <= 0x7e);
    if (!isText || (end === -1 && this.#pending.length >= MAX_BLOCK_BYTES)) return this.#noise(BLOCK_HEADER);
    if (end === -1) return null;
    const [identifier, ...text] = body;
    if (identifier === undefined) return this.#noise(BLOCK_HEADER);
    return this.#taken(end + 1, { kind: "block", identifier, text: String.fromCharCode(...text) });
  }

  #takeFull(first: number): EscposMessage | null {
    const [, second, paper = 0, user = 0, recoverable = 0, unrecoverable = 0] = this.#pending;
    if (second === undefined) return null;
    if (second !== FULL_HEADER[1]) return this.#noise(first);
    if (this.#pending.length < FULL_BYTES) return null;
    const status = { paper, user, recoverable, unrecoverable };
    return this.#taken(FULL_BYTES, { kind: "full", status });
  }

  #takeAsb(first: number): EscposMessage | null {
    const status = this.#pending.slice(0, ASB_BYTES);
    if (status.slice(1).some((byte) => (byte & 0x90) !== 0)) return this.#noise(first);
    return status.length < ASB_BYTES ? null : this.#taken(ASB_BYTES, { kind: "asb", status });
  }

  #noise(byte: number): EscposMessage {
    return this.#taken(1, { kind: "noise", byte });
  }

  #taken(bytes: number, message: EscposMessage): EscposMessage {
    this.#pending.splice(0, bytes);
    return message;
  }
}

/** The answers to one round of questions, DLE EOT 1, 2, 3, 4, and 20 where the printer has a presenter. */
export type StatusAnswers = {
  readonly printer: number;
  readonly offline: number;
  readonly error: number;
  readonly paper: number;
  readonly full: FullStatus | null;
};

export function healthOfAnswers({ printer, offline, error, paper, full }: StatusAnswers): PrinterHealth {
  const isOut = (paper & 0x60) === 0x60 || (offline & 0x20) !== 0;
  return {
    online: (printer & 0x08) === 0,
    paper: isOut ? "out" : (paper & 0x0c) !== 0 ? "low" : "ok",
    cover: (offline & 0x04) !== 0 ? "open" : "closed",
    fault:
      faultOf(error) ??
      (full === null ? null : faultOfFull(full)) ??
      ((offline & 0x40) !== 0 ? "the printer reports an error" : null),
  };
}

/** @param status the four bytes of an automatic status. */
export function healthOfAsb([printer = 0, error = 0, paper = 0]: readonly number[]): PrinterHealth {
  return {
    online: (printer & 0x08) === 0,
    paper: (paper & 0x0c) !== 0 ? "out" : (paper & 0x03) !== 0 ? "low" : "ok",
    cover: (printer & 0x20) !== 0 ? "open" : "closed",
    fault: faultOf(error),
  };
}

/** Whether a ticket sticks out of the presenter. */
export function ticketPresent({ full }: StatusAnswers): boolean {
  return full !== null && (full.paper & 0x20) !== 0;
}

/** The error bits of DLE EOT 3 are those of the second byte of the automatic status. */
function faultOf(error: number): string | null {
  if ((error & 0x20) !== 0) return "the printer has failed and needs service";
  if ((error & 0x08) !== 0) return "the cutter is stuck";
  if ((error & 0x04) !== 0) return "paper jam";
  if ((error & 0x40) !== 0) return "the print head is too hot";
  return null;
}

function faultOfFull({ recoverable, unrecoverable }: FullStatus): string | null {
  if ((unrecoverable & 0x0c) !== 0) return "the printer has failed and needs service";
  if ((unrecoverable & 0x01) !== 0) return "the cutter is stuck";
  if ((unrecoverable & 0x02) !== 0) return "the cutter's cover is open";
  if ((recoverable & 0x40) !== 0) return "paper jam";
  if ((recoverable & 0x08) !== 0) return "wrong supply voltage";
  if ((recoverable & 0x01) !== 0) return "the print head is too hot";
  return null;
}

/** What stops a printer in the middle of a ticket, in words for an attendant; null when nothing does. */
export function whatStops(health: PrinterHealth): string | null {
  if (health.fault !== null) return health.fault;
  if (health.cover === "open") return "the cover is open";
  return health.paper === "out" ? "out of paper" : null;
}

export function isSameHealth(a: PrinterHealth | null, b: PrinterHealth): boolean {
  return a?.online === b.online && a.paper === b.paper && a.cover === b.cover && a.fault === b.fault;
}
