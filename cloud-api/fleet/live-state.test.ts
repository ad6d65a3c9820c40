import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIVE_CLOSED, MAX_LIVE_BYTES, type LiveState } from "@parkme/shared/protocol/downlink";
import type { DashboardSnapshot, FacilityView } from "../dashboard/contract.ts";
import type { Front } from "../front.ts";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { connectEdge, endServing, serveCloud, until } from "../testing/live-edge.ts";
import { rowsOf } from "../testing/tables.ts";
import { appendDownlink, HINT_CHANNEL, hintEdge } from "./downlink.queries.ts";

let cloud: TestCloud;
let front: Front;
const DAY = new Date("2026-07-15T12:00:00Z");
beforeAll(async () => {
  cloud = await startTestCloud({ pingMs: 100 });
  front = await serveCloud(cloud);
});
afterAll(async () => {
  await cloud.stop();
});
beforeEach(() => {
  cloud.clock.now = DAY;
});
afterEach(async () => {
  await cloud.db.execute(sql`truncate edge_live, edge_boots`);
  await cloud.db.execute(sql`update edges set boot_id = null, token_revoked_at = null`);
});

function state(serial: number, more: Partial<LiveState> = {}): LiveState {
  return {
    boot_id: "boot-1",
    serial,
    // The edge's clock is ten years off: nobody minds.
    wall_time: "2016-07-15T12:00:00Z",
    inside: serial,
    capacity: 120,
    zones: [],
    lanes: [{ lane: "entry", state: "IDLE", mode: "open", trouble: null }],
    alarms: 2,
    waiting: 750_000,
    manifest: 4,
    ...more,
  };
}

async function post(body: unknown, token = EDGE_TOKEN): Promise<Response> {
  return await cloud.app.request("/api/edge/state", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function kept(): Promise<unknown> {
  const rows = await rowsOf(
    cloud.db,
    `select boot_id, serial from edge_live where facility_id = '${FACILITY_ID}'`,
  );
  return rows[0] === undefined ? null : [rows[0]["boot_id"], Number(rows[0]["serial"])];
}

async function harbour(): Promise<FacilityView> {
  const response = await cloud.app.request("/api/dashboard", {
    headers: { cookie: await signIn(cloud.app) },
  });
  const { facilities } = (await response.json()) as DashboardSnapshot;
  const found = facilities.find(({ id }) => id === FACILITY_ID);
  if (found === undefined) throw new Error("the facility is not on the dashboard");
  return found;
}

describe("the state of a gate", () => {
  it("is what the dashboard shows while it is fresh, and says so", async () => {
    const before = await harbour();
    expect(before).toMatchObject({ inside: 0, live: null, alarms_waiting: 0 });
    expect((await post(state(17))).status).toBe(204);
    const live = await harbour();
    expect(live).toMatchObject({
      inside: 17,
      alarms_waiting: 2,
      live: { at: DAY.toISOString(), fresh: true },
      lanes: [
        { name: "Entry 1", now: { state: "IDLE", mode: "open", trouble: null } },
        { name: "Exit 1", now: null },
      ],
    });
    expect(live.occupancy.at(-1)?.inside).toBe(17);
    cloud.clock.now = new Date(DAY.getTime() + 45_000);
    expect(await harbour()).toMatchObject({
      inside: 0,
      alarms_waiting: 0,
      live: { at: DAY.toISOString(), fresh: false },
      lanes: [{ now: null }, { now: null }],
    });
  });

  it("never goes back within one start of the agent, in whatever order its states come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }),
        async (serials) => {
          await cloud.db.execute(sql`truncate edge_live`);
          await Promise.all(serials.map((serial) => post(state(serial))));
          expect(await kept()).toEqual(["boot-1", Math.max(...serials)]);
        },
      ),
      { numRuns: 20 },
    );
    await post(state(1, { boot_id: "boot-2" }));
    expect(await kept()).toEqual(["boot-2", 1]);
  });

  it("of a program that does not speak for the edge any more is refused", async () => {
    await post(state(9));
    await cloud.db.execute(sql`update edges set boot_id = 'boot-2' where id = ${EDGE_ID}`);
    await cloud.db.execute(
      sql`insert into edge_boots (edge_id, boot_id, claimed_at) values (${EDGE_ID}, 'boot-1', now()) on conflict do nothing`,
    );
    const answer = await post(state(10));
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "fenced" });
    expect(await kept()).toEqual(["boot-1", 9]);
    expect((await post(state(1, { boot_id: "boot-2" }))).status).toBe(204);
    const { socket, closed } = await connectEdge(front);
    socket.send(JSON.stringify(state(11)));
    await until(() => closed() === LIVE_CLOSED.fenced, "the socket to be closed");
  });

  it("that is garbage, too long or a stranger's is refused", async () => {
    const wrong: unknown[] = [
      "",
      "[]",
      "null",
      "{",
      {},
      state(-1),
      state(1.5),
      state(1, { boot_id: "" }),
      state(1, { wall_time: "yesterday" }),
      state(1, { lanes: Array.from({ length: 65 }, () => state(1).lanes[0] ?? never()) }),
      { ...state(1), zones: [{ zone: "../..", inside: 1, capacity: 1 }] },
    ];
    for (const body of wrong) expect((await post(body)).status).toBe(400);
    expect((await post("x".repeat(MAX_LIVE_BYTES + 1))).status).toBe(413);
    expect((await post(state(1), "somebody")).status).toBe(401);
    expect(await kept()).toBe(null);
    const nul = state(3, {
      lanes: [{ lane: "entry", state: "IDLE", mode: "open", trouble: "a\u0000b\ud800" }],
    });
    expect((await post(nul)).status).toBe(204);
    expect((await harbour()).lanes[0]?.now?.trouble).toMatch(/^a.b.$/u);
  });
});

function never(): never {
  throw new Error("a state without a lane");
}

describe("the web socket of an edge", () => {
  it("carries its state up, and dashboards refresh", async () => {
    const { socket } = await connectEdge(front);
    const asking = await cloud.app.request("/api/dashboard/live", {
      headers: { cookie: await signIn(cloud.app) },
    });
    const reader = asking.body?.getReader();
    const next = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
    expect(await next()).not.toContain('"inside":31,');
    socket.send(JSON.stringify(state(31)));
    let text = "";
    await until(async () => (text += await next()).includes('"inside":31,'), "the dashboard to refresh");
    await reader?.cancel();
    for (let serial = 32; serial < 132; serial++) socket.send(JSON.stringify(state(serial)));
    await until(async () => JSON.stringify(await kept()) === '["boot-1",131]', "the last of many states");
    socket.terminate();
  });

  it("carries hints down, of whatever was committed, and of nothing that was not", async () => {
    const mine = await connectEdge(front);
    const other = await connectEdge(front, OTHER_EDGE_TOKEN);
    await cloud.db.transaction((tx) => appendDownlink(tx, FACILITY_ID, "manifest", { version: 1 }, DAY));
    await until(() => mine.heard.length === 1, "the hint");
    const failed = cloud.db.transaction(async (tx) => {
      await appendDownlink(tx, FACILITY_ID, "manifest", { version: 2 }, DAY);
      throw new Error("not after all");
    });
    await expect(failed).rejects.toThrow("not after all");
    await cloud.db.transaction((tx) => hintEdge(tx, FACILITY_ID, "manifest"));
    await until(() => mine.heard.length === 2, "the other hint");
    expect(mine.heard).toEqual(['{"hint":"downlink"}', '{"hint":"manifest"}']);
    // What somebody else says on the channel is no hint.
    for (const text of ["", "x", `${FACILITY_ID}`, `${FACILITY_ID} open`, `nobody downlink`])
      await cloud.db.execute(sql`select pg_notify('parkme_hints', ${text})`);
    await cloud.db.transaction((tx) => hintEdge(tx, FACILITY_ID, "downlink"));
    await until(() => mine.heard.length === 3, "the third hint");
    expect(other.heard).toEqual([]);
    for (const { socket } of [mine, other]) socket.terminate();
  });

  it("hears of what another API process commits, also after the database cut the line", async () => {
    const mine = await connectEdge(front);
    const cut = async (): Promise<number> =>
      (
        await rowsOf(
          cloud.db,
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query = 'listen "${HINT_CHANNEL}"'`,
        )
      ).length;
    expect(await cut()).toBe(1);
    // When it listens again, everybody is told to look: what was told meanwhile is not lost.
    await until(() => mine.heard.length > 0, "the hint to look");
    const before = mine.heard.length;
    await cloud.db.transaction((tx) => hintEdge(tx, FACILITY_ID, "downlink"));
    await until(() => mine.heard.length > before, "a hint on the new line");
    mine.socket.terminate();
  });

  it("is one for each edge: a newer one takes its place", async () => {
    const older = await connectEdge(front);
    const newer = await connectEdge(front);
    await until(() => older.closed() === LIVE_CLOSED.replaced, "the older one to be closed");
    await cloud.db.transaction((tx) => hintEdge(tx, FACILITY_ID, "downlink"));
    await until(() => newer.heard.length === 1, "the hint");
    expect([older.heard, newer.closed()]).toEqual([[], null]);
    newer.socket.terminate();
  });

  it("is closed soon after its credential was revoked, and not opened again", async () => {
    const edge = await connectEdge(front);
    await cloud.db.execute(sql`update edges set token_revoked_at = now() where id = ${EDGE_ID}`);
    await until(() => edge.closed() === LIVE_CLOSED.unknown_edge, "the socket to be closed");
    await expect(connectEdge(front)).rejects.toThrow("401");
  });

  it("stays while the peer answers, and is given up when it does not", async () => {
    const alive = await connectEdge(front);
    const silent = await connectEdge(front, OTHER_EDGE_TOKEN, { autoPong: false });
    await until(() => silent.closed() !== null, "the silent one to be given up");
    expect([silent.closed(), alive.closed()]).toEqual([1006, null]);
    alive.socket.terminate();
  });

  it("is refused to strangers, and ends for who says what is no state, or too much", async () => {
    for (const token of ["", "somebody", "x".repeat(5_000)])
      await expect(connectEdge(front, token)).rejects.toThrow("401");
    for (const garbage of [
      "",
      "null",
      "{}",
      "hello",
      JSON.stringify(state(-1)),
      Buffer.from(JSON.stringify(state(1))),
    ]) {
      const edge = await connectEdge(front);
      edge.socket.send(garbage);
      await until(() => edge.closed() === LIVE_CLOSED.not_understood, "the socket to be closed");
    }
    const edge = await connectEdge(front);
    edge.socket.send("x".repeat(MAX_LIVE_BYTES + 1));
    await until(() => edge.closed() === 1009, "the socket to be closed");
    expect(await kept()).toBe(null);
    const headers = { authorization: `Bearer ${EDGE_TOKEN}` };
    const plain = await fetch(`http://127.0.0.1:${front.port}/api/edge/live`, { headers });
    expect(plain.status).toBe(426);
  });
});

it("ends with the cloud, also for who does not answer", async () => {
  const edges = [await connectEdge(front), await connectEdge(front, OTHER_EDGE_TOKEN)];
  // It hears nothing any more, and says nothing.
  edges[1]?.socket.pause();
  await endServing(cloud, front);
  await until(() => edges[0]?.closed() === 1001, "the other one to hear of it");
  edges[1]?.socket.terminate();
});
