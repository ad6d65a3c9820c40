import { readDatabaseError } from "../db/errors.ts";

/**
 * Takes out of what is logged what no log may hold: tokens, passwords and keys, wherever they stand, and plates and
 * other personal data by the names of the members that hold them.
 */

const HIDDEN = "[hidden]";

/** Names of members, in small letters, without underscores and hyphens. */
const SECRET_NAME =
  /^(authorization|(set)?cookie|\w*password|\w*token|\w*secret|access|refresh|apikey|otp|totp|recoverycodes?)$/;
const PERSONAL_NAME = /^(\w*plates?|email|phone|(first|last)name|payload|body|parameters|params)$/;

/** What shows its kind by its form. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, HIDDEN],
  [/\bpmk_[\w-]+/g, `pmk_${HIDDEN}`],
  [/\b(sk|rk|whsec)_\w{8,}/g, `$1_${HIDDEN}`],
  [/_secret_\w+/g, `_secret_${HIDDEN}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${HIDDEN}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, `$1${HIDDEN}@`],
];
const CARD_NUMBER = /\b\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}\b/g;

const MAX_DEPTH = 8;
const MAX_MEMBERS = 200;
const MAX_STACK = 4_000;
const MAX_STATEMENT = 1_000;

/** A text without what is secret by its form. */
export function scrubText(text: string): string {
  const scrubbed = SECRET_TEXT.reduce((rest, [form, instead]) => rest.replace(form, instead), text);
  return scrubbed.replaceAll(CARD_NUMBER, (digits) => (isCardNumber(digits) ? HIDDEN : digits));
}

/** The same value without its secrets. What is nested too deep, or too long, is cut. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof Error) return scrubError(value);
  if (depth >= MAX_DEPTH) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((item) => scrub(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_MEMBERS)
      .map(([name, member]) => [name, isHidden(name, member) ? HIDDEN : scrub(member, depth + 1)]),
  );
}

/**
 * An error as it is logged. Those of the query builder quote the statement's parameters, and those of PostgreSQL the row:
 * of both, only what the server says is told.
 */
export function scrubError(error: Error): Readonly<Record<string, unknown>> {
  const known = readDatabaseError(error);
  if (known !== null) {
    const { sqlState, message } = known;
    return { type: "DatabaseError", sqlState, message: scrubText(message.replace(/: ".*"/s, ': "…"')) };
  }
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const isQuery = "query" in error && "params" in error;
  return {
    type: error.name,
    ...(isQuery
      ? { message: "a query failed" }
      : { message: scrubText(error.message), stack: scrubText((error.stack ?? "").slice(0, MAX_STACK)) }),
    ...code,
    ...(error.cause instanceof Error ? { cause: scrubError(error.cause) } : {}),
  };
}

/** A statement without its literals, which may be plates; what a query has for parameters is not in it. */
export function scrubStatement(statement: string): string {
  return statement
    .replaceAll(/'(?:[^']|'')*'/g, "'…'")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, MAX_STATEMENT);
}

function isHidden(name: string, member: unknown): boolean {
  // Only texts, and what holds them, can be secret.
  if (member === null || typeof member === "number" || typeof member === "boolean") return false;
  const plain = name.replaceAll(/[_-]/g, "").toLowerCase();
  return SECRET_NAME.test(plain) || PERSONAL_NAME.test(plain);
}

/** By the check digit that all numbers of cards have (Luhn). */
function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  let sum = 0;
  for (let place = 1; place <= digits.length; place += 1) {
    const digit = Number(digits.at(-place));
    const weighed = place % 2 === 0 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return digits.length >= 13 && sum % 10 === 0;
}
