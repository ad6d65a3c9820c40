import { createHash, randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import {
  bookings,
  subscriptions,
  subscriptionStays,
  vehicles,
  vehicleTransfers,
} from "../../db/bookings-schema.ts";
import type { Db } from "../../db/connection.ts";
import { disputes, violations } from "../../db/enforcement-schema.ts";
import { providerPayments, refunds } from "../../db/money-schema.ts";
import { legalHolds } from "../../db/platform-schema.ts";
import { equalityDifferences, pictures } from "../../db/sync-schema.ts";
import type { PictureFiles } from "../../fleet/picture-files.ts";
import { EDGE, FACILITY_ID, type TestCloud } from "../../testing/cloud.ts";
import { asEvents, moved, send, started, testId } from "../../testing/events.ts";

/** Somebody who has been everywhere: rows of theirs in all the tables that rows of a driver can be in. */
export type Traveller = {
  readonly userId: string;
  readonly email: string;
  readonly plate: string;
  readonly stayId: string;
  readonly bookingId: string;
  readonly violationId: string;
  readonly pictureId: string;
  readonly shownId: string;
};

/** @param n makes their ids: a number for each. @param daysAgo when they were there. */
export async function travel(
  cloud: TestCloud,
  who: { readonly userId: string; readonly email: string; readonly plate: string; readonly words: string },
  { n, firstSeq, daysAgo, files }: { n: number; firstSeq: number; daysAgo: number; files: PictureFiles },
): Promise<Traveller> {
  const startMs = cloud.clock.now.getTime() - daysAgo * 86_400_000;
  const trip: Trip = {
    ...who,
    facilityId: FACILITY_ID,
    n,
    stayId: testId(1, n),
    bookingId: randomUUID(),
    violationId: randomUUID(),
    pictureId: testId(7, n),
    shownId: testId(8, n),
    at: (hours) => new Date(startMs + hours * 3_600_000),
  };
  await passGate(cloud, trip, firstSeq);
  await book(cloud.db, trip);
  await subscribe(cloud.db, trip);
  await pay(cloud.db, trip);
  await offend(cloud.db, trip);
  await claim(cloud.db, trip);
  for (const pictureId of [trip.pictureId, trip.shownId]) {
    await files.write({ facilityId: FACILITY_ID, pictureId }, 0, new Uint8Array([1]));
    await files.finish({ facilityId: FACILITY_ID, pictureId });
  }
  return trip;
}

type Trip = Traveller & {
  readonly facilityId: string;
  readonly words: string;
  readonly n: number;
  readonly at: (hours: number) => Date;
};

/** The events come when they happen, and a picture after them. */
async function passGate(
  { app, db, clock }: TestCloud,
  { facilityId, n, plate, pictureId, at }: Trip,
  firstSeq: number,
): Promise<void> {
  const [entry, exit] = [at(0).toISOString(), at(2).toISOString()];
  const facts = [
    started(n, entry, plate),
    moved("in", n, entry, { plate }),
    moved("out", n, exit, { plate }),
  ];
  const now = clock.now;
  clock.now = at(3);
  const sent = await send(app, asEvents(facts, firstSeq));
  clock.now = now;
  if (sent.status !== 200) throw new Error(`the log was answered ${sent.status}: ${await sent.text()}`);
  const file = { size: 1, sha256: "00", received: 1, complete: true };
  await db.insert(pictures).values({ facilityId, pictureId, subject: testId(3, n), ...file, at: at(2) });
}

async function book(db: Db, trip: Trip): Promise<void> {
  const { facilityId, bookingId, userId, plate, words, stayId, n, at } = trip;
  const vehicleId = randomUUID();
  const vehicle = { id: vehicleId, userId, plate, type: "car", name: words } as const;
  await db.insert(vehicles).values({ ...vehicle, ownedFrom: at(0) });
  const codeHash = createHash("sha256").update(vehicleId).digest();
  const offer = { vehicleId, userId, codeHash };
  await db.insert(vehicleTransfers).values({ ...offer, madeAt: at(0), expiresAt: at(0) });
  const price = { estimatedMinor: 400, finalMinor: 400, paidMinor: 400, currency: "EUR" };
  await db.insert(bookings).values({
    facilityId,
    id: bookingId,
    userId,
    vehicleId,
    plate,
    stayId,
    ...price,
    vehicleType: "car",
    status: "COMPLETED",
    ticketNumber: `PKM-T${n}`,
    entryTime: at(0),
    expectedExit: at(2),
    heldUntil: at(2),
    actualExit: at(2),
    appliedRule: "r",
    tariff: "t@1",
    cancelReason: words,
    madeAt: at(-1),
    changedAt: at(2),
    untold: false,
  });
}

async function subscribe(db: Db, { facilityId, userId, plate, stayId, at }: Trip): Promise<void> {
  const subscriptionId = randomUUID();
  await db.insert(subscriptions).values({
    facilityId,
    id: subscriptionId,
    planId: randomUUID(),
    userId,
    status: "ended",
    plates: [plate],
    validFrom: at(-9),
    validUntil: at(5),
    priceMinor: 9_900,
    currency: "EUR",
    madeAt: at(-9),
    untold: false,
  });
  await db.insert(subscriptionStays).values({ facilityId, subscriptionId, stayId, at: at(0) });
}

async function pay(db: Db, { facilityId, userId, bookingId, email, at }: Trip): Promise<void> {
  const paymentId = randomUUID();
  const when = { madeAt: at(1), changedAt: at(1) };
  await db.insert(providerPayments).values({
    facilityId,
    id: paymentId,
    userId,
    purpose: "booking",
    subjectId: bookingId,
    provider: "cash",
    method: "cash",
    status: "captured",
    amountMinor: 400,
    capturedMinor: 400,
    currency: "EUR",
    ...when,
  });
  const back = { amountMinor: 1, currency: "EUR", status: "done", reason: "asked", actor: email } as const;
  await db.insert(refunds).values({ facilityId, id: randomUUID(), paymentId, ...back, ...when });
}

async function offend(db: Db, trip: Trip): Promise<void> {
  const { facilityId, violationId, userId, plate, stayId, bookingId, words, shownId, at } = trip;
  await db.insert(violations).values({
    facilityId,
    id: violationId,
    kind: "other",
    status: "paid",
    source: "patrol",
    sourceKey: violationId,
    plate,
    stayId,
    bookingId,
    userId,
    penaltyMinor: 100,
    currency: "EUR",
    note: words,
    pictures: [shownId],
    reportedBy: "kim",
    at: at(1),
    dueAt: at(9),
    closedAt: at(4),
  });
  const said = { text: words, answer: words, at: at(2) };
  await db.insert(disputes).values({ facilityId, id: randomUUID(), violationId, userId, ...said });
}

/** Somebody had a claim, and the books differed. */
async function claim(db: Db, { facilityId, plate, stayId, at }: Trip): Promise<void> {
  const { organisationId } = EDGE;
  const held = { reason: "a claim", by: "kim", at: at(3), liftedAt: at(4) };
  await db.insert(legalHolds).values({ organisationId, id: randomUUID(), facilityId, plate, ...held });
  const page = { day: at(0).toISOString().slice(0, 10), subject: "stays" };
  const edgeRow = JSON.stringify([stayId, plate]);
  const row = { rowId: stayId, edgeRow, cloudRow: null, foundAt: at(3) };
  await db.insert(equalityDifferences).values({ facilityId, ...page, ...row });
}

/** Columns of any table that can hold words, with how many rows of each have one of these in them. */
export async function findWords(db: Db, words: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const columns = await db.execute<{ t: string; c: string }>(sql`
    select table_name as t, column_name as c from information_schema.columns
    where table_schema = 'public' and data_type in ('text', 'json', 'jsonb', 'ARRAY', 'character varying', 'USER-DEFINED')
    order by 1, 2`);
  const found: Record<string, number> = {};
  const any = sql.join(
    words.map((word) => sql`${`%${word}%`}`),
    sql`, `,
  );
  for (const { t, c } of columns.rows) {
    const { rows } = await db.execute<{ n: number }>(
      sql`select count(*)::int as n from ${sql.identifier(t)} where ${sql.identifier(c)}::text ilike any (array[${any}])`,
    );
    const n = rows[0]?.n ?? 0;
    if (n > 0) found[`${t}.${c}`] = n;
  }
  return found;
}
