import { LRUCache } from "lru-cache";
import type { Clock } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { asCurrency, type Currency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PricingRefusal, Quote, StayToPrice } from "@parkme/shared/pricing/quote-model";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { quoteByVersions } from "@parkme/shared/pricing/versions";
import type { Db } from "../db/connection.ts";
import type { Cache } from "../platform/cache.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { readFacilityTariffs, type FacilityTariffs, type TimedText } from "./timeline.queries.ts";

/** What stays will cost, by the tariffs of their facility and the engine that gates price with. */

/** Times are Unix milliseconds; the rest is as in {@link StayToPrice}. */
export type StayToEstimate = Omit<StayToPrice, "entryMs" | "exitMs"> & {
  readonly fromMs: number;
  readonly untilMs: number;
};

export type Estimate = {
  /** In minor units of `currency`. */
  readonly totalMinor: number;
  readonly currency: Currency;
  readonly appliedRule: string;
  /** `id@version` of the tariff. */
  readonly tariff: string;
  readonly durationMinutes: number;
  readonly subscriptionUsed: boolean;
  readonly quote: Quote;
};

export type EstimateRefusal = PricingRefusal | Refusal<"no_such_facility">;

export type Estimator = {
  /** Prices a stay by the version in force at its entry. Without SQL where the facility's tariffs are cached. */
  readonly estimate: (facilityId: string, stay: StayToEstimate) => Promise<Result<Estimate, EstimateRefusal>>;
  /** The facility as it is priced; null = there is none. */
  readonly facility: (facilityId: string) => Promise<Omit<FacilityTariffs, "versions"> | null>;
  /** The tariff in force at a moment; null = none. */
  readonly inForce: (facilityId: string, atMs: number) => Promise<Tariff | null>;
  /** The tariff in force at a moment, and all that come after it. */
  readonly fromThenOn: (facilityId: string, atMs: number) => Promise<readonly Tariff[]>;
};

export type EstimatorDeps = {
  readonly db: Db;
  readonly cache: Pick<Cache, "remember">;
  readonly clock: Clock;
};

/** Compiled tariffs in memory, of all facilities. */
const MAX_COMPILED = 2_000;

/** One for each process: it keeps tariffs ready to price with. */
export function createEstimator({ db, cache, clock }: EstimatorDeps): Estimator {
  const compiled = new LRUCache<string, { readonly tariff: Tariff | null }>({ max: MAX_COMPILED });

  async function tariffsOf(facilityId: string): Promise<FacilityTariffs | null> {
    return await cache.remember(
      "tariffs",
      facilityId,
      async () => await readFacilityTariffs(db, facilityId, new Date(clock.wallMs())),
    );
  }

  /** Null = a document that this version of the engine does not read: the version before it stays in force. */
  function compile({ id, version, document, digest }: TimedText, place: FacilityTariffs): Tariff | null {
    const { currency, timeZone } = place;
    const key = `${id}@${version} ${currency} ${timeZone} ${digest}`;
    const known = compiled.get(key);
    if (known !== undefined) return known.tariff;
    const read = parseTariff(JSON.parse(document), { id, version, currency: asCurrency(currency), timeZone });
    const tariff = read.ok ? read.value : null;
    compiled.set(key, { tariff });
    return tariff;
  }

  /** Those that have a part in a stay: the one in force at its beginning, and what comes into force during it. */
  function versionsFor(place: FacilityTariffs, fromMs: number, untilMs: number) {
    const { versions } = place;
    const readable = [];
    for (let i = versions.length - 1; i >= 0; i--) {
      const version = versions[i];
      if (version === undefined || version.fromMs > untilMs) continue;
      const tariff = compile(version, place);
      if (tariff !== null) readable.unshift({ tariff, fromMs: version.fromMs });
      if (tariff !== null && version.fromMs <= fromMs) break;
    }
    return readable;
  }

  return {
    async estimate(facilityId, { fromMs, untilMs, ...stay }) {
      const place = await tariffsOf(facilityId);
      if (place === null) return err(refusal("no_such_facility", "operator", "There is no such facility."));
      const versions = versionsFor(place, fromMs, Math.max(fromMs, untilMs));
      const priced = quoteByVersions(versions, null, { ...stay, entryMs: fromMs, exitMs: untilMs });
      return priced.ok ? ok(estimateOf(priced.value)) : priced;
    },
    async facility(facilityId) {
      const place = await tariffsOf(facilityId);
      if (place === null) return null;
      const { versions: _, ...rest } = place;
      return rest;
    },
    async inForce(facilityId, atMs) {
      const place = await tariffsOf(facilityId);
      if (place === null) return null;
      return versionsFor(place, atMs, atMs).findLast(({ fromMs }) => fromMs <= atMs)?.tariff ?? null;
    },
    async fromThenOn(facilityId, atMs) {
      const place = await tariffsOf(facilityId);
      return place === null ? [] : versionsFor(place, atMs, Infinity).map(({ tariff }) => tariff);
    },
  };
}

function estimateOf(quote: Quote): Estimate {
  const { total, appliedRule, tariffId, tariffVersion, durationMinutes, subscriptionUsed } = quote;
  return {
    totalMinor: total.amountMinor,
    currency: total.currency,
    appliedRule,
    tariff: `${tariffId}@${tariffVersion}`,
    durationMinutes,
    subscriptionUsed,
    quote,
  };
}

/** Answers a request whose stay cannot be priced. */
export function refuseEstimate({ code, message }: EstimateRefusal): never {
  if (code === "no_such_facility") return notFound("facility");
  const status = code === "tariff_missing" ? 409 : 422;
  return refuse(status, code, message);
}
