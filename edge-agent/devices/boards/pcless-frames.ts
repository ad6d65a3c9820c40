/**
 * The line protocol of PCLess gate controllers: a text between a header and a footer byte, in both directions.
 * Older boards frame with 0xA6 ... 0xA9, newer ones with `*` ... `#`. There is no checksum and no escaping, so a
 * frame is taken for what it says only when its text is one of the documented ones.
 */
export type Framing = { readonly header: number; readonly footer: number };

export const FRAMINGS = {
  a6a9: { header: 0xa6, footer: 0xa9 },
  star: { header: 0x2a, footer: 0x23 },
} as const satisfies Record<string, Framing>;

/** A printer's answer may carry 1 KiB; nothing the board says is longer than that and its own two letters. */
export const MAX_FRAME_BYTES = 1_100;

export type PclessMessage =
  /** `INnON`, `INnOFF`: an input (1..4) changed. */
  | { readonly kind: "input"; readonly input: number; readonly on: boolean }
  /** `STATabcdefgh` and a ninth digit on newer boards: inputs 1..4, then outputs 1..4 or 1..5. */
  | { readonly kind: "stat"; readonly inputs: readonly boolean[]; readonly outputs: readonly boolean[] }
  /** The command's own text and `OK`: `OPEN1OK`, `OUT2OFFOK`, `PROK`. */
  | { readonly kind: "ack"; readonly command: string }
  | { readonly kind: "pong" }
  /** The board has just been switched on. */
  | { readonly kind: "poweron" }
  /** `W` (reader 1) or `X` (reader 2) and the card's number: 6 or 8 digits for Wiegand 26, 8 or 10 for Wiegand 34. */
  | { readonly kind: "card"; readonly reader: 1 | 2; readonly number: string }
  /** `PT` and what the serial printer said. */
  | { readonly kind: "printer"; readonly data: Uint8Array }
  | { readonly kind: "unrecognised"; readonly text: string };

/** A command's text (`OPEN1`, `STAT`, ...) as it goes on the wire. */
export function encodeFrame(framing: Framing, text: string): Uint8Array {
  const frame = new Uint8Array(text.length + 2);
  frame[0] = framing.header;
  frame.set(Buffer.from(text, "latin1"), 1);
  frame[frame.length - 1] = framing.footer;
  return frame;
}

/**
 * Cuts a stream of bytes, however it is split, into messages. A header inside a frame starts a new one: the old
 * one lost its end. Bytes outside frames are noise.
 */
export class PclessDecoder {
  readonly #framing: Framing;
  readonly #body = new Uint8Array(MAX_FRAME_BYTES);
  /** Bytes collected of the frame at hand; null = outside of any. */
  #length: number | null = null;
  #rejected = 0;

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Frames given up so far: cut off by a new header, too long, or without a header. */
  get rejected(): number {
    return this.#rejected;
  }

  /** The messages that end within this chunk, in order. Never throws. */
  push(chunk: Uint8Array): PclessMessage[] {
    const messages: PclessMessage[] = [];
    for (const byte of chunk) {
      if (byte === this.#framing.header) {
        if (this.#length !== null) this.#rejected += 1;
        this.#length = 0;
      } else if (byte === this.#framing.footer) {
        if (this.#length === null) this.#rejected += 1;
        else messages.push(parseBody(this.#body.slice(0, this.#length)));
        this.#length = null;
      } else if (this.#length !== null) {
        this.#collect(byte, this.#length);
      }
    }
    return messages;
  }

  /** Forgets the frame at hand: what follows comes from a new connection. */
  reset(): void {
    this.#length = null;
  }

  #collect(byte: number, length: number): void {
    if (length === MAX_FRAME_BYTES) {
      this.#rejected += 1;
      this.#length = null;
      return;
    }
    this.#body[length] = byte;
    this.#length = length + 1;
  }
}

const INPUT = /^IN([1-4])(ON|OFF)$/;
const STAT = /^STAT([01]{4})([01]{4,5})$/;
const ACK = /^((?:OPEN|CLOSE|STOP)[12]|TRIG[1-4]|OUT[1-4](?:ON|OFF)|PR|DS|MT)OK$/;
/** With an odd number of digits some were lost: that is another card's number, or nobody's. */
const CARD = /^([WX])(\d{6}|\d{8}|\d{10})$/;

function parseBody(body: Uint8Array): PclessMessage {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
  if (text === "PINGOK") return { kind: "pong" };
  if (text === "POWERON") return { kind: "poweron" };
  if (text.startsWith("PT")) return { kind: "printer", data: body.subarray(2) };
  const input = INPUT.exec(text);
  if (input) return { kind: "input", input: Number(input[1]), on: input[2] === "ON" };
  const stat = STAT.exec(text);
  if (stat) return { kind: "stat", inputs: digits(stat[1]), outputs: digits(stat[2]) };
  const ack = ACK.exec(text);
  if (ack?.[1] !== undefined) return { kind: "ack", command: ack[1] };
  const card = CARD.exec(text);
  if (card?.[2] !== undefined) return { kind: "card", reader: card[1] === "W" ? 1 : 2, number: card[2] };
  return { kind: "unrecognised", text };
}

function digits(text = ""): boolean[] {
  return Array.from(text, (digit) => digit === "1");
}
