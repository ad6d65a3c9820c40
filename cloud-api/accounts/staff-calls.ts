import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Tx } from "../db/connection.ts";
import type { Api } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { email, names, phone, userAnswer, userView } from "./fields.ts";
import { invitationMail } from "./mails.ts";
import { findOrganisation, type OrganisationRow } from "./organisations.queries.ts";
import type { Principal } from "./principal.ts";
import { recorded } from "./recorded.ts";
import { writeReset } from "./resets.queries.ts";
import { mayManage } from "./rules.ts";
import { hashToken, mintToken, NO_PASSWORD } from "./secrets.ts";
import {
  assignFacilities,
  facilitiesAmong,
  insertUser,
  readUser,
  type NewUser,
  type UserRow,
} from "./users.queries.ts";
import type { AccountDeps } from "./settings.ts";

const tag = "staff";
const MANAGERS = ["admin", "owner"] as const;
/** People look at their mail after the weekend. */
const INVITATION_MS = 7 * 24 * 60 * 60_000;
const MAX_FACILITIES = 1_000;

const facilityIds = z.array(id).max(MAX_FACILITIES);

/** `/api/staff/`: an organisation's people, and where they work. */
export function staffCalls(api: Api, deps: AccountDeps): void {
  inviting(api, deps);
  invitingAgain(api, deps);
  assigning(api, deps);
}

function inviting(api: Api, { db, accounts }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/staff/",
      tag,
      summary: "Makes an account for staff, or another owner, and mails them an invitation",
      description: "Admins name the organisation; owners invite for their own.",
      access: MANAGERS,
      body: z.strictObject({
        email,
        ...names,
        phone: phone.nullish(),
        role: z.enum(["staff", "owner"]).default("staff"),
        organisation_id: id.optional(),
        facility_ids: facilityIds.default([]),
      }),
      status: 201,
      answer: userAnswer,
    },
    async ({ c, body, principal, now }) => {
      if (body.role === "owner" && body.facility_ids.length > 0)
        refuse(400, "invalid", "owners run all of their organisation's", "facility_ids");
      const token = mintToken();
      const done = await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const organisation = await organisationFor(tx, principal, body.organisation_id);
        await mustHave(tx, organisation.id, body.facility_ids);
        const user: NewUser = {
          id: randomUUID(),
          email: body.email,
          firstName: body.first_name,
          lastName: body.last_name,
          phone: body.phone ?? null,
          role: body.role,
          organisationId: organisation.id,
          passwordHash: NO_PASSWORD,
        };
        if (!(await insertUser(tx, user, now)))
          refuse(409, "email_taken", "somebody has an account with this email", "email");
        await assignFacilities(tx, user.id, body.facility_ids, now);
        await writeReset(tx, invitation(user.id, token, now), now);
        const detail = { role: user.role, facilities: body.facility_ids };
        const fact = { action: "staff.invited", subject: `user:${user.id}`, detail };
        await audit({ ...fact, organisationId: organisation.id });
        return { user: await readUser(tx, user.id), organisation };
      });
      if (done.user === null) return notFound("user");
      accounts.mail.post(invitationMail(done.user, done.organisation.name, accounts.publicUrl, token));
      return userView(done.user);
    },
  );
}

function invitingAgain(api: Api, { db, accounts }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path: "/api/staff/{id}/invite/",
      tag,
      summary: "Mails the invitation again; the one of before is void",
      access: MANAGERS,
      params: z.object({ id }),
      status: 202,
      answer: z.object({}),
    },
    async ({ c, params, principal, now }) => {
      const token = mintToken();
      const user = await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const found = await staffOf(tx, principal, params.id);
        if (found.disabledAt !== null) refuse(409, "disabled", "the account is disabled");
        await writeReset(tx, invitation(found.id, token, now), now);
        await audit(factOf("staff.invited", found));
        return found;
      });
      const { organisationName } = user;
      accounts.mail.post(invitationMail(user, organisationName ?? "", accounts.publicUrl, token));
      return {};
    },
  );
}

function assigning(api: Api, { db, cache }: AccountDeps): void {
  api.bare(
    {
      method: "put",
      path: "/api/staff/{id}/facilities/",
      tag,
      summary: "Says at which facilities somebody works, and at no others",
      access: MANAGERS,
      params: z.object({ id }),
      body: z.strictObject({ facility_ids: facilityIds }),
      answer: userAnswer,
    },
    async ({ c, params, body, principal, now }) => {
      const user = await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const found = await staffOf(tx, principal, params.id);
        if (found.role !== "staff" || found.organisationId === null)
          return refuse(409, "not_staff", "owners run all of their organisation's facilities");
        await mustHave(tx, found.organisationId, body.facility_ids);
        await assignFacilities(tx, found.id, body.facility_ids, now);
        await audit({ ...factOf("staff.assigned", found), detail: { facilities: body.facility_ids } });
        return await readUser(tx, found.id);
      });
      await cache.forget("people", params.id);
      return user === null ? notFound("user") : userView(user);
    },
  );
}

/** Somebody who works for an organisation, where whoever asks manages them. */
async function staffOf(tx: Tx, principal: Principal, userId: string): Promise<UserRow> {
  const found = await readUser(tx, userId);
  const works = found?.role === "staff" || found?.role === "owner";
  return found === null || !works || !mayManage(principal, found) ? notFound("user") : found;
}

async function organisationFor(
  tx: Tx,
  principal: Principal,
  asked: string | undefined,
): Promise<OrganisationRow> {
  const own = principal.role === "admin" ? asked : (principal.organisationId ?? undefined);
  if (own === undefined) return refuse(400, "invalid", "an organisation is needed", "organisation_id");
  const found = asked === undefined || asked === own ? await findOrganisation(tx, { id: own }) : null;
  return found ?? notFound("organisation");
}

async function mustHave(tx: Tx, organisationId: string, ids: readonly string[]): Promise<void> {
  const known = await facilitiesAmong(tx, organisationId, ids);
  if (ids.some((each) => !known.has(each))) notFound("facility");
}

function invitation(userId: string, token: string, now: Date) {
  return { userId, tokenHash: hashToken(token), expiresAt: new Date(now.getTime() + INVITATION_MS) };
}

function factOf(action: string, { id: userId, organisationId }: UserRow) {
  const fact = { action, subject: `user:${userId}` };
  return organisationId === null ? fact : { ...fact, organisationId };
}
