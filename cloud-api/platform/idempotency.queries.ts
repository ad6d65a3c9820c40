import { createHash } from "node:crypto";
import { and, eq } from "drizzle-orm";
import type { Context } from "hono";
import type { Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { idempotencyKeys } from "../db/bookings-schema.ts";
import type { AppEnv } from "../http.ts";
import { refuse } from "./refusal.ts";

type Request = {
  readonly c: Context<AppEnv>;
  readonly principal: Principal | null;
  readonly now: Date;
  readonly body: unknown;
};

/** As the draft of the IETF has it (draft-ietf-httpapi-idempotency-key-header). */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** A request as its `Idempotency-Key` knows it. */
export type Once = {
  readonly key: string;
  /** SHA-256 of method, path and body. */
  readonly request: Buffer;
};

/** Null = it has no key. @throws a refusal where the key is none. */
export function onceOf({ c, body }: Pick<Request, "c" | "body">): Once | null {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return null;
  if (!KEY.test(key))
    return refuse(400, "invalid", "must be 1..200 characters without blanks", "Idempotency-Key");
  const text = `${c.req.method} ${c.req.path.replace(/\/$/, "")}\n${JSON.stringify(body) ?? ""}`;
  return { key, request: createHash("sha256").update(text).digest() };
}

/**
 * Runs a request once for each `Idempotency-Key` of who asks, in its transaction: whoever repeats it gets the first
 * answer. Two at the same time wait for each other at the key's row.
 */
export async function answerOnce<T>(
  tx: Tx,
  { c, principal, now, body }: Request,
  call: { readonly status?: number; readonly answer?: unknown },
  run: () => Promise<T>,
): Promise<T | Response> {
  const once = onceOf({ c, body });
  if (once === null || principal === null) return await run();
  const { key, request } = once;
  const status = call.answer === undefined ? 204 : (call.status ?? 200);
  // The row comes first: the same request at the same time waits here until this one is committed.
  const begun = await tx
    .insert(idempotencyKeys)
    .values({ owner: principal.actorId, key, request, status, answer: null, at: now })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  const its = and(eq(idempotencyKeys.owner, principal.actorId), eq(idempotencyKeys.key, key));
  if (begun.length > 0) {
    const answer = await run();
    if (answer instanceof Response) return answer;
    await tx
      .update(idempotencyKeys)
      .set({ answer: answer ?? null })
      .where(its);
    return answer;
  }
  const [before] = await tx.select().from(idempotencyKeys).where(its);
  if (before === undefined || !before.request.equals(request))
    return refuse(422, "idempotency_key_reused", "this key was used for another request", "Idempotency-Key");
  c.header("idempotent-replayed", "true");
  return before.status === 204 ? c.body(null, 204) : c.json(before.answer as object, before.status as 200);
}
