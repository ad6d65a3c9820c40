import { z } from "@hono/zod-openapi";
import { peerAddress } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { addressGroup } from "../platform/client-address.ts";
import { refuse } from "../platform/refusal.ts";
import { anyPassword, newPassword, passwordOf } from "./fields.ts";
import { changedMail, resetMail } from "./mails.ts";
import { tooMany } from "./password-desk.ts";
import { findUser } from "./queries.ts";
import { actorOf, recorded } from "./recorded.ts";
import { findReset, setPassword, useReset, writeReset } from "./resets.queries.ts";
import { createAttemptLimiter } from "./rules.ts";
import { hashToken, mintToken } from "./secrets.ts";
import { endEverywhere } from "./sign-ins.queries.ts";
import { forgetWrong } from "./wrong-passwords.queries.ts";
import type { AccountDeps } from "./settings.ts";

const tag = "auth";
const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;

const WINDOW_MS = 15 * 60_000;
const RESETS_BY_ADDRESS = 10;
/** Nobody's mailbox is filled by strangers. */
const RESETS_BY_EMAIL = 3;
const REMEMBERED_KEYS = 10_000;
const RESET_MS = 60 * 60_000;

/** `/api/auth/password/...`: a new one for who knows the old one, or reads the mail. */
export function passwordCalls(api: Api, deps: AccountDeps): void {
  asking(api, deps);
  confirming(api, deps);
  changing(api, deps);
}

function asking(api: Api, { db, accounts }: AccountDeps): void {
  const byAddress = createAttemptLimiter(RESETS_BY_ADDRESS, WINDOW_MS, REMEMBERED_KEYS);
  const byEmail = createAttemptLimiter(RESETS_BY_EMAIL, WINDOW_MS, REMEMBERED_KEYS);
  api.bare(
    {
      method: "post",
      path: "/api/auth/password/reset/",
      tag,
      summary: "Mails a link that sets a new password, good once, for an hour",
      description: "The answer is the same whether anybody has this email.",
      access: "anyone",
      body: z.strictObject({ email: z.string().trim().toLowerCase().min(3).max(254) }),
      status: 202,
      answer: z.object({}),
    },
    async ({ c, body, now }) => {
      const seconds = byAddress.take(addressGroup(peerAddress(c)), now.getTime());
      if (seconds > 0) throw tooMany(seconds);
      const mayMail = byEmail.take(body.email, now.getTime()) === 0;
      const user = await findUser(db, body.email);
      if (user === null || user.disabledAt !== null || !mayMail) return {};
      const token = mintToken();
      const expiresAt = new Date(now.getTime() + RESET_MS);
      await recorded(db, { c, now, by: actorOf(user) }, async (tx, audit) => {
        await writeReset(tx, { userId: user.id, tokenHash: hashToken(token), expiresAt }, now);
        await audit({ action: "user.password_reset_asked", subject: `user:${user.id}` });
      });
      accounts.mail.post(resetMail(user, accounts.publicUrl, token));
      return {};
    },
  );
}

function confirming(api: Api, { db, cache, accounts }: AccountDeps): void {
  const byAddress = createAttemptLimiter(RESETS_BY_ADDRESS, WINDOW_MS, REMEMBERED_KEYS);
  api.bare(
    {
      method: "post",
      path: "/api/auth/password/reset/confirm/",
      tag,
      summary: "Sets a new password with the token of a mail, and signs out everywhere",
      access: "anyone",
      body: z.strictObject({ token: z.string().min(1).max(200), ...newPassword }),
    },
    async ({ c, body, now }) => {
      const address = addressGroup(peerAddress(c));
      const seconds = byAddress.take(address, now.getTime());
      if (seconds > 0) throw tooMany(seconds);
      const tokenHash = hashToken(body.token);
      const notGood = () => refuse(400, "bad_token", "the token is not good, or was used", "token");
      const userId = await findReset(db, tokenHash, now);
      const user = userId === null ? null : await findUser(db, { id: userId });
      if (user === null || user.disabledAt !== null) return notGood();
      byAddress.giveBack(address);
      const passwordHash = await accounts.desk.hash(passwordOf(body, user.email));
      await recorded(db, { c, now, by: actorOf(user) }, async (tx, audit) => {
        if ((await useReset(tx, tokenHash, now)) === null) return notGood();
        await setPassword(tx, user.id, passwordHash);
        await endEverywhere(tx, user.id, "password_changed", now);
        await forgetWrong(tx, user.id);
        return await audit({ action: "user.password_changed", subject: `user:${user.id}` });
      });
      await cache.forget("people", user.id);
      accounts.mail.post(changedMail(user));
    },
  );
}

function changing(api: Api, { db, cache, accounts }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/auth/password/change/",
      tag,
      summary: "Changes your password, and signs out everywhere else",
      access: EVERYBODY,
      body: z.strictObject({ current_password: anyPassword, ...newPassword }),
    },
    async ({ c, body, principal, now }) => {
      const password = passwordOf(body, principal.email ?? "");
      const outcome = await accounts.desk.confirm(principal.actorId, body.current_password, now);
      if (outcome.kind === "wait") throw tooMany(outcome.seconds);
      if (outcome.kind === "wrong")
        return refuse(403, "wrong_password", "is not your password", "current_password");
      const { user } = outcome;
      const passwordHash = await accounts.desk.hash(password);
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        await setPassword(tx, user.id, passwordHash);
        await endEverywhere(tx, user.id, "password_changed", now, principal.signInId);
        await audit({ action: "user.password_changed", subject: `user:${user.id}` });
      });
      await cache.forget("people", user.id);
      return accounts.mail.post(changedMail(user));
    },
  );
}
