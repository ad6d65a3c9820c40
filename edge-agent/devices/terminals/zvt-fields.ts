import { decodeBcd } from "./zvt-frames.ts";

/**
 * The data of ZVT messages: fields (bitmaps) of a tag and, by the tag, a fixed length, a length of two or three
 * digits (`Fx Fy`), or a TLV container. Source: PA00P015, chapters 9 and 13.
 */

/** What a Status-Information (04 0F) tells of a transaction; null = it does not say. */
export type StatusInformation = {
  /** 0 = carried out. */
  readonly result: number | null;
  readonly amountMinor: number | null;
  /** ISO 4217, numeric. */
  readonly currency: number | null;
  /** Four digits. */
  readonly receipt: string | null;
  /** Six digits. */
  readonly trace: string | null;
  /** It is the reversal of an earlier transaction. */
  readonly reversal: boolean;
  /** Brand, and at most the last four digits of the number: no more of it ever leaves this file. */
  readonly card: string;
};

const MAX_TEXT_CHARACTERS = 80;
const MAX_TLV_DEPTH = 4;

// prettier-ignore
const FIXED: Readonly<Record<number, number>> = {
  0x01: 1, 0x02: 1, 0x03: 1, 0x04: 6, 0x05: 1, 0x0b: 3, 0x0c: 3, 0x0d: 2, 0x0e: 2, 0x17: 2, 0x19: 1, 0x27: 1,
  0x29: 4, 0x2a: 15, 0x37: 3, 0x3a: 2, 0x3b: 8, 0x3d: 3, 0x49: 2, 0x87: 2, 0x88: 3, 0x8a: 1, 0x8c: 1, 0xa0: 1,
  0xaa: 3, 0xba: 5, 0xd0: 1, 0xd2: 1, 0xd3: 1,
};
/** Digits of the length. */
// prettier-ignore
const VARIABLE: Readonly<Record<number, number>> = {
  0x22: 2, 0x23: 2, 0x24: 3, 0x2d: 2, 0x2e: 3, 0x3c: 3, 0x60: 3, 0x8b: 2, 0x9a: 3, 0xa7: 2, 0xaf: 3, 0xd1: 2,
};
const TLV_CONTAINER = 0x06;
const TEXT_LINE = 0x07;

/** The fields up to the first one that is unknown or cut off: nothing behind that can be told apart. */
function readFields(data: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  for (let at = 0; at < data.length;) {
    const tag = data[at] ?? 0;
    const header = lengthOf(tag, data.subarray(at + 1));
    const begin = at + 1 + (header?.bytes ?? 0);
    if (header === null || begin + header.length > data.length) break;
    fields.set(tag, data.subarray(begin, begin + header.length));
    at = begin + header.length;
  }
  return fields;
}

type Length = { readonly length: number; readonly bytes: number };

function lengthOf(tag: number, rest: Uint8Array): Length | null {
  const fixed = FIXED[tag];
  if (fixed !== undefined) return { length: fixed, bytes: 0 };
  if (tag === TLV_CONTAINER) return tlvLength(rest);
  const digits = VARIABLE[tag];
  if (digits === undefined || rest.length < digits) return null;
  let length = 0;
  for (const byte of rest.subarray(0, digits)) {
    if (byte < 0xf0 || byte > 0xf9) return null;
    length = 10 * length + (byte & 0x0f);
  }
  return { length, bytes: digits };
}

function tlvLength(rest: Uint8Array): Length | null {
  const [first, second, third] = rest;
  if (first === undefined) return null;
  if (first < 0x80) return { length: first, bytes: 1 };
  if (first === 0x81 && second !== undefined) return { length: second, bytes: 2 };
  if (first === 0x82 && third !== undefined) return { length: 256 * (second ?? 0) + third, bytes: 3 };
  return null;
}

/** Never throws; what is missing or malformed is null. */
export function readStatusInformation(data: Uint8Array): StatusInformation {
  const fields = readFields(data);
  const number = (tag: number): number | null => {
    const digits = decodeBcd(fields.get(tag) ?? new Uint8Array());
    return digits === null || digits === "" ? null : Number(digits);
  };
  const digits = (tag: number): string | null => decodeBcd(fields.get(tag) ?? new Uint8Array()) || null;
  return {
    result: fields.get(0x27)?.[0] ?? null,
    amountMinor: number(0x04),
    currency: number(0x49),
    receipt: digits(0x87),
    trace: digits(0x0b),
    reversal: fields.has(0x37),
    card: cardOf(fields.get(0x8b), fields.get(0x22)),
  };
}

/** In a card number `E` stands for a digit that the terminal has masked, and `F` fills up the last byte. */
function cardOf(name: Uint8Array | undefined, number: Uint8Array | undefined): string {
  const digits = Buffer.from(number ?? [])
    .toString("hex")
    .replace(/f$/, "");
  const last = /\d{4}$/.exec(digits)?.[0];
  return [printable(name), last === undefined ? "" : `****${last}`].filter((part) => part !== "").join(" ");
}

/** Text of a terminal, fit for a display: other character sets than ASCII are not told apart. */
function printable(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]/g, " ")
    .trim()
    .slice(0, MAX_TEXT_CHARACTERS);
}

/** The text lines (tag 07) in the TLV container of an Intermediate Status-Information; "" = none. */
export function readText(data: Uint8Array): string {
  const at = data.indexOf(TLV_CONTAINER);
  const header = at === -1 ? null : tlvLength(data.subarray(at + 1));
  if (header === null) return "";
  const begin = at + 1 + header.bytes;
  return textLines(data.subarray(begin, begin + header.length), 0)
    .join(" ")
    .slice(0, MAX_TEXT_CHARACTERS);
}

function textLines(data: Uint8Array, depth: number): string[] {
  if (depth === MAX_TLV_DEPTH) return [];
  const lines: string[] = [];
  for (let at = 0; at < data.length;) {
    const tag = data[at] ?? 0;
    // The low five bits all set: the tag has a second byte.
    const tagBytes = (tag & 0x1f) === 0x1f ? 2 : 1;
    const header = tlvLength(data.subarray(at + tagBytes));
    if (header === null) break;
    const begin = at + tagBytes + header.bytes;
    const value = data.subarray(begin, begin + header.length);
    const constructed = (tag & 0x20) !== 0;
    if (constructed) lines.push(...textLines(value, depth + 1));
    else if (tag === TEXT_LINE) lines.push(printable(value));
    at = begin + header.length;
  }
  return lines.filter((line) => line !== "");
}

/** The terminal's state in the Completion of a Status-Enquiry, behind its software version; null = it does not say. */
export function readTerminalState(data: Uint8Array): number | null {
  const version = data.length > 3 ? lengthOf(0x3c, data) : null;
  return data[version === null ? 0 : version.bytes + version.length] ?? null;
}
