import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveState } from "@parkme/shared/protocol/downlink";
import {
  EDGE_ID,
  EDGE_TOKEN,
  FACILITY_ID,
  signIn,
  startTestCloud,
  USER,
  type TestCloud,
} from "../testing/cloud.ts";
import { asEvents, BOOT, send, started } from "../testing/events.ts";
import { emptyTables, rowsOf } from "../testing/tables.ts";
import { raiseIncident, type IncidentKind } from "./incidents.queries.ts";
import type { LinkView } from "./link-contract.ts";

let cloud: TestCloud;
let cookie: string;
let otherFacility: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  cookie = await signIn(cloud.app);
  const [other] = await rowsOf(cloud.db, "select id from facilities where slug = 'shibuya'");
  otherFacility = String(other?.["id"]);
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  await emptyTables(cloud.db);
  await rowsOf(cloud.db, "truncate edge_live");
});

type Asked = { readonly method?: string; readonly headers?: Readonly<Record<string, string>> };

async function ask(path: string, init: Asked = {}): Promise<Response> {
  const headers = { cookie, "x-parkme": "1", ...init.headers };
  return await cloud.app.request(`/api/facilities/${path}`, { ...init, headers });
}

async function linkOf(facilityId: string): Promise<LinkView> {
  const answer = await ask(`${facilityId}/link`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return (await answer.json()) as LinkView;
}

async function happened(kind: IncidentKind, detail: string, minute: number): Promise<void> {
  const at = new Date(Date.UTC(2026, 6, 15, 11, minute));
  await raiseIncident(cloud.db, { facilityId: FACILITY_ID, edgeId: EDGE_ID, kind, detail }, at);
}

const seenOf = ({ incidents }: LinkView) => incidents.map(({ kind, seen }) => [kind, seen?.by ?? null]);

describe("how a gate and the cloud stand with each other", () => {
  it("is told before anything was heard", async () => {
    expect(await linkOf(FACILITY_ID)).toEqual({
      at: "2026-07-15T12:00:00.000Z",
      edge: {
        id: EDGE_ID,
        credential: "token",
        box: null,
        enrolled_at: null,
        version: null,
        epoch: 1,
        seq: 0,
        waiting: 0,
        last_seen_at: null,
        behind_seconds: 0,
        clock_offset_ms: null,
        manifest: 0,
      },
      live: null,
      restores: [],
      incidents: [],
      quarantine: [],
      quarantined: 0,
      forks: 0,
    });
  });

  it("has what was committed, what could not be understood, and what the gate looks like", async () => {
    const [good] = asEvents([started(1, "2026-07-15T08:00:00Z")]);
    const [bad] = asEvents([started(2, "2026-07-15T08:00:00Z")], 2);
    if (good === undefined || bad === undefined) throw new Error("no events");
    const sent = await send(cloud.app, [good, { ...bad, payload: { stay_id: 7 } }]);
    expect(sent.status).toBe(200);
    const state: LiveState = {
      boot_id: BOOT,
      serial: 1,
      wall_time: "2026-07-15T14:00:00+02:00",
      inside: 4,
      capacity: 120,
      zones: [],
      lanes: [{ lane: "entry", state: "IDLE", mode: "full", trouble: "camera silent" }],
      alarms: 1,
      waiting: 3,
      manifest: 0,
    };
    const told = await cloud.app.request("/api/edge/state", {
      method: "POST",
      headers: { authorization: `Bearer ${EDGE_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(state),
    });
    expect(told.status).toBeLessThan(300);
    const link = await linkOf(FACILITY_ID);
    expect(link).toMatchObject({
      edge: { seq: 2, epoch: 1, last_seen_at: "2026-07-15T12:00:00.000Z" },
      live: { at: "2026-07-15T12:00:00.000Z", state },
      quarantined: 1,
      quarantine: [{ seq: 2, kind: "stay.started", error: expect.stringContaining("stay_id") }],
    });
    expect(seenOf(link)).toEqual([["quarantined", null]]);
    // The other facility's gate has nothing to do with it.
    expect(await linkOf(otherFacility)).toMatchObject({
      edge: { seq: 0 },
      live: null,
      incidents: [],
      quarantined: 0,
    });
  });

  it("is nobody else's to see", async () => {
    expect((await ask(`${FACILITY_ID}/link`, { headers: { cookie: "" } })).status).toBe(401);
    for (const nobodys of [randomUUID(), "nonsense"]) expect((await ask(`${nobodys}/link`)).status).toBe(404);
  });
});

describe("an incident", () => {
  it("is open until somebody has seen it, and those that were seen come last", async () => {
    await happened("fork", "line 7", 1);
    await happened("fenced", "a program", 2);
    await happened("fork", "line 7", 3);
    const before = await linkOf(FACILITY_ID);
    expect(before.incidents).toMatchObject([
      {
        kind: "fork",
        count: 2,
        at: "2026-07-15T11:01:00.000Z",
        last_at: "2026-07-15T11:03:00.000Z",
        seen: null,
      },
      { kind: "fenced", count: 1, seen: null },
    ]);
    const seen = `${FACILITY_ID}/link/incidents/${before.incidents[0]?.id}/seen`;
    expect((await ask(seen, { method: "POST" })).status).toBe(204);
    const after = await linkOf(FACILITY_ID);
    expect(seenOf(after)).toEqual([
      ["fenced", null],
      ["fork", USER.name],
    ]);
    expect(after.incidents[1]?.seen).toEqual({ at: "2026-07-15T12:00:00.000Z", by: USER.name });
    // Once is enough.
    const again = await ask(seen, { method: "POST" });
    expect([again.status, await again.json()]).toMatchObject([404, { code: "no_such_incident" }]);
  });

  it("is marked only at its own facility, from our own page, by somebody who has signed in", async () => {
    await happened("fork", "line 7", 1);
    const [incident] = (await linkOf(FACILITY_ID)).incidents;
    const seen = `link/incidents/${incident?.id}/seen`;
    const status = async (path: string, init: Asked = {}) =>
      (await ask(path, { method: "POST", ...init })).status;
    expect(await status(`${otherFacility}/${seen}`)).toBe(404);
    expect(await status(`${FACILITY_ID}/${seen}`, { headers: { "x-parkme": "" } })).toBe(403);
    expect(await status(`${FACILITY_ID}/${seen}`, { headers: { cookie: "" } })).toBe(401);
    for (const nonsense of ["x", "%00", randomUUID(), "' or 1=1"])
      expect(await status(`${FACILITY_ID}/link/incidents/${nonsense}/seen`)).toBe(404);
    expect(seenOf(await linkOf(FACILITY_ID))).toEqual([["fork", null]]);
  });
});
