import { Hono, type Context, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { limitBody, peerAddress, readJson, sendProblem, type AppEnv } from "../http.ts";
import { closeSession, findSession, findUser, openSession } from "./queries.ts";
import { createAttemptLimiter, SESSION_COOKIE, SESSION_HOURS, type Session } from "./rules.ts";
import { hashPassword, hashToken, isPassword, mintToken } from "./secrets.ts";

const signInSchema = z.object({
  email: z.string().trim().min(3).max(254).toLowerCase(),
  password: z.string().min(1).max(200),
});

const ATTEMPT_WINDOW_MS = 15 * 60_000;
const ATTEMPTS_BY_ADDRESS = 10;
/** Higher than for an address, so that a stranger at one address cannot lock a user out. */
const ATTEMPTS_BY_EMAIL = 30;
const REMEMBERED_KEYS = 10_000;
/** A check takes 19 MiB and a thread for some 30 ms: more at once would only wait for each other. */
const CHECKS_AT_ONCE = 8;

type AccountDeps = { readonly db: Db; readonly clock: Clock };

/**
 * `/api/session`: POST signs in, GET tells who is signed in, DELETE signs out. The session is a random token in an
 * HttpOnly cookie.
 */
export async function accountRoutes({ db, clock }: AccountDeps): Promise<Hono<AppEnv>> {
  const byAddress = createAttemptLimiter(ATTEMPTS_BY_ADDRESS, ATTEMPT_WINDOW_MS, REMEMBERED_KEYS);
  const byEmail = createAttemptLimiter(ATTEMPTS_BY_EMAIL, ATTEMPT_WINDOW_MS, REMEMBERED_KEYS);
  // An unknown email costs the same check as a known one: the time of an answer tells nobody who has an account.
  const decoyHash = await hashPassword(mintToken());
  let checks = 0;

  const routes = new Hono<AppEnv>({ strict: false });

  routes.post("/api/session", limitBody(4_096), requireOwnPage, async (c) => {
    const body = signInSchema.safeParse(await readJson(c));
    if (!body.success) {
      const field = body.error.issues[0]?.path.join(".");
      return sendProblem(
        c,
        problem(400, "invalid", "an email and a password are needed", field || undefined),
      );
    }
    const { email, password } = body.data;
    const nowMs = clock.wallMs();
    const address = peerAddress(c);
    const waitSeconds = byAddress.take(address, nowMs) || byEmail.take(email, nowMs);
    if (waitSeconds > 0) return tooMany(c, waitSeconds);
    if (checks >= CHECKS_AT_ONCE) return tooMany(c, 1);

    checks += 1;
    try {
      const user = await findUser(db, email);
      const right = await isPassword(user?.passwordHash ?? decoyHash, password);
      if (user === null || !right) {
        return sendProblem(c, problem(401, "sign_in_refused", "the email or the password is not right"));
      }
      byAddress.giveBack(address);
      byEmail.giveBack(email);
      const token = mintToken();
      const expiresAt = new Date(nowMs + SESSION_HOURS * 3_600_000);
      await openSession(db, user.id, hashToken(token), expiresAt, new Date(nowMs));
      setCookie(c, SESSION_COOKIE, token, { ...cookieOptions(c), maxAge: SESSION_HOURS * 3_600 });
      return c.body(null, 204);
    } finally {
      checks -= 1;
    }
  });

  routes.get("/api/session", requireSession({ db, clock }), (c) => {
    const { email, name, organisation } = c.get("session");
    return c.json({ email, name, organisation: { name: organisation.name } });
  });

  routes.delete("/api/session", requireOwnPage, async (c) => {
    const token = getCookie(c, SESSION_COOKIE);
    if (token !== undefined) await closeSession(db, hashToken(token));
    deleteCookie(c, SESSION_COOKIE, cookieOptions(c));
    return c.body(null, 204);
  });

  return routes;
}

/** Lets only signed-in people pass; the handlers after it find the session in the context. */
export function requireSession(deps: AccountDeps): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const session = await currentSession(deps, c);
    if (session === null) return sendProblem(c, problem(401, "not_signed_in", "sign in first"));
    c.set("session", session);
    return next();
  };
}

/** The session of this request's cookie, as the database knows it now. */
export async function currentSession({ db, clock }: AccountDeps, c: Context): Promise<Session | null> {
  const token = getCookie(c, SESSION_COOKIE);
  return token === undefined ? null : await findSession(db, hashToken(token), new Date(clock.wallMs()));
}

/** A foreign page can make a browser send our cookie, but not this header. */
export const requireOwnPage: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.header("x-parkme") !== "1") {
    return sendProblem(c, problem(403, "own_page_only", "the header x-parkme: 1 is missing"));
  }
  return next();
};

function tooMany(c: Context, waitSeconds: number): Response {
  c.header("retry-after", String(waitSeconds));
  return sendProblem(c, problem(429, "too_many_attempts", `try again in ${waitSeconds} seconds`));
}

function cookieOptions(c: Context) {
  // The proxy in front says whether the browser came by TLS; anybody else saying so harms only themselves.
  const secure = c.req.header("x-forwarded-proto") === "https";
  return { httpOnly: true, sameSite: "Strict", path: "/", secure } as const;
}
