import { randomUUID } from "node:crypto";
import { bookings } from "../../db/bookings-schema.ts";
import { spots, zones } from "../../db/places-schema.ts";
import { stays } from "../../db/schema.ts";
import { FACILITY_ID, type TestCloud } from "../../testing/cloud.ts";

/** What violations are linked to, as other domains would have written it. */

type Ground = Pick<TestCloud, "db">;

/** A numbered spot of the first facility. @returns its id. */
export async function makeSpot({ db }: Ground, number: string, facilityId = FACILITY_ID): Promise<string> {
  const [zoneId, id] = [randomUUID(), randomUUID()];
  const zone = { id: zoneId, slug: `z-${zoneId.slice(0, 8)}`, name: "A zone" };
  await db.insert(zones).values({ facilityId, ...zone });
  const standard = { size: "standard", sizeRank: 2 } as const;
  const status = { statusAt: new Date("2026-07-01T00:00:00Z"), statusBy: "a test" };
  await db.insert(spots).values({ facilityId, id, zoneId, number, ...standard, ...status });
  return id;
}

/** A stay that is not over. @returns its id. */
export async function makeStay({ db }: Ground, plate: string | null, entryAt: string): Promise<string> {
  const stayId = randomUUID();
  const stay = { facilityId: FACILITY_ID, stayId, status: "open", plate } as const;
  await db.insert(stays).values({ ...stay, entryLane: "entry", entryAt: new Date(entryAt) });
  return stayId;
}

/** A booking that goes on. @returns its id. */
export async function makeBooking(
  { db }: Ground,
  booking: {
    readonly userId: string;
    readonly plate: string;
    readonly from: string;
    readonly until: string;
    readonly stayId?: string;
    readonly spotId?: string;
  },
): Promise<string> {
  const id = randomUUID();
  const { userId, plate, from, until, stayId = null, spotId = null } = booking;
  await db.insert(bookings).values({
    facilityId: FACILITY_ID,
    id,
    userId,
    vehicleId: randomUUID(),
    plate,
    vehicleType: "car",
    status: "ACTIVE",
    ticketNumber: `PKM-${id.slice(0, 8).toUpperCase()}`,
    spotId,
    class: spotId === null ? "standard" : null,
    stayId,
    entryTime: new Date(from),
    expectedExit: new Date(until),
    heldUntil: new Date(until),
    estimatedMinor: 1_000,
    currency: "EUR",
    appliedRule: "a test",
    tariff: "test@1",
    madeAt: new Date(from),
    changedAt: new Date(from),
  });
  return id;
}
