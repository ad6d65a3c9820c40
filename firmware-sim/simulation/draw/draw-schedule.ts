import { asCurrency, minorDigits } from "@parkme/shared/domain/money";
import { drawArrivals, type Coming } from "../../traffic/arrivals.ts";
import { PROFILE_NAMES, PROFILES, type Profile, type ProfileName } from "../../traffic/profiles.ts";
import { createRandom, type Random } from "../../traffic/random.ts";
import {
  FAULT_KINDS,
  type FaultKind,
  type LanePlan,
  type Schedule,
  type SitePlan,
  type Visit,
  type ZonePlan,
} from "../schedule.ts";
import { drawDeeds } from "./draw-deeds.ts";
import { drawFaults } from "./draw-faults.ts";
import { drawLanes, drawZones } from "./draw-lanes.ts";
import { drawPermits, type PermitCars } from "./draw-permits.ts";
import { drawTariff } from "./draw-tariffs.ts";
import { drawVisits } from "./draw-visits.ts";
import { drawPlace, localDays, type Place } from "./places.ts";

export type DrawOptions = {
  /** From 1 minute to ten years; 1 day. */
  readonly days?: number;
  /** What may go wrong; left out: everything. */
  readonly faults?: readonly FaultKind[];
  /** Usual vehicles of a mean day, 0 to 20,000; about 40, so that a day is cheap. Events come on top. */
  readonly visitsPerDay?: number;
  /** Left out: drawn. */
  readonly profile?: ProfileName;
  /** Whether there is a cloud; left out: mostly. */
  readonly cloud?: boolean;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SHORTEST_DAYS = 1 / 1_440;
const LONGEST_DAYS = 3_650;
const MOST_PER_DAY = 20_000;
const USUAL_PER_DAY = [25, 60] as const;
const ALL_FAULTS: readonly FaultKind[] = Object.values(FAULT_KINDS).flat();

/**
 * Draws a car park, all who come to it, what goes wrong and what people do. The same seed and options are the same
 * schedule. Throws a `RangeError` for options out of bounds.
 */
export function drawSchedule(seed: number, options: DrawOptions = {}): Schedule {
  const { days = 1, faults: kinds = ALL_FAULTS } = options;
  within("days", days, SHORTEST_DAYS, LONGEST_DAYS);
  const random = createRandom(`schedule ${seed}`);
  const site = random.fork("site");
  const perDay = options.visitsPerDay ?? USUAL_PER_DAY[0] + site.int(USUAL_PER_DAY[1] - USUAL_PER_DAY[0]);
  within("visitsPerDay", perDay, 0, MOST_PER_DAY);
  const profile = PROFILES[options.profile ?? site.pick(PROFILE_NAMES)];
  const hasCloud = options.cloud ?? site.chance(0.85);
  const lengthMs = Math.round(days * DAY_MS);
  const place = drawPlace(lengthMs, site.fork("place"));
  const comings = arrivalsOf(profile, perDay, place, lengthMs, random.fork("arrivals"));
  const zones = drawZones(site.fork("zones"));
  const oddVehicles = site.chance(0.4);
  const busiestHour = busiest(comings);
  const lanes = drawLanes({ zones, busiestHour, oddVehicles }, site.fork("lanes"));
  const permits = permitsOf(profile, perDay, lengthMs, zones, site);
  const exits = lanes.filter(({ direction }) => direction === "exit");
  const cardsEverywhere = exits.every(({ has }) => has.terminal);
  const visits = drawVisits(
    comings,
    {
      profile,
      permits,
      entries: lanes.filter(({ direction }) => direction === "entry"),
      oddVehicles,
      cardsEverywhere,
      hasCloud,
    },
    random.fork("visits"),
  );
  const spaces = spacesOf(visits, zones, lanes, site.fork("spaces"));
  const plan = planOf({ seed, profile, place, lengthMs, hasCloud, lanes, permits, spaces }, site);
  const moreTariffs = plan.tariffs.length - 1;
  return {
    seed,
    lengthMs,
    site: plan,
    visits,
    faults: drawFaults({ kinds, lanes, lengthMs, hasCloud }, random.fork("faults")),
    deeds: drawDeeds(
      { lengthMs, hasCloud, moreTariffs, hasPermits: permits.length > 0 },
      random.fork("deeds"),
    ),
  };
}

function within(what: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most))
    throw new RangeError(`${what} is ${least} to ${most}, not ${value}`);
}

/** Arrivals with times from the beginning. */
function arrivalsOf(
  profile: Profile,
  perDay: number,
  place: Place,
  lengthMs: number,
  random: Random,
): Coming[] {
  const { timeZone, startMs } = place;
  const plan = { profile, perDay, timeZone, fromMs: startMs, untilMs: startMs + lengthMs };
  return drawArrivals(plan, random).map(({ atMs, stayMs }) => ({ atMs: atMs - startMs, stayMs }));
}

/** The most that come, or leave, within one hour. */
function busiest(comings: readonly Coming[]): number {
  const hours = new Map<string, number>();
  let most = 0;
  for (const { atMs, stayMs } of comings) {
    for (const hour of [`in ${Math.floor(atMs / HOUR_MS)}`, `out ${Math.floor((atMs + stayMs) / HOUR_MS)}`]) {
      const count = (hours.get(hour) ?? 0) + 1;
      hours.set(hour, count);
      most = Math.max(most, count);
    }
  }
  return most;
}

function permitsOf(
  profile: Profile,
  perDay: number,
  lengthMs: number,
  zones: readonly ZonePlan[],
  site: Random,
): PermitCars[] {
  if (!site.chance(profile.permitPercent >= 40 ? 0.95 : 0.6)) return [];
  const needs = {
    perDay: (perDay * profile.permitPercent) / 100,
    lengthMs,
    zones: zones.map(({ name }) => name),
  };
  return drawPermits(needs, site.fork("permits"));
}

type Spaces = { readonly capacity: number; readonly zones: readonly ZonePlan[] };

/** Every third car park is too small for its busiest moment, or one of its zones is. */
function spacesOf(
  visits: readonly Visit[],
  zones: readonly ZonePlan[],
  lanes: readonly LanePlan[],
  random: Random,
): Spaces {
  const peak = Math.max(1, mostInside(visits));
  const capacity = random.chance(0.35)
    ? Math.max(2, Math.floor(peak * (0.5 + 0.4 * random.next())))
    : Math.ceil(peak * (1.2 + random.next())) + 10;
  const entries = lanes.filter(({ direction }) => direction === "entry");
  const sized = zones.map((zone) => {
    // What leads there brings its share; a zone within another one has a part of it.
    const leading = entries.filter(({ zone: to }) => to === zone.name).length;
    const share = zone.parent === null ? Math.max(leading, 1) / Math.max(entries.length, 2) : 0.2;
    return { ...zone, capacity: Math.max(1, Math.round(capacity * share * (0.7 + 0.6 * random.next()))) };
  });
  return { capacity, zones: sized };
}

/** The most that would be inside at once if everybody got in at once. */
function mostInside(visits: readonly Visit[]): number {
  const moves = visits
    .flatMap(({ atMs, stayMs }) => [
      { atMs, by: 1 },
      { atMs: atMs + stayMs, by: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.by - b.by);
  let inside = 0;
  let most = 0;
  for (const { by } of moves) {
    inside += by;
    most = Math.max(most, inside);
  }
  return most;
}

type Drawn = {
  readonly seed: number;
  readonly profile: Profile;
  readonly place: Place;
  readonly lengthMs: number;
  readonly hasCloud: boolean;
  readonly lanes: readonly LanePlan[];
  readonly permits: readonly PermitCars[];
  readonly spaces: Spaces;
};

const TITLES: Readonly<Record<ProfileName, string>> = {
  commuter: "Station garage",
  mall: "Shopping centre",
  airport: "Airport car park",
  venue: "Arena",
  private: "Residents' garage",
};
const ATTENDANTS = ["alex", "kim", "sam"];

function planOf(
  { seed, profile, place, lengthMs, hasCloud, lanes, permits, spaces }: Drawn,
  site: Random,
): SitePlan {
  const { timeZone, currency, startMs } = place;
  const days = localDays(startMs, lengthMs, timeZone);
  const tariffs = site.fork("tariffs");
  const versions = Array.from({ length: 1 + tariffs.int(3) }, (_, i) =>
    drawTariff({ profile: profile.name, currency, days }, tariffs.fork(String(i))),
  );
  return {
    slug: `sim-${seed}`,
    facilityId: facilityIdOf(site.fork("id"), startMs),
    name: `${TITLES[profile.name]} ${seed}`,
    timeZone,
    currency,
    startMs,
    capacity: spaces.capacity,
    zones: spaces.zones,
    lanes,
    tariffs: versions,
    permits: permits.map(({ plan }) => plan),
    antiPassback: site.pick(["hard", "soft", "soft", "neutral"]),
    attendants: ATTENDANTS.slice(0, 1 + site.int(ATTENDANTS.length)),
    // A hundred units of the currency in change.
    floatMinor: 100 * 10 ** minorDigits(asCurrency(currency)),
    helpMs: 60_000 + site.int(240_000),
    hasCloud,
    link: site.chance(0.03) ? "always" : "windows",
  };
}

/** A UUID of version 7, as facilities have. */
function facilityIdOf(random: Random, atMs: number): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => random.int(16).toString(16)).join("");
  const time = atMs.toString(16).padStart(12, "0");
  const variant = (8 + random.int(4)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
