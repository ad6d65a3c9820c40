import { decodeBase45, encodeBase45, foreignToBase45 } from "./base45.ts";
import { mintTicketNumber, type TicketNumber } from "./ids.ts";

/**
 * The text of our QR codes: 24 bytes that say what it is, and 64 bytes of an Ed25519 signature, in base 45. These 132
 * characters are a QR code of version 6 at level M, in alphanumeric mode (154 fit; ISO/IEC 18004, table 7).
 *
 * | bytes  | what                                                                              |
 * |--------|-----------------------------------------------------------------------------------|
 * | 0      | version (upper four bits, now 1) and kind (lower four)                            |
 * | 1..2   | id of the key that signed it                                                      |
 * | 3..8   | tag of the facility: the first 48 bits of a hash of its id                        |
 * | 9..13  | ticket number, or serial number of a validation: 35 bits, the upper five are zero |
 * | 14..17 | when it was issued, Unix seconds                                                  |
 * | 18..19 | how long it is good for, hours                                                    |
 * | 20..23 | of a ticket the number of its lane, of a validation the number of its offer       |
 *
 * Numbers are big-endian. This is the form alone: what a code is worth, its signature and the store say.
 */

export type CodeKind = "ticket" | "validation" | "reservation";

export type CodePayload = {
  readonly kind: CodeKind;
  /** 16 bits. */
  readonly keyId: number;
  /** 48 bits. */
  readonly facility: number;
  /** 35 bits. */
  readonly serial: number;
  readonly issuedSeconds: number;
  readonly windowHours: number;
  /** 32 bits: the number of a lane or of an offer. */
  readonly about: number;
};

/** A code as it was read. What it says is not proven yet. */
export type SignedCode = {
  readonly payload: CodePayload;
  /** The bytes that the signature is of. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

export type CodeReading =
  | ({ readonly kind: "code" } & SignedCode)
  /**
   * As long as ours and of their characters; or it begins as ours do, and then names this facility. Other codes may
   * begin so by chance, but not with a certain facility.
   */
  | { readonly kind: "damaged"; readonly facility: number | null }
  /** As long as ours, but of a version or kind that is none of ours. */
  | { readonly kind: "foreign" }
  /** Nothing like our codes. */
  | { readonly kind: "other" };

const VERSION = 1;
const KINDS: Readonly<Record<CodeKind, number>> = { ticket: 1, validation: 2, reservation: 3 };
const PAYLOAD_BYTES = 24;
const SIGNATURE_BYTES = 64;
const CODE_CHARACTERS = ((PAYLOAD_BYTES + SIGNATURE_BYTES) / 2) * 3;
/** Characters that hold the version, the kind and the facility. */
const BEGINNING_CHARACTERS = 15;
/** A code as long as ours with so many characters that none of ours has is still taken for a damaged one. */
const MAX_FOREIGN_CHARACTERS = 8;

export const MAX_WINDOW_HOURS = 0xffff;
const MAX_SERIAL = 2 ** 35 - 1;
const MAX_FACILITY = 2 ** 48 - 1;
const TWO_32 = 2 ** 32;

/** The bytes that are signed. @throws RangeError when a field does not fit. */
export function packPayload(payload: CodePayload): Uint8Array {
  const { keyId, facility, serial, issuedSeconds, windowHours, about } = payload;
  within("keyId", keyId, 0xffff);
  within("facility", facility, MAX_FACILITY);
  within("serial", serial, MAX_SERIAL);
  within("issuedSeconds", issuedSeconds, TWO_32 - 1);
  within("windowHours", windowHours, MAX_WINDOW_HOURS);
  within("about", about, TWO_32 - 1);
  const bytes = new Uint8Array(PAYLOAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (VERSION << 4) | KINDS[payload.kind]);
  view.setUint16(1, keyId);
  view.setUint16(3, Math.floor(facility / TWO_32));
  view.setUint32(5, facility % TWO_32);
  view.setUint8(9, Math.floor(serial / TWO_32));
  view.setUint32(10, serial % TWO_32);
  view.setUint32(14, issuedSeconds);
  view.setUint16(18, windowHours);
  view.setUint32(20, about);
  return bytes;
}

function within(field: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${field} of a code must be 0 to ${max}: ${value}`);
}

/** The text of a code. @throws RangeError unless these are 24 and 64 bytes. */
export function writeCode(signed: Uint8Array, signature: Uint8Array): string {
  if (signed.length !== PAYLOAD_BYTES || signature.length !== SIGNATURE_BYTES)
    throw new RangeError(`a code has ${PAYLOAD_BYTES} and ${SIGNATURE_BYTES} bytes`);
  const bytes = new Uint8Array(PAYLOAD_BYTES + SIGNATURE_BYTES);
  bytes.set(signed);
  bytes.set(signature, PAYLOAD_BYTES);
  return encodeBase45(bytes);
}

/** Reads what a scanner sent, whatever that is. Never throws. */
export function readCode(text: string): CodeReading {
  // A code may begin with a blank, which scanners drop.
  const whole = text.length === CODE_CHARACTERS - 1 ? ` ${text}` : text;
  const bytes = whole.length === CODE_CHARACTERS ? decodeBase45(whole) : null;
  if (bytes === null) return damaged(text);
  const signed = bytes.subarray(0, PAYLOAD_BYTES);
  const payload = unpackPayload(signed);
  if (payload === null) return { kind: "foreign" };
  return { kind: "code", payload, signed, signature: bytes.subarray(PAYLOAD_BYTES) };
}

function unpackPayload(bytes: Uint8Array): CodePayload | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = kindOf(view.getUint8(0));
  const serialHigh = view.getUint8(9);
  if (kind === null || serialHigh > 7) return null;
  return {
    kind,
    keyId: view.getUint16(1),
    facility: facilityOf(view),
    serial: serialHigh * TWO_32 + view.getUint32(10),
    issuedSeconds: view.getUint32(14),
    windowHours: view.getUint16(18),
    about: view.getUint32(20),
  };
}

function kindOf(byte: number): CodeKind | null {
  if (byte >> 4 !== VERSION) return null;
  switch (byte & 0x0f) {
    case KINDS.ticket:
      return "ticket";
    case KINDS.validation:
      return "validation";
    case KINDS.reservation:
      return "reservation";
    default:
      return null;
  }
}

function facilityOf(view: DataView): number {
  return view.getUint16(3) * TWO_32 + view.getUint32(5);
}

function damaged(text: string): CodeReading {
  // Blanks at either end are lost on the way.
  const isAsLong = text.length <= CODE_CHARACTERS && text.length >= CODE_CHARACTERS - 2;
  if (isAsLong && foreignToBase45(text) <= MAX_FOREIGN_CHARACTERS) return { kind: "damaged", facility: null };
  const facility = facilityAtBeginningOf(text) ?? facilityAtBeginningOf(` ${text}`);
  return facility === null ? { kind: "other" } : { kind: "damaged", facility };
}

function facilityAtBeginningOf(text: string): number | null {
  const beginning =
    text.length < BEGINNING_CHARACTERS ? null : decodeBase45(text.slice(0, BEGINNING_CHARACTERS));
  if (beginning === null) return null;
  const view = new DataView(beginning.buffer);
  return kindOf(view.getUint8(0)) === null ? null : facilityOf(view);
}

/** The characters of a ticket number by their value, as `ids.ts` mints them (Crockford's base 32). */
const NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The 35 bits of a ticket number. */
export function serialOfTicket(number: TicketNumber): number {
  let serial = 0;
  for (const character of number.slice(4, 11)) serial = serial * 32 + NUMBER_ALPHABET.indexOf(character);
  return serial;
}

/** @param serial of 35 bits. */
export function ticketOfSerial(serial: number): TicketNumber {
  return mintTicketNumber((length) =>
    Uint8Array.from({ length }, (_, i) => Math.floor(serial / 32 ** (length - 1 - i)) % 32),
  );
}
