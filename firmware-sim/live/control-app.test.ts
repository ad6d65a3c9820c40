import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseSite } from "../site-file.ts";
import type { FaultWish, LiveState, Note } from "./contract.ts";
import { type LiveMode, startLiveMode } from "./live-mode.ts";

const WITHIN = { timeout: 15_000, interval: 20 };
const SITE = `
facility: demo
mqtt: { url: "mqtt://127.0.0.1:9" }
agent: { url: "http://127.0.0.1:9" }
state_file: ./parked.json
arrivals_per_hour: 0
boards:
  - { name: entry-board, transport: mqtt }
  - { name: exit-board, transport: pcless-tcp, port: 0 }
devices:
  - { name: tickets, kind: escpos, listen: "127.0.0.1:0" }
  - { name: cards, kind: zvt, listen: "127.0.0.1:0" }
  - { name: sign, kind: cd5220, listen: "127.0.0.1:0" }
cameras:
  - { name: entry-cam, transport: mqtt }
  - { name: exit-cam, transport: mqtt }
lanes:
  - name: entry
    direction: entry
    camera: entry-cam
    barrier: { board: entry-board, rated_ms: 300 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in5, button: in6 }
    devices: [tickets, sign]
    queue_limit: 2
  - name: exit
    direction: exit
    camera: exit-cam
    barrier: { board: exit-board, rated_ms: 300 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in4 }
    devices: [cards]
network: { cables: [{ name: uplink, listen: "127.0.0.1:0", to: "127.0.0.1:9" }] }
`;

let folder = "";
let live: LiveMode;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-live-"));
  mkdirSync(join(folder, "page", "assets"), { recursive: true });
  writeFileSync(join(folder, "page", "index.html"), `<meta nonce="__CSP_NONCE__" />`);
  writeFileSync(join(folder, "page", "assets", "main.js"), "1;");
  const site = parseSite(SITE, folder);
  if (!site.ok) throw new Error(JSON.stringify(site.error));
  live = await startLiveMode({
    site: site.value,
    control: { host: "127.0.0.1", port: 0 },
    pageFolder: join(folder, "page"),
  });
});
afterAll(async () => {
  await live.stop();
  rmSync(folder, { recursive: true });
});

const JSON_TYPE = { "content-type": "application/json" };

async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(`${live.url}${path}`, { method: "POST", headers, body: text });
  const said = await answer.text();
  return { status: answer.status, body: said === "" ? null : (JSON.parse(said) as Record<string, unknown>) };
}

async function state(): Promise<LiveState> {
  return (await (await fetch(`${live.url}/state`)).json()) as LiveState;
}

async function faultOf(target: string, what: string): Promise<boolean | null | undefined> {
  const thing = (await state()).things.find((one) => one.target === target);
  return thing?.faults.find((fault) => fault.what === what)?.on;
}

/** The status of a request with headers that `fetch` would not send. */
function statusOf(path: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(`${live.url}${path}`, { method, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    asking.on("error", reject);
    asking.end(method === "POST" ? "{}" : undefined);
  });
}

describe("the control interface", () => {
  it("shows the world with its lanes, things and counters", async () => {
    const seen = await state();
    expect(seen).toMatchObject({ facility: "demo", speed: 1, paused: false, capacity: 100, inside: [] });
    expect(seen.lanes[0]).toMatchObject({
      name: "entry",
      direction: "entry",
      arm: { position: 0, motion: "still" },
      stop_line_m: -1.2,
    });
    expect(seen.lanes[0]?.contacts).toContainEqual({
      input: "arming",
      span: { from_m: -4, to_m: -2 },
      on: false,
      covered: false,
      stuck: null,
    });
    expect(seen.counters).toEqual({ inside: 0, in: 0, out: 0, drove_on: 0, backed_out: 0, arm_hits: 0 });
    const targets = seen.things.map(({ target }) => target);
    expect(new Set(targets).size).toBe(targets.length);
    expect(targets).toEqual(
      expect.arrayContaining([
        "entry/arm",
        "board/exit-board",
        "camera/entry-cam",
        "device/cards",
        "cable/uplink",
      ]),
    );
  });

  it("can do and mend every fault of every thing", async () => {
    for (const { target, faults } of (await state()).things) {
      for (const { what, on } of faults) {
        expect(await post("/faults", { target, what })).toMatchObject({
          status: 204,
        });
        expect([target, what, await faultOf(target, what)]).toEqual([
          target,
          what,
          on === null ? null : true,
        ]);
        if (on === null) continue;
        expect(await post("/faults", { target, what, on: false })).toMatchObject({ status: 204 });
        expect([target, what, await faultOf(target, what)]).toEqual([target, what, false]);
      }
    }
  });

  it("covers loops, sticks them, jams arms, empties printers, cuts cables", async () => {
    const { wiring, world, boards, devices } = live.simulator;
    const board = boards.get("entry-board")?.board;
    const level = (input: string): boolean | undefined => board?.inputs()[input];
    const fault = (target: string, what: string, on = true) => post("/faults", { target, what, on });

    await fault("entry/safety", "cover");
    await vi.waitUntil(() => level("in2") === true, WITHIN);
    await fault("entry/safety", "stuck_off");
    await vi.waitUntil(() => level("in2") === false, WITHIN);
    await fault("entry/safety", "stuck_on");
    expect(await faultOf("entry/safety", "stuck_off")).toBe(false);
    await vi.waitUntil(() => level("in2") === true, WITHIN);
    await fault("entry/button", "cover");
    await vi.waitUntil(() => level("in6") === true, WITHIN);
    await fault("device/tickets", "paper_out");
    await fault("device/tickets", "jam");
    expect(devices.get("tickets")?.device.state()).toMatchObject({ paper: "out", isJammed: true });
    await fault("cable/uplink", "cut");
    await fault("cable/uplink", "stall");
    expect(devices.get("uplink")?.device.state()).toMatchObject({ state: "stalled" });

    await fault("entry/arm", "jam");
    world.gates.get("entry")?.relay("open", true);
    expect((await fetch(`${live.url}/faults`, { method: "DELETE" })).status).toBe(204);
    await vi.waitUntil(() => world.gates.get("entry")?.arm().position === 1, WITHIN);
    world.gates.get("entry")?.relay("close", true);
    await vi.waitUntil(() => world.gates.get("entry")?.arm().position === 0, WITHIN);
    expect((await state()).things.flatMap(({ faults }) => faults.filter(({ on }) => on === true))).toEqual(
      [],
    );
    expect(wiring.contactsOf("entry").filter(({ isCovered }) => isCovered)).toEqual([]);
    expect(devices.get("tickets")?.device.state()).toMatchObject({ paper: "ok", isJammed: false });
    expect(devices.get("uplink")?.device.state()).toMatchObject({ state: "whole" });
  });

  it("sends vehicles to the lane that is named, as often as there is room, and each plate once", async () => {
    const { world } = live.simulator;
    expect(await post("/vehicles", { plate: "ABC 123", lane: "entry", kind: "van" })).toEqual({
      status: 201,
      body: { plate: "ABC123", lane: "entry" },
    });
    expect((await state()).lanes[0]?.vehicles).toMatchObject([{ plate: "ABC 123", kind: "van" }]);
    expect(await post("/vehicles", { plate: "abc123" })).toMatchObject({
      status: 409,
      body: { code: "present", field: "plate" },
    });
    expect(await post("/vehicles", { plate: "ABC124", lane: "nowhere" })).toMatchObject({
      status: 404,
      body: { code: "no_lane", field: "lane" },
    });
    await post("/vehicles", { plate: "ABC125", script: "back_out", stay_minutes: 3 });
    expect(await post("/vehicles", { plate: "ABC126", lane: "entry" })).toMatchObject({
      status: 409,
      body: { code: "drove_on" },
    });
    const wrongWay = { plate: "WRG 1", script: "wrong_way" };
    expect(await post("/vehicles", { ...wrongWay, lane: "entry" })).toMatchObject({
      status: 409,
      body: { code: "no_exit" },
    });
    expect(await post("/vehicles", { ...wrongWay, lane: "exit" })).toMatchObject({ status: 201 });
    expect((await state()).lanes[1]?.vehicles).toMatchObject([{ plate: "WRG 1", wrong_way: true }]);
    expect(await post("/vehicles", { plate: "WRG 2", script: "wrong_way", lane: "exit" })).toMatchObject({
      status: 409,
      body: { code: "queue_full" },
    });
    expect(await post("/vehicles", { plate: "EXT 1", lane: "exit" })).toMatchObject({ status: 201 });
    expect(world.gates.get("exit")?.vehicles()).toMatchObject([
      { vehicle: { plate: { text: "WRG1" } } },
      { vehicle: { plate: { text: "EXT1" } } },
    ]);
    expect(await post("/vehicles/ABC123/depart", {})).toMatchObject({
      status: 404,
      body: { code: "not_parked" },
    });
    expect(await post("/vehicles/ABC123/depart", { lane: "entry" })).toMatchObject({
      status: 404,
      body: { code: "no_lane" },
    });
  });

  it("changes the speed, and lets the world stand still and go on", async () => {
    expect(await post("/speed", { speed: 25 })).toMatchObject({ status: 204 });
    expect(await post("/pause", { paused: true })).toMatchObject({ status: 204 });
    const before = await state();
    expect(before).toMatchObject({ speed: 25, paused: true });
    await new Promise((done) => setTimeout(done, 120));
    expect((await state()).world_ms).toBe(before.world_ms);
    await post("/pause", { paused: false });
    await vi.waitUntil(async () => (await state()).world_ms > before.world_ms, WITHIN);
  });

  it("tells what happens as it happens", async () => {
    const ending = new AbortController();
    const answer = await fetch(`${live.url}/events`, { signal: ending.signal });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    const listening = (async () => {
      while (!ending.signal.aborted) heard += (await reader?.read())?.value ?? "";
    })().catch(() => undefined);
    await vi.waitUntil(() => heard.includes("event: state"), WITHIN);
    await post("/faults", { target: "camera/exit-cam", what: "dead" } satisfies FaultWish);
    await vi.waitUntil(() => heard.includes("exit-cam: dead"), WITHIN);
    ending.abort();
    await listening;
    const line = heard.split("\n").find((text) => text.includes("exit-cam: dead")) ?? "";
    expect(JSON.parse(line.slice("data:".length)) as Note).toMatchObject({ kind: "fault" });
  });
});

describe("the control interface refuses", () => {
  it.each([
    ["/faults", "", 400, "invalid_body"],
    ["/faults", "{", 400, "invalid_body"],
    ["/faults", "[]", 400, "invalid_body"],
    ["/faults", { target: "entry/arm" }, 400, "invalid_body"],
    ["/faults", { target: "entry/arm", what: "jam", on: "yes" }, 400, "invalid_body"],
    ["/faults", { target: "entry/arm", what: "jam", more: 1 }, 400, "invalid_body"],
    ["/faults", { target: "entry/arm", what: "__proto__" }, 404, "no_fault"],
    ["/faults", { target: "constructor", what: "jam" }, 404, "no_thing"],
    ["/faults", { target: "board/entry-board", what: "reboot", on: false }, 409, "over_at_once"],
    ["/vehicles", { plate: "" }, 400, "invalid_body"],
    ["/vehicles", { plate: "--" }, 400, "invalid_body"],
    ["/vehicles", { plate: "<b>1</b>" }, 400, "invalid_body"],
    ["/vehicles", { plate: "A".repeat(21) }, 400, "invalid_body"],
    ["/vehicles", { plate: "AB 1", kind: "tank" }, 400, "invalid_body"],
    ["/vehicles", { plate: "AB 1", script: "flies" }, 400, "invalid_body"],
    ["/vehicles", { plate: "AB 1", stay_minutes: -1 }, 400, "invalid_body"],
    ["/vehicles/%00/depart", {}, 404, "not_parked"],
    ["/speed", { speed: 0 }, 400, "invalid_body"],
    ["/speed", { speed: 101 }, 400, "invalid_body"],
    ["/speed", '{"speed":1e999}', 400, "invalid_body"],
    ["/pause", { paused: null }, 400, "invalid_body"],
    ["/nothing", {}, 404, "not_found"],
  ])("%s %j", async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { status, code } });
  });

  it("bodies that nobody needs", async () => {
    const long = JSON.stringify({ paused: true, x: "x".repeat(5_000) });
    expect(await post("/pause", long)).toMatchObject({ status: 413, body: { code: "too_large" } });
  });

  it("what a web page elsewhere can send", async () => {
    const wish = { paused: true };
    const plain = await post("/pause", wish, { "content-type": "text/plain" });
    expect(plain).toMatchObject({ status: 415, body: { code: "not_json" } });
    for (const origin of ["http://evil.test", "null", live.url.replace("http:", "https:")]) {
      const refused = await post("/pause", wish, { ...JSON_TYPE, origin });
      expect(refused).toMatchObject({ status: 403, body: { code: "foreign_page" } });
    }
    expect(await statusOf("/faults", "DELETE", { origin: "http://evil.test" })).toBe(403);
    expect(await statusOf("/state", "GET", { host: "evil.test" })).toBe(403);
    expect(
      await statusOf("/pause", "POST", {
        host: "evil.test:8090",
        origin: "http://evil.test:8090",
        ...JSON_TYPE,
      }),
    ).toBe(403);
    expect((await state()).paused).toBe(false);
    expect(await post("/pause", { paused: false }, { ...JSON_TYPE, origin: live.url })).toMatchObject({
      status: 204,
    });
  });
});

describe("the control page", () => {
  it("comes with a strict policy and a nonce of its own each time", async () => {
    const [one, other] = await Promise.all([fetch(live.url), fetch(live.url)]);
    const policy = one.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline");
    const nonce = /nonce="([^"]+)"/.exec(await one.text())?.[1] ?? "";
    expect(nonce).not.toBe("__CSP_NONCE__");
    expect(policy).toContain(`'nonce-${nonce}'`);
    expect(await other.text()).not.toContain(nonce);
    expect((await fetch(`${live.url}/assets/main.js`)).status).toBe(200);
    expect(await statusOf("/assets/../index.html", "GET", {})).toBe(404);
  });
});
