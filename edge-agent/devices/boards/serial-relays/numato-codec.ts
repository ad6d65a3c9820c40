import type { Parsed } from "../../buses/request-bus.ts";

/**
 * The command line of Numato Lab's USB relay modules (user guides of the 1 to 64 channel modules, "command set"): the
 * module echoes what is typed, answers on a line of its own where there is something to answer, and prompts with
 * `>`. Points are counted from 0 and named by one character: 0-9, then A-V.
 */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
export const MAX_NUMATO_POINTS = DIGITS.length;
/** The longest exchange is some 40 characters. */
const MAX_ANSWER_BYTES = 256;

/** The module's name for its point number `index`, from 0. */
export function numatoPoint(index: number): string {
  return DIGITS.charAt(index);
}

/** Empties the module's line first: what noise had typed there would spoil the command. */
export function numatoCommand(command: string): Uint8Array {
  return Uint8Array.from(Buffer.from(`\r${command}\r`, "latin1"));
}

/** What the module answered to a command, between its echo and the prompt; empty when nothing. */
export function parseNumatoAnswer(command: string, received: Uint8Array): Parsed<string> {
  const text = Buffer.from(received).toString("latin1");
  const prompt = text.indexOf(">");
  if (prompt < 0) {
    return text.length > MAX_ANSWER_BYTES
      ? { kind: "bad", reason: "an answer without an end" }
      : { kind: "more" };
  }
  const lines = text
    .slice(0, prompt)
    .split(/[\r\n]+/)
    .map((line) => line.trim());
  const echo = lines.indexOf(command);
  // The prompt of the emptied line, or an answer to an earlier command that came too late.
  if (echo < 0) return { kind: "skip", bytes: prompt + 1 };
  return {
    kind: "answer",
    value: lines
      .slice(echo + 1)
      .join(" ")
      .trim(),
  };
}

/** The answer to `relay on N` and the like: none. */
export function parseNumatoDone(command: string, received: Uint8Array): Parsed<null> {
  const parsed = parseNumatoAnswer(command, received);
  if (parsed.kind !== "answer") return parsed;
  return parsed.value === ""
    ? { kind: "answer", value: null }
    : { kind: "bad", reason: `"${parsed.value.slice(0, 40)}" to ${command}` };
}

/** The answer to `relay read N` (`on`, `off`) or `gpio read N` (`1`, `0`): whether the point is on or high. */
export function parseNumatoLevel(command: string, received: Uint8Array): Parsed<boolean> {
  const parsed = parseNumatoAnswer(command, received);
  if (parsed.kind !== "answer") return parsed;
  if (parsed.value === "on" || parsed.value === "1") return { kind: "answer", value: true };
  if (parsed.value === "off" || parsed.value === "0") return { kind: "answer", value: false };
  return { kind: "bad", reason: `"${parsed.value.slice(0, 40)}" to ${command}` };
}

/** The answer to `relay readall` or `gpio readall`: one bit for each point in hexadecimal digits, point 0 last. */
export function parseNumatoAll(
  command: string,
  points: number,
  received: Uint8Array,
): Parsed<readonly boolean[]> {
  const parsed = parseNumatoAnswer(command, received);
  if (parsed.kind !== "answer") return parsed;
  const bits = /^[0-9a-f]{1,16}$/i.test(parsed.value) ? BigInt(`0x${parsed.value}`) : null;
  // Fewer digits than points: the rest of the answer was lost, or the module has fewer of them.
  if (bits === null || parsed.value.length * 4 < points) {
    return { kind: "bad", reason: `"${parsed.value.slice(0, 40)}" to ${command}` };
  }
  const levels = Array.from({ length: points }, (_, index) => ((bits >> BigInt(index)) & 1n) === 1n);
  return { kind: "answer", value: levels };
}
