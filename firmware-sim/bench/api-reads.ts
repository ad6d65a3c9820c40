import { load, pace, type Loaded } from "./api-load.ts";
import { say, type Ground } from "./api-ground.ts";
import type { Figure } from "./report.ts";

/** How fast the API answers what is asked most. */

const READS_PER_SECOND = 500;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Some facilities are asked for far more often than others: half of all requests are for an eighth of them. */
function popular(facilities: readonly string[]): string {
  return facilities[Math.floor(facilities.length * Math.random() ** 3)] ?? "";
}

/** The reads that are asked most, at a steady pace. */
export async function measureReads({ url, facilities, seconds }: Ground): Promise<readonly Figure[]> {
  say(`search, availability and estimate at ${READS_PER_SECOND} requests a second ...`);
  const each = { url, connections: 16 };
  const search = () => {
    const from = Date.now() + Math.random() * 4 * DAY_MS;
    const range = { from: new Date(from).toISOString(), until: new Date(from + 3 * HOUR_MS).toISOString() };
    const body = { vehicle_size: "standard", needs_ev: false, needs_accessible: false, ...range };
    return { method: "POST", path: `/api/facilities/${popular(facilities)}/search_spots/`, body } as const;
  };
  const availability = () =>
    ({ method: "GET", path: `/api/facilities/${popular(facilities)}/availability/` }) as const;
  const estimate = () => {
    const body = { facility_id: popular(facilities), duration_hours: 3.5, vehicle_type: "CAR" };
    return { method: "POST", path: "/api/pricing/estimate/", body } as const;
  };
  const run = async (forS: number) =>
    await Promise.all(
      [search, availability, estimate].map((next) =>
        pace({ ...each, seconds: forS, next }, READS_PER_SECOND / 3),
      ),
    );
  await run(5);
  const [found, counted, priced] = await run(seconds);
  if (found === undefined || counted === undefined || priced === undefined) throw new Error("no load ran");
  for (const loaded of [found, counted, priced]) allGood(loaded);
  return [
    { figure: "search_p95_ms", value: found.p95Ms, floor: null },
    { figure: "availability_p95_ms", value: counted.p95Ms, floor: null },
    { figure: "estimate_p95_ms", value: priced.p95Ms, floor: null },
    { figure: "cache_hit_ratio", value: await cacheHits(url), floor: null },
  ];
}

/** A measure of refusals would be none. */
export function allGood({ statuses }: Loaded): void {
  const bad = [...statuses].filter(([status]) => status < 200 || status > 299);
  if (bad.length > 0) throw new Error(`answers that are no answers: ${JSON.stringify(bad)}`);
}

/** As many as go, beside a bare route that runs `select 1`. */
export async function measureAvailability({
  url,
  floorUrl,
  facilities,
  seconds,
}: Ground): Promise<readonly Figure[]> {
  say("availability, as many as go ...");
  const all = { connections: 32, seconds };
  const floor = await load({ ...all, url: floorUrl, next: () => ({ method: "GET", path: "/select" }) });
  const next = () =>
    ({ method: "GET", path: `/api/facilities/${popular(facilities)}/availability/` }) as const;
  const loaded = await load({ ...all, url, next });
  allGood(loaded);
  return [{ figure: "availability_rps", value: loaded.perSecond, floor: floor.perSecond }];
}

/** Of all that the caches were asked for since the start. */
async function cacheHits(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (result: string): number =>
    text
      .split("\n")
      .filter((line) => line.startsWith("parkme_cache_requests_total") && line.includes(`"${result}"`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  const hits = sum("hit");
  return hits / (hits + sum("miss"));
}
