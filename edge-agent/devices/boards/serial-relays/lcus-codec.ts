import type { Parsed } from "../../buses/request-bus.ts";

/**
 * Frames of LCUS-type USB relays (LC Technology; board documentation and listings): `A0 channel operation sum`,
 * where the sum is that of the three bytes before it. Operations 0 and 1 are off and on without an answer. Boards of
 * another series also know 2 and 3, off and on with an answer, and 5, which asks; they answer in the same four
 * bytes, with the level as the operation.
 */
export type LcusOperation = "off" | "on" | "off_answered" | "on_answered" | "ask";
const CODES: Readonly<Record<LcusOperation, number>> = {
  off: 0,
  on: 1,
  off_answered: 2,
  on_answered: 3,
  ask: 5,
};
const HEAD = 0xa0;
const FRAME_BYTES = 4;

/** Asks boards with status in text for all relays at once. */
export const LCUS_ASK_ALL: Uint8Array = Uint8Array.of(0xff);

export function lcusFrame(channel: number, operation: LcusOperation): Uint8Array {
  const code = CODES[operation];
  return Uint8Array.of(HEAD, channel, code, (HEAD + channel + code) & 0xff);
}

/** The level in the answer to a frame for `channel`. */
export function parseLcusAnswer(channel: number, received: Uint8Array): Parsed<boolean> {
  const start = received.indexOf(HEAD);
  if (start !== 0) return { kind: "skip", bytes: start < 0 ? received.length : start };
  const [, answered = 0, code = 0, sum] = received;
  if (received.length < FRAME_BYTES) return { kind: "more" };
  if (sum !== ((HEAD + answered + code) & 0xff)) return { kind: "skip", bytes: 1 };
  // Of another channel: a late answer. With another operation: our own frame, come back.
  if (answered !== channel || code > 1) return { kind: "skip", bytes: FRAME_BYTES };
  return { kind: "answer", value: code === 1 };
}

/** `CH1: ON \r\nCH2: OFF\r\n` is what a board with two relays says; some leave the spaces out. */
const LINE = /CH([1-9]): ?(ON|OFF)/g;
/** Nine lines of ten characters are the longest answer there is; as much again may be noise. */
const MAX_STATUS_BYTES = 200;

/** The levels of relays 1 to `channels`, in the answer to {@link LCUS_ASK_ALL}. */
export function parseLcusStatus(channels: number, received: Uint8Array): Parsed<readonly boolean[]> {
  const text = Buffer.from(received).toString("latin1");
  let levels: boolean[] = [];
  for (const [, digit, word] of text.matchAll(LINE)) {
    const channel = Number(digit);
    // The lines come in order: one that is out of it belongs to an answer whose beginning is lost.
    if (channel === 1) levels = [];
    else if (channel !== levels.length + 1) continue;
    levels.push(word === "ON");
    if (levels.length === channels) return { kind: "answer", value: levels };
  }
  if (text.length > MAX_STATUS_BYTES)
    return { kind: "bad", reason: "a status that says nothing of its relays" };
  return { kind: "more" };
}
