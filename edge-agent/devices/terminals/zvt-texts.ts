import { readText } from "./zvt-fields.ts";

/** What the terminal's codes mean, in words for a driver or an attendant. Source: PA00P015, chapters 3.2, 10 and 11. */

const RESULTS: Readonly<Record<number, string>> = {
  0x64: "the card cannot be read",
  0x65: "the card cannot be read",
  0x66: "the card reader has a fault",
  0x6a: "the terminal's memory of turnovers is full",
  0x6b: "the terminal does not know us yet",
  0x6c: "cancelled",
  0x6e: "the card is blocked",
  0x6f: "wrong currency",
  0x71: "not enough credit on the card",
  0x72: "the card's chip has a fault",
  0x73: "the card's data are wrong",
  0x77: "the terminal cannot close its day",
  0x78: "the card has expired",
  0x79: "the card is not valid yet",
  0x7a: "the card is unknown",
  0x7d: "the terminal has no connection",
  0x83: "the terminal cannot do this now",
  0x85: "the terminal's key is missing",
  0x9a: "the terminal did not understand us",
  0x9b: "the terminal has no connection",
  0x9c: "the terminal is busy",
  0xa0: "the terminal is busy",
  0xa1: "the bank does not answer",
  0xa3: "the terminal has no connection",
  0xb1: "the terminal's memory is full",
  0xb2: "the terminal's journal is full",
  0xb4: "already reversed",
  0xb5: "cannot be reversed",
  0xc2: "the terminal needs a diagnosis",
  0xc3: "the amount is too large",
  0xc5: "this way of paying is not accepted",
  0xc6: "the terminal does not take this currency",
  0xc8: "the amount is too small",
  0xcc: "the terminal's printer is not ready",
  0xdc: "a card is in the terminal",
  0xdf: "the terminal is out of order",
  0xe0: "the terminal is being maintained",
  0xe3: "the terminal's shutter is closed",
  0xf0: "the terminal's day is being closed",
};

export const RESULT = { notRegistered: 0x6b, notPossible: 0x83, alreadyReversed: 0xb4 } as const;
/** Codes below are the bank's own. */
const LAST_BANK_CODE = 0x63;

export function resultText(code: number): string {
  const digits = code.toString(16).toUpperCase().padStart(2, "0");
  if (code <= LAST_BANK_CODE) return `declined by the bank (${digits})`;
  return `${RESULTS[code] ?? "the terminal could not do it"} (${digits})`;
}

const PROGRESS: Readonly<Record<number, string>> = {
  0x00: "confirm the amount",
  0x01: "look at the keypad",
  0x02: "look at the keypad",
  0x03: "not accepted",
  0x04: "waiting for the bank",
  0x05: "the payment is being taken back",
  0x06: "please wait",
  0x07: "this card is not accepted",
  0x08: "this card is unknown",
  0x09: "the card has expired",
  0x0a: "insert your card",
  0x0b: "take your card",
  0x0c: "the card cannot be read",
  0x0d: "an error occurred",
  0x0e: "please wait",
  0x10: "the card is invalid",
  0x12: "an error occurred",
  0x13: "payment not possible",
  0x14: "not enough credit",
  0x15: "wrong PIN",
  0x16: "limit exceeded",
  0x17: "please wait",
  0x18: "wrong PIN too often",
  0x1c: "approved",
  0x1d: "declined",
  0x68: "card inserted",
  0xd2: "calling the bank",
  0xd3: "calling the bank",
  0xe0: "choose an application",
  0xe1: "choose a language",
};
/** Codes from here to 0x67 are those above with this bit set, and mean that the card is to be taken out as well. */
const TAKE_CARD = 0x40;

/** What an Intermediate Status-Information (04 FF) tells the driver; its own words go before ours. */
export function progressText(data: Uint8Array): string {
  const own = readText(data.subarray(1));
  if (own !== "") return own;
  const code = data[0] ?? 0xff;
  const plain = PROGRESS[code];
  if (plain !== undefined) return plain;
  if (code <= TAKE_CARD || code >= 0x68) return "please wait";
  const text = PROGRESS[code - TAKE_CARD] ?? "";
  return text === "" || text.endsWith("your card") ? "take your card" : `${text}, take your card`;
}
