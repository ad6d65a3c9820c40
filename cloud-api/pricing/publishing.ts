import { momentOf, TIME_WORDS } from "@parkme/shared/domain/moment";
import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import type { Tx } from "../db/connection.ts";
import { lockFacility } from "../facilities/lock.queries.ts";
import { publish } from "../fleet/manifest.queries.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { forceFrom, withdrawalOf, type Place } from "./tariff-rules.ts";
import {
  findTariff,
  highestVersion,
  insertTariff,
  passesInUse,
  tariffsInManifest,
  type TariffRow,
  updateTariff,
} from "./tariffs.queries.ts";
import { readOrRefuse } from "./tariff-fields.ts";
import { readTimeline } from "./timeline.queries.ts";
import { cutTimeline, nameOf, type TimedVersion, type VersionName } from "./timeline.ts";

/** Puts tariffs in force and takes them out of it, here and at the gate, in one transaction, as who runs the cloud. */

type About = { readonly facilityId: string; readonly name: VersionName; readonly place: Place };

/** @param validFrom as its maker writes it; null = now. @throws refusals. */
export async function publishVersion(
  tx: Tx,
  { facilityId, name, place, validFrom }: About & { readonly validFrom: string | null },
  now: Date,
): Promise<TariffRow> {
  await lockFacility(tx, facilityId);
  const draft = (await findTariff(tx, facilityId, name)) ?? notFound("tariff");
  if (draft.status !== "draft")
    refuse(409, "not_a_draft", `${nameOf(name)} was published before: draft the next version`);
  const { published } = await highestVersion(tx, facilityId, name.id);
  if (published >= name.version)
    refuse(
      409,
      "newer_version_published",
      `version ${published} of ${name.id} is published already: draft a newer one`,
    );
  const timeline = await readTimeline(tx, facilityId, place.timeZone);
  const fromMs = fromOf(validFrom, place, timeline, now);
  await checkPasses(tx, facilityId, draft, place);
  const row = {
    ...draft,
    status: "published",
    validFrom: new Date(fromMs),
    publishedAt: after(now, draft.madeAt),
  } as const;
  const { status, publishedAt } = row;
  await updateTariff(tx, facilityId, name, { status, validFrom: row.validFrom, publishedAt });
  await tellGate(tx, row, { timeline, explicit: validFrom !== null || timeline.length > 0 }, now);
  return row;
}

/** @returns the version that is in force in its place. @throws refusals. */
export async function withdrawVersion(
  tx: Tx,
  { facilityId, name, place, by }: About & { readonly by: string },
  now: Date,
): Promise<TariffRow> {
  await lockFacility(tx, facilityId);
  const known = (await findTariff(tx, facilityId, name)) ?? notFound("tariff");
  if (known.status !== "published")
    refuse(409, "not_published", `${nameOf(name)} is ${known.status === "draft" ? "a draft" : "withdrawn"}`);
  const timeline = await readTimeline(tx, facilityId, place.timeZone);
  const withdrawal = withdrawalOf(name, timeline, now.getTime());
  if (!withdrawal.ok)
    return withdrawal.error === "tariff_over"
      ? refuse(409, "tariff_over", "another version has taken its place already")
      : refuse(409, "no_other_tariff", "no tariff would be left: publish another one instead");
  const { instead, fromMs } = withdrawal.value;
  const before = await findTariff(tx, facilityId, instead);
  if (before !== null) await checkPasses(tx, facilityId, before, place);
  if (before === null)
    return refuse(
      409,
      "no_other_tariff",
      `${nameOf(instead)} was not published here: publish another one instead`,
    );
  const row = {
    ...before,
    version: (await highestVersion(tx, facilityId, before.tariffId)).any + 1,
    status: "published",
    validFrom: new Date(fromMs),
    madeBy: by,
    madeAt: now,
    // Of several at one moment, the last one counts.
    publishedAt: after(now, known.publishedAt ?? now),
  } as const;
  await updateTariff(tx, facilityId, name, { status: "withdrawn" });
  await insertTariff(tx, row);
  await tellGate(tx, row, { timeline, explicit: true }, now);
  return row;
}

/** Later than what was before, by a millisecond at least: the order in which versions were published stays known. */
function after(now: Date, before: Date): Date {
  return new Date(Math.max(now.getTime(), before.getTime() + 1));
}

function fromOf(
  validFrom: string | null,
  { timeZone }: Place,
  timeline: readonly TimedVersion[],
  now: Date,
): number {
  const wantedMs = validFrom === null ? null : momentOf(validFrom, timeZone);
  if (validFrom !== null && wantedMs === null) refuse(400, "invalid", `must be ${TIME_WORDS}`, "valid_from");
  const from = forceFrom(wantedMs, timeline, now.getTime());
  if (from.ok) return from.value;
  return from.error === "valid_from_past"
    ? refuse(422, "valid_from_past", "stays of before were priced already", "valid_from")
    : refuse(422, "valid_from_far", "is more than two years ahead", "valid_from");
}

/** A pass that somebody holds, and that the tariff in force does not know, would leave their stays without a price. */
async function checkPasses(tx: Tx, facilityId: string, draft: TariffRow, place: Place): Promise<void> {
  const { tariff } = readDraft(draft, place);
  const missing = (await passesInUse(tx, facilityId)).find((pass) => !Object.hasOwn(tariff.passes, pass));
  if (missing !== undefined)
    refuse(
      409,
      "pass_in_use",
      `its passes lack ${missing}, which plans that are sold or held refer to`,
      "document.passes",
    );
}

/** Once more: the facility's currency or time zone may have changed since it was drafted. */
function readDraft({ document, tariffId: id, version }: TariffRow, place: Place) {
  const isGroup = typeof document === "object" && document !== null;
  return readOrRefuse(isGroup ? { ...document } : {}, { id, version }, place);
}

/** The manifest's tariffs: the new one, without those that were over long ago. */
async function tellGate(
  tx: Tx,
  row: TariffRow & { readonly validFrom: Date },
  how: { readonly timeline: readonly TimedVersion[]; readonly explicit: boolean },
  now: Date,
): Promise<void> {
  const { facilityId, tariffId: id, version, validFrom, document } = row;
  const kept = new Set(cutTimeline(how.timeline, now.getTime()).map(nameOf));
  const surplus = (await tariffsInManifest(tx, facilityId)).filter((key) => !kept.has(key));
  const from = how.explicit ? { valid_from: validFrom.toISOString() } : {};
  const body = JSON.stringify({ id, version, ...from, document });
  const changes: readonly ManifestChange[] = [
    ...surplus.map((key) => ({ section: "tariffs", key, body: null })),
    { section: "tariffs", key: `${id}@${version}`, body },
  ];
  const done = await publish(tx, facilityId, changes, now);
  if (done.ok) return;
  const [first] = done.error;
  refuse(422, "tariff_invalid", first?.message ?? "is no tariff", first?.path.map(String).slice(2).join("."));
}
