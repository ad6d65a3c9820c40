import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { signInSchema } from "@parkme/shared/protocol/kiosk";
import { fail, readBody, type Env } from "./http.ts";
import { SESSION_MS, type Sessions } from "./sessions.ts";

const COOKIE = "parkme_session";

export function sessionToken(c: Context<Env>): string | undefined {
  return getCookie(c, COOKIE);
}

/** Signing in and out. These alone need no session. */
export function sessionRoutes(api: Hono<Env>, sessions: Sessions): void {
  api.post("/session", async (c) => {
    const body = await readBody(c, signInSchema);
    if (!body.ok) return body.response;
    const outcome = await sessions.signIn(body.value.name, body.value.pin, addressOf(c));
    switch (outcome.kind) {
      case "wrong":
        return fail(c, 401, "wrong_pin", "Name and PIN do not match.");
      case "later":
        return fail(c, 429, "too_many_attempts", "Too many wrong PINs. Wait a minute, then try again.");
      case "in":
        setCookie(c, COOKIE, outcome.token, {
          httpOnly: true,
          sameSite: "Strict",
          path: "/",
          maxAge: SESSION_MS / 1000,
        });
        return c.body(null, 204);
      default:
        return outcome satisfies never;
    }
  });
  api.get("/session", (c) => {
    const name = sessions.nameOf(sessionToken(c));
    return name === null ? fail(c, 401, "signed_out", "Please sign in.") : c.json({ name });
  });
  api.delete("/session", (c) => {
    sessions.signOut(sessionToken(c));
    deleteCookie(c, COOKIE, { path: "/" });
    return c.body(null, 204);
  });
}

/** Refuses every call of the routes that follow without a session, and tells them whose it is. */
export function requireSession(api: Hono<Env>, sessions: Sessions): void {
  api.use(async (c, next) => {
    const attendant = sessions.nameOf(sessionToken(c));
    if (attendant === null) return fail(c, 401, "signed_out", "Please sign in.");
    c.set("attendant", attendant);
    return await next();
  });
}

/** Sign-in failures are counted by the connection's own address: headers can be forged. */
function addressOf(c: Context<Env>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? "unknown";
}
