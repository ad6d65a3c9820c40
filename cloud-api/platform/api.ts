import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { KeyScope, Principal } from "../accounts/principal.ts";
import { writeAudit, type AuditFact } from "../audit/entries.queries.ts";
import type { Client, Db, Tx } from "../db/connection.ts";
import { ANYONE, inScope } from "../db/tenancy.ts";
import { limitBody, type AppEnv } from "../http.ts";
import { describeCall, type Access } from "./describe.ts";
import { answerOnce } from "./idempotency.queries.ts";
import type { Cache, CacheSpace } from "./cache.ts";
import { forgetOnCommit } from "./forget.queries.ts";
import { readRequest } from "./request.ts";
import { refuse, Refusal } from "./refusal.ts";

/** One call of the API: what it takes and answers. It is checked by this, listed in /api/schema/ by this, and tested by this. */
export type Call<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> = {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** As OpenAPI writes it, with a slash at its end: `/api/bookings/{id}/cancel/`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** What an API key needs; left out, keys may not call it. */
  readonly keyScope?: KeyScope;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Left out: 32 KiB. */
  readonly maxBytes?: number;
  /** 200 unless told; 204 where there is no `answer`. */
  readonly status?: 200 | 201 | 202;
  readonly answer?: A;
  /** It takes an `Idempotency-Key`: the same again within a day is answered the same, and done once. */
  readonly idempotent?: boolean;
};

/** What a handler is given: everything is checked. */
export type Asked<P, Q, B> = {
  readonly c: Context<AppEnv>;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly now: Date;
};

export type AskedInScope<P, Q, B, Who> = Asked<P, Q, B> & {
  /** The request's transaction, behind the walls of who asks. */
  readonly tx: Tx;
  /** The connection of `tx`. */
  readonly client: Client;
  readonly principal: Who;
  /** Writes into the audit log of the tenant, in the transaction. */
  readonly audit: (fact: AuditFact) => Promise<void>;
  /** Has the caches of all processes forget a key once the transaction is committed. */
  readonly forget: (space: CacheSpace, key: string) => Promise<void>;
};

/** Signed in, wherever not everybody may call. */
type Who<W extends Access> = W extends "anyone" ? Principal | null : Principal;

/** A call as its tests see it. */
export type CallInfo = Pick<
  Call<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>,
  "method" | "path" | "access" | "keyScope" | "params" | "query" | "body" | "answer"
>;

type Handled<A> = Promise<A | Response>;

export type Api = {
  readonly routes: OpenAPIHono<AppEnv>;
  readonly calls: readonly CallInfo[];
  /** Adds a call whose handler runs in one transaction, behind the walls of who asks. What it throws undoes it. */
  readonly call: <
    const W extends Access,
    P extends z.ZodObject = z.ZodObject<{}>,
    Q extends z.ZodObject = z.ZodObject<{}>,
    B extends z.ZodType = z.ZodUndefined,
    A extends z.ZodType = z.ZodVoid,
  >(
    call: Call<P, Q, B, A> & { readonly access: W },
    handle: (asked: AskedInScope<z.output<P>, z.output<Q>, z.output<B>, Who<W>>) => Handled<z.input<A>>,
  ) => void;
  /** Adds a call without a transaction: for what is cached, what anybody may see, and what needs several. */
  readonly bare: <
    const W extends Access,
    P extends z.ZodObject = z.ZodObject<{}>,
    Q extends z.ZodObject = z.ZodObject<{}>,
    B extends z.ZodType = z.ZodUndefined,
    A extends z.ZodType = z.ZodVoid,
  >(
    call: Call<P, Q, B, A> & { readonly access: W },
    handle: (
      asked: Asked<z.output<P>, z.output<Q>, z.output<B>> & { readonly principal: Who<W> },
    ) => Handled<z.input<A>>,
  ) => void;
};

export type ApiDeps = {
  readonly db: Db;
  readonly clock: Clock;
  /** Who asks; null = nobody who is signed in. Throws a {@link Refusal} where what they show is not good. */
  readonly identify: (c: Context<AppEnv>) => Promise<Principal | null>;
  /** Counts a request. Throws a {@link Refusal} when there were too many. */
  readonly limit: (c: Context<AppEnv>, principal: Principal | null) => Promise<void>;
  readonly cache: Pick<Cache, "forget">;
  /** Holds answers against their schemas: for tests. */
  readonly checkAnswers: boolean;
};

const DEFAULT_MAX_BYTES = 32 * 1024;

/** The API: calls are added to it, and it knows them all. */
export function createApi(deps: ApiDeps): Api {
  const { db, clock, cache } = deps;
  const routes = new OpenAPIHono<AppEnv>({ strict: false });
  const calls: CallInfo[] = [];

  const add = (
    call: Call<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>,
    handle: (asked: Asked<never, never, never> & { principal: never }) => Promise<unknown>,
  ): void => {
    calls.push(call);
    describeCall(routes, call);
    const path = call.path.replaceAll(/\{(\w+)\}/g, ":$1").replace(/\/$/, "");
    const maxBytes = call.maxBytes ?? DEFAULT_MAX_BYTES;
    // A body with a schema is limited while it is read; others, which a handler may read by itself, before that.
    if (call.body === undefined && call.method !== "get") routes.on(call.method, path, limitBody(maxBytes));
    routes.on(call.method, path, async (c) => {
      const principal = await admit(deps, call, c);
      const request = await readRequest(c, call, maxBytes);
      const asked = { c, ...request, principal, now: new Date(clock.wallMs()) };
      const answer = await handle(asked as never);
      if (answer instanceof Response) return answer;
      if (call.answer === undefined) return c.body(null, 204);
      if (deps.checkAnswers) call.answer.parse(answer);
      return c.json(answer as object, call.status ?? 200);
    });
  };

  return {
    routes,
    calls,
    bare: (call, handle) => add(call, handle),
    call: (call, handle) =>
      add(call, async (asked: Asked<never, never, never> & { principal: Principal | null }) => {
        const { principal, now, c } = asked;
        const forgotten: (readonly [CacheSpace, string])[] = [];
        const answer = await inScope(db, principal ?? ANYONE, async (tx, client) => {
          const audit = async (fact: AuditFact) =>
            await writeAudit(tx, { principal, now, requestId: c.get("requestId") }, fact);
          const forget = async (space: CacheSpace, key: string) => {
            forgotten.push([space, key]);
            await forgetOnCommit(tx, space, key);
          };
          const run = async () => await handle({ ...asked, tx, client, audit, forget } as never);
          return call.idempotent === true ? await answerOnce(tx, asked, call, run) : await run();
        });
        // Who asks next, here, does not have to wait for the word from the database.
        for (const [space, key] of forgotten) await cache.forget(space, key);
        return answer;
      }),
  };
}

async function admit(
  { identify, limit }: ApiDeps,
  { access, keyScope, method }: Pick<CallInfo, "access" | "keyScope" | "method">,
  c: Context<AppEnv>,
): Promise<Principal | null> {
  const principal = await identify(c).catch(async (error: unknown) => {
    // Whoever guesses tokens is nobody, and counted as such.
    if (error instanceof Refusal) await limit(c, null);
    throw error;
  });
  await limit(c, principal);
  if (access === "anyone") return principal;
  if (principal === null)
    throw new Refusal(problem(401, "not_signed_in", "sign in first"), {}, { "www-authenticate": "Bearer" });
  if (principal.keyScopes === null) {
    if (!access.includes(principal.role)) refuse(403, "not_allowed", `${principal.role}s may not do this`);
  } else if (keyScope === undefined || !principal.keyScopes.includes(keyScope)) {
    refuse(
      403,
      "not_allowed",
      keyScope === undefined ? "API keys may not do this" : `this needs a key with the scope ${keyScope}`,
    );
  }
  // A foreign page can make a browser send our cookie, but not this header.
  const byCookie = principal.kind === "user" && principal.signInId === null;
  if (byCookie && method !== "get" && c.req.header("x-parkme") !== "1")
    refuse(403, "own_page_only", "the header x-parkme: 1 is missing");
  return principal;
}
