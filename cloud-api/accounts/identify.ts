import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { LRUCache } from "lru-cache";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { accessSecret } from "../fleet/cloud-keys.queries.ts";
import type { AppEnv } from "../http.ts";
import type { Cache } from "../platform/cache.ts";
import { Refusal } from "../platform/refusal.ts";
import { findPerson, type Person } from "./identify.queries.ts";
import type { Principal, Session, SignedIn } from "./principal.ts";
import { findSession } from "./queries.ts";
import { SESSION_COOKIE } from "./rules.ts";
import { hashToken, KEY_PREFIX } from "./secrets.ts";
import { readAccess, type AccessClaims } from "./tokens.ts";

/** Tokens whose signatures were found right. */
const MAX_CHECKED = 10_000;

/** Looks up a program by its API key. */
export type FindKey = (token: string, now: Date) => Promise<Principal | null>;

/** Who a request comes from; null = nobody who is signed in. @throws {Refusal} where a token is not good. */
export type Identify = (c: Context<AppEnv>) => Promise<SignedIn | null>;

/**
 * Tells who a request comes from: by its bearer token, its API key, or the dashboard's cookie. What is known of somebody is
 * believed as long as the cache's space `people` keeps it; whoever changes it has the cache forget.
 */
export function createIdentify(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly cache: Pick<Cache, "remember" | "forget">;
  readonly findKey: FindKey;
}): Identify {
  const { db, clock, cache, findKey } = deps;
  let secret: Promise<Uint8Array> | null = null;
  const checked = new LRUCache<string, AccessClaims>({ max: MAX_CHECKED });

  async function byToken(token: string, now: Date): Promise<SignedIn | null> {
    if (token.startsWith(KEY_PREFIX)) {
      const name = keyName(hashToken(token));
      const key = await cache.remember("people", name, () => findKey(token, now));
      if (key !== null) return { principal: key, session: null };
      // Guesses are not worth their places.
      await cache.forget("people", name);
      return null;
    }
    const claims = await claimsOf(token, now);
    if (claims === null) return null;
    const { userId, signInId } = claims;
    const known = await personOf(userId, now);
    if (known?.signInIds.includes(signInId) === true) return signedIn(known, signInId);
    // Signed in since, or signed out: the database knows.
    await cache.forget("people", userId);
    const fresh = await personOf(userId, now);
    return fresh?.signInIds.includes(signInId) === true ? signedIn(fresh, signInId) : null;
  }

  /** What a token says never changes: its signature is checked once, its time whenever it is shown. */
  async function claimsOf(token: string, now: Date): Promise<AccessClaims | null> {
    const known = checked.get(token);
    if (known !== undefined) return known.untilMs > now.getTime() ? known : null;
    secret ??= accessSecret(db);
    const claims = await readAccess(await secret.catch(forgetSecret), token, now);
    if (claims !== null) checked.set(token, claims);
    return claims;
  }

  async function personOf(userId: string, now: Date): Promise<Person | null> {
    return await cache.remember("people", userId, () => findPerson(db, userId, now));
  }

  function forgetSecret(error: unknown): never {
    secret = null;
    throw error;
  }

  return async (c) => {
    const now = new Date(clock.wallMs());
    const bearer = bearerOf(c);
    if (bearer !== null) {
      const found = await byToken(bearer, now);
      if (found !== null) return found;
      throw new Refusal(
        problem(401, "bad_token", "the token is not good, or over: sign in again"),
        {},
        { "www-authenticate": 'Bearer error="invalid_token"' },
      );
    }
    const cookie = getCookie(c, SESSION_COOKIE);
    if (cookie === undefined) return null;
    const userId = await findSession(db, hashToken(cookie), now);
    const person = userId === null ? null : await personOf(userId, now);
    return person === null ? null : signedIn(person, null);
  };
}

/** The bearer token that a request shows; with one, its cookie counts for nothing. */
export function bearerOf(c: Context): string | null {
  return /^Bearer +([\x21-\x7e]{1,2000})$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? null;
}

/** What the cache's space `people` knows a key by. */
export function keyName(keyHash: Buffer): string {
  return `key:${keyHash.toString("hex")}`;
}

function signedIn(person: Person, signInId: string | null): SignedIn & { readonly session: Session } {
  const { userId, email, name, role, organisation, facilityIds } = person;
  const principal: Principal = {
    kind: "user",
    actorId: userId,
    name: email,
    email,
    role,
    organisationId: organisation?.id ?? null,
    facilityIds,
    keyScopes: null,
    signInId,
  };
  return { principal, session: { principal, userId, email, name, organisation } };
}
