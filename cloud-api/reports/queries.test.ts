import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  FACILITY_ID,
  OTHER_EDGE_ID,
  OTHER_EDGE_TOKEN,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { asEvents, fee, moved, paid, raised, send, started } from "../testing/events.ts";
import { emptyTables } from "../testing/tables.ts";
import { readOrganisationDay } from "./queries.ts";

let cloud: TestCloud;
let organisationId: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  const { rows } = await cloud.db.execute<{ id: string }>(sql`select id from organisations`);
  organisationId = rows[0]!.id;
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

async function harbourDay(now: string) {
  const day = await readOrganisationDay(cloud.db, organisationId, new Date(now));
  const own = <Row extends { facility_id: string }>(rows: readonly Row[]) =>
    rows.filter((row) => row.facility_id === FACILITY_ID);
  return {
    facility: day.facilities.find((facility) => facility.id === FACILITY_ID)!,
    lanes: own(day.lanes),
    passages: own(day.passages)[0],
    revenue: own(day.revenue),
    steps: own(day.steps),
    movements: own(day.movements),
    alarms: own(day.alarms),
  };
}

describe("the day of a facility", () => {
  it("begins and ends at midnight of its own time zone", async () => {
    // Berlin is two hours ahead of UTC in July.
    await send(
      cloud.app,
      asEvents([
        paid(1, 100, "2026-07-14T21:59:59.999Z"),
        paid(2, 20, "2026-07-14T22:00:00Z"),
        paid(3, 3, "2026-07-15T21:59:59.999Z"),
        paid(4, 50_000, "2026-07-15T22:00:00Z"),
      ]),
    );
    const revenue = async (now: string) => (await harbourDay(now)).revenue.map((row) => row.amount_minor);
    expect(await revenue("2026-07-14T12:00:00Z")).toEqual(["100"]);
    expect(await revenue("2026-07-14T21:59:59.999Z")).toEqual(["100"]);
    expect(await revenue("2026-07-14T22:00:00Z")).toEqual(["23"]);
    expect(await revenue("2026-07-15T21:59:59Z")).toEqual(["23"]);
    expect(await revenue("2026-07-15T22:00:00Z")).toEqual(["50000"]);
  });

  it.each([
    ["has 23 hours when summer time begins", "2026-03-29T10:00:00Z", 23],
    ["has 25 hours when it ends", "2026-10-25T10:00:00Z", 25],
    ["has 24 hours otherwise", "2026-07-15T10:00:00Z", 24],
  ])("%s", async (_what, now, hours) => {
    const { facility } = await harbourDay(now);
    expect((facility.day_ends_ms - facility.day_starts_ms) / 3_600_000).toBe(hours);
  });

  it("is not the day of a facility elsewhere", async () => {
    await send(cloud.app, asEvents([paid(1, 800, "2026-07-15T16:00:00Z", "JPY")]), {
      edgeId: OTHER_EDGE_ID,
      token: OTHER_EDGE_TOKEN,
    });
    // 16:00 in UTC is one o'clock of the next day in Tokyo, and still the 15th in Berlin.
    const day = await readOrganisationDay(cloud.db, organisationId, new Date("2026-07-15T17:00:00Z"));
    expect(day.revenue).toEqual([{ facility_id: expect.any(String), currency: "JPY", amount_minor: "800" }]);
    const before = await readOrganisationDay(cloud.db, organisationId, new Date("2026-07-15T14:00:00Z"));
    expect(before.revenue).toEqual([]);
  });

  it("adds up by currency, beyond what a float can hold", async () => {
    const most = Number.MAX_SAFE_INTEGER;
    await send(
      cloud.app,
      asEvents([
        paid(1, most, "2026-07-15T08:00:00Z"),
        paid(2, most, "2026-07-15T08:00:00Z"),
        paid(3, -1, "2026-07-15T08:00:00Z"),
        paid(4, 700, "2026-07-15T08:00:00Z", "USD"),
      ]),
    );
    expect(
      (await harbourDay("2026-07-15T12:00:00Z")).revenue.map(({ currency, amount_minor }) => [
        currency,
        amount_minor,
      ]),
    ).toEqual([
      ["EUR", (2n * BigInt(most) - 1n).toString()],
      ["USD", "700"],
    ]);
  });

  it("counts passages and not stays for who is inside, as the gate does", async () => {
    const facts = [
      started(1, "2026-07-15T06:00:00Z"),
      moved("in", 1, "2026-07-15T06:00:10Z"),
      moved("in", null, "2026-07-15T06:10:00Z", { kind: "tailgate" }),
      moved("out", null, "2026-07-15T06:20:00Z", { kind: "vend", review: "exit_without_entry" }),
    ];
    await send(cloud.app, asEvents(facts.slice(0, 3)));
    expect((await harbourDay("2026-07-15T08:00:00Z")).facility.inside).toBe(2);
    await send(cloud.app, asEvents(facts));
    await send(cloud.app, asEvents(facts));
    expect((await harbourDay("2026-07-15T08:00:00Z")).facility.inside).toBe(1);
  });

  it("counts nobody in or out who went from one zone into another", async () => {
    const ramp = { scope: "zone", lane: "ramp" } as const;
    await send(
      cloud.app,
      asEvents([
        moved("in", 1, "2026-07-15T06:00:10Z"),
        moved("in", 2, "2026-07-15T06:10:00Z", ramp),
        moved("out", 3, "2026-07-15T06:20:00Z", ramp),
      ]),
    );
    const day = await harbourDay("2026-07-15T08:00:00Z");
    expect([day.facility.inside, day.passages]).toMatchObject([1, { in: 1, out: 0 }]);
  });

  it("counts who is inside, who passed, by lane and by quarter of an hour", async () => {
    await send(
      cloud.app,
      asEvents([
        started(9, "2026-07-14T20:00:00Z"),
        moved("in", 9, "2026-07-14T20:00:10Z"),
        started(1, "2026-07-15T06:00:00Z"),
        moved("in", 1, "2026-07-15T06:00:10Z"),
        started(2, "2026-07-15T06:20:00Z"),
        moved("in", 2, "2026-07-15T06:20:10Z"),
        moved("out", 9, "2026-07-15T06:50:00Z", { fee: fee(1200) }),
        started(3, "2026-07-15T06:55:00Z"),
        raised(1, "stuck", "2026-07-15T07:00:00Z"),
      ]),
    );
    const day = await harbourDay("2026-07-15T08:00:00Z");
    expect(day.facility.inside).toBe(2);
    expect(day.passages).toMatchObject({ in: 2, out: 1 });
    expect(day.lanes.map(({ name, today }) => [name, today])).toEqual([
      ["Entry 1", 2],
      ["Exit 1", 1],
    ]);
    expect(
      day.steps.map((step) => [new Date(step.starts_ms).toISOString().slice(11, 16), step.in, step.out]),
    ).toEqual([
      ["06:00", 1, 0],
      ["06:15", 1, 0],
      ["06:45", 0, 1],
    ]);
    expect(day.movements.map(({ lane, direction, fee_minor }) => [lane, direction, fee_minor])).toEqual([
      ["Exit 1", "out", "1200"],
      ["Entry 1", "in", null],
      ["Entry 1", "in", null],
      ["Entry 1", "in", null],
    ]);
    expect(day.alarms).toMatchObject([{ lane: "Exit 1", kind: "stuck", today: 1 }]);
  });
});

describe("GET /api/reports/day", () => {
  const get = async (query: string, cookie = "") =>
    await cloud.app.request(`/api/reports/day?${query}`, { headers: { cookie } });

  it("adds up a calendar day for somebody who is signed in", async () => {
    await send(
      cloud.app,
      asEvents([
        started(1, "2026-07-15T06:00:00Z"),
        moved("in", 1, "2026-07-15T06:00:10Z"),
        paid(1, 450, "2026-07-15T08:00:00Z"),
        moved("out", 1, "2026-07-15T08:00:10Z", { fee: fee(450) }),
        started(2, "2026-07-15T09:00:00Z"),
        moved("in", 2, "2026-07-15T23:00:00Z"),
      ]),
    );
    const response = await get(`facility=${FACILITY_ID}&date=2026-07-15`, await signIn(cloud.app));
    expect(await response.json()).toEqual({
      facility: { id: FACILITY_ID, slug: "harbour", time_zone: "Europe/Berlin", currency: "EUR" },
      date: "2026-07-15",
      movements: [
        { lane: "entry", direction: "in", count: 1 },
        { lane: "exit", direction: "out", count: 1 },
      ],
      stays: { open: 1, closed: 1 },
      fees: [{ currency: "EUR", amount: "4.50" }],
      payments: [{ currency: "EUR", amount: "4.50", count: 1 }],
    });
  });

  it("refuses who is not signed in, bad questions, and facilities of others", async () => {
    const cookie = await signIn(cloud.app);
    expect((await get(`facility=${FACILITY_ID}&date=2026-07-15`)).status).toBe(401);
    expect((await get("facility=x&date=2026-07-15", cookie)).status).toBe(400);
    expect((await get(`facility=${FACILITY_ID}&date=2026-02-30`, cookie)).status).toBe(400);
    await cloud.db.execute(sql`insert into organisations (id, slug, name)
      values ('0192a000-0000-7000-8000-00000000000f', 'rival', 'Rival') on conflict do nothing`);
    const theirs = "0192a000-0000-7000-8000-0000000000ff";
    await cloud.db
      .execute(sql`insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity)
      values (${theirs}, '0192a000-0000-7000-8000-00000000000f', 'rival', 'Rival', 'UTC', 'EUR', 1)`);
    expect((await get(`facility=${theirs}&date=2026-07-15`, cookie)).status).toBe(404);
  });
});
