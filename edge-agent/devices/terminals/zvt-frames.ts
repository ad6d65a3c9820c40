/**
 * Messages (APDUs) of the ZVT protocol over TCP: a control field of two bytes, the length of the data (one byte; FF
 * and two more, low one first, from 255 on), the data. There is no mark and no check: TCP keeps the order.
 * Source: ECR-Interface ZVT-Protocol, PA00P015 13.x and PA00P016 04 (Verband der Terminalhersteller).
 */
export const ZVT = {
  // From us.
  registration: 0x0600,
  authorisation: 0x0601,
  repeatReceipt: 0x0620,
  reversal: 0x0630,
  abortByUs: 0x06b0,
  statusEnquiry: 0x0501,
  // From the terminal.
  statusInformation: 0x040f,
  intermediateStatus: 0x04ff,
  completion: 0x060f,
  abort: 0x061e,
  // From either: 80 00 and 84 00 are positive, 84 and another byte is negative.
  acknowledge: 0x8000,
  acknowledgeToo: 0x8400,
} as const;

export type Apdu = { readonly control: number; readonly data: Uint8Array };

/** The longest are text blocks of a receipt, which we do not ask for. */
export const MAX_APDU_DATA_BYTES = 4_096;
const LONG = 0xff;
/** What terminals begin a message with; anything else is noise. */
const CLASSES: ReadonlySet<number> = new Set([0x04, 0x06, 0x80, 0x84]);
const MAX_ACKNOWLEDGE_BYTES = 16;

export const isNegative = (control: number): boolean =>
  control >> 8 === 0x84 && control !== ZVT.acknowledgeToo;

export function encodeApdu(control: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const length = data.length < LONG ? [data.length] : [LONG, data.length & 0xff, data.length >> 8];
  return Uint8Array.from([control >> 8, control & 0xff, ...length, ...data]);
}

/** Cuts a stream, however it is split, into messages. What cannot be the beginning of one is passed over. */
export class ZvtDecoder {
  #held: Uint8Array = new Uint8Array();
  #rejected = 0;

  /** Bytes passed over so far. */
  get rejected(): number {
    return this.#rejected;
  }

  /** The messages that end within this chunk, in order. Never throws. */
  push(chunk: Uint8Array): Apdu[] {
    const held = new Uint8Array(this.#held.length + chunk.length);
    held.set(this.#held);
    held.set(chunk, this.#held.length);
    const apdus: Apdu[] = [];
    let at = 0;
    for (;;) {
      const next = headerAt(held, at);
      if (next === "more") break;
      if (next === "noise") {
        this.#rejected += 1;
        at += 1;
      } else if (next.end > held.length) {
        break;
      } else {
        apdus.push({ control: next.control, data: held.slice(next.begin, next.end) });
        at = next.end;
      }
    }
    // At most one message that is not complete: its length is bounded.
    this.#held = held.slice(at);
    return apdus;
  }

  /** Forgets a message that has not ended: what follows comes from a new connection. */
  reset(): void {
    this.#held = new Uint8Array();
  }
}

type Header = { readonly control: number; readonly begin: number; readonly end: number };

function headerAt(bytes: Uint8Array, at: number): Header | "more" | "noise" {
  const [kind, instruction, short, low, high] = bytes.subarray(at, at + 5);
  if (kind === undefined) return "more";
  if (!CLASSES.has(kind)) return "noise";
  if (instruction === undefined) return "more";
  if (kind === 0x80 && instruction !== 0x00) return "noise";
  if (short === undefined) return "more";
  if (short === LONG && high === undefined) return "more";
  const length = short === LONG ? (low ?? 0) + 256 * (high ?? 0) : short;
  const longest = kind < 0x80 ? MAX_APDU_DATA_BYTES : MAX_ACKNOWLEDGE_BYTES;
  if (length > longest) return "noise";
  const begin = at + (short === LONG ? 5 : 3);
  return { control: kind * 256 + instruction, begin, end: begin + length };
}

/** Binary coded decimal: two digits to a byte. `digits` must be of even length. */
export function encodeBcd(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** The digits, or null when a half byte is none. */
export function decodeBcd(bytes: Uint8Array): string | null {
  const digits = Buffer.from(bytes).toString("hex");
  return /^\d*$/.test(digits) ? digits : null;
}
