import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Api } from "../platform/api.ts";
import { id, instant, instantText, iso, isoOrNull, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { keyName } from "./identify.ts";
import { countKeys, insertKey, listKeys, revokeKey, type KeyRow } from "./keys.queries.ts";
import { findOrganisation } from "./organisations.queries.ts";
import { KEY_SCOPES } from "./principal.ts";
import { recorded } from "./recorded.ts";
import { hashToken, KEY_PREFIX, mintToken } from "./secrets.ts";
import { facilitiesAmong } from "./users.queries.ts";
import type { AccountDeps } from "./settings.ts";

const tag = "api keys";
const MANAGERS = ["admin", "owner"] as const;
const path = "/api/api-keys/";
/** Of an organisation: more are forgotten ones. */
const MAX_KEYS = 100;
/** What of a key is kept readable, to tell keys apart by: the rest has 208 bits. */
const SHOWN_CHARACTERS = KEY_PREFIX.length + 8;

const keyAnswer = z.object({
  id: z.uuid(),
  organisation_id: z.uuid(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  /** Null = all of the organisation's. */
  facility_ids: z.array(z.uuid()).nullable(),
  made_by: z.uuid(),
  made_at: instantText,
  expires_at: instantText.nullable(),
  last_used_at: instantText.nullable(),
});

/** `/api/api-keys/`: keys of other programs. A key acts as staff of its facilities, within its scopes. */
export function keyCalls(api: Api, deps: AccountDeps): void {
  listing(api, deps);
  making(api, deps);
  revoking(api, deps);
}

function listing(api: Api, { db }: AccountDeps): void {
  api.bare(
    {
      method: "get",
      path,
      tag,
      summary: "Lists API keys, the newest first; never the keys themselves",
      access: MANAGERS,
      query: z.strictObject({ ...pageQuery, organisation_id: id.optional() }),
      answer: pageOf(keyAnswer),
    },
    async ({ query, principal }) => {
      const { limit, cursor, organisation_id: asked } = query;
      const own = principal.role === "admin" ? asked : (principal.organisationId ?? undefined);
      if (principal.role !== "admin" && (own === undefined || (asked !== undefined && asked !== own)))
        return { items: [], next_cursor: null };
      const place = readCursor(cursor, z.tuple([z.iso.datetime(), z.uuid()]));
      const after = place === null ? null : { madeAt: place[0], id: place[1] };
      const rows = await listKeys(db, { organisationId: own, after, limit });
      const page = cutPage(rows, limit, (key) => [iso(key.madeAt), key.id]);
      return { items: page.rows.map(keyView), next_cursor: page.next_cursor };
    },
  );
}

function making(api: Api, { db }: AccountDeps): void {
  api.bare(
    {
      method: "post",
      path,
      tag,
      summary: "Makes an API key; the answer shows it once",
      access: MANAGERS,
      body: z.strictObject({
        name: words(80),
        scopes: z
          .array(z.enum(KEY_SCOPES))
          .min(1)
          .max(KEY_SCOPES.length)
          .refine((scopes) => new Set(scopes).size === scopes.length, "has one twice"),
        facility_ids: z.array(id).min(1).max(1_000).nullable().default(null),
        expires_at: instant.nullable().default(null),
        organisation_id: id.optional(),
      }),
      status: 201,
      answer: keyAnswer.extend({ key: z.string() }),
    },
    async ({ c, body, principal, now }) => {
      const { organisation_id: asked, facility_ids: facilityIds, expires_at: expiresAt } = body;
      const own = principal.role === "admin" ? asked : (principal.organisationId ?? undefined);
      if (own === undefined) return refuse(400, "invalid", "an organisation is needed", "organisation_id");
      if (asked !== undefined && asked !== own) return notFound("organisation");
      if (expiresAt !== null && expiresAt <= now) return refuse(400, "invalid", "is over", "expires_at");
      const key = KEY_PREFIX + mintToken();
      const row: KeyRow = {
        id: randomUUID(),
        organisationId: own,
        name: body.name,
        prefix: key.slice(0, SHOWN_CHARACTERS),
        scopes: body.scopes,
        facilityIds,
        madeBy: principal.actorId,
        madeAt: now,
        expiresAt,
        lastUsedAt: null,
      };
      await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        if ((await findOrganisation(tx, { id: own })) === null) notFound("organisation");
        const known = await facilitiesAmong(tx, own, facilityIds ?? []);
        if (facilityIds?.some((each) => !known.has(each)) === true) notFound("facility");
        if ((await countKeys(tx, own)) >= MAX_KEYS)
          refuse(409, "too_many_keys", `an organisation has ${MAX_KEYS} keys at most`);
        await insertKey(tx, { ...row, keyHash: hashToken(key) });
        const detail = { name: row.name, scopes: row.scopes };
        await audit({ action: "api_key.made", subject: `api_key:${row.id}`, organisationId: own, detail });
      });
      c.header("cache-control", "no-store");
      return { ...keyView(row), key };
    },
  );
}

function revoking(api: Api, { db, cache }: AccountDeps): void {
  api.bare(
    {
      method: "delete",
      path: `${path}{id}/`,
      tag,
      summary: "Takes an API key away",
      access: MANAGERS,
      params: z.object({ id }),
    },
    async ({ c, params, principal, now }) => {
      const { role, organisationId } = principal;
      if (role !== "admin" && organisationId === null) return notFound("api key");
      const whose = role === "admin" ? null : organisationId;
      const keyHash = await recorded(db, { c, now, by: principal }, async (tx, audit) => {
        const revoked = await revokeKey(tx, params.id, whose, now);
        if (revoked === null) return notFound("api key");
        const fact = { action: "api_key.revoked", subject: `api_key:${params.id}` };
        const detail = { name: revoked.name };
        await audit({ ...fact, organisationId: revoked.organisationId, detail });
        return revoked.keyHash;
      });
      return await cache.forget("people", keyName(keyHash));
    },
  );
}

function keyView(key: KeyRow): z.input<typeof keyAnswer> {
  return {
    id: key.id,
    organisation_id: key.organisationId,
    name: key.name,
    prefix: key.prefix,
    scopes: [...key.scopes],
    facility_ids: key.facilityIds === null ? null : [...key.facilityIds],
    made_by: key.madeBy,
    made_at: iso(key.madeAt),
    expires_at: isoOrNull(key.expiresAt),
    last_used_at: isoOrNull(key.lastUsedAt),
  };
}
