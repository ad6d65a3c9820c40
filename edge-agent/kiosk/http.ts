import type { Context } from "hono";
import type { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";
import type { Person } from "./sessions.ts";

/** What every route of the attendant's calls shares. */

export type Env = {
  Variables: { /** Who is signed in, by name. */ attendant: string; role: Person["role"] };
};

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
  const issue = closest(parsed.error.issues[0]);
  const field = issue?.path.join(".");
  const detail = issue?.message ?? "What was sent is not valid.";
  return { ok: false, response: fail(c, 400, code, detail, field === "" ? undefined : field) };
}

/** Of what fits none of several shapes: what keeps it from the one that it comes closest to. */
function closest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue | undefined {
  if (issue?.code !== "invalid_union") return issue;
  const [nearest] = issue.errors.toSorted((a, b) => a.length - b.length);
  return nearest?.[0] === undefined ? issue : closest(nearest[0]);
}
