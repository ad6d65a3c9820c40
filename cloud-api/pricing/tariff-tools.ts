import { z } from "@hono/zod-openapi";
import { diff, type StayDifference } from "@parkme/shared/pricing/diff";
import { preview } from "@parkme/shared/pricing/preview";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import type { Tx } from "../db/connection.ts";
import { ownFacility } from "../facilities/own.ts";
import type { Api } from "../platform/api.ts";
import { amountText, decimal, instant, instantText, iso } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { vehicleType } from "../vehicles/rules.ts";
import type { Estimator } from "./estimate.ts";
import {
  document,
  facilityParams,
  fieldOf,
  MAX_DOCUMENT_BYTES,
  readOrRefuse,
  tariffId,
} from "./tariff-fields.ts";
import { readDocument, type Place } from "./tariff-rules.ts";
import { findTariff, readPastStays } from "./tariffs.queries.ts";

const BASE = "/api/facilities/{facilityId}/tariffs/";
const RUN = ["admin", "owner", "staff"] as const;
/** Every minute is priced: more would keep others waiting. */
const MAX_PREVIEW_HOURS = 72;
const MAX_STAYS = 5_000;
const MAX_ROWS = 200;

/** Either a document, or a version of the facility's. */
const choice = {
  document: document.optional(),
  tariff_id: tariffId.optional(),
  version: z.number().int().min(1).max(1_000_000_000).optional(),
};

/** What a tariff would do before it does it. */
export function tariffTools(api: Api, { estimator }: { readonly estimator: Estimator }): void {
  validation(api);
  previews(api);
  differences(api, estimator);
}

function validation(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${BASE}validate/`,
      tag: "tariffs",
      summary: "Every problem of a tariff document, each with its path",
      access: RUN,
      keyScope: "facilities:read",
      params: facilityParams,
      body: z.strictObject({ document }),
      maxBytes: MAX_DOCUMENT_BYTES,
      answer: z.object({
        valid: z.boolean(),
        problems: z.array(z.object({ field: z.string(), message: z.string() })),
        /** Short forms written out; null where it is not valid. */
        document: z.record(z.string(), z.unknown()).nullable(),
      }),
    },
    async ({ tx, principal, params: { facilityId }, body }) => {
      const place = await ownFacility(tx, principal, facilityId);
      const read = readDocument(body.document, { id: "draft", version: 1 }, place);
      if (read.ok) return { valid: true, problems: [], document: { ...read.value.document } };
      const problems = read.error.map(({ path, message }) => ({ field: fieldOf(path), message }));
      return { valid: false, problems, document: null };
    },
  );
}

function previews(api: Api): void {
  api.call(
    {
      method: "post",
      path: `${BASE}preview/`,
      tag: "tariffs",
      summary: "What stays cost by their length: the table and the curve of a tariff",
      access: RUN,
      keyScope: "facilities:read",
      params: facilityParams,
      body: z.strictObject({
        ...choice,
        entry_time: instant.optional(),
        hours: z.number().min(0.1).max(MAX_PREVIEW_HOURS).default(24),
        vehicle_type: vehicleType.optional(),
        ev: z.boolean().optional(),
        accessible: z.boolean().optional(),
      }),
      maxBytes: MAX_DOCUMENT_BYTES,
      answer: z.object({
        currency: z.string(),
        entry_time: instantText,
        horizon_minutes: z.number().int(),
        /** Of more than `from_minutes`, up to and with `until_minutes`. */
        steps: z.array(
          z.object({ from_minutes: z.number().int(), until_minutes: z.number().int(), total: amountText }),
        ),
        /** Corners to draw a line through. */
        curve: z.array(z.object({ minutes: z.number().int(), total: amountText })),
      }),
    },
    async ({ tx, principal, params: { facilityId }, body, now }) => {
      const place = await ownFacility(tx, principal, facilityId);
      const tariff = await chosen(tx, facilityId, place, body);
      const found = preview(tariff, {
        entryMs: (body.entry_time ?? now).getTime(),
        horizonMs: body.hours * 3_600_000,
        stay: {
          ev: body.ev ?? false,
          accessible: body.accessible ?? false,
          ...(body.vehicle_type === undefined ? {} : { vehicleType: body.vehicle_type }),
        },
      });
      if (!found.ok) return refuse(422, found.error.code, found.error.message);
      const { entryMs, horizonMinutes, steps } = found.value;
      const rows = steps.map(({ fromMinutes, untilMinutes, totalMinor }) => ({
        from_minutes: fromMinutes,
        until_minutes: untilMinutes,
        total: decimal(totalMinor, place.currency),
      }));
      const curve = rows.flatMap(({ from_minutes, until_minutes, total }) => [
        { minutes: from_minutes, total },
        { minutes: until_minutes, total },
      ]);
      return {
        currency: place.currency,
        entry_time: iso(new Date(entryMs)),
        horizon_minutes: horizonMinutes,
        steps: rows,
        curve,
      };
    },
  );
}

const difference = z.object({
  ticket_number: z.string(),
  entry_time: instantText,
  exit_time: instantText,
  before: amountText.nullable(),
  after: amountText.nullable(),
  difference: amountText.nullable(),
});

function differences(api: Api, estimator: Estimator): void {
  api.call(
    {
      method: "post",
      path: `${BASE}diff/`,
      tag: "tariffs",
      summary: "What past stays would have cost, beside what they cost by the tariff in force",
      access: RUN,
      keyScope: "facilities:read",
      params: facilityParams,
      body: z.strictObject({ ...choice, stays: z.number().int().min(1).max(MAX_STAYS).default(1_000) }),
      maxBytes: MAX_DOCUMENT_BYTES,
      answer: z.object({
        currency: z.string(),
        before: z.object({ tariff_id: z.string(), version: z.number().int() }),
        stays: z.number().int(),
        priced: z.number().int(),
        refused: z.number().int(),
        before_total: amountText,
        after_total: amountText,
        difference: amountText,
        dearer: z.number().int(),
        cheaper: z.number().int(),
        same: z.number().int(),
        most_dearer: difference.nullable(),
        most_cheaper: difference.nullable(),
        /** Those that differ, by most first. */
        rows: z.array(difference),
      }),
    },
    async ({ tx, principal, params: { facilityId }, body, now }) => {
      const place = await ownFacility(tx, principal, facilityId);
      const after = await chosen(tx, facilityId, place, body);
      const before = await estimator.inForce(facilityId, now.getTime());
      if (before === null)
        return refuse(409, "tariff_missing", "no tariff is in force here that it could be held against");
      const past = await readPastStays(tx, facilityId, body.stays);
      const found = diff(before, after, past);
      const money = (minor: number) => decimal(minor, place.currency);
      const row = (one: StayDifference) => differenceOf(one, place.currency);
      const changed = found.rows
        .filter(({ differenceMinor }) => differenceMinor !== 0)
        .toSorted((a, b) => Math.abs(b.differenceMinor ?? 0) - Math.abs(a.differenceMinor ?? 0));
      return {
        currency: place.currency,
        before: { tariff_id: before.id, version: before.version },
        stays: past.length,
        priced: found.priced,
        refused: found.refused,
        before_total: money(found.beforeMinor),
        after_total: money(found.afterMinor),
        difference: money(found.differenceMinor),
        dearer: found.dearer,
        cheaper: found.cheaper,
        same: found.same,
        most_dearer: found.mostDearer === null ? null : row(found.mostDearer),
        most_cheaper: found.mostCheaper === null ? null : row(found.mostCheaper),
        rows: changed.slice(0, MAX_ROWS).map(row),
      };
    },
  );
}

function differenceOf(
  { name, stay, beforeMinor, afterMinor, differenceMinor }: StayDifference,
  currency: string,
): z.input<typeof difference> {
  const money = (minor: number | null) => (minor === null ? null : decimal(minor, currency));
  return {
    ticket_number: name,
    entry_time: iso(new Date(stay.entryMs)),
    exit_time: iso(new Date(stay.exitMs)),
    before: money(beforeMinor),
    after: money(afterMinor),
    difference: money(differenceMinor),
  };
}

type Chosen = {
  readonly document?: Readonly<Record<string, unknown>> | undefined;
  readonly tariff_id?: string | undefined;
  readonly version?: number | undefined;
};

/** The tariff that a request is about. @throws refusals. */
async function chosen(
  tx: Tx,
  facilityId: string,
  place: Place,
  { document: sent, tariff_id: id, version }: Chosen,
): Promise<Tariff> {
  if (sent !== undefined) {
    if (id !== undefined || version !== undefined)
      refuse(400, "invalid", "stands beside a document: one of the two is meant", "tariff_id");
    return readOrRefuse(sent, { id: "draft", version: 1 }, place).tariff;
  }
  if (id === undefined || version === undefined)
    return refuse(400, "invalid", "is missing; or tariff_id and version", "document");
  const row = (await findTariff(tx, facilityId, { id, version })) ?? notFound("tariff");
  const known = z.record(z.string(), z.unknown()).parse(row.document);
  return readOrRefuse(known, { id, version }, place).tariff;
}
