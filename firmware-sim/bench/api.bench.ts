import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { embeddedDatabase } from "../site/cloud-database.ts";
import { load, pace, type Loaded } from "./api-load.ts";
import { withPrograms, type Programs } from "./gate-run.ts";
import { report } from "./report.ts";

/**
 * How fast the public API answers, over real HTTP on a real PostgreSQL of the same machine, with many facilities and
 * bookings in it. Beside it, in the same run, the floors: the bare transaction of a booking through the same driver, and
 * a bare route that runs `select 1`.
 */
const HELP = `bench api: the public API under load
  --facilities N   (1000)
  --bookings N     that are there before (100000)
  --attempts N     at bookings on few spots at the same time (1000000)
  --seconds N      of each measure (15)
`;

const CLIENTS = 16;
const READS_PER_SECOND = 500;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type Spot = { readonly facility_id: string; readonly spot_id: string };

/** What everything is measured on. */
type Ground = {
  readonly url: string;
  readonly floorUrl: string;
  readonly facilities: readonly string[];
  readonly seconds: number;
};

type Driver = { readonly headers: Record<string, string>; readonly vehicleId: string };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      facilities: { type: "string", default: "1000" },
      bookings: { type: "string", default: "100000" },
      attempts: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "15" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  await withPrograms("api", async (programs) => {
    const ground = await prepare(programs, values.facilities, values.bookings, Number(values.seconds));
    const driver = await newDriver(ground.url);
    say("search, availability and estimate at 500 requests a second ...");
    const reads = await measureReads(ground);
    const hits = await cacheHits(ground.url);
    say("availability, as many as go ...");
    const availability = await measureAvailability(ground);
    say("bookings of 16 clients, on distinct spots ...");
    const bookings = await measureBookings(ground, driver);
    say(`${values.attempts} attempts on few spots ...`);
    const overlaps = await measureOverlaps(ground, await newDriver(ground.url), Number(values.attempts));
    report("api", `the public API: ${values.facilities} facilities, ${values.bookings} bookings`, [
      { figure: "search_p95_ms", value: reads.search.p95Ms, floor: null },
      { figure: "availability_p95_ms", value: reads.availability.p95Ms, floor: null },
      { figure: "estimate_p95_ms", value: reads.estimate.p95Ms, floor: null },
      { figure: "booking_p95_ms", value: bookings.p95Ms, floor: null },
      { figure: "bookings_per_s", value: bookings.perSecond, floor: bookings.floor },
      { figure: "availability_rps", value: availability.perSecond, floor: availability.floor },
      { figure: "cache_hit_ratio", value: hits, floor: null },
      { figure: "overlaps", value: overlaps, floor: null },
    ]);
  });
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function prepare(
  programs: Programs,
  facilityCount: string,
  bookings: string,
  seconds: number,
): Promise<Ground> {
  const folder = join(programs.folder, "api-cloud");
  mkdirSync(folder, { recursive: true });
  const cloud = programs.run("cloud", "dist/cloud-api/main.mjs", [], {
    env: {
      PARKME_CLOUD_PORT: "0",
      PARKME_DATA_DIR: folder,
      PARKME_RATE_ANONYMOUS: "0",
      PARKME_RATE_SIGNED_IN: "0",
    },
  });
  const url = `http://127.0.0.1:${await cloud.ready}`;
  say(`${facilityCount} facilities and ${bookings} bookings ...`);
  const { host, port, user, password, database } = embeddedDatabase(folder);
  const databaseUrl = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const floor = programs.run(
    "api-floor",
    "cloud-api/bench/api-floor.ts",
    [databaseUrl, facilityCount, bookings],
    {
      nodeArgs: ["--import", "tsx"],
    },
  );
  const floorUrl = `http://127.0.0.1:${await floor.ready}`;
  const facilities = await getJson<string[]>(`${floorUrl}/facilities`);
  return { url, floorUrl, facilities, seconds };
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as T;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return await response.json();
}

/** A driver with a vehicle, by the API. */
async function newDriver(url: string): Promise<Driver> {
  const email = `${randomUUID()}@example.test`;
  const password = randomUUID();
  await post(`${url}/api/users/`, {
    email,
    password,
    password_confirm: password,
    first_name: "Bench",
    last_name: "Driver",
    phone: "+4930123456",
  });
  const { access } = (await post(`${url}/api/auth/token/`, { email, password })) as { access: string };
  const headers = { authorization: `Bearer ${access}` };
  // It may stand on any spot.
  const wanted = { plate: "B AB 123", type: "car", ev: true, accessible: true };
  const vehicle = (await post(`${url}/api/vehicles/`, wanted, headers)) as {
    id: string;
  };
  return { headers, vehicleId: vehicle.id };
}

/** Some facilities are asked for far more often than others: half of all requests are for an eighth of them. */
function popular(facilities: readonly string[]): string {
  return facilities[Math.floor(facilities.length * Math.random() ** 3)] ?? "";
}

async function measureReads({
  url,
  facilities,
  seconds,
}: Ground): Promise<{ search: Loaded; availability: Loaded; estimate: Loaded }> {
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
  return { search: found, availability: counted, estimate: priced };
}

/** A measure of refusals would be none. */
function allGood({ statuses }: Loaded): void {
  const bad = [...statuses].filter(([status]) => status < 200 || status > 299);
  if (bad.length > 0) throw new Error(`answers that are no answers: ${JSON.stringify(bad)}`);
}

async function measureAvailability({
  url,
  floorUrl,
  facilities,
  seconds,
}: Ground): Promise<{ perSecond: number; floor: number }> {
  const all = { connections: 32, seconds };
  const floor = await load({ ...all, url: floorUrl, next: () => ({ method: "GET", path: "/select" }) });
  const next = () =>
    ({ method: "GET", path: `/api/facilities/${popular(facilities)}/availability/` }) as const;
  const loaded = await load({ ...all, url, next });
  allGood(loaded);
  return { perSecond: loaded.perSecond, floor: floor.perSecond };
}

async function measureBookings(
  { url, floorUrl, seconds }: Ground,
  { headers, vehicleId }: Driver,
): Promise<Loaded & { floor: number }> {
  const spots = await getJson<Spot[]>(`${floorUrl}/spots/2000`);
  const floor = await getJson<number>(`${floorUrl}/transactions/${CLIENTS}/${seconds}`);
  // Behind all bookings that are there: each spot is taken again an hour later.
  const fromMs = Math.ceil(Date.now() / DAY_MS + 5) * DAY_MS;
  let n = 0;
  const next = () => {
    const spot = spots[n % spots.length];
    const entryMs = fromMs + Math.floor(n / spots.length) * HOUR_MS;
    n += 1;
    return {
      method: "POST",
      path: "/api/bookings/reserve/",
      body: wish(vehicleId, spot, entryMs, HOUR_MS),
    } as const;
  };
  const loaded = await load({ url, connections: CLIENTS, seconds, next, headers });
  allGood(loaded);
  return { ...loaded, floor };
}

function wish(vehicleId: string, spot: Spot | undefined, entryMs: number, lengthMs: number): object {
  return {
    vehicle_id: vehicleId,
    facility_id: spot?.facility_id,
    spot_id: spot?.spot_id,
    entry_time: new Date(entryMs).toISOString(),
    expected_exit: new Date(entryMs + lengthMs).toISOString(),
  };
}

/** @returns pairs of bookings on one spot at one time: there must be none. */
async function measureOverlaps(
  { url, floorUrl }: Ground,
  { headers, vehicleId }: Driver,
  attempts: number,
): Promise<number> {
  const spots = await getJson<Spot[]>(`${floorUrl}/spots/8`);
  const fromMs = Math.ceil(Date.now() / DAY_MS + 10) * DAY_MS;
  const next = () => {
    const spot = spots[Math.floor(Math.random() * spots.length)];
    const entryMs = fromMs + Math.floor(Math.random() * 100) * HOUR_MS;
    const lengthMs = HOUR_MS * (1 + Math.floor(Math.random() * 5));
    return {
      method: "POST",
      path: "/api/bookings/reserve/",
      body: wish(vehicleId, spot, entryMs, lengthMs),
    } as const;
  };
  const { statuses } = await load({ url, connections: 64, requests: attempts, next, headers });
  for (const status of statuses.keys())
    if (status !== 201 && status !== 409) throw new Error(`an attempt was answered ${status}`);
  return await getJson<number>(`${floorUrl}/overlaps`);
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

await main();
