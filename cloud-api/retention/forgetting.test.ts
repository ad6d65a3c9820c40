import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { digestBook } from "@parkme/shared/protocol/equality";
import type { DayDigest } from "@parkme/shared/protocol/link-facts";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { idempotencyKeys } from "../db/bookings-schema.ts";
import { legalHolds } from "../db/platform-schema.ts";
import { facilities } from "../db/schema.ts";
import { readBook } from "../fleet/equality-book.queries.ts";
import { unequalPages } from "../fleet/equality.queries.ts";
import { createPictureFiles, type PictureFiles } from "../fleet/picture-files.ts";
import { tellChange } from "../live/changes.queries.ts";
import { EDGE, EDGE_ID, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { asEvents, moved, send, started } from "../testing/events.ts";
import { rowsOf } from "../testing/tables.ts";
import { forgetOld } from "./forgetting.ts";
import { retentionJobs } from "./jobs.ts";
import type { Retention } from "./rules.ts";
import { findWords, travel, type Traveller } from "./testing/driver-everywhere.ts";

const DAY_MS = 86_400_000;
/** A Wednesday; the next Sunday is the 19th. */
const NOW = new Date("2026-07-15T12:00:00Z");
const SUNDAY = new Date("2026-07-19T12:00:00Z");
const quiet = {
  info: () => undefined,
  warn: () => undefined,
  error: (...told: unknown[]) => errors.push(told),
};
const errors: unknown[] = [];

let cloud: TestCloud;
let folder: string;
let files: PictureFiles;
/** Nobody's yet; then of 10, 29, 31 and 50 days ago. */
let travellers: Traveller[];
let seq = 1;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-forgetting-"));
  files = createPictureFiles(folder);
  cloud = await startTestCloud();
  travellers = [];
  for (const [index, daysAgo] of [50, 31, 29, 10].entries()) {
    const who = {
      userId: randomUUID(),
      email: `t${index}@example.test`,
      plate: `PL${index}XYZ`,
      words: `note ${index}`,
    };
    travellers.push(await travel(cloud, who, { n: index + 1, firstSeq: seq, daysAgo, files }));
    seq += 3;
  }
  // The holds of `travel` were lifted; those of the tests are their own.
  await cloud.db.delete(legalHolds);
});
afterAll(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => expect(errors.splice(0)).toEqual([]));

const forget = async (now = NOW) => await forgetOld({ db: cloud.db, log: quiet }, files, now);
const keep = async (retention: Partial<Retention> | null) =>
  await cloud.db.update(facilities).set({ retention }).where(eq(facilities.id, FACILITY_ID));
const platesIn = async (table: string) =>
  (await rowsOf(cloud.db, `select distinct plate from ${table} where plate <> '' order by 1`)).map(
    ({ plate }) => plate,
  );
const hold = async (what: { plate?: string; stayId?: string }) => {
  const id = randomUUID();
  const where = { organisationId: EDGE.organisationId, id, facilityId: FACILITY_ID };
  await cloud.db.insert(legalHolds).values({ ...where, ...what, reason: "a claim", by: "kim", at: NOW });
  return async () => await cloud.db.update(legalHolds).set({ liftedAt: NOW }).where(eq(legalHolds.id, id));
};
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("what is old", () => {
  it("stays while a hold is on all of the facility, and one that is lifted holds nothing", async () => {
    const lift = await hold({});
    expect(await forget()).toBe(0);
    await lift();
  });

  it("stays while its plate or its stay is held, with its pictures and its log", async () => {
    const [first, second] = travellers;
    const lifts = [await hold({ plate: first!.plate }), await hold({ stayId: second!.stayId })];
    expect(await forget()).toBe(0);
    for (const table of ["stays", "movements", "bookings"])
      expect(await platesIn(table)).toEqual(["PL0XYZ", "PL1XYZ", "PL2XYZ", "PL3XYZ"]);
    expect(await files.read({ facilityId: FACILITY_ID, pictureId: second!.pictureId })).not.toBeNull();
    for (const lift of lifts) await lift();
  });

  it("is forgotten by the time of its facility, counted from its end, and once", async () => {
    const page = { day: "2026-05-26", subject: "stays" } as const;
    const before = digestBook(page, await readBook(cloud.db, FACILITY_ID, page), sha256);
    expect(before.count).toBe(1);
    expect(await forget()).toBeGreaterThan(0);
    for (const table of ["stays", "movements", "bookings"])
      expect(await platesIn(table)).toEqual(["PL2XYZ", "PL3XYZ"]);
    const [first, second, third] = travellers;
    const whole = (pictureId: string) => ({ facilityId: FACILITY_ID, pictureId });
    expect(await files.read(whole(first!.pictureId))).toBeNull();
    expect(await files.read(whole(second!.pictureId))).toBeNull();
    expect(await files.read(whole(third!.pictureId))).not.toBeNull();
    // Violations are kept longer, and events as long as an edge may need them.
    expect(await platesIn("violations")).toHaveLength(4);
    expect(await findWords(cloud.db, ["PL0XYZ"])).not.toHaveProperty("edge_events.payload");
    expect(await findWords(cloud.db, ["PL1XYZ"])).toHaveProperty("edge_events.payload");
    expect(await forget()).toBe(0);
    // What was counted is counted still.
    expect(await rowsOf(cloud.db, "select count(*)::int as n from stays")).toEqual([{ n: 4 }]);
    await reportEqual(before, { count: 1, incidents: 0 });
  });

  it("leaves books that are compared by number and money alone", async () => {
    const page = { day: "2026-05-26", subject: "stays" } as const;
    const ours = digestBook(page, await readBook(cloud.db, FACILITY_ID, page), sha256);
    await reportEqual({ ...ours, count: 2 }, { count: 1, incidents: 1 });
    // The edge is not asked for rows that would all seem to differ.
    expect((await unequalPages(cloud.db, FACILITY_ID, 10)).pages).toEqual([]);
    expect(await rowsOf(cloud.db, "select kind from downlink where kind = 'equality_drill'")).toEqual([]);
    await reportEqual(ours, { count: 1, incidents: 1 });
  });

  it("goes with violations when their own time is over", async () => {
    await keep({ violation_days: 40 });
    await forget();
    expect(await platesIn("violations")).toEqual(["PL1XYZ", "PL2XYZ", "PL3XYZ"]);
    expect(await files.read({ facilityId: FACILITY_ID, pictureId: travellers[0]!.shownId })).toBeNull();
    expect(await findWords(cloud.db, ["note 0"])).not.toHaveProperty("disputes.text");
    expect(await rowsOf(cloud.db, "select sum(penalty_minor)::int as minor from violations")).toEqual([
      { minor: 400 },
    ]);
  });

  it("goes with who booked", async () => {
    await keep({ booking_days: 20 });
    await forget();
    const known = await rowsOf(cloud.db, "select user_id from bookings where user_id is not null");
    expect(known).toEqual([{ user_id: travellers[3]!.userId }]);
    await keep(null);
  });

  it("waits for the end of a stay: a vehicle that is inside is known", async () => {
    const longAgo = new Date(NOW.getTime() - 60 * DAY_MS).toISOString();
    await send(
      cloud.app,
      asEvents([started(9, longAgo, "IN5IDE"), moved("in", 9, longAgo, { plate: "IN5IDE" })], seq),
    );
    seq += 2;
    await forget(SUNDAY);
    expect(await platesIn("stays")).toContain("IN5IDE");
    expect(await platesIn("movements")).toContain("IN5IDE");
    // After a year, nobody believes that it is.
    await forget(new Date(SUNDAY.getTime() + 57 * 7 * DAY_MS));
    expect(await platesIn("stays")).toEqual([]);
    expect(await platesIn("movements")).toEqual([]);
  });

  it("of a log goes only where a facility says so, and never its last batch", async () => {
    const batches = "select count(*)::int as n from edge_batches";
    const later = new Date(NOW.getTime() + 100 * DAY_MS);
    const [all] = await rowsOf(cloud.db, batches);
    await forget(later);
    expect(await rowsOf(cloud.db, batches)).toEqual([all]);
    await keep({ log_days: 36 });
    await forget(later);
    expect(await rowsOf(cloud.db, batches)).toEqual([{ n: 1 }]);
    // The log goes on where it was.
    const again = await send(cloud.app, asEvents([started(10, NOW.toISOString())], seq));
    expect(again.status).toBe(200);
    seq += 1;
    await keep(null);
  });

  it("of one facility is forgotten though another's settings are damaged", async () => {
    await cloud.db.execute(
      sql`update facilities set retention = '{"plate_days":"many"}' where id <> ${FACILITY_ID}`,
    );
    await forget();
    expect(errors.splice(0)).toHaveLength(1);
    await cloud.db.execute(sql`update facilities set retention = null`);
  });
});

describe("the hourly jobs", () => {
  it("forget changes after a week and answers after a day", async () => {
    const { db } = cloud;
    const run = async (name: string) =>
      await retentionJobs()
        .find((job) => job.name === name)!
        .run({ db, log: quiet }, NOW);
    await db.execute(sql`delete from facility_changes`);
    for (const daysAgo of [6, 8])
      await tellChange(db, FACILITY_ID, "spot", {}, new Date(NOW.getTime() - daysAgo * DAY_MS));
    const answer = { owner: randomUUID(), request: Buffer.from("x"), status: 204 };
    for (const hours of [23, 25])
      await db
        .insert(idempotencyKeys)
        .values({ ...answer, key: `${hours}`, at: new Date(NOW.getTime() - hours * 3_600_000) });
    expect(await run("retention.changes")).toBe(1);
    expect(await run("retention.answers")).toBe(1);
    expect(await rowsOf(db, "select key from idempotency_keys")).toEqual([{ key: "23" }]);
  });
});

/** The edge says what its books are; afterwards there are so many incidents in all. */
async function reportEqual(edge: DayDigest, expected: { count: number; incidents: number }): Promise<void> {
  const fact: SyncFact = { kind: "equality.reported", payload: { days: [edge], at: NOW.toISOString() } };
  const answer = await send(cloud.app, asEvents([fact], seq));
  expect(answer.status).toBe(200);
  seq += 1;
  const [check] = await rowsOf(
    cloud.db,
    `select cloud_count::int as count, equal from equality_checks where subject = 'stays' and day = '${edge.day}'`,
  );
  expect(check).toEqual({ count: expected.count, equal: edge.count === expected.count });
  const incidents = await rowsOf(
    cloud.db,
    `select count(*)::int as n from sync_incidents where kind = 'unequal'
    and edge_id = '${EDGE_ID}'`,
  );
  expect(incidents).toEqual([{ n: expected.incidents }]);
}
