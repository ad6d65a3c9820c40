import { parseDecimal, type Currency } from "../../domain/money.ts";
import { MAX_WINDOWS, minuteOf } from "./fields.ts";
import { unreachableBands, type BandWindow } from "./reach.ts";

/**
 * What can be wrong between the parts of a tariff document. Checks are made even where a part is wrong in itself, so
 * they look at what they get, and leave to the schema what is not of its kind.
 */

export type Complain = (path: readonly PropertyKey[], message: string) => void;

type Group = Readonly<Record<string, unknown>>;

const HOUR_MS = 3_600_000;

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function groupsOf(value: unknown): readonly Group[] {
  return Array.isArray(value) ? value.map((entry: unknown) => (isGroup(entry) ? entry : {})) : [];
}

/** A group of which exactly one of some keys must be there. */
export function onlyOneOf(keys: readonly string[]) {
  return (value: unknown, complain: Complain): void => {
    if (!isGroup(value)) return;
    const given = keys.filter((key) => value[key] !== undefined);
    if (given.length === 0) complain([], `must have one of ${keys.join(", ")}`);
    if (given.length > 1) complain([], `can have only one of ${given.join(", ")}`);
  };
}

export function checkSlabs(value: unknown, complain: Complain): void {
  const slabs = groupsOf(value);
  let previousMs = 0;
  for (const [i, slab] of slabs.entries()) {
    const last = i === slabs.length - 1;
    const limit = slab["max_hours"];
    const path = [i, "max_hours"];
    if (limit === null && !last)
      complain(path, "only the last slab may be open-ended; later ones are unreachable");
    if (slab["per_minutes"] !== undefined) checkBeyond(i, limit, last, complain);
    if (typeof limit !== "number") continue;
    const limitMs = Math.round(limit * HOUR_MS);
    if (limitMs <= previousMs) complain(path, "must be longer than the slab before it");
    if (last) complain(path, `no slab covers a stay of more than ${limit} h; end with null`);
    previousMs = limitMs;
  }
}

function checkBeyond(i: number, limit: unknown, last: boolean, complain: Complain): void {
  if (limit !== null || !last)
    complain([i, "per_minutes"], "is for the last slab only, the one without a limit");
  else if (i === 0) complain([i, "per_minutes"], "needs a slab before it; without one it is an hourly price");
}

export function checkHourly(value: unknown, complain: Complain): void {
  if (!isGroup(value)) return;
  const { tiers, price, per_minutes: unit } = value;
  if (tiers === undefined && price === undefined) complain([], "must have a price, or tiers");
  if (tiers !== undefined && (price !== undefined || unit !== undefined))
    complain([], "can have a price of its own, or tiers that each have one, not both");
}

export function checkTiers(value: unknown, complain: Complain): void {
  const tiers = groupsOf(value);
  let previousMs = 0;
  for (const [i, { up_to_hours: limit }] of tiers.entries()) {
    const last = i === tiers.length - 1;
    const path = [i, "up_to_hours"];
    if ((limit === null || limit === undefined) && !last)
      complain(path, "only the last tier may be open-ended; later ones are unreachable");
    if (typeof limit !== "number") continue;
    const limitMs = Math.round(limit * HOUR_MS);
    if (limitMs <= previousMs) complain(path, "must be longer than the tier before it");
    if (last) complain(path, `no tier covers a stay of more than ${limit} h; end with null`);
    previousMs = limitMs;
  }
}

export function checkOccupancy(value: unknown, complain: Complain): void {
  let previous = -1;
  for (const [i, { from_percent: from }] of groupsOf(value).entries()) {
    if (typeof from !== "number") continue;
    if (from <= previous) complain([i, "from_percent"], "must be more than the step before it");
    previous = from;
  }
}

export function checkWindow(value: unknown, complain: Complain): void {
  if (!isGroup(value)) return;
  const { from_date: from, to_date: to } = value;
  if (typeof from === "string" && typeof to === "string" && to < from)
    complain(["to_date"], "must not be before from_date");
}

const NEEDS_START: ReadonlySet<unknown> = new Set(["business", "night"]);

export function checkDay(value: unknown, complain: Complain): void {
  if (!isGroup(value)) return;
  const { kind, starts_at: start } = value;
  if (NEEDS_START.has(kind) && start === undefined)
    complain(["starts_at"], `is missing: a ${String(kind)} day begins at a time that you name`);
  if ((kind === "calendar" || kind === "rolling") && start !== undefined)
    complain(["starts_at"], `is not for a ${kind} day: use business or night`);
}

/** A plan that is a percentage of another has that one's limits. */
export function checkPercent(value: unknown, complain: Complain): void {
  if (!isGroup(value) || value["percent"] === undefined) return;
  const beside = Object.keys(value).filter((key) => LIMITS.has(key));
  if (beside.length > 0)
    complain(["percent"], `takes the whole plan at a percentage: leave out ${beside.join(", ")}`);
}

const LIMITS: ReadonlySet<string> = new Set(["units", "repeat", "day", "stay_cap", "minimum", "rounding"]);

/** Limits of a plan that contradict each other. */
export function checkLimits(value: unknown, currency: Currency, complain: Complain): void {
  if (!isGroup(value)) return;
  const minor = (amount: unknown): number | null => {
    if (typeof amount !== "number" && typeof amount !== "string") return null;
    const parsed = parseDecimal(amount, currency);
    return parsed.ok ? parsed.value.amountMinor : null;
  };
  const [minimum, stayCap] = [minor(value["minimum"]), minor(value["stay_cap"])];
  if (minimum !== null && stayCap !== null && minimum > stayCap)
    complain(["minimum"], "must not be more than stay_cap");
  const { rounding } = value;
  if (isGroup(rounding) && minor(rounding["to"]) === 0) complain(["rounding", "to"], "must be more than 0");
}

const rateOfBand = onlyOneOf(["flat", "hourly", "slabs"]);

export function checkBand(value: unknown, complain: Complain): void {
  rateOfBand(value, complain);
  if (isGroup(value) && value["max_per"] !== undefined && value["max"] === undefined)
    complain(["max_per"], "needs a max: it says what that is for");
}

/** Every moment belongs to one band: the last takes what is left, and each of the others gets something. */
export function checkBands(value: unknown, complain: Complain): void {
  const bands = groupsOf(value);
  const names = new Set<unknown>();
  for (const [i, band] of bands.entries()) {
    const last = i === bands.length - 1;
    if (names.has(band["name"])) complain([i, "name"], "is used twice");
    names.add(band["name"]);
    if (last && band["windows"] !== undefined)
      complain(
        [i, "windows"],
        "must be left out of the last band: it fills the gaps that the others leave, so that no time is without a price",
      );
    if (!last && band["windows"] === undefined)
      complain(
        [i, "windows"],
        "is missing: without windows it is always in force, and later ones are unreachable",
      );
  }
  checkReach(bands, complain);
}

function checkReach(bands: readonly Group[], complain: Complain): void {
  const windows = bands.map(({ windows: given }) => groupsOf(given).flatMap(windowOf));
  const count = windows.reduce((sum, list) => sum + list.length, 0);
  if (count > MAX_WINDOWS) {
    complain([], `can have at most ${MAX_WINDOWS} windows in all`);
    return;
  }
  // What is not a window yet would look like one that is never in force.
  const readable = bands.every(({ windows: given }, i) => groupsOf(given).length === windows[i]?.length);
  if (!readable) return;
  for (const { band, why } of unreachableBands(windows.slice(0, -1))) {
    complain(
      [band, "windows"],
      why === "covered"
        ? "are all covered by the bands before it, so that it is never in force"
        : "never come: none of their days lies between their dates",
    );
  }
}

const TIME = /^\d\d:\d\d$/;
const DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

function windowOf(window: Group): BandWindow[] {
  const { days, from = "00:00", to = "24:00", from_date: fromDate = null, to_date: toDate = null } = window;
  if (typeof from !== "string" || typeof to !== "string" || !TIME.test(from) || !TIME.test(to)) return [];
  if (!isDay(fromDate) || !isDay(toDate)) return [];
  if (days !== undefined && !Array.isArray(days)) return [];
  const named: readonly unknown[] = days ?? [...DAY_NAMES, "holiday"];
  return [
    {
      weekdays: DAY_NAMES.flatMap((name, weekday) => (named.includes(name) ? [weekday] : [])),
      onHolidays: named.includes("holiday"),
      fromMinute: minuteOf(from),
      toMinute: minuteOf(to),
      fromDate,
      toDate,
    },
  ];
}

function isDay(date: unknown): date is string | null {
  return date === null || (typeof date === "string" && !Number.isNaN(Date.parse(`${date}T00:00:00Z`)));
}
