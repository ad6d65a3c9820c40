import type { Context, MiddlewareHandler } from "hono";
import { problem } from "@parkme/shared/domain/errors";
import type { AppEnv } from "../http.ts";
import { refuse, Refusal } from "../platform/refusal.ts";
import { bearerOf, type Identify } from "./identify.ts";
import type { Principal, Role, Session } from "./principal.ts";

/** Those who run facilities. */
const RUNNERS: readonly Role[] = ["admin", "owner", "staff"];

/**
 * Lets the handlers after it ask who a request comes from, as it is known at that moment. A program's request is counted
 * the first time; the dashboard's pages look again and again, and are not.
 *
 * @param limit counts a request. Throws a {@link Refusal} when there were too many.
 */
export function knowWho(
  identify: Identify,
  limit: (c: Context<AppEnv>, principal: Principal | null) => Promise<void>,
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    let isCounted = bearerOf(c) === null;
    c.set("who", async () => {
      const who = await identify(c);
      if (!isCounted) await limit(c, who?.principal ?? null);
      isCounted = true;
      return who;
    });
    await next();
  };
}

/** The person that a request comes from. @throws {Refusal} where nobody is signed in, or none of these roles. */
export async function runnerOf<E extends AppEnv>(
  c: Context<E>,
  roles: readonly Role[] = RUNNERS,
): Promise<Session> {
  const who = await c.get("who")();
  if (who === null)
    throw new Refusal(problem(401, "not_signed_in", "sign in first"), {}, { "www-authenticate": "Bearer" });
  if (who.session === null) return refuse(403, "not_allowed", "API keys may not do this");
  const { role } = who.principal;
  return roles.includes(role) ? who.session : refuse(403, "not_allowed", `${role}s may not do this`);
}

/** Lets only people of these roles pass; the handlers after it find the session in the context. */
export function requireRunner(roles?: readonly Role[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.set("session", await runnerOf(c, roles));
    await next();
  };
}

/** A foreign page can make a browser send our cookie, but neither this header nor a token. */
export const requireOwnPage: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (bearerOf(c) === null && c.req.header("x-parkme") !== "1")
    refuse(403, "own_page_only", "the header x-parkme: 1 is missing");
  await next();
};
