import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import { problem } from "@parkme/shared/domain/errors";
import { parseJson, readBody, type AppEnv } from "../http.ts";
import { refuse, Refusal } from "./refusal.ts";

type Parts = {
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
};

/** What a request says, read by its call. @throws {Refusal} that names the first field that is wrong, and lists all. */
export async function readRequest(
  c: Context<AppEnv>,
  { params, query, body }: Parts,
  maxBytes: number,
): Promise<{ params: unknown; query: unknown; body: unknown }> {
  const wrong: Wrong[] = [];
  const path = params === undefined ? {} : take(params, c.req.param(), "path", wrong);
  // An id that is none names nothing.
  if (wrong.length > 0) refuse(404, "not_found", "there is nothing at this address", wrong[0]?.field);
  const asked = query === undefined ? {} : take(query, oneOfEach(c.req.queries(), wrong), "query", wrong);
  const sent = body === undefined ? undefined : take(body, await bodyOf(c, maxBytes), "body", wrong);
  const [first] = wrong;
  if (first !== undefined) {
    const errors = wrong.slice(0, MAX_TOLD);
    throw new Refusal(problem(400, "invalid", first.message, first.field), { errors });
  }
  return { params: path, query: asked, body: sent };
}

type Wrong = { readonly field: string; readonly message: string };

/** What is wrong with a long list is seldom a hundred things. */
const MAX_TOLD = 20;

/** @param whole what is wrong when it is no member of it. */
function take(schema: z.ZodType, value: unknown, whole: string, wrong: Wrong[]): unknown {
  const unstorable = findUnstorable(value, []);
  if (unstorable !== null) {
    wrong.push({ field: unstorable.join(".") || whole, message: "has characters that cannot be stored" });
    return undefined;
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  for (const issue of read.error.issues)
    wrong.push({ field: fieldOf(issue) || whole, message: issue.message });
  return undefined;
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return [...issue.path, ...unknown].map(String).join(".");
}

/** NUL and halves of characters: PostgreSQL takes neither. Nothing of ours is nested deeper than the limit. */
function findUnstorable(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === "string") return /[\0\p{Cs}]/u.test(value) ? path : null;
  if (typeof value !== "object" || value === null) return null;
  if (path.length > 64) return path;
  for (const [key, member] of Object.entries(value)) {
    const found = findUnstorable(member, [...path, key]) ?? findUnstorable(key, path);
    if (found !== null) return found;
  }
  return null;
}

function oneOfEach(queries: Record<string, string[]>, wrong: Wrong[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(queries).map(([field, [value = "", ...more]]) => {
      if (more.length > 0) wrong.push({ field, message: "is there more than once" });
      return [field, value];
    }),
  );
}

async function bodyOf(c: Context<AppEnv>, maxBytes: number): Promise<unknown> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json")
    refuse(415, "json_only", "the body must be JSON, with the content-type application/json", "content-type");
  const bytes = await readBody(c, maxBytes);
  if (bytes === null) {
    // The rest of the body is still coming: the connection is of no use for another request.
    const close = { connection: "close" };
    throw new Refusal(problem(413, "body_too_large", `the body is longer than ${maxBytes} bytes`), {}, close);
  }
  const body = parseJson(c, bytes);
  return body === undefined ? refuse(400, "malformed_json", "the body is not JSON", "body") : body;
}
