import { randomUUID } from "node:crypto";
import { bookings } from "../db/bookings-schema.ts";
import { sql } from "drizzle-orm";
import { FACILITY_ID, type TestCloud } from "./cloud.ts";
import type { Person } from "./people.ts";

/** What was asked, answered as it should be. @throws what it was answered instead. */
export async function done<T = Record<string, unknown>>(
  person: Pick<Person, "ask">,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await person.ask(method, path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A problem document, in short: `409 slug_taken slug`. */
export async function refusedAs(response: Response): Promise<string> {
  const { code, field } = (await response.json()) as { code?: string; field?: string };
  return [response.status, code, field].filter((part) => part !== undefined).join(" ");
}

/** An API key of a person's organisation, and its requests. */
export async function keyOf(
  { app }: Pick<TestCloud, "app">,
  owner: Person,
  scopes: readonly string[],
  facilityIds: readonly string[] | null = null,
): Promise<Pick<Person, "ask">> {
  const body = { name: scopes.join(), scopes, facility_ids: facilityIds };
  const { key } = await done<{ key: string }>(owner, "POST", "/api/api-keys/", body);
  return {
    ask: async (method, path, asked) =>
      await app.request(path, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(asked === undefined ? {} : { body: JSON.stringify(asked) }),
      }),
  };
}

/** A zone with spots `PREFIX1` to `PREFIXn`; `like` is what they are beside their numbers. @returns ids. */
export async function makeSpotsIn(
  owner: Person,
  {
    slug,
    prefix,
    spots,
    like = {},
    facilityId = FACILITY_ID,
  }: {
    readonly slug: string;
    readonly prefix: string;
    readonly spots: number;
    readonly like?: Readonly<Record<string, unknown>>;
    readonly facilityId?: string;
  },
): Promise<{ readonly zoneId: string; readonly ids: readonly string[] }> {
  const path = `/api/facilities/${facilityId}`;
  const zone = await done<{ id: string }>(owner, "POST", `${path}/zones/`, { slug, name: slug });
  const range = { zone_id: zone.id, prefix, from: 1, until: spots, ...like };
  await done(owner, "POST", `${path}/spots/bulk/`, range);
  const list = `${path}/spots/?limit=200&zone_id=${zone.id}`;
  const { items } = await done<{ items: { id: string; number: string }[] }>(owner, "GET", list);
  const order = (number: string) => Number(number.slice(prefix.length));
  const sorted = items.toSorted((a, b) => order(a.number) - order(b.number));
  return { zoneId: zone.id, ids: sorted.map(({ id }) => id) };
}

/** A booking of a spot, as if somebody had made it. */
export async function bookSpot(
  { db, clock }: Pick<TestCloud, "db" | "clock">,
  spotId: string,
  [entryTime, heldUntil]: readonly [Date, Date],
  status: typeof bookings.$inferSelect.status = "CONFIRMED",
  facilityId = FACILITY_ID,
): Promise<string> {
  const id = randomUUID();
  await db.insert(bookings).values({
    facilityId,
    id,
    spotId,
    status,
    entryTime,
    heldUntil,
    expectedExit: heldUntil,
    userId: randomUUID(),
    vehicleId: randomUUID(),
    plate: "TEST1",
    vehicleType: "car",
    ticketNumber: `PKM-${id.slice(0, 8).toUpperCase()}`,
    estimatedMinor: 0,
    currency: "EUR",
    appliedRule: "none",
    tariff: "none@1",
    madeAt: clock.now,
    changedAt: clock.now,
    untold: false,
  });
  return id;
}

/** Counts of spots that are not what the spots add up to; none, unless something is wrong. */
export async function wrongCounts({ db }: Pick<TestCloud, "db">): Promise<readonly unknown[]> {
  const found = await db.execute(sql`
    with real as (
      select facility_id, zone_id, size, ev, accessible, count(*)::integer as total,
        sum((status = 'occupied')::integer)::integer as occupied,
        sum((status = 'blocked')::integer)::integer as blocked
      from spots where closed_at is null group by 1, 2, 3, 4, 5
    ), kept as (select * from spot_counts where total > 0)
    (select * from real except select * from kept) union all (select * from kept except select * from real)`);
  return found.rows;
}
