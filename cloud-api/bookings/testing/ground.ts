import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { bookings, vehicles } from "../../db/bookings-schema.ts";
import { tariffVersions } from "../../db/money-schema.ts";
import { SPOT_SIZES, spotCounts, spots, zones } from "../../db/places-schema.ts";
import { facilities } from "../../db/schema.ts";
import type { JobDeps } from "../../platform/job.ts";
import { FACILITY_ID, type TestCloud } from "../../testing/cloud.ts";
import type { Person } from "../../testing/people.ts";
import type { BookingRow } from "../booking-row.ts";
import type { BookingView } from "../booking-view.ts";

/** A facility that is booked, for tests. */

type Cloud = Pick<TestCloud, "db" | "clock">;

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

/** 4.00 for every hour that is begun, and a price for what is outside of a reservation. */
const TARIFF = { hourly: { price: 4 } };

/** Makes the first facility of PROVISION bookable: a zone, spots, and a tariff. @returns the spots' ids. */
export async function layOut(
  { db, clock }: Cloud,
  options: {
    readonly spots?: number;
    readonly policy?: Readonly<Record<string, unknown>>;
    readonly facility?: Partial<typeof facilities.$inferInsert>;
  } = {},
): Promise<readonly string[]> {
  const at = clock.now;
  const facilityId = FACILITY_ID;
  const zoneId = randomUUID();
  await db
    .update(facilities)
    .set({ bookable: true, bookingPolicy: options.policy ?? null, ...options.facility })
    .where(eq(facilities.id, facilityId));
  await db.insert(zones).values({ facilityId, id: zoneId, slug: "p1", name: "Level 1" });
  const made = { madeBy: "a test", madeAt: at, publishedAt: at, validFrom: new Date("2026-01-01T00:00:00Z") };
  await db.insert(tariffVersions).values({
    facilityId,
    tariffId: "standard",
    version: 1,
    status: "published",
    title: "Standard",
    document: TARIFF,
    ...made,
  });
  const ids = [];
  for (let n = 1; n <= (options.spots ?? 3); n++) ids.push(await addSpot({ db, clock }, zoneId, `A${n}`));
  return ids;
}

export async function addSpot(
  { db, clock }: Cloud,
  zoneId: string,
  number: string,
  kind: Partial<typeof spots.$inferInsert> = {},
): Promise<string> {
  const id = randomUUID();
  const size = kind.size ?? "standard";
  const spot = { facilityId: FACILITY_ID, id, zoneId, number, size, sizeRank: SPOT_SIZES.indexOf(size) };
  await db.insert(spots).values({ ...spot, statusAt: clock.now, statusBy: "a test", ...kind });
  const count = {
    facilityId: FACILITY_ID,
    zoneId,
    size,
    ev: kind.ev ?? false,
    accessible: kind.accessible ?? false,
  };
  const [known] = await db.select().from(spotCounts).where(eq(spotCounts.zoneId, zoneId));
  if (known === undefined)
    await db.insert(spotCounts).values({ ...count, total: 1, occupied: 0, blocked: 0 });
  else
    await db
      .update(spotCounts)
      .set({ total: known.total + 1 })
      .where(eq(spotCounts.zoneId, zoneId));
  return id;
}

/** A vehicle of a driver. @returns its id. */
export async function giveVehicle(
  { db, clock }: Cloud,
  driver: Pick<Person, "userId">,
  kind: Partial<typeof vehicles.$inferInsert> = {},
): Promise<string> {
  const id = randomUUID();
  const plate = `B${id.slice(0, 6).toUpperCase()}`;
  await db
    .insert(vehicles)
    .values({ id, userId: driver.userId, plate, type: "car", ownedFrom: clock.now, ...kind });
  return id;
}

/** Moments by hours from the cloud's clock. */
export function inHours({ clock }: Pick<TestCloud, "clock">, hours: number): string {
  return new Date(clock.now.getTime() + hours * HOUR_MS).toISOString();
}

/** @throws where it was refused. */
export async function reserved(
  driver: Person,
  body: Readonly<Record<string, unknown>>,
): Promise<BookingView> {
  const response = await driver.ask("POST", "/api/bookings/reserve/", body);
  const answer: unknown = await response.json();
  if (response.status !== 201) throw new Error(JSON.stringify(answer));
  return answer as BookingView;
}

export async function rowOf({ db }: Pick<TestCloud, "db">, id: string): Promise<BookingRow> {
  const [row] = await db.select().from(bookings).where(eq(bookings.id, id));
  if (row === undefined) throw new Error("there is no such booking");
  return row;
}

export function jobDeps({ db }: Pick<TestCloud, "db">): JobDeps & { readonly problems: unknown[] } {
  const problems: unknown[] = [];
  const keep = (problem: unknown): void => void problems.push(problem);
  return { db, problems, log: { info: () => undefined, warn: keep, error: keep } };
}
