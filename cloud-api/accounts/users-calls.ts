import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { peerAddress } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { addressGroup } from "../platform/client-address.ts";
import { id } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { ROLES } from "../db/schema.ts";
import { email, names, newPassword, passwordOf, phone, userAnswer, userView } from "./fields.ts";
import { tooMany } from "./password-desk.ts";
import { actorOf, recorded } from "./recorded.ts";
import { createAttemptLimiter, mayManage } from "./rules.ts";
import { endEverywhere } from "./sign-ins.queries.ts";
import { changeUser, insertUser, listUsers, readUser, setDisabled } from "./users.queries.ts";
import type { AccountDeps } from "./settings.ts";

const tag = "users";
const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;
const MANAGERS = ["admin", "owner"] as const;

/** A password takes work to make, and an answer tells whether an email is taken: not many for one address. */
const REGISTRATIONS_BY_ADDRESS = 30;
const REGISTRATION_WINDOW_MS = 60 * 60_000;
const REMEMBERED_ADDRESSES = 10_000;

/** `/api/users/`: drivers register; everybody sees and changes their own account; managers see those they manage. */
export function userCalls(api: Api, deps: AccountDeps): void {
  registration(api, deps);
  ownAccount(api, deps);
  lists(api, deps);
  disabling(api, deps);
}

function registration(api: Api, { db, accounts }: AccountDeps): void {
  const byAddress = createAttemptLimiter(
    REGISTRATIONS_BY_ADDRESS,
    REGISTRATION_WINDOW_MS,
    REMEMBERED_ADDRESSES,
  );
  api.bare(
    {
      method: "post",
      path: "/api/users/",
      tag,
      summary: "Registers a driver",
      description: "Refused with 409 `email_taken` where somebody has this email, and 400 `weak_password`.",
      access: "anyone",
      body: z.strictObject({ email, ...newPassword, ...names, phone: phone.nullish() }),
      status: 201,
      answer: userAnswer,
    },
    async ({ c, body, now }) => {
      const seconds = byAddress.take(addressGroup(peerAddress(c)), now.getTime());
      if (seconds > 0) throw tooMany(seconds);
      const passwordHash = await accounts.desk.hash(passwordOf(body, body.email));
      const user = {
        id: randomUUID(),
        email: body.email,
        firstName: body.first_name,
        lastName: body.last_name,
        phone: body.phone ?? null,
        role: "driver",
        organisationId: null,
        passwordHash,
      } as const;
      const by = actorOf(user);
      return await recorded(db, { c, now, by }, async (tx, audit) => {
        if (!(await insertUser(tx, user, now)))
          refuse(409, "email_taken", "somebody has an account with this email", "email");
        await audit({ action: "user.registered", subject: `user:${user.id}` });
        const made = await readUser(tx, user.id);
        return made === null ? notFound("user") : userView(made);
      });
    },
  );
}

function ownAccount(api: Api, { db }: AccountDeps): void {
  const path = "/api/users/me/";
  api.bare(
    { method: "get", path, tag, summary: "Your own account", access: EVERYBODY, answer: userAnswer },
    async ({ principal }) => {
      const user = await readUser(db, principal.actorId);
      return user === null ? notFound("user") : userView(user);
    },
  );
  api.bare(
    {
      method: "patch",
      path,
      tag,
      summary: "Changes your own account",
      access: EVERYBODY,
      body: z.strictObject({ ...names, phone: phone.nullable() }).partial(),
      answer: userAnswer,
    },
    async ({ c, body, principal, now }) =>
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const user = await readUser(tx, principal.actorId);
        if (user === null) return notFound("user");
        const { first_name: firstName, last_name: lastName, phone: telephone } = body;
        await changeUser(tx, user, { firstName, lastName, phone: telephone });
        const detail = { members: Object.keys(body) };
        await audit({ action: "user.changed", subject: `user:${user.id}`, detail });
        const changed = await readUser(tx, user.id);
        return changed === null ? notFound("user") : userView(changed);
      }),
  );
}

function lists(api: Api, { db }: AccountDeps): void {
  api.bare(
    {
      method: "get",
      path: "/api/users/",
      tag,
      summary: "Lists accounts: admins see all, owners their organisation's owners and staff",
      access: MANAGERS,
      query: z.strictObject({
        ...pageQuery,
        role: z.enum(ROLES).optional(),
        organisation_id: id.optional(),
        q: z.string().trim().min(1).max(80).optional(),
      }),
      answer: pageOf(userAnswer),
    },
    async ({ query, principal }) => {
      const { role, organisation_id: asked, q, limit, cursor } = query;
      const own = principal.role === "admin" ? asked : (principal.organisationId ?? undefined);
      if (principal.role !== "admin" && (own === undefined || (asked !== undefined && asked !== own)))
        return { items: [], next_cursor: null };
      const [after = null] = readCursor(cursor, z.tuple([z.string().max(254)])) ?? [];
      const roles = role === undefined ? undefined : [role];
      const rows = await listUsers(db, { organisationId: own, roles, q, after, limit });
      const page = cutPage(rows, limit, (user) => [user.email]);
      return { items: page.rows.map(userView), next_cursor: page.next_cursor };
    },
  );
  api.bare(
    {
      method: "get",
      path: "/api/users/{id}/",
      tag,
      summary: "An account",
      access: MANAGERS,
      params: z.object({ id }),
      answer: userAnswer,
    },
    async ({ params, principal }) => {
      const user = await readUser(db, params.id);
      return user === null || !mayManage(principal, user) ? notFound("user") : userView(user);
    },
  );
}

function disabling(api: Api, { db, cache }: AccountDeps): void {
  for (const word of ["disable", "enable"] as const) {
    api.bare(
      {
        method: "post",
        path: `/api/users/{id}/${word}/`,
        tag,
        summary:
          word === "disable"
            ? "Lets somebody in no more, and ends where they are signed in"
            : "Lets somebody in again",
        access: MANAGERS,
        params: z.object({ id }),
        answer: userAnswer,
      },
      async ({ c, params, principal, now }) => {
        const user = await recorded(db, { c, now, by: principal }, async (tx, audit) => {
          const found = await readUser(tx, params.id);
          if (found === null || !mayManage(principal, found)) return notFound("user");
          if (found.id === principal.actorId)
            return refuse(409, "own_account", "nobody disables or enables themselves");
          await setDisabled(tx, found.id, word === "disable" ? now : null);
          if (word === "disable") await endEverywhere(tx, found.id, "disabled", now);
          const fact = { action: `user.${word}d`, subject: `user:${found.id}` };
          const tenant = found.organisationId;
          await audit(tenant === null ? fact : { ...fact, organisationId: tenant });
          return await readUser(tx, found.id);
        });
        await cache.forget("people", params.id);
        return user === null ? notFound("user") : userView(user);
      },
    );
  }
}
