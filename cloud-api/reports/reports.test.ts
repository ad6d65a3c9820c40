import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import type { Principal } from "../accounts/principal.ts";
import { violations } from "../db/enforcement-schema.ts";
import { providerLedger, providerPayments } from "../db/money-schema.ts";
import { countCorrections } from "../db/reports-schema.ts";
import { facilities, ledger, payments, shifts, stays } from "../db/schema.ts";
import {
  FACILITY_ID,
  OTHER_EDGE_ID,
  OTHER_EDGE_TOKEN,
  OTHER_FACILITY_ID,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import {
  ackedBy,
  asEvents,
  corrected,
  fee,
  moved,
  paid,
  raised,
  send,
  started,
  testId,
  voided,
} from "../testing/events.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { emptyTables } from "../testing/tables.ts";
import { createApi } from "../platform/api.ts";
import { createPdfMaker } from "./pdf-maker.ts";
import { daysOf } from "./range.ts";
import { reportCalls } from "./report-calls.ts";

let cloud: TestCloud;
let owner: Person;
let staff: Person;

beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  staff = await signedIn(cloud, "staff");
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = new Date("2026-07-15T12:00:00Z");
  await emptyTables(cloud.db);
  await cloud.db.delete(countCorrections);
});

type Report = {
  readonly rows: Record<string, unknown>[];
  readonly summary: { label: string; facility: string | null; value: unknown; unit: string | null }[];
  readonly columns: { key: string }[];
  readonly truncated: boolean;
};

const path = (report: string, query: string, facilityId = FACILITY_ID) =>
  `/api/facilities/${facilityId}/reports/${report}/?${query}`;

async function read(report: string, query: string, who = staff, facilityId = FACILITY_ID): Promise<Report> {
  const response = await who.ask("GET", path(report, query, facilityId));
  expect(response.status).toBe(200);
  return (await response.json()) as Report;
}

async function tell(facts: readonly SyncFact[], more = {}): Promise<void> {
  await ackedBy(await send(cloud.app, asEvents(facts), more));
}

const JULY_15 = "from=2026-07-15&until=2026-07-15";

describe("revenue", () => {
  /** A payment through a provider, as payments/ writes it; it stays there for the other tests. */
  async function through(
    purpose: "stay" | "booking" | "violation",
    entries: readonly { kind: "capture" | "refund"; amountMinor: number; at: string }[],
  ): Promise<void> {
    const [id, now] = [randomUUID(), cloud.clock.now];
    const what = { purpose, subjectId: randomUUID(), provider: "stripe", method: "card" } as const;
    const money = { status: "captured", amountMinor: 1_000, currency: "EUR" } as const;
    await cloud.db
      .insert(providerPayments)
      .values({ facilityId: FACILITY_ID, id, ...what, ...money, charge: id, madeAt: now, changedAt: now });
    for (const { kind, amountMinor, at } of entries)
      await cloud.db.insert(providerLedger).values({
        facilityId: FACILITY_ID,
        id: randomUUID(),
        kind,
        paymentId: id,
        provider: "stripe",
        reference: randomUUID(),
        amountMinor,
        currency: "EUR",
        at: new Date(at),
      });
  }

  it("is by day, purpose, method and currency, less what was given back; online money of stays counts once", async () => {
    await tell([
      paid(1, 450, "2026-06-10T08:00:00Z"),
      paid(2, 550, "2026-06-10T09:00:00Z"),
      paid(3, 700, "2026-06-10T09:00:00Z", "USD"),
      paid(4, 99, "2026-06-10T22:00:00Z"),
    ]);
    await cloud.db.insert(ledger).values({
      facilityId: FACILITY_ID,
      entryId: randomUUID(),
      stayId: testId(1, 1),
      kind: "refund",
      side: "credited",
      amountMinor: 150,
      currency: "EUR",
      method: "cash",
      place: "exit",
      actor: "alex",
      reason: "the barrier was broken",
      at: new Date("2026-06-10T10:00:00Z"),
    });
    await through("booking", [
      { kind: "capture", amountMinor: 1_000, at: "2026-06-10T10:00:00Z" },
      { kind: "refund", amountMinor: -400, at: "2026-06-10T11:00:00Z" },
    ]);
    // The gate tells this one as a payment; what the provider gave back of it, it never hears of.
    await through("stay", [
      { kind: "capture", amountMinor: 800, at: "2026-06-10T10:00:00Z" },
      { kind: "refund", amountMinor: -300, at: "2026-06-10T11:00:00Z" },
    ]);
    const { rows, summary } = await read("revenue", "from=2026-06-10&until=2026-06-10");
    const line = (purpose: string, method: string, currency: string, ...sums: unknown[]) => ({
      date: "2026-06-10",
      purpose,
      method,
      currency,
      payments: sums[0],
      taken: sums[1],
      refunded: sums[2],
      net: sums[3],
    });
    expect(rows).toEqual([
      line("booking", "card", "EUR", 1, "10.00", "4.00", "6.00"),
      line("stay", "card", "EUR", 0, "0.00", "3.00", "-3.00"),
      line("stay", "cash", "EUR", 2, "10.00", "1.50", "8.50"),
      line("stay", "cash", "USD", 1, "7.00", "0.00", "7.00"),
    ]);
    expect(summary).toEqual([
      { label: "Net", facility: null, value: "11.50", unit: "EUR" },
      { label: "Net", facility: null, value: "7.00", unit: "USD" },
    ]);
  });

  it("adds up beyond what a float can hold", async () => {
    const most = Number.MAX_SAFE_INTEGER;
    await tell([paid(1, most, "2026-07-15T08:00:00Z"), paid(2, most, "2026-07-15T08:00:00Z")]);
    const { rows, summary } = await read("revenue", JULY_15);
    expect([rows[0]?.["net"], summary[0]?.value]).toEqual(["180143985094819.82", "180143985094819.82"]);
  });

  it("belongs to days of 23 and 25 hours, each payment to one of them", async () => {
    // Around both changes of Berlin's clocks, by the minute.
    const around = fc.constantFrom("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z");
    const minutes = fc.integer({ min: -3 * 1_440, max: 3 * 1_440 });
    const taken = fc.record({ around, minutes, amount: fc.integer({ min: 1, max: 9_999 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(taken, { minLength: 1, maxLength: 60 }), async (all) => {
        await cloud.db.delete(payments);
        const moments = all.map((one) => ({
          ...one,
          at: new Date(Date.parse(one.around) + one.minutes * 60_000),
        }));
        await cloud.db.insert(payments).values(
          moments.map(({ at, amount }) => ({
            facilityId: FACILITY_ID,
            paymentId: randomUUID(),
            stayId: randomUUID(),
            lane: "exit",
            method: "cash",
            amountMinor: amount,
            currency: "EUR",
            actor: "alex",
            at,
          })),
        );
        for (const [from, until] of [
          ["2026-03-26", "2026-04-01"],
          ["2026-10-22", "2026-10-28"],
        ] as const) {
          const { rows } = await read("revenue", `from=${from}&until=${until}`);
          const expected = daysOf(from, until, "Europe/Berlin").flatMap(({ date, startsMs, endsMs }) => {
            const its = moments.filter(({ at }) => at.getTime() >= startsMs && at.getTime() < endsMs);
            const sum = its.reduce((minor, { amount }) => minor + amount, 0);
            return its.length === 0 ? [] : [[date, its.length, (sum / 100).toFixed(2)]];
          });
          expect(rows.map((row) => [row["date"], row["payments"], row["taken"]])).toEqual(expected);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("is by the tariff's rule as well", async () => {
    await tell([
      started(1, "2026-07-15T06:00:00Z"),
      moved("in", 1, "2026-07-15T06:00:10Z"),
      moved("out", 1, "2026-07-15T08:00:00Z", { fee: fee(450) }),
      started(2, "2026-07-15T06:00:00Z"),
      moved("in", 2, "2026-07-15T06:00:20Z"),
      moved("out", 2, "2026-07-15T09:00:00Z", { fee: { ...fee(300)!, applied_rule: "Up to 1 h" } }),
      started(3, "2026-07-15T06:00:00Z"),
      moved("in", 3, "2026-07-15T06:00:30Z"),
      moved("out", 3, "2026-07-15T22:00:00Z", { fee: fee(9_900) }),
    ]);
    const { rows, summary } = await read("revenue", `${JULY_15}&by=rule`);
    const line = { date: "2026-07-15", tariff_version: 1, stays: 1, currency: "EUR" };
    expect(rows).toEqual([
      { ...line, rule: "Up to 1 h", fees: "3.00" },
      { ...line, rule: "Up to 3 h", fees: "4.50" },
    ]);
    expect(summary).toMatchObject([{ value: "7.50", unit: "EUR" }]);
  });
});

describe("occupancy", () => {
  it("ends at what the gate counts, and goes back hour by hour, also over a correction", async () => {
    cloud.clock.now = new Date("2026-07-15T10:30:00Z");
    await tell([
      started(1, "2026-07-15T06:00:00Z"),
      moved("in", 1, "2026-07-15T06:00:10Z"),
      started(2, "2026-07-15T06:30:00Z"),
      moved("in", 2, "2026-07-15T06:30:10Z"),
      moved("in", 3, "2026-07-15T06:40:00Z", { scope: "zone", lane: "ramp" }),
      corrected(null, 2, 10, "2026-07-15T07:30:00Z"),
      corrected("deck-1", 2, 90, "2026-07-15T07:40:00Z"),
      moved("out", 1, "2026-07-15T09:10:00Z", { fee: fee(450) }),
      moved("out", 2, "2026-07-15T10:20:00Z", { fee: fee(450) }),
    ]);
    const { rows, summary } = await read("occupancy", JULY_15);
    // Berlin is two hours ahead. Hours to come are not there.
    expect(rows).toHaveLength(13);
    const shown = rows.filter((row) => ["in", "out", "corrected"].some((member) => row[member] !== 0));
    expect(shown.map((row) => [row["hour"], row["in"], row["out"], row["corrected"], row["inside"]])).toEqual(
      [
        ["08:00", 2, 0, 0, 2],
        ["09:00", 0, 0, 8, 10],
        ["11:00", 0, 1, 0, 9],
        ["12:00", 0, 1, 0, 8],
      ],
    );
    expect(rows[7]).toMatchObject({ hour: "07:00", inside: 0, starts_at: "2026-07-15T05:00:00.000Z" });
    expect(rows[9]?.["percent"]).toBe(8.3);
    expect(summary[0]).toMatchObject({ label: "Most inside", value: 10, unit: "2026-07-15 09:00" });
    // What came after the report's end is taken off.
    cloud.clock.now = new Date("2026-07-20T10:30:00Z");
    expect((await read("occupancy", "from=2026-07-14&until=2026-07-14")).rows.at(-1)?.["inside"]).toBe(0);
    expect((await read("occupancy", JULY_15)).rows.at(-1)?.["inside"]).toBe(8);
  });

  it("has the hour twice on the day on which the clocks go back", async () => {
    cloud.clock.now = new Date("2026-11-15T12:00:00Z");
    await tell([
      moved("in", 1, "2026-10-25T00:30:00Z"),
      moved("in", 2, "2026-10-25T01:30:00Z"),
      moved("in", 3, "2026-10-25T02:30:00Z"),
    ]);
    const { rows } = await read("occupancy", "from=2026-10-25&until=2026-10-25");
    expect(rows).toHaveLength(25);
    expect(rows.slice(1, 5).map((row) => [row["hour"], row["starts_at"], row["inside"]])).toEqual([
      ["01:00", "2026-10-24T23:00:00.000Z", 0],
      ["02:00", "2026-10-25T00:00:00.000Z", 1],
      ["02:00", "2026-10-25T01:00:00.000Z", 2],
      ["03:00", "2026-10-25T02:00:00.000Z", 3],
    ]);
    const spring = await read("occupancy", "from=2026-03-29&until=2026-03-29");
    expect(spring.rows).toHaveLength(23);
  });
});

describe("stays and traffic", () => {
  async function stayed(minutes: number, exitAt = "2026-07-15T10:00:00Z"): Promise<void> {
    const exit = new Date(exitAt);
    const entry = new Date(exit.getTime() - minutes * 60_000);
    const stay = { facilityId: FACILITY_ID, stayId: randomUUID(), status: "closed" } as const;
    await cloud.db.insert(stays).values({ ...stay, entryAt: entry, exitAt: exit });
  }

  it("are by their length", async () => {
    for (const minutes of [0, 14.9, 15, 60, 119, 120, 1_440, 10_080, 50_000]) await stayed(minutes);
    // A clock that was set back.
    await stayed(-30);
    await stayed(30, "2026-07-16T10:00:00Z");
    const { rows, summary } = await read("length_of_stay", JULY_15);
    expect(
      rows.filter((row) => row["stays"] !== 0).map((row) => [row["length"], row["stays"], row["percent"]]),
    ).toEqual([
      ["under 15 min", 3, 30],
      ["15 to 30 min", 1, 10],
      ["1 to 2 h", 2, 20],
      ["2 to 3 h", 1, 10],
      ["1 to 2 days", 1, 10],
      ["over 7 days", 2, 20],
    ]);
    expect(rows).toHaveLength(12);
    expect(summary.map(({ label, value }) => [label, value])).toEqual([
      ["Stays ended", 10],
      ["Average", 6185],
      ["Half stay less than", 90],
      ["Nine of ten less than", 14072],
    ]);
  });

  it("are counted by the day, with how often a space was used", async () => {
    for (let n = 0; n < 30; n++) await stayed(60);
    await stayed(60, "2026-07-13T10:00:00Z");
    await tell([moved("in", 1, "2026-07-15T06:00:10Z"), moved("out", null, "2026-07-15T07:00:00Z")]);
    const { rows, summary } = await read("turnover", "from=2026-07-13&until=2026-07-15");
    const shown = rows.map((row) => [
      row["date"],
      row["in"],
      row["out"],
      row["stays_ended"],
      row["turnover"],
      row["mean_minutes"],
    ]);
    expect(shown).toEqual([
      ["2026-07-13", 0, 0, 1, 0.01, 60],
      ["2026-07-14", 0, 0, 0, 0, null],
      ["2026-07-15", 1, 1, 30, 0.25, 60],
    ]);
    expect(summary.map(({ value }) => value)).toEqual([1, 1, 31]);
  });
});

describe("exceptions", () => {
  it("are everything that a person should look at, or did by hand", async () => {
    await tell([
      started(1, "2026-07-15T06:00:00Z"),
      voided(1, "2026-07-15T06:01:00Z"),
      started(2, "2026-07-15T06:10:00Z"),
      moved("out", null, "2026-07-15T06:20:00Z", { review: "exit_without_entry" }),
      moved("in", null, "2026-07-15T06:30:00Z", { kind: "tailgate" }),
      raised(1, "stuck", "2026-07-15T06:40:00Z", "the arm does not move"),
      corrected(null, 1, 0, "2026-07-15T06:50:00Z"),
      {
        kind: "vend.granted",
        payload: {
          command_id: testId(9, 1),
          lane: "exit",
          actor: "alex",
          reason: "=cmd|' /C calc'!A0",
          at: "2026-07-15T07:00:00Z",
        },
      },
    ]);
    await cloud.db.insert(ledger).values({
      facilityId: FACILITY_ID,
      entryId: randomUUID(),
      stayId: testId(1, 2),
      kind: "write_off",
      side: "credited",
      amountMinor: -250,
      currency: "EUR",
      method: null,
      place: "exit",
      actor: "alex",
      reason: "goodwill",
      at: new Date("2026-07-15T07:10:00Z"),
    });
    const now = cloud.clock.now;
    await cloud.db.insert(violations).values({
      facilityId: FACILITY_ID,
      id: randomUUID(),
      kind: "overstay",
      status: "open",
      source: "system",
      sourceKey: "x",
      penaltyMinor: 2_000,
      currency: "EUR",
      pictures: [],
      reportedBy: "cloud",
      at: new Date("2026-07-15T07:20:00Z"),
      dueAt: now,
    });
    const { rows, truncated } = await read("exceptions", JULY_15);
    expect(rows.map((row) => [row["time"], row["kind"], row["actor"], row["amount"]])).toEqual([
      ["2026-07-15 09:20", "violation_overstay", "cloud", "20.00"],
      ["2026-07-15 09:10", "write_off", "alex", "-2.50"],
      ["2026-07-15 09:00", "vend", "alex", null],
      ["2026-07-15 08:50", "count_corrected", "alex", null],
      ["2026-07-15 08:40", "alarm_stuck", null, null],
      ["2026-07-15 08:30", "movement_tailgate", null, null],
      ["2026-07-15 08:20", "exit_without_entry", null, null],
      ["2026-07-15 08:00", "stay_void", null, null],
    ]);
    expect(truncated).toBe(false);
    const csv = await (await staff.ask("GET", path("exceptions", `${JULY_15}&format=csv`))).text();
    expect(csv).toContain(",'=cmd|' /C calc'!A0,");
    expect(csv).not.toMatch(/(^|,|")[=+@]/m);
  });
});

describe("shifts", () => {
  it("have their variance, and those that are open are there", async () => {
    const shift = async (attendant: string, more: Partial<typeof shifts.$inferInsert>) => {
      const row = { facilityId: FACILITY_ID, shiftId: randomUUID(), attendant, currency: "EUR", ...more };
      await cloud.db.insert(shifts).values(row);
    };
    const [opened, closed] = [new Date("2026-07-14T20:00:00Z"), new Date("2026-07-15T05:00:00Z")];
    const done = { openedAt: opened, closedAt: closed, floatMinor: 10_000 };
    await shift("kai", { ...done, zNumber: 7, expectedMinor: 42_000, countedMinor: 41_850 });
    await shift("jo", { ...done, zNumber: 8, expectedMinor: 1_000, countedMinor: 1_000 });
    await shift("mo", { openedAt: closed });
    await shift("yesterday's", { openedAt: opened, closedAt: new Date("2026-07-14T21:00:00Z") });
    const { rows, summary } = await read("shifts", JULY_15);
    const shown = rows.map((row) => [
      row["z_number"],
      row["attendant"],
      row["opened"],
      row["closed"],
      row["variance"],
    ]);
    expect(shown).toHaveLength(3);
    expect(shown).toContainEqual([7, "kai", "2026-07-14 22:00", "2026-07-15 07:00", "-1.50"]);
    expect(shown).toContainEqual([8, "jo", "2026-07-14 22:00", "2026-07-15 07:00", "0.00"]);
    expect(shown.at(-1)).toEqual([null, "mo", "2026-07-15 07:00", null, null]);
    expect(summary.map(({ label, value }) => [label, value])).toEqual([
      ["Shifts", 3],
      ["Drawers that were not right", 1],
      ["Variance", "-1.50"],
    ]);
  });
});

describe("a report", () => {
  it("is for those who run the facility", async () => {
    const driver = await signedIn(cloud, "driver");
    const admin = await signedIn(cloud, "admin");
    const stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    const status = async (who: Person, facilityId = FACILITY_ID) =>
      (await who.ask("GET", path("revenue", JULY_15, facilityId))).status;
    expect([await status(owner), await status(staff), await status(admin)]).toEqual([200, 200, 200]);
    expect([await status(driver), await status(stranger)]).toEqual([403, 404]);
    expect(await status(staff, OTHER_FACILITY_ID)).toBe(404);
    expect((await cloud.app.request(path("revenue", JULY_15))).status).toBe(401);
    await tell([paid(1, 100, "2026-07-15T08:00:00Z")]);
    const own = await (await stranger.ask("GET", `/api/reports/revenue/?${JULY_15}`)).json();
    expect(own).toMatchObject({ facilities: [], rows: [] });
  });

  it.each([
    ["until=2026-07-15", "from"],
    ["from=2026-07-15", "until"],
    ["from=2026-02-30&until=2026-03-01", "from"],
    ["from=15.7.2026&until=2026-07-15", "from"],
    ["from=2026-07-15&until=2026-07-14", "until"],
    ["from=2026-01-01&until=2027-01-02", "until"],
    ["from=0001-01-01&until=2026-07-14", "from"],
    [`${JULY_15}&format=xml`, "format"],
    [`${JULY_15}&by=hand`, "by"],
    [`${JULY_15}&sql=1`, "sql"],
  ])("refuses %s", async (query, field) => {
    const response = await staff.ask("GET", path("revenue", query));
    expect([response.status, ((await response.json()) as { field: string }).field]).toEqual([400, field]);
  });

  it("of a kind that nobody knows is not there", async () => {
    expect((await staff.ask("GET", path("gossip", JULY_15))).status).toBe(404);
    expect((await staff.ask("GET", path("revenue", JULY_15, "x"))).status).toBe(404);
  });

  it.each(["revenue", "occupancy", "length_of_stay", "turnover", "exceptions", "shifts"])(
    "of %s has nothing to show where nothing happened, in every form",
    async (report) => {
      for (const format of ["json", "csv", "pdf"]) {
        const response = await staff.ask("GET", path(report, `${JULY_15}&format=${format}`));
        expect(response.status).toBe(200);
        const text = await response.text();
        if (format === "json") continue;
        const name = response.headers.get("content-disposition");
        expect(name).toBe(`attachment; filename="${report}-harbour-2026-07-15-2026-07-15.${format}"`);
        const type = format === "csv" ? "text/csv; charset=utf-8; header=present" : "application/pdf";
        expect(response.headers.get("content-type")).toBe(type);
        expect(text.startsWith(format === "csv" ? "Date" : "%PDF-") || format === "csv").toBe(true);
      }
    },
    60_000,
  );

  it("is of all facilities that one runs, each by its own clocks and in its own currency", async () => {
    // One o'clock of the 16th in Tokyo, and still the 15th in Berlin.
    await tell([paid(1, 450, "2026-07-15T16:00:00Z")]);
    await tell([paid(1, 800, "2026-07-15T16:00:00Z", "JPY")], {
      edgeId: OTHER_EDGE_ID,
      token: OTHER_EDGE_TOKEN,
    });
    const all = async (query: string, who = owner) =>
      (await (await who.ask("GET", `/api/reports/revenue/?${query}`)).json()) as Report;
    const lines = ({ rows }: Report) => rows.map((row) => [row["facility"], row["date"], row["taken"]]);
    expect(lines(await all(JULY_15))).toEqual([["Harbour Square", "2026-07-15", "4.50"]]);
    const both = await all("from=2026-07-15&until=2026-07-16");
    expect(lines(both)).toEqual([
      ["Harbour Square", "2026-07-15", "4.50"],
      ["Shibuya Tower", "2026-07-16", "800"],
    ]);
    expect(lines(await all("from=2026-07-15&until=2026-07-16", staff))).toEqual([
      ["Harbour Square", "2026-07-15", "4.50"],
    ]);
    const turnover = await owner.ask("GET", `/api/reports/turnover/?${JULY_15}`);
    expect(((await turnover.json()) as Report).rows).toHaveLength(2);
  });

  it("is read from the copy of the database, where there is one", async () => {
    await tell([paid(1, 450, "2026-07-15T08:00:00Z")]);
    const clock = { wallMs: () => cloud.clock.now.getTime(), monotonicMs: () => 0 };
    const principal: Principal = {
      role: "staff",
      actorId: staff.userId,
      organisationId: null,
      facilityIds: [FACILITY_ID],
      kind: "user",
      name: staff.email,
      email: staff.email,
      keyScopes: null,
      signInId: staff.userId,
    };
    // Whoever asks it for a connection fails.
    const db = { $client: null } as never;
    const [identify, limit] = [async () => principal, async () => undefined];
    const cache = { forget: async () => undefined };
    const api = createApi({ db, clock, identify, limit, cache, checkAnswers: true });
    reportCalls(api, { db, replica: cloud.db, clock, pdfs: createPdfMaker() });
    const response = await api.routes.request(path("revenue", JULY_15));
    expect(((await response.json()) as Report).summary).toMatchObject([{ value: "4.50" }]);
  });

  it("of an organisation is for admins to ask", async () => {
    const admin = await signedIn(cloud, "admin");
    const [harbour] = await cloud.db.select().from(facilities).limit(1);
    const organisation = harbour!.organisationId;
    const of = async (who: Person, id: string) => {
      const response = await who.ask("GET", `/api/reports/turnover/?${JULY_15}&organisation_id=${id}`);
      return response.status === 200 ? ((await response.json()) as Report).rows.length : response.status;
    };
    expect(await of(admin, organisation)).toBe(2);
    expect(await of(admin, randomUUID())).toBe(0);
    expect(await of(owner, organisation)).toBe(2);
    expect(await of(owner, randomUUID())).toBe(404);
  });

  it("asks for fewer days where all hours would be too many", async () => {
    const response = await owner.ask("GET", "/api/reports/occupancy/?from=2025-07-16&until=2026-07-15");
    expect(response.status).toBe(200);
    const many = Array.from({ length: 3 }, (_, n) => ({
      id: randomUUID(),
      organisationId: "",
      slug: `many-${n}`,
      name: `Many ${n}`,
      timeZone: "UTC",
      currency: "EUR",
      capacity: 1,
    }));
    const [harbour] = await cloud.db.select().from(facilities).limit(1);
    for (const row of many)
      await cloud.db.insert(facilities).values({ ...row, organisationId: harbour!.organisationId });
    const another = await signedIn(cloud, "owner");
    const long = await another.ask("GET", "/api/reports/occupancy/?from=2025-07-16&until=2026-07-15");
    expect(await long.json()).toMatchObject({ code: "range_too_long", field: "until" });
  });
});
