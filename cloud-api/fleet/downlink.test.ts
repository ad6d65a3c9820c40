import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  downlinkAnswerSchema,
  downlinkForkSchema,
  MAX_DOWNLINK_BODY,
  MAX_DOWNLINK_BYTES,
  type DownlinkItem,
} from "@parkme/shared/protocol/downlink";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { rowsOf } from "../testing/tables.ts";
import { appendDownlink, hashAfterItem, raiseDownlinkAbove } from "./downlink.queries.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(async () => {
  await cloud.stop();
});

type Place = { readonly seq: number; readonly hash: string };
const START: Place = { seq: 0, hash: GENESIS_HASH };

function placeAfter(place: Place, items: readonly DownlinkItem[]): Place {
  return items.reduce((at, item) => ({ seq: item.seq, hash: hashAfterItem(at.hash, item) }), place);
}

async function ask(query: string, token = EDGE_TOKEN): Promise<Response> {
  return await cloud.app.request(`/api/edge/downlink${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

async function take({ seq, hash }: Place, token = EDGE_TOKEN) {
  const response = await ask(`?after=${seq}&head=${hash}`, token);
  expect(response.status).toBe(200);
  return downlinkAnswerSchema.parse(await response.json());
}

/** Everything after a place, page by page, as an edge takes it. */
async function takeAll(from: Place): Promise<{ readonly items: DownlinkItem[]; readonly place: Place }> {
  const items: DownlinkItem[] = [];
  let place = from;
  for (let page = await take(place); page.items.length > 0; page = await take(place)) {
    items.push(...page.items);
    place = placeAfter(place, page.items);
  }
  return { items, place };
}

async function append(version: number): Promise<DownlinkItem> {
  return await cloud.db.transaction((tx) =>
    appendDownlink(tx, FACILITY_ID, "manifest", { version }, cloud.clock.now),
  );
}

async function incidents(): Promise<Record<string, unknown>[]> {
  return await rowsOf(
    cloud.db,
    "select edge_id, kind, count from sync_incidents where kind = 'downlink_fork'",
  );
}

describe("the downlink", () => {
  it("gives a facility's items in their order, once, to its own edge, with the cloud's clock", async () => {
    const first = await append(1);
    const second = await append(2);
    const answer = await take(START);
    expect(answer.items).toEqual([first, second]);
    expect(answer.now).toBe(cloud.clock.now.toISOString());
    expect(answer.manifest).toBe(0);
    const place = placeAfter(START, answer.items);
    expect((await take(place)).items).toEqual([]);
    expect((await take(START, OTHER_EDGE_TOKEN)).items).toEqual([]);
  });

  it("has no gap and no number twice, however many append at the same moment", async () => {
    const { place } = await takeAll(START);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 }),
        async (n) => {
          const before = (await takeAll(place)).place;
          await Promise.all(n.map((version) => append(version)));
          const { items } = await takeAll(before);
          expect(items.map(({ seq }) => seq)).toEqual(n.map((_, i) => before.seq + 1 + i));
          const versions = items.map(({ body }) => (JSON.parse(body) as { version: number }).version);
          const rising = (a: number, b: number) => a - b;
          expect(versions.toSorted(rising)).toEqual(n.toSorted(rising));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("forgets what was appended in a transaction that failed", async () => {
    const { place } = await takeAll(START);
    const failed = cloud.db.transaction(async (tx) => {
      await appendDownlink(tx, FACILITY_ID, "manifest", { version: 7 }, cloud.clock.now);
      throw new Error("something else went wrong");
    });
    await expect(failed).rejects.toThrow("something else went wrong");
    expect((await take(place)).items).toEqual([]);
    expect((await append(8)).seq).toBe(place.seq + 1);
  });

  it("comes in pages that an edge can hold", async () => {
    const { place } = await takeAll(START);
    const long = "x".repeat(40);
    await cloud.db.transaction(async (tx) => {
      for (let i = 0; i < 250; i++)
        await appendDownlink(
          tx,
          FACILITY_ID,
          "equality_drill",
          { day: "2026-07-15", subject: long },
          cloud.clock.now,
        );
    });
    const page = await take(place);
    expect(page.items.length).toBeLessThanOrEqual(100);
    expect(JSON.stringify(page).length).toBeLessThan(MAX_DOWNLINK_BYTES + MAX_DOWNLINK_BODY + 1_024);
    expect((await takeAll(place)).items).toHaveLength(250);
  });

  it("of a cloud that was restored tells the edge to begin again, raises it, and goes on above its numbers", async () => {
    const { place } = await takeAll(START);
    // Another cloud's items: the edge has taken them, this one never had them.
    const lost = { seq: place.seq + 5, hash: "ab".repeat(32) };
    const answer = await ask(`?after=${lost.seq}&head=${lost.hash}`);
    expect(answer.status).toBe(409);
    const fork = downlinkForkSchema.parse(await answer.json());
    expect(fork).toEqual({ code: "downlink_fork", restart_after: 0, restart_hash: GENESIS_HASH });
    expect(await incidents()).toEqual([{ edge_id: EDGE_ID, kind: "downlink_fork", count: 1 }]);
    // The same number, with another hash, is as wrong.
    expect((await ask(`?after=${place.seq}&head=${lost.hash}`)).status).toBe(409);

    await cloud.db.transaction((tx) => raiseDownlinkAbove(tx, FACILITY_ID, lost.seq));
    expect((await append(9)).seq).toBe(lost.seq + 1);
    await cloud.db.transaction((tx) => raiseDownlinkAbove(tx, FACILITY_ID, 3));
    await cloud.db.transaction((tx) => raiseDownlinkAbove(tx, FACILITY_ID, Number.MAX_SAFE_INTEGER));
    expect((await append(10)).seq).toBe(lost.seq + 2);
    const again = await takeAll({ seq: fork.restart_after, hash: fork.restart_hash });
    expect(again.items.slice(-2).map(({ seq }) => seq)).toEqual([lost.seq + 1, lost.seq + 2]);
    expect((await take(again.place)).items).toEqual([]);
  });

  it("does not call it an incident when an agent of before there was a downlink begins", async () => {
    const before = await incidents();
    expect((await ask(`?after=12&head=${GENESIS_HASH}`)).status).toBe(409);
    expect(await incidents()).toEqual(before);
  });

  it("refuses strangers and garbage", async () => {
    expect((await ask(`?after=0&head=${GENESIS_HASH}`, "somebody-else")).status).toBe(401);
    const wrong = [
      "",
      "?after=0",
      `?after=x&head=${GENESIS_HASH}`,
      `?after=-1&head=${GENESIS_HASH}`,
      `?after=1.5&head=${GENESIS_HASH}`,
      `?after=1e300&head=${GENESIS_HASH}`,
      "?after=0&head=00",
      `?after=0&head=${"Z".repeat(64)}`,
      `?after=0&head=${encodeURIComponent("' or 1=1 --")}`,
    ];
    for (const query of wrong) expect((await ask(query)).status).toBe(400);
  });

  it("takes nothing that is not of its kind, and for no facility that is not there", async () => {
    const append = (facilityId: string, version: number) =>
      cloud.db.transaction((tx) => appendDownlink(tx, facilityId, "manifest", { version }, cloud.clock.now));
    await expect(append(FACILITY_ID, -1)).rejects.toThrow("version");
    await expect(append(randomUUID(), 1)).rejects.toThrow("there is no facility");
  });
});
