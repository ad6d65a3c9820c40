import { z } from "@hono/zod-openapi";
import { findUser } from "../accounts/queries.ts";
import { tooMany } from "../accounts/password-desk.ts";
import type { Accounts } from "../accounts/settings.ts";
import { recorded, type Asking } from "../accounts/recorded.ts";
import { anyPassword } from "../accounts/fields.ts";
import { readUser } from "../accounts/users.queries.ts";
import { PLATFORM_TENANT, writeAudit } from "../audit/entries.queries.ts";
import type { Db } from "../db/connection.ts";
import type { PictureFiles, PictureName } from "../fleet/picture-files.ts";
import type { Api } from "../platform/api.ts";
import type { Cache } from "../platform/cache.ts";
import { id } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { eraseEvents, eraseRows, eraseStays, takePictures, tracesOf } from "./erase.queries.ts";
import { findObstacles } from "./obstacles.queries.ts";
import { EXPORT_PARTS, readPerson } from "./person.queries.ts";

/**
 * What people may ask of whoever keeps their data: all of it in a document, and to be forgotten. As the system: nobody's
 * walls show all of somebody.
 */
export type PersonDeps = {
  readonly db: Db;
  readonly cache: Pick<Cache, "forget">;
  readonly accounts: Pick<Accounts, "desk">;
  readonly pictures?: PictureFiles | undefined;
};

const tag = "users";
const EVERYBODY = ["admin", "owner", "staff", "driver"] as const;

const part = z.array(z.record(z.string(), z.unknown()));
const document = z
  .object({ exported_at: z.iso.datetime(), ...Object.fromEntries(EXPORT_PARTS.map((name) => [name, part])) })
  .openapi("PersonalData");

export function personCalls(api: Api, deps: PersonDeps): void {
  exporting(api, deps);
  erasing(api, deps);
}

function exporting(api: Api, { db }: PersonDeps): void {
  const exported = async (userId: string, { c, now, by }: Asking) => {
    const parts = await readPerson(db, userId);
    if (parts === null) return notFound("user");
    const actor = { principal: by, now, requestId: c.get("requestId") };
    await writeAudit(db, actor, { action: "user.exported", subject: `user:${userId}` });
    c.header("content-disposition", `attachment; filename="parkme-${userId}.json"`);
    c.header("cache-control", "no-store");
    return { exported_at: now.toISOString(), ...parts };
  };
  api.bare(
    {
      method: "get",
      path: "/api/users/me/export/",
      tag,
      summary: "All that is kept of you, as one document",
      description: "Rows as they are kept; amounts are in minor units of the currency beside them.",
      access: EVERYBODY,
      answer: document,
    },
    async ({ c, principal, now }) => await exported(principal.actorId, { c, now, by: principal }),
  );
  api.bare(
    {
      method: "get",
      path: "/api/users/{id}/export/",
      tag,
      summary: "All that is kept of somebody who asked for it",
      access: ["admin"],
      params: z.object({ id }),
      answer: document,
    },
    async ({ c, params, principal, now }) => await exported(params.id, { c, now, by: principal }),
  );
}

function erasing(api: Api, deps: PersonDeps): void {
  const refusals = `409 still_needed: something of theirs is in use, owed or held; \`obstacles\` says what.
    409 not_a_driver: the acts of those who run facilities stay under their names; disable their accounts.`;
  api.bare(
    {
      method: "post",
      path: "/api/users/me/erase/",
      tag,
      summary: "Forgets you: what the law keeps stays, and nobody can tell whose it was",
      description: refusals,
      access: EVERYBODY,
      body: z.strictObject({ password: anyPassword }),
    },
    async ({ c, body, principal, now }) => {
      const outcome = await deps.accounts.desk.confirm(principal.actorId, body.password, now);
      if (outcome.kind === "wait") throw tooMany(outcome.seconds);
      if (outcome.kind === "wrong") return refuse(403, "wrong_password", "is not your password", "password");
      return await erase(deps, principal.actorId, { c, now, by: principal });
    },
  );
  api.bare(
    {
      method: "post",
      path: "/api/users/{id}/erase/",
      tag,
      summary: "Forgets a driver who asked for it",
      description: refusals,
      access: ["admin"],
      params: z.object({ id }),
    },
    async ({ c, params, principal, now }) => await erase(deps, params.id, { c, now, by: principal }),
  );
}

async function erase({ db, cache, pictures }: PersonDeps, userId: string, asking: Asking): Promise<void> {
  const { now } = asking;
  await recorded(db, asking, async (tx, audit) => {
    const user = (await readUser(tx, userId)) === null ? null : await findUser(tx, { id: userId });
    if (user === null) return notFound("user");
    if (user.role !== "driver")
      return refuse(409, "not_a_driver", "accounts of those who run facilities are disabled, not erased");
    const obstacles = await findObstacles(tx, userId);
    if (obstacles.length > 0)
      return refuse(409, "still_needed", "something is in use, owed or held", undefined, { obstacles });
    const shown: PictureName[] = [];
    for (const traces of await tracesOf(tx, userId)) {
      const { facilityId } = traces;
      const ids = await takePictures(tx, userId, traces);
      shown.push(...ids.map((pictureId) => ({ facilityId, pictureId })));
      await eraseStays(tx, traces, now);
      await eraseEvents(tx, traces);
    }
    await eraseRows(tx, userId, now);
    await audit({ action: "user.erased", subject: `user:${userId}`, organisationId: PLATFORM_TENANT });
    // Last: what is undone now has at worst lost pictures that were to go. Rows without files are found again.
    for (const name of shown) await pictures?.remove(name);
  });
  await cache.forget("people", userId);
  await cache.forget("subscriptions", userId);
}
