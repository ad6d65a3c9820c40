import { z } from "@hono/zod-openapi";
import { problem } from "@parkme/shared/domain/errors";
import { accessSecret, sealingSecret } from "../fleet/cloud-keys.queries.ts";
import type { Api } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { notFound, refuse, Refusal } from "../platform/refusal.ts";
import { anyPassword, code } from "./fields.ts";
import { needsSecondFactor, tooMany } from "./password-desk.ts";
import { findUser, type UserWithPassword } from "./queries.ts";
import { actorOf, recorded, type Asking } from "./recorded.ts";
import { mayManage } from "./rules.ts";
import type { AccountDeps } from "./settings.ts";
import { openPair, pairAnswer } from "./token-pair.ts";
import { readSetup } from "./tokens.ts";
import { mintRecoveryCodes, newTotpSecret, recoveryHash, seal, stepOfCode, totpUri, unseal } from "./totp.ts";
import { confirmTotp, deleteTotp, findTotp, writeTotp } from "./totp.queries.ts";

const tag = "auth";
const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;

const secretAnswer = z.object({
  secret: z.string(),
  /** For authenticator apps. */
  uri: z.string(),
  /** The same as a picture, a PNG. */
  qr: z.string(),
});
const recovery = { recovery_codes: z.array(z.string()) };
const setupToken = z.string().min(1).max(2_000);

/** `/api/auth/totp/`: a second factor (RFC 6238) for who wants one, and for who must have one. */
export function totpCalls(api: Api, deps: AccountDeps): void {
  wanted(api, deps);
  setup(api, deps);
  removal(api, deps);
}

function wanted(api: Api, deps: AccountDeps): void {
  const path = "/api/auth/totp/";
  api.bare(
    {
      method: "post",
      path,
      tag,
      summary: "Makes a secret for an authenticator app; it counts once a code of it is confirmed",
      access: EVERYBODY,
      body: z.strictObject({ password: anyPassword }),
      status: 201,
      answer: secretAnswer,
    },
    async ({ c, body, principal, now }) => {
      const user = await knowing(deps, principal.actorId, body.password, now);
      c.header("cache-control", "no-store");
      return await begin(deps, user, now);
    },
  );
  api.bare(
    {
      method: "post",
      path: `${path}confirm/`,
      tag,
      summary: "Turns the second factor on, and shows the recovery codes: once",
      access: EVERYBODY,
      body: z.strictObject({ code }),
      answer: z.object(recovery),
    },
    async ({ c, body, principal, now }) => {
      c.header("cache-control", "no-store");
      const asking = { c, now, by: principal };
      return { recovery_codes: [...(await confirm(deps, asking, principal.actorId, body.code))] };
    },
  );
}

/** For who does not get in without: the token of /api/auth/token/ stands for the password. */
function setup(api: Api, deps: AccountDeps): void {
  const path = "/api/auth/totp/setup/";
  const userOf = async (token: string, now: Date): Promise<UserWithPassword> => {
    const userId = await readSetup(await accessSecret(deps.db), token, now);
    const user = userId === null ? null : await findUser(deps.db, { id: userId });
    if (user !== null && user.disabledAt === null) return user;
    throw new Refusal(problem(401, "bad_token", "the token is not good, or over", "setup_token"));
  };
  api.bare(
    {
      method: "post",
      path,
      tag,
      summary: "Makes a secret for who must have a second factor before they get in",
      access: "anyone",
      body: z.strictObject({ setup_token: setupToken }),
      status: 201,
      answer: secretAnswer,
    },
    async ({ c, body, now }) => {
      c.header("cache-control", "no-store");
      return await begin(deps, await userOf(body.setup_token, now), now);
    },
  );
  api.bare(
    {
      method: "post",
      path: `${path}confirm/`,
      tag,
      summary: "Turns the second factor on, and signs in",
      access: "anyone",
      body: z.strictObject({ setup_token: setupToken, code }),
      answer: z.object({ ...recovery, ...pairAnswer.shape }),
    },
    async ({ c, body, now }) => {
      c.header("cache-control", "no-store");
      const user = await userOf(body.setup_token, now);
      const codes = await confirm(deps, { c, now, by: actorOf(user) }, user.id, body.code);
      return { recovery_codes: [...codes], ...(await openPair(deps, c, user, now)) };
    },
  );
}

function removal(api: Api, deps: AccountDeps): void {
  const { db, accounts } = deps;
  api.bare(
    {
      method: "delete",
      path: "/api/auth/totp/",
      tag,
      summary: "Turns your second factor off",
      access: EVERYBODY,
      body: z.strictObject({ password: anyPassword, code }),
    },
    async ({ c, body, principal, now }) => {
      if (needsSecondFactor(accounts.secondFactor, principal.role))
        refuse(409, "second_factor_required", "your role must have a second factor");
      const user = await knowing(deps, principal.actorId, body.password, now);
      if (!user.secondFactor) refuse(409, "no_second_factor", "there is none to turn off");
      const counted = await accounts.desk.code(user.id, body.code, now);
      if (counted.kind === "wait") throw tooMany(counted.seconds);
      if (counted.kind === "wrong") refuse(403, "wrong_code", "the code is not right, or was used", "code");
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        await deleteTotp(tx, user.id);
        await audit({ action: "user.second_factor_removed", subject: `user:${user.id}` });
      });
    },
  );
  api.bare(
    {
      method: "delete",
      path: "/api/users/{id}/totp/",
      tag,
      summary: "Turns somebody's second factor off, who has lost it",
      access: ["admin", "owner"],
      params: z.object({ id }),
    },
    async ({ c, params, principal, now }) => {
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const user = await findUser(tx, { id: params.id });
        if (user === null || !mayManage(principal, user)) return notFound("user");
        if (user.id === principal.actorId)
          refuse(409, "own_account", "your own is turned off with your password");
        await deleteTotp(tx, user.id);
        const fact = { action: "user.second_factor_removed", subject: `user:${user.id}` };
        return await audit(
          user.organisationId === null ? fact : { ...fact, organisationId: user.organisationId },
        );
      });
    },
  );
}

/** Somebody who is signed in, and knows their password. */
async function knowing(
  { accounts }: AccountDeps,
  userId: string,
  password: string,
  now: Date,
): Promise<UserWithPassword> {
  const outcome = await accounts.desk.confirm(userId, password, now);
  if (outcome.kind === "wait") throw tooMany(outcome.seconds);
  return outcome.kind === "right"
    ? outcome.user
    : refuse(403, "wrong_password", "is not your password", "password");
}

async function begin(
  { db }: AccountDeps,
  user: UserWithPassword,
  now: Date,
): Promise<z.input<typeof secretAnswer>> {
  const secret = newTotpSecret();
  const sealed = seal(await sealingSecret(db), user.id, secret);
  const kept = await db.transaction((tx) => writeTotp(tx, user.id, sealed, now));
  if (!kept) refuse(409, "second_factor_on", "there is a second factor: turn it off first");
  const uri = totpUri(secret, user.email);
  const { toDataURL } = await import("qrcode");
  return { secret, uri, qr: await toDataURL(uri, { errorCorrectionLevel: "M" }) };
}

/** @returns the recovery codes. */
async function confirm(
  { db }: AccountDeps,
  asking: Asking,
  userId: string,
  typed: string,
): Promise<readonly string[]> {
  const totp = await findTotp(db, userId);
  if (totp === null) return refuse(409, "no_secret", "ask for a secret first");
  const digits = typed.replaceAll(/\s/g, "");
  const secret = unseal(await sealingSecret(db), userId, totp.sealed);
  const lastStep = stepOfCode(secret, digits, asking.now);
  if (lastStep === null) return refuse(400, "wrong_code", "is not the code of now", "code");
  const codes = mintRecoveryCodes();
  const hashes = codes.map(recoveryHash).filter((hash) => hash !== null);
  await recorded(db, asking, async (tx, audit) => {
    if (!(await confirmTotp(tx, userId, { lastStep, recovery: hashes, now: asking.now })))
      refuse(409, "second_factor_on", "it is on already");
    await audit({ action: "user.second_factor_added", subject: `user:${userId}` });
  });
  return codes;
}
