import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { alarmsSchema } from "@parkme/shared/protocol/kiosk";
import { problemOf } from "./testing/calls.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
let cookie: string;
beforeEach(async () => {
  kiosk = await startKiosk();
  cookie = await kiosk.signedIn();
});
afterEach(() => kiosk.stop());

const post = (path: string, body?: object) =>
  kiosk.call(path, { cookie, ...(body === undefined ? {} : { body }) });
const logged = (kind: string) =>
  kiosk.store
    .logAfter(0, 100)
    .filter((event) => event.kind === kind)
    .map(({ payload }) => payload);

describe("setting a mode", () => {
  const mode = (over: object) => post("/api/modes", { ...MODE, ...over });
  const MODE = { scope: "lane", name: "entry", mode: "closed", reason: " snow " };
  const inForce = () => [...kiosk.gate.lanes.values()].map(({ runner }) => runner.lane().mode);

  it("reaches the lanes it is for, and is kept with reason and name", async () => {
    expect(inForce()).toEqual(["open", "open", "open"]);
    expect((await mode({})).status).toBe(200);
    expect(inForce()).toEqual(["closed", "open", "open"]);
    // A closed facility lets everybody out.
    expect((await mode({ scope: "facility", name: "demo", mode: "closed_to_all" })).status).toBe(200);
    expect(inForce()).toEqual(["closed_to_all", "open", "closed_to_all"]);
    expect((await mode({ scope: "facility", name: "demo", mode: "open" })).status).toBe(200);
    expect(inForce()).toEqual(["closed", "open", "open"]);
    expect(logged("mode.changed")[0]).toMatchObject({
      scope: "lane",
      name: "entry",
      mode: "closed",
      actor: "alex",
      reason: "snow",
    });
  });

  it("is refused for a place that there is not, and for a mode that is none", async () => {
    for (const [scope, name] of [
      ["lane", "roof"],
      ["zone", "roof"],
      ["zone", "__proto__"],
      ["facility", "other"],
    ]) {
      const refused = await problemOf(await mode({ scope, name }));
      expect(refused).toMatchObject({ status: 404, code: "unknown_place", field: "name" });
    }
    for (const [over, field] of [
      [{ mode: "shut" }, "mode"],
      [{ scope: "floor" }, "scope"],
      [{ reason: "ok" }, "reason"],
    ] as const) {
      expect(await problemOf(await mode(over))).toMatchObject({ status: 400, field });
    }
    expect(kiosk.store.modes()).toEqual([]);
  });
});

describe("correcting a count", () => {
  const count = (over: object) =>
    post("/api/counts", {
      zone: null,
      count: 5,
      reason: "counted by hand",
      idempotency_key: randomUUID(),
      ...over,
    });

  it("sets the facility's or a zone's count, once for one key", async () => {
    kiosk.addStay("BAB1234");
    const idempotency_key = randomUUID();
    expect((await count({ idempotency_key })).status).toBe(200);
    expect(kiosk.store.inside()).toBe(5);
    kiosk.addStay("BAB5678");
    // Sent again because its answer got lost: the vehicle that came in since stays counted.
    expect((await count({ idempotency_key })).status).toBe(200);
    expect(kiosk.store.inside()).toBe(6);
    expect((await count({ zone: "level-1", count: 0 })).status).toBe(200);
    expect(kiosk.store.occupancy(Date.now()).get("level-1")?.inside).toBe(0);
    expect(logged("count.corrected")).toEqual([
      expect.objectContaining({ zone: null, before: 1, after: 5, actor: "alex", reason: "counted by hand" }),
      expect.objectContaining({ zone: "level-1", after: 0 }),
    ]);
  });

  it.each([
    [{ zone: "roof" }, 404, "zone"],
    [{ count: -1 }, 400, "count"],
    [{ count: 1_000_000 }, 400, "count"],
    [{ count: "5" }, 400, "count"],
    [{ reason: "" }, 400, "reason"],
    [{ idempotency_key: "again" }, 400, "idempotency_key"],
  ])("refuses %j and names the field", async (over, status, field) => {
    expect(await problemOf(await count(over))).toMatchObject({ status, field });
    expect(kiosk.store.inside()).toBe(0);
  });
});

describe("resetting anti-passback", () => {
  it("forgives the stays that are open, once for one key", async () => {
    kiosk.addStay("BAB1234");
    const body = { reason: "after the concert", idempotency_key: randomUUID() };
    for (let i = 0; i < 2; i++) expect((await post("/api/passback/reset", body)).status).toBe(200);
    expect(logged("passback.reset")).toEqual([
      expect.objectContaining({ actor: "alex", reason: "after the concert", stays: 1 }),
    ]);
    const refused = await problemOf(await post("/api/passback/reset", { ...body, reason: "x" }));
    expect(refused).toMatchObject({ status: 400, field: "reason" });
  });
});

describe("alarms", () => {
  async function alarms(query = "") {
    const response = await kiosk.get(`/api/alarms${query}`, cookie);
    expect(response.status).toBe(200);
    return alarmsSchema.parse(await response.json()).alarms;
  }

  it("are acknowledged by name, and the first who did so stands", async () => {
    kiosk.raise("exit", "tailgate", "a vehicle followed");
    const [alarm] = await alarms();
    expect(alarm).toMatchObject({ lane: "exit", kind: "tailgate", acknowledged_at: null });
    for (let i = 0; i < 2; i++)
      expect((await post(`/api/alarms/${alarm?.alarm_id ?? ""}/ack`)).status).toBe(200);
    expect((await alarms())[0]).toMatchObject({
      alarm_id: alarm?.alarm_id,
      acknowledged_by: "alex",
      acknowledged_at: expect.any(String),
    });
    expect(logged("alarm.acknowledged")).toHaveLength(1);
  });

  it("that do not exist cannot be acknowledged", async () => {
    for (const id of ["1", randomUUID(), "%27%20or%201=1", "x".repeat(300)]) {
      const refused = await problemOf(await post(`/api/alarms/${id}/ack`));
      expect(refused).toMatchObject({ status: 404, code: "unknown_alarm" });
    }
  });

  it("are told newest first, over or not, as many as are asked for", async () => {
    kiosk.raise("entry", "printer", "paper out");
    kiosk.alarmOver("entry", "printer");
    for (let i = 0; i < 60; i++) kiosk.raise("exit", "wrong_way", String(i));
    expect((await alarms("?limit=2")).map(({ detail }) => detail)).toEqual(["59", "58"]);
    expect(await alarms()).toHaveLength(50);
    expect((await alarms("?limit=200")).at(-1)).toMatchObject({
      kind: "printer",
      ended_at: expect.any(String),
    });
  });

  it.each(["0", "201", "-1", "1.5", "all", "", "1e9"])("refuses a limit of %j", async (limit) => {
    const refused = await problemOf(await kiosk.get(`/api/alarms?limit=${limit}`, cookie));
    expect(refused).toMatchObject({ status: 400, code: "invalid_query", field: "limit" });
  });
});
