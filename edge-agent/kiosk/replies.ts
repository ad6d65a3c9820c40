import type { Context } from "hono";
import type { Refusal } from "@parkme/shared/domain/errors";
import type { Result } from "@parkme/shared/domain/result";
import { fail, type Env } from "./http.ts";

/** How the acts of the desk are answered. */

/** What there is not: 404. Everything else that is refused is in conflict with how things are: 409. */
const NOT_FOUND: ReadonlySet<string> = new Set([
  "unknown_stay",
  "unknown_offer",
  "unknown_payment",
  "unknown_penalty",
  "unknown_attempt",
  "unknown_receipt",
  "unknown_shift",
  "unknown_ticket",
]);
/** What was sent cannot be meant, and which field says it. */
const WRONG_FIELD: Readonly<Record<string, string>> = {
  entry_invalid: "entry_at",
  plate_invalid: "plate",
  unknown_vehicle: "type",
  amount_invalid: "amount_minor",
};

export function answerTo<T>(
  c: Context<Env>,
  result: Result<T, Refusal>,
  say: (value: T) => Response,
): Response {
  return result.ok ? say(result.value) : refuse(c, result.error);
}

export function refuse(c: Context<Env>, { code, message }: Refusal): Response {
  const field = WRONG_FIELD[code];
  if (field !== undefined) return fail(c, 400, code, message, field);
  if (code === "store_failed") return fail(c, 503, code, message);
  return fail(c, NOT_FOUND.has(code) ? 404 : 409, code, message);
}
