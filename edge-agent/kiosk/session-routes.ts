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
    const person = sessions.personOf(sessionToken(c));
    return person === null ? fail(c, 401, "signed_out", "Please sign in.") : c.json(person);
  });
  api.delete("/session", (c) => {
    sessions.signOut(sessionToken(c));
    deleteCookie(c, COOKIE, { path: "/" });
    return c.body(null, 204);
  });
}

/** Refuses every call of the routes that follow without a session, and tells them whose it is: an attendant's or a merchant's. */
export function requireSession(api: Hono<Env>, sessions: Sessions): void {
  api.use(async (c, next) => {
    const person = sessions.personOf(sessionToken(c));
    if (person === null) return fail(c, 401, "signed_out", "Please sign in.");
    c.set("attendant", person.name);
    c.set("role", person.role);
    return await next();
  });
}

/** Refuses merchants every call of the routes that follow. */
export function attendantsOnly(api: Hono<Env>): void {
  api.use(async (c, next) => {
    if (c.get("role") !== "attendant")
      return fail(c, 403, "attendants_only", "This is for attendants. Sign in as one.");
    return await next();
  });
}

/** Sign-in failures are counted by the connection's own address: headers can be forged. */
function addressOf(c: Context<Env>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? "unknown";
}
