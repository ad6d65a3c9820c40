import { Hono, type Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { limitBody, peerAddress, readJson, sendProblem, type AppEnv } from "../http.ts";
import { refuse } from "../platform/refusal.ts";
import { requireOwnPage, requireRunner } from "./guard.ts";
import { refuseSignIn, type PasswordDesk } from "./password-desk.ts";
import { closeSession, openSession } from "./queries.ts";
import { SESSION_COOKIE, SESSION_HOURS } from "./rules.ts";
import { hashToken, mintToken } from "./secrets.ts";

const signInSchema = z.object({
  email: z.string().trim().min(3).max(254).toLowerCase(),
  password: z.string().min(1).max(200),
  /** Of the second factor, where there is one. */
  code: z.string().trim().min(1).max(40).optional(),
});

type SessionDeps = { readonly db: Db; readonly clock: Clock; readonly desk: Pick<PasswordDesk, "signIn"> };

/**
 * `/api/session`, for headquarters' pages: POST signs in, GET tells who is signed in, DELETE signs out. The session is a
 * random token in an HttpOnly cookie. Programs and apps sign in by `/api/auth/token/`.
 */
export function accountRoutes({ db, clock, desk }: SessionDeps): Hono<AppEnv> {
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
    const now = new Date(clock.wallMs());
    const attempt = { ...body.data, code: body.data.code ?? null, address: peerAddress(c) };
    const outcome = await desk.signIn(attempt, now);
    if (outcome.kind !== "right") return refuseSignIn(outcome);
    const { user } = outcome;
    if (user.role === "driver") refuse(403, "not_allowed", "headquarters is for those who run facilities");
    const token = mintToken();
    const expiresAt = new Date(now.getTime() + SESSION_HOURS * 3_600_000);
    await openSession(db, user.id, hashToken(token), expiresAt, now);
    setCookie(c, SESSION_COOKIE, token, { ...cookieOptions(c), maxAge: SESSION_HOURS * 3_600 });
    return c.body(null, 204);
  });

  routes.get("/api/session", requireRunner(), (c) => {
    const { email, name, organisation } = c.get("session");
    return c.json({ email, name, organisation: organisation && { name: organisation.name } });
  });

  routes.delete("/api/session", requireOwnPage, async (c) => {
    const token = getCookie(c, SESSION_COOKIE);
    if (token !== undefined) await closeSession(db, hashToken(token));
    deleteCookie(c, SESSION_COOKIE, cookieOptions(c));
    return c.body(null, 204);
  });

  return routes;
}

function cookieOptions(c: Context) {
  // The proxy in front says whether the browser came by TLS; anybody else saying so harms only themselves.
  const secure = c.req.header("x-forwarded-proto") === "https";
  return { httpOnly: true, sameSite: "Strict", path: "/", secure } as const;
}
