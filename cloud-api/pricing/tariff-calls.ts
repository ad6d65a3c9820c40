import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { asSystem } from "../db/tenancy.ts";
import { ownFacility, seesAll, seesFacility } from "../facilities/own.ts";
import { lockFacility } from "../facilities/lock.queries.ts";
import { readFacilities } from "../facilities/facility.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api, AskedInScope } from "../platform/api.ts";
import { iso, words } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { publishVersion, withdrawVersion } from "./publishing.ts";
import {
  document,
  facilityParams,
  MAX_DOCUMENT_BYTES,
  readOrRefuse,
  tariffId,
  tariffView,
  title,
  versionParams,
  viewOf,
} from "./tariff-fields.ts";
import {
  deleteDraft,
  findTariff,
  highestVersion,
  insertTariff,
  listTariffs,
  updateTariff,
} from "./tariffs.queries.ts";

const BASE = "/api/facilities/{facilityId}/tariffs/";
const ONE = `${BASE}{tariffId}/{version}/`;
/** Prices are an owner's business. */
const DECIDE = ["admin", "owner"] as const;

/**
 * Tariffs of a facility. A version is a draft until it is published; then it never changes, goes to the gate, and prices
 * stays from its time on.
 */
export function tariffCalls(api: Api): void {
  reading(api);
  drafting(api);
  editing(api);
  publishing(api);
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: BASE,
      tag: "tariffs",
      summary: "Tariffs of a facility; drafts and withdrawn ones for those who run it",
      access: "anyone",
      params: facilityParams,
      query: z.strictObject({
        ...pageQuery,
        tariff_id: tariffId.optional(),
        status: z.enum(["draft", "published", "withdrawn"]).optional(),
      }),
      answer: pageOf(tariffView),
    },
    async ({ tx, principal, params: { facilityId }, query }) => {
      if (!(await isSeen(tx, principal, facilityId))) notFound("facility");
      const runs = seesAll(principal, facilityId);
      const status = runs ? query.status : "published";
      const after = readCursor(query.cursor, z.tuple([z.string(), z.number()]));
      const filter = { tariffId: query.tariff_id, status };
      const rows =
        !runs && (query.status ?? "published") !== "published"
          ? []
          : await listTariffs(tx, facilityId, filter, { after, limit: query.limit });
      const page = cutPage(rows, query.limit, (row) => [row.tariffId, row.version]);
      return { items: page.rows.map(viewOf), next_cursor: page.next_cursor };
    },
  );
  api.call(
    {
      method: "get",
      path: ONE,
      tag: "tariffs",
      summary: "A version of a tariff",
      access: "anyone",
      params: versionParams,
      answer: tariffView,
    },
    async ({ tx, principal, params: { facilityId, tariffId: named, version } }) => {
      const row = await findTariff(tx, facilityId, { id: named, version });
      const runs = seesAll(principal, facilityId);
      const shown = row !== null && (runs || row.status === "published");
      if (!shown || !(await isSeen(tx, principal, facilityId))) return notFound("tariff");
      return viewOf(row);
    },
  );
}

async function isSeen(tx: Tx, principal: Principal | null, facilityId: string): Promise<boolean> {
  const facility = (await readFacilities(tx, [facilityId])).get(facilityId);
  return facility !== undefined && seesFacility(principal, facility);
}

function drafting(api: Api): void {
  api.call(
    {
      method: "post",
      path: BASE,
      tag: "tariffs",
      summary: "Drafts the next version of a tariff",
      access: DECIDE,
      params: facilityParams,
      body: z.strictObject({ tariff_id: tariffId.default("standard"), title: title.optional(), document }),
      maxBytes: MAX_DOCUMENT_BYTES,
      status: 201,
      answer: tariffView,
      idempotent: true,
    },
    async ({ tx, principal, params: { facilityId }, body, now, audit }) => {
      const place = await ownFacility(tx, principal, facilityId);
      const { tariff_id: named } = body;
      // Two drafts at once get two numbers.
      const version = await asSystem(tx, async () => {
        await lockFacility(tx, facilityId);
        return (await highestVersion(tx, facilityId, named)).any + 1;
      });
      const { tariff, document: read } = readOrRefuse(body.document, { id: named, version }, place);
      const row = {
        facilityId,
        tariffId: named,
        version,
        status: "draft",
        title: body.title ?? tariff.name,
        document: read,
        validFrom: null,
        madeBy: principal.name,
        madeAt: now,
        publishedAt: null,
      } as const;
      await insertTariff(tx, row);
      await audit({ action: "tariff.drafted", subject: `tariff:${named}@${version}`, facilityId });
      return viewOf(row);
    },
  );
}

function editing(api: Api): void {
  api.call(
    {
      method: "patch",
      path: ONE,
      tag: "tariffs",
      summary: "Changes a draft",
      access: DECIDE,
      params: versionParams,
      body: z.strictObject({ title: title.optional(), document: document.optional() }),
      maxBytes: MAX_DOCUMENT_BYTES,
      answer: tariffView,
    },
    async (asked) => {
      const { tx, principal, params, body, audit } = asked;
      const { facilityId, tariffId: named, version } = params;
      const name = { id: named, version };
      const place = await ownFacility(tx, principal, facilityId);
      const row = await draftOf(asked);
      const change = {
        ...(body.title === undefined ? {} : { title: body.title }),
        ...(body.document === undefined
          ? {}
          : { document: readOrRefuse(body.document, name, place).document }),
      };
      if (Object.keys(change).length > 0) await updateTariff(tx, facilityId, name, change);
      await audit({ action: "tariff.changed", subject: `tariff:${named}@${version}`, facilityId });
      return viewOf({ ...row, ...change });
    },
  );
  api.call(
    {
      method: "delete",
      path: ONE,
      tag: "tariffs",
      summary: "Deletes a draft",
      access: DECIDE,
      params: versionParams,
    },
    async (asked) => {
      const { tx, principal, params, audit } = asked;
      const { facilityId, tariffId: named, version } = params;
      await ownFacility(tx, principal, facilityId);
      await draftOf(asked);
      await deleteDraft(tx, facilityId, { id: named, version });
      await audit({ action: "tariff.draft_deleted", subject: `tariff:${named}@${version}`, facilityId });
    },
  );
}

type AboutVersion = Pick<
  AskedInScope<z.output<typeof versionParams>, unknown, unknown, Principal>,
  "tx" | "params"
>;

/** The draft in question, with its row locked: whoever publishes it meanwhile waits. */
async function draftOf({ tx, params }: AboutVersion) {
  const { facilityId, tariffId: named, version } = params;
  await asSystem(tx, async () => await lockFacility(tx, facilityId));
  const row = (await findTariff(tx, facilityId, { id: named, version })) ?? notFound("tariff");
  if (row.status !== "draft")
    refuse(409, "not_a_draft", "a version that was published never changes: draft the next one");
  return row;
}

function publishing(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${ONE}publish/`,
      tag: "tariffs",
      summary: "Puts a draft in force, at once or from a time on",
      access: DECIDE,
      params: versionParams,
      body: z.strictObject({
        /** Local to the facility, or with an offset. */
        valid_from: words(40).optional(),
      }),
      answer: tariffView,
    },
    async ({ tx, principal, params, body, now, audit, forget }) => {
      const { facilityId, tariffId: named, version } = params;
      const place = await ownFacility(tx, principal, facilityId);
      const name = { id: named, version };
      const row = await asSystem(
        tx,
        async () =>
          await publishVersion(tx, { facilityId, name, place, validFrom: body.valid_from ?? null }, now),
      );
      await forget("tariffs", facilityId);
      const from = row.validFrom === null ? null : iso(row.validFrom);
      const subject = `tariff:${named}@${version}`;
      await audit({ action: "tariff.published", subject, facilityId, detail: { valid_from: from } });
      await tellChange(tx, facilityId, "tariff", { tariff_id: named, version, valid_from: from }, now);
      return viewOf(row);
    },
  );
  api.call(
    {
      method: "post",
      path: `${ONE}withdraw/`,
      tag: "tariffs",
      summary: "Takes a version out of force, or keeps it from coming into force",
      description:
        "The version before it comes into force in its place, under a new number: it is what is answered.",
      access: DECIDE,
      params: versionParams,
      answer: tariffView,
    },
    async ({ tx, principal, params, now, audit, forget }) => {
      const { facilityId, tariffId: named, version } = params;
      const place = await ownFacility(tx, principal, facilityId);
      const name = { id: named, version };
      const by = principal.name;
      const row = await asSystem(
        tx,
        async () => await withdrawVersion(tx, { facilityId, name, place, by }, now),
      );
      await forget("tariffs", facilityId);
      const subject = `tariff:${named}@${version}`;
      const instead = `${row.tariffId}@${row.version}`;
      await audit({ action: "tariff.withdrawn", subject, facilityId, detail: { instead } });
      await tellChange(tx, facilityId, "tariff", { tariff_id: row.tariffId, version: row.version }, now);
      return viewOf(row);
    },
  );
}
