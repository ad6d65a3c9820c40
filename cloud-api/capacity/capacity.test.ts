import { randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { slotsOf, SLOT_MS, type RightsMove } from "@parkme/shared/domain/capacity-rights";
import { TestCloud } from "@parkme/shared/domain/testing/rights-cloud";
import { slotKey } from "@parkme/shared/domain/testing/rights-log";
import { seeded } from "@parkme/shared/domain/testing/rights-world";
import {
  capacityRights,
  capacitySales,
  downlink,
  rightsRequests,
  rightsTransfers,
  syncIncidents,
} from "../db/sync-schema.ts";
import { EFFECTS } from "../fleet/effects.ts";
import { EDGE_ID, FACILITY_ID, signIn, startTestCloud, type TestCloud as Cloud } from "../testing/cloud.ts";
import { readSlots } from "./books.queries.ts";
import type { CapacityView } from "./contract.ts";
import { releaseRights, sellRights } from "./sales.queries.ts";
import { RIGHTS_EFFECTS } from "./transfers.queries.ts";

const NOON_MS = Date.UTC(2026, 6, 15, 12);
const EDGE = { id: EDGE_ID, facilityId: FACILITY_ID, facilitySlug: "harbour", organisationId: randomUUID() };
const OF = { facilityId: FACILITY_ID, class: "standard" };

let cloud: Cloud;
let cookie: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  cookie = await signIn(cloud.app);
});
afterAll(async () => {
  await cloud.stop();
});
beforeEach(async () => {
  cloud.clock.now = new Date(NOON_MS);
  for (const table of [capacityRights, capacitySales, rightsRequests, rightsTransfers, syncIncidents])
    await cloud.db.delete(table);
});

function hours(from: number, n: number) {
  return { fromMs: NOON_MS + from * SLOT_MS, untilMs: NOON_MS + (from + n) * SLOT_MS };
}

function move(amount: number, range = hours(0, 2), id: string = randomUUID()): RightsMove {
  return { id, class: "standard", amount, ...range };
}

/** The edge tells of rights, as the log's effects take it. */
async function tell(kind: keyof typeof RIGHTS_EFFECTS, { id, fromMs, untilMs, ...rest }: RightsMove) {
  const [from, until] = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()];
  const payload = { transfer_id: id, request_id: id, ...rest, from, until, at: from };
  const told = [{ seq: 1, eventId: randomUUID(), payload }];
  await cloud.db.transaction((tx) => RIGHTS_EFFECTS[kind](tx, EDGE, told, cloud.clock.now));
}

async function sell(sale: RightsMove) {
  const wanted = { facilityId: FACILITY_ID, saleId: sale.id, ...sale };
  return await cloud.db.transaction((tx) => sellRights(tx, wanted, cloud.clock.now));
}

async function release(saleId: string) {
  return await cloud.db.transaction((tx) =>
    releaseRights(tx, { facilityId: FACILITY_ID, saleId }, cloud.clock.now),
  );
}

/** Held, sold and owed of the first hours. */
async function book(n = 2) {
  return [...(await readSlots(cloud.db, OF, hours(0, n))).values()].map(({ held, sold, owed }) => [
    held,
    sold,
    owed,
  ]);
}

async function items(kind: string) {
  const rows = await cloud.db.select().from(downlink).where(eq(downlink.kind, kind)).orderBy(downlink.seq);
  return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

describe("the cloud's book", () => {
  it("is written by what the edges' logs tell, what is given first", () => {
    const kinds = EFFECTS.flatMap(({ effects }) => Object.keys(effects)).filter((kind) =>
      kind.startsWith("rights."),
    );
    expect(kinds).toEqual(["rights.given", "rights.taken", "rights.wanted"]);
  });

  it("credits what the edge has given, once", async () => {
    const given = move(5);
    await tell("rights.given", given);
    await tell("rights.given", given);
    expect(await book(3)).toEqual([
      [5, 0, 0],
      [5, 0, 0],
      [0, 0, 0],
    ]);
  });

  it("sells no more than it holds in any slot, each sale once", async () => {
    await tell("rights.given", move(5));
    await tell("rights.given", move(5, hours(0, 1)));
    const sale = move(5);
    expect(await sell(sale)).toEqual({ kind: "sold" });
    expect(await sell(sale)).toEqual({ kind: "sold" });
    expect(await sell({ ...sale, amount: 4 })).toEqual({ kind: "id_reused" });
    expect(await sell(move(1))).toEqual({ kind: "not_enough", free: 0 });
    expect(await sell(move(5, hours(0, 1)))).toEqual({ kind: "sold" });
    expect(await book()).toEqual([
      [10, 10, 0],
      [5, 5, 0],
    ]);
  });

  it("has what was released for others, and nothing for a second release", async () => {
    await tell("rights.given", move(5));
    const sale = move(5);
    await sell(sale);
    expect([await release(sale.id), await release(sale.id), await release(randomUUID())]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await book(1)).toEqual([[5, 0, 0]]);
    expect(await sell(sale)).toEqual({ kind: "id_reused" });
  });

  it("gives back what is unsold when the edge runs short, with an item for it, and not what is over", async () => {
    await tell("rights.given", move(5, hours(-1, 3)));
    await sell(move(2));
    const before = (await items("rights_transfer")).length;
    const wanted = move(9, hours(-1, 2));
    await tell("rights.wanted", wanted);
    await tell("rights.wanted", wanted);
    expect(await book()).toEqual([
      [2, 2, 0],
      [5, 2, 0],
    ]);
    expect((await items("rights_transfer")).slice(before)).toEqual([
      expect.objectContaining({ transfer_id: wanted.id, amount: 3, from: "2026-07-15T12:00:00.000Z" }),
    ]);
    await tell("rights.wanted", move(9, hours(-3, 2)));
    expect(await items("rights_transfer")).toHaveLength(before + 1);
  });

  it("keeps what the edge could not take back", async () => {
    await tell("rights.given", move(5));
    const wanted = move(4, hours(0, 1));
    await tell("rights.wanted", wanted);
    await tell("rights.taken", { ...wanted, amount: 1 });
    expect(await book(1)).toEqual([[4, 0, 0]]);
  });

  it("that was restored debits what it had forgotten to have given back, and names what it sold of that", async () => {
    await tell("rights.given", move(5));
    const sale = move(4);
    await sell(sale);
    await tell("rights.taken", move(3));
    expect(await book()).toEqual([
      [4, 4, 2],
      [4, 4, 2],
    ]);
    const [incident] = await cloud.db.select().from(syncIncidents).where(eq(syncIncidents.kind, "oversold"));
    expect(incident?.detail).toContain(sale.id);
    expect(await sell(move(1))).toEqual({ kind: "not_enough", free: 0 });
    await release(sale.id);
    expect(await book(1)).toEqual([[2, 0, 0]]);
  });

  it("holds against twenty who sell at once while the edge gives and wants back", async () => {
    await tell("rights.given", move(7));
    const sales = Array.from({ length: 20 }, () => sell(move(1)));
    const told = [tell("rights.given", move(3)), tell("rights.wanted", move(2, hours(0, 1)))];
    const outcomes = await Promise.all(sales);
    await Promise.all(told);
    const sold = outcomes.filter(({ kind }) => kind === "sold").length;
    for (const [held = 0, its = 0, owed] of await book()) {
      expect([its, owed]).toEqual([sold, 0]);
      expect(its).toBeLessThanOrEqual(held);
    }
    expect(sold).toBeGreaterThanOrEqual(5);
  });

  it("is, whatever happens to it, the book that the rules say", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      await cloud.db.execute(sql`truncate capacity_rights, capacity_sales, rights_transfers`);
      await sameAsTheRules(seeded(seed));
    }
  });
});

/** The same story told to the database and to the rules over maps. */
async function sameAsTheRules(random: () => number): Promise<void> {
  const rules = new TestCloud();
  rules.hello([], 0, 1);
  const below = (n: number): number => Math.floor(random() * n);
  const moves: RightsMove[] = [];
  for (let step = 0; step < 25; step++) {
    const fresh = move(1 + below(6), hours(below(3), 1 + below(3)));
    const old = moves[below(moves.length)];
    // What was told before is told again, perhaps otherwise.
    const told = old !== undefined && random() < 0.25 ? { ...old, amount: 1 + below(6) } : fresh;
    const sales = [...rules.sales.keys()];
    const released = sales[below(sales.length)];
    const kind = (["given", "given", "taken", "wanted", "sell", "sell", "release"] as const)[below(7)];
    if (kind === "sell") {
      expect((await sell(fresh)).kind === "sold").toBe(rules.sell(fresh));
    } else if (kind === "release") {
      if (released !== undefined) await release(released);
      if (released !== undefined) rules.release(released);
    } else if (kind !== undefined) {
      await tell(`rights.${kind}`, told);
      rules.batch([{ fact: { kind, move: told }, rows: [] }], rules.archive.length, 1, NOON_MS);
      if (kind !== "wanted") moves.push(told);
    }
    const book = await readSlots(cloud.db, OF, hours(0, 6));
    for (const slot of slotsOf(hours(0, 6)))
      expect(book.get(slot)).toEqual(
        rules.slots.get(slotKey("standard", slot)) ?? { held: 0, sold: 0, owed: 0 },
      );
  }
}

describe("headquarters", () => {
  const at = { from: "2026-07-15T12:00:00Z", until: "2026-07-15T14:00:00Z" };
  const path = `/api/facilities/${FACILITY_ID}/capacity`;

  async function post(body: unknown, headers: Record<string, string> = { cookie, "x-parkme": "1" }) {
    const json = { "content-type": "application/json", ...headers };
    return await cloud.app.request(`${path}/sales`, {
      method: "POST",
      headers: json,
      body: JSON.stringify(body),
    });
  }

  async function view(query = `from=${at.from}&until=${at.until}`): Promise<CapacityView> {
    const response = await cloud.app.request(`${path}?${query}`, { headers: { cookie } });
    expect(response.status).toBe(200);
    return (await response.json()) as CapacityView;
  }

  it("sell from what is held, and ask the gate once for what is missing", async () => {
    const sale = { sale_id: randomUUID(), amount: 2, ...at };
    const refused = await post(sale);
    expect(refused.status).toBe(409);
    const asked = (await refused.json()) as { code: string; free: number; request_id: string };
    expect(asked).toMatchObject({ code: "not_enough_rights", free: 0 });
    await post(sale);
    expect((await view()).requests.map(({ request_id }) => request_id)).toEqual([asked.request_id]);
    expect((await items("rights_request")).at(-1)).toMatchObject({ request_id: asked.request_id, amount: 2 });

    await tell("rights.given", move(2, hours(0, 2), asked.request_id));
    expect((await post(sale)).status).toBe(201);
    expect((await post(sale)).status).toBe(201);
    expect(await view()).toMatchObject({
      requests: [],
      sales: [{ sale_id: sale.sale_id, amount: 2, class: "standard" }],
      slots: [
        { slot: "2026-07-15T12:00:00.000Z", edge_given: 2, held: 2, sold: 2, free: 0, owed: 0, under_way: 0 },
        { slot: "2026-07-15T13:00:00.000Z", edge_given: 2, held: 2, sold: 2, free: 0, owed: 0, under_way: 0 },
      ],
    });
    const headers = { cookie, "x-parkme": "1" };
    const gone = await cloud.app.request(`${path}/sales/${sale.sale_id}`, { method: "DELETE", headers });
    expect([gone.status, (await view()).sales]).toEqual([204, []]);
  });

  it("see what is on its way back to the gate", async () => {
    await tell("rights.given", move(5));
    const wanted = move(3, hours(0, 1));
    await tell("rights.wanted", wanted);
    expect((await view()).slots[0]).toMatchObject({ edge_given: 5, held: 2, under_way: 3 });
    await tell("rights.taken", wanted);
    expect((await view()).slots[0]).toMatchObject({ edge_given: 2, held: 2, under_way: 0 });
  });

  it.each([
    ["no sale", {}],
    ["half an hour", { sale_id: randomUUID(), amount: 1, ...at, from: "2026-07-15T12:30:00Z" }],
    ["nothing", { sale_id: randomUUID(), amount: 0, ...at }],
    [
      "a time that is over",
      { sale_id: randomUUID(), amount: 1, from: "2026-07-15T09:00:00Z", until: "2026-07-15T12:00:00Z" },
    ],
    ["the wrong way round", { sale_id: randomUUID(), amount: 1, from: at.until, until: at.from }],
    ["a hundred years", { sale_id: randomUUID(), amount: 1, from: at.from, until: "2126-07-15T12:00:00Z" }],
    ["no id", { sale_id: "../1", amount: 1, ...at }],
    ["a class that is none", { sale_id: randomUUID(), amount: 1, ...at, class: "A b" }],
  ])("are refused %s", async (_, body) => {
    const response = await post(body);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, "invalid"]);
  });

  it("let nobody else sell or look", async () => {
    const sale = { sale_id: randomUUID(), amount: 1, ...at };
    expect((await post(sale, { cookie })).status).toBe(403);
    expect((await post(sale, { "x-parkme": "1" })).status).toBe(401);
    const foreign = `/api/facilities/${randomUUID()}/capacity?from=${at.from}&until=${at.until}`;
    expect((await cloud.app.request(foreign, { headers: { cookie } })).status).toBe(404);
    const none = and(eq(capacitySales.facilityId, FACILITY_ID), eq(capacitySales.id, sale.sale_id));
    expect(await cloud.db.select().from(capacitySales).where(none)).toEqual([]);
  });
});
