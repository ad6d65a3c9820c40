import type { Context } from "hono";
import type { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";

/** What every route of the attendant's calls shares. */

export type Env = { Variables: { attendant: string } };

type Failure = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503;

/** A refusal: problem details with a stable code, a sentence for people, and the field that is wrong. */
export function fail(
  c: Context<Env>,
  status: Failure,
  code: string,
  detail: string,
  field?: string,
): Response {
  return c.json(problem(status, code, detail, field), status, { "content-type": "application/problem+json" });
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly response: Response };

export async function readBody<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<Read<T>> {
  return read(c, schema, await c.req.json().catch(() => undefined), "invalid_body");
}

export function readQuery<T>(c: Context<Env>, schema: z.ZodType<T>): Read<T> {
  return read(c, schema, c.req.query(), "invalid_query");
}

function read<T>(c: Context<Env>, schema: z.ZodType<T>, value: unknown, code: string): Read<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".");
  const detail = issue?.message ?? "What was sent is not valid.";
  return { ok: false, response: fail(c, 400, code, detail, field === "" ? undefined : field) };
}
