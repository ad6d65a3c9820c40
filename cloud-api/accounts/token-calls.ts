import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deleteCookie, getCookie } from "hono/cookie";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { accessSecret } from "../fleet/cloud-keys.queries.ts";
import { peerAddress } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { id, instantText, iso } from "../platform/fields.ts";
import { notFound, Refusal } from "../platform/refusal.ts";
import { anyPassword, code } from "./fields.ts";
import { needsSecondFactor, refuseSignIn } from "./password-desk.ts";
import { closeSession, findUser } from "./queries.ts";
import { actorOf, recorded } from "./recorded.ts";
import { SESSION_COOKIE } from "./rules.ts";
import { hashToken, mintToken } from "./secrets.ts";
import { endEverywhere, endSignIns, listSignIns, tradeRefresh } from "./sign-ins.queries.ts";
import type { AccountDeps } from "./settings.ts";
import { openPair, pairAnswer } from "./token-pair.ts";
import { signAccess, signSetup, type SignedFor } from "./tokens.ts";

const tag = "auth";
const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;

const email = z.string().trim().toLowerCase().min(3).max(254);

/** `/api/auth/token/`, `.../refresh/`, `/api/auth/sign-out/` and `/api/auth/sessions/`. */
export function tokenCalls(api: Api, deps: AccountDeps): void {
  signingIn(api, deps);
  refreshing(api, deps);
  signingOut(api, deps);
  sessions(api, deps);
}

function signingIn(api: Api, { db, accounts }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/auth/token/",
      tag,
      summary: "Signs in: an access token for 15 minutes, and a refresh token that is good once",
      description:
        "401 `second_factor_needed` asks for `code` (of an authenticator app, or a recovery code). 401 " +
        "`second_factor_setup_needed` comes with a `setup_token` for /api/auth/totp/. After ten wrong ones in a row: 429.",
      access: "anyone",
      body: z.strictObject({ email, password: anyPassword, code: code.optional() }),
      answer: pairAnswer,
    },
    async ({ c, body, now }) => {
      const attempt = { ...body, code: body.code ?? null, address: peerAddress(c) };
      const outcome = await accounts.desk.signIn(attempt, now);
      noStore(c);
      if (outcome.kind === "second_factor_setup_needed") {
        const words = "a second factor must be set up first: see /api/auth/totp/";
        const setup_token = await signSetup(await accessSecret(db), outcome.user.id, now);
        throw new Refusal(problem(401, outcome.kind, words), { setup_token });
      }
      if (outcome.kind !== "right") return refuseSignIn(outcome);
      return await openPair({ db }, c, outcome.user, now);
    },
  );
}

function refreshing(api: Api, { db, cache, accounts }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/auth/token/refresh/",
      tag,
      summary: "Trades a refresh token for a new pair",
      description:
        "The token is spent. Shown again within ten seconds it gives another pair (an answer was lost); later it ends the " +
        "sign-in, with 401 `token_reused`.",
      access: "anyone",
      body: z.strictObject({ refresh: z.string().min(1).max(200) }),
      answer: pairAnswer,
    },
    async ({ c, body, now }) => {
      noStore(c);
      const refresh = mintToken();
      const traded = await tradeRefresh(db, hashToken(body.refresh), hashToken(refresh), now);
      if (traded.kind === "over")
        throw unauthorised("bad_token", "the token is not good, or over: sign in again");
      const user = await findUser(db, { id: traded.userId });
      if (user === null) throw unauthorised("bad_token", "the token is not good, or over: sign in again");
      if (traded.kind === "reused") {
        await cache.forget("people", traded.userId);
        await recorded(db, { c, now, by: actorOf(user) }, (_tx, audit) =>
          audit({ action: "user.token_reused", subject: `user:${user.id}` }),
        );
        throw unauthorised("token_reused", "the token was used before: the sign-in is over");
      }
      if (!user.secondFactor && needsSecondFactor(accounts.secondFactor, user.role))
        return refuseSignIn({ kind: "second_factor_setup_needed", user });
      return { access: await access(db, traded, now), refresh };
    },
  );
}

function signingOut(api: Api, { db, cache }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/auth/sign-out/",
      tag,
      summary: "Signs out here, or everywhere",
      access: EVERYBODY,
      query: z.strictObject({ everywhere: z.enum(["true", "false"]).default("false") }),
    },
    async ({ c, query, principal, now }) => {
      const { actorId, signInId } = principal;
      const everywhere = query.everywhere === "true";
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        if (everywhere) await endEverywhere(tx, actorId, "signed_out", now);
        else if (signInId !== null) await endSignIns(tx, actorId, "signed_out", now, { only: signInId });
        await audit({ action: "user.signed_out", subject: `user:${actorId}`, detail: { everywhere } });
      });
      const cookie = getCookie(c, SESSION_COOKIE);
      if (signInId === null && cookie !== undefined) {
        await closeSession(db, hashToken(cookie));
        deleteCookie(c, SESSION_COOKIE, { path: "/" });
      }
      await cache.forget("people", actorId);
    },
  );
}

function sessions(api: Api, { db, cache }: AccountDeps): void {
  api.bare(
    {
      method: "get",
      path: "/api/auth/sessions/",
      tag,
      summary: "Where you are signed in, the one used last first",
      access: EVERYBODY,
      answer: z.object({
        items: z.array(
          z.object({
            id: z.uuid(),
            device: z.string(),
            address: z.string(),
            signed_in_at: instantText,
            last_used_at: instantText,
            expires_at: instantText,
            current: z.boolean(),
          }),
        ),
        next_cursor: z.null(),
      }),
    },
    async ({ principal, now }) => {
      const rows = await listSignIns(db, principal.actorId, now);
      const items = rows.map((row) => ({
        id: row.id,
        device: row.device,
        address: row.address,
        signed_in_at: iso(row.at),
        last_used_at: iso(row.lastUsedAt),
        expires_at: iso(row.expiresAt),
        current: row.id === principal.signInId,
      }));
      return { items, next_cursor: null };
    },
  );
  api.bare(
    {
      method: "delete",
      path: "/api/auth/sessions/{id}/",
      tag,
      summary: "Signs out another device",
      access: EVERYBODY,
      params: z.object({ id }),
    },
    async ({ c, params, principal, now }) => {
      const { actorId } = principal;
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const ended = await endSignIns(tx, actorId, "signed_out", now, { only: params.id });
        if (ended === 0) notFound("session");
        const detail = { session: params.id };
        await audit({ action: "user.signed_out", subject: `user:${actorId}`, detail });
      });
      await cache.forget("people", actorId);
    },
  );
}

async function access(db: Db, { userId, signInId }: SignedFor, now: Date): Promise<string> {
  return await signAccess(await accessSecret(db), { userId, signInId }, now);
}

function unauthorised(name: string, words: string): Refusal {
  return new Refusal(problem(401, name, words));
}

function noStore(c: Context): void {
  c.header("cache-control", "no-store");
}
