import { load, type Loaded } from "./api-load.ts";
import { getJson, newDriver, say, type Cpu, type Ground } from "./api-ground.ts";
import { allGood } from "./api-reads.ts";
import type { Figure } from "./report.ts";

/** How fast bookings are made, beside the bare transaction of one; and that no two ever hold one spot at one time. */

const CLIENTS = 16;
const WARM_UP_SECONDS = 5;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type Spot = { readonly facility_id: string; readonly spot_id: string };

export async function measureBookings(ground: Ground): Promise<readonly Figure[]> {
  const { url, floorUrl, seconds } = ground;
  const { headers, vehicleId } = await newDriver(url);
  const spots = await getJson<Spot[]>(`${floorUrl}/spots/2000`);
  say("the bare transaction of a booking ...");
  const before = ground.cpu();
  const floor = await getJson<number>(`${floorUrl}/transactions/${CLIENTS}/${seconds}`);
  tellCpu("transaction", before, ground.cpu(), floor * seconds);
  // Behind all bookings that are there: each spot is taken again an hour later.
  const fromMs = Math.ceil(Date.now() / DAY_MS + 5) * DAY_MS;
  let n = 0;
  const next = () => {
    const spot = spots[n % spots.length];
    const entryMs = fromMs + Math.floor(n / spots.length) * HOUR_MS;
    n += 1;
    return reserve(vehicleId, spot, entryMs, HOUR_MS);
  };
  say(`bookings of ${CLIENTS} clients, on distinct spots ...`);
  const all = { url, connections: CLIENTS, next, headers };
  allGood(await load({ ...all, seconds: WARM_UP_SECONDS }));
  const bookings = await measured(ground, "booking", () => load({ ...all, seconds }));
  allGood(bookings);
  return [
    { figure: "booking_p95_ms", value: bookings.p95Ms, floor: null },
    { figure: "bookings_per_s", value: bookings.perSecond, floor },
  ];
}

function reserve(vehicleId: string, spot: Spot | undefined, entryMs: number, lengthMs: number) {
  const body = {
    vehicle_id: vehicleId,
    facility_id: spot?.facility_id,
    spot_id: spot?.spot_id,
    entry_time: new Date(entryMs).toISOString(),
    expected_exit: new Date(entryMs + lengthMs).toISOString(),
  };
  return { method: "POST", path: "/api/bookings/reserve/", body } as const;
}

const FEW_SPOTS = 8;
const TOLD_EVERY = 50_000;

/** Many attempts at few spots at the same time. Pairs of bookings on one spot at one time there must be none of. */
export async function measureAttempts(ground: Ground, attempts: number): Promise<readonly Figure[]> {
  const { url, floorUrl } = ground;
  const { headers, vehicleId } = await newDriver(url);
  const spots = await getJson<Spot[]>(`${floorUrl}/spots/${FEW_SPOTS}`);
  const fromMs = Math.ceil(Date.now() / DAY_MS + 10) * DAY_MS;
  let asked = 0;
  const next = () => {
    asked += 1;
    if (asked % TOLD_EVERY === 0) say(`  ${asked} of ${attempts}`);
    const spot = spots[Math.floor(Math.random() * spots.length)];
    const entryMs = fromMs + Math.floor(Math.random() * 100) * HOUR_MS;
    return reserve(vehicleId, spot, entryMs, HOUR_MS * (1 + Math.floor(Math.random() * 5)));
  };
  say(`${attempts} attempts on ${FEW_SPOTS} spots ...`);
  const startMs = performance.now();
  const { statuses } = await measured(ground, "attempt", () =>
    load({ url, connections: 64, requests: attempts, next, headers }),
  );
  const perSecond = (attempts * 1_000) / (performance.now() - startMs);
  for (const status of statuses.keys())
    if (status !== 201 && status !== 409) throw new Error(`an attempt was answered ${status}`);
  const overlaps = await getJson<number>(`${floorUrl}/overlaps`);
  return [
    { figure: "attempts_per_s", value: perSecond, floor: null },
    { figure: "overlaps", value: overlaps, floor: null },
  ];
}

/** Tells on stderr what processor time it took for each. */
async function measured(ground: Ground, what: string, run: () => Promise<Loaded>): Promise<Loaded> {
  const before = ground.cpu();
  const loaded = await run();
  tellCpu(
    what,
    before,
    ground.cpu(),
    [...loaded.statuses.values()].reduce((sum, n) => sum + n, 0),
  );
  return loaded;
}

function tellCpu(what: string, before: Cpu, after: Cpu, count: number): void {
  const ms = (name: keyof Cpu) => (((after[name] - before[name]) * 1_000) / count).toFixed(3);
  say(
    `  processor ms for each ${what}: ${ms("node")} Node, ${ms("postgres")} PostgreSQL, ${ms("load")} load`,
  );
}
