import { asCurrency } from "@parkme/shared/domain/money";
import type { PricedRight, StayToPrice } from "@parkme/shared/pricing/quote-model";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import type { TariffVersion } from "@parkme/shared/pricing/versions";
import type { ReferenceQuote } from "../../../shared/pricing/testing/reference/reference.ts";
import { referenceQuoteByVersions } from "../../../shared/pricing/testing/reference/versions.ts";
import type { SitePlan } from "../schedule.ts";
import type { EdgeRows, EdgeStay } from "./edge-rows.ts";

/** A stay's prices by the independent reference. */
export type PricedStay = {
  /** What it costs when it ends then, minor units. */
  readonly totalAt: (exitMs: number) => number;
  /** How long it may leave after it was paid for at that time, ms. */
  readonly graceAt: (settledMs: number) => number;
};

/** Prices stays a second time, from what the gate's file says of them and of the tariffs. */
export function createPricing(site: SitePlan, rows: EdgeRows) {
  const versions: readonly TariffVersion[] = rows.tariffs.map((row) => ({
    tariff: tariffOf(row, site),
    fromMs: row.fromMs,
  }));
  const validations = groupBy(rows.validations, ({ stayId }) => stayId);
  const amendments = groupBy(rows.amendments, ({ stayId }) => stayId);

  function partsOf(stay: EdgeStay, atMs: number): Omit<StayToPrice, "entryMs" | "exitMs"> {
    const given = (validations.get(stay.id) ?? []).filter((one) => one.atMs <= atMs);
    const fines = (amendments.get(stay.id) ?? []).filter(({ what }) => what === "penalty");
    return {
      vehicleType: stay.vehicleType,
      ev: stay.ev === 1,
      accessible: stay.accessible === 1,
      occupancyPercent: stay.occupancyPercent,
      right: rightOf(stay),
      lostTicket: stay.lostTicket,
      validations: given.map(({ name, value }) => ({ name, value: JSON.parse(value) as never })),
      penalties: fines.map(({ after }) => after),
    };
  }

  return {
    versions,
    /** Null where no tariff was in force when the stay began. */
    priced: (stay: EdgeStay): PricedStay | null => {
      const { tariffId, tariffVersion, entryAtMs: entryMs } = stay;
      if (tariffId === null || tariffVersion === null) return null;
      const parts = partsOf(stay, stay.exitAtMs ?? Infinity);
      const at = { id: tariffId, version: tariffVersion };
      const quoteAt = (exitMs: number): ReferenceQuote =>
        referenceQuoteByVersions(versions, at, { ...parts, entryMs, exitMs });
      const own = versions.find(({ tariff }) => tariff.id === at.id && tariff.version === at.version)?.tariff;
      return {
        totalAt: (exitMs) => quoteAt(exitMs).total,
        graceAt: (settledMs) => lastInForce(own, versions, entryMs, settledMs)?.graces.exitMs ?? 0,
      };
    },
  };
}

/** The version that prices the end of a stay. */
function lastInForce(
  begun: Tariff | undefined,
  versions: readonly TariffVersion[],
  entryMs: number,
  exitMs: number,
): Tariff | undefined {
  let tariff = begun;
  for (const next of versions) {
    if (next.fromMs <= entryMs || next.tariff === begun) continue;
    if (tariff?.onChange !== "split" || next.fromMs >= exitMs) break;
    tariff = next.tariff;
  }
  return tariff;
}

function tariffOf(
  { tariffId: id, version, document }: EdgeRows["tariffs"][number],
  { currency, timeZone }: SitePlan,
): Tariff {
  const parsed = parseTariff(JSON.parse(document), { id, version, currency: asCurrency(currency), timeZone });
  if (!parsed.ok) throw new Error(`the gate keeps version ${version} of tariff ${id}, which is none`);
  return parsed.value;
}

/** What pays for a stay in place of money, as the lists said when it began. */
function rightOf({ rightKind, rightFromMs, rightUntilMs, rightPass }: EdgeStay): PricedRight | null {
  if (rightKind === null) return null;
  if (rightFromMs === null || rightUntilMs === null) return { kind: "covered", untilMs: null };
  if (rightKind === "reservation") return { kind: "reservation", fromMs: rightFromMs, untilMs: rightUntilMs };
  if (rightPass === null) return { kind: "covered", untilMs: rightUntilMs };
  return { kind: "pass", pass: rightPass, untilMs: rightUntilMs, remainingMinutes: null };
}

export function groupBy<Row, Key>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
): ReadonlyMap<Key, readonly Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
