/**
 * Base 45 (RFC 9285): bytes as the characters that a QR code holds in its alphanumeric mode, three for each two bytes.
 * Bytes have one spelling only: whatever else there is in a text makes it no base 45.
 */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const NONE = 255;
const VALUES = new Uint8Array(128).fill(NONE);
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** The value of a character, 0 to 44; 255 for one that is none of base 45. */
function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? NONE;
}

export function encodeBase45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const pair = (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0);
    text +=
      character(pair % 45) + character(Math.floor(pair / 45) % 45) + character(Math.floor(pair / 2_025));
  }
  const last = bytes.length % 2 === 1 ? bytes.at(-1) : undefined;
  return last === undefined ? text : text + character(last % 45) + character(Math.floor(last / 45));
}

function character(value: number): string {
  return ALPHABET[value] ?? "";
}

/** Null for a text that is no base 45. Never throws. */
export function decodeBase45(text: string): Uint8Array | null {
  const rest = text.length % 3;
  if (rest === 1) return null;
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + (rest === 2 ? 1 : 0));
  for (let i = 0, to = 0; i < text.length; i += 3, to += 2) {
    const isPair = i + 2 < text.length;
    const low = valueAt(text, i);
    const middle = valueAt(text, i + 1);
    const high = isPair ? valueAt(text, i + 2) : 0;
    if (low === NONE || middle === NONE || high === NONE) return null;
    const value = low + middle * 45 + high * 2_025;
    if (value > (isPair ? 0xffff : 0xff)) return null;
    if (isPair) bytes[to] = value >> 8;
    bytes[isPair ? to + 1 : to] = value & 0xff;
  }
  return bytes;
}

/** How many characters of a text are none of base 45. */
export function foreignToBase45(text: string): number {
  let foreign = 0;
  for (let i = 0; i < text.length; i++) if (valueAt(text, i) === NONE) foreign += 1;
  return foreign;
}
