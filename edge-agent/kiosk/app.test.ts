import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kioskSnapshotSchema, type KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { until } from "../devices/testing/until.ts";
import { PIN, pushBody, CAMERA_KEY, startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

type Options = { cookie?: string; body?: unknown; headers?: Record<string, string>; method?: string };

/** A call as the page makes it. */
function call(path: string, { cookie, body, headers, method = "POST" }: Options = {}): Promise<Response> {
  return fetch(new URL(path, kiosk.url), {
    method,
    headers: { "x-parkme": "1", ...(cookie === undefined ? {} : { cookie }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

const get = (path: string, cookie?: string) =>
  call(path, cookie === undefined ? { method: "GET" } : { method: "GET", cookie });
const signIn = (name = "alex", pin = PIN) => call("/api/session", { body: { name, pin } });

async function signedIn(): Promise<string> {
  const response = await signIn();
  expect(response.status).toBe(204);
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

async function problemOf(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as { status: number; code: string; field?: string; detail: string };
  expect(problem.status).toBe(response.status);
  expect(problem.detail).not.toBe("");
  return problem;
}

const state = (lane: string) => kiosk.gate.lanes.get(lane)?.runner.lane().state;

/** A vehicle with an open stay stands at the exit and is asked to pay 12.00 EUR. */
async function payingVehicle(plate = "BAB1234"): Promise<string> {
  const stayId = kiosk.addStay(plate);
  kiosk.report("exit-board", false, false, true);
  kiosk.report("exit-board", true, false, true);
  await until(() => state("exit") === "ARMED", "the lane to arm");
  const { contentType, body } = pushBody(plate, randomUUID());
  const pushed = await fetch(new URL(`/cameras/exit-cam/${CAMERA_KEY}`, kiosk.url), {
    method: "POST",
    headers: { "content-type": contentType },
    body: new Uint8Array(body),
  });
  expect(pushed.status).toBe(200);
  await until(() => state("exit") === "PAYING", "the lane to ask for money");
  return stayId;
}

/** What the exit board was told to do. */
const openings = () =>
  kiosk.bus.published.filter(
    ({ topic, document }) => topic.endsWith("/exit-board/cmd") && document["action"] === "open",
  );

describe("signing in", () => {
  it("gives a cookie that scripts and other sites cannot use, for a shift", async () => {
    const response = await signIn(" ALEX ");
    expect(response.status).toBe(204);
    const cookie = response.headers.getSetCookie();
    expect(cookie).toHaveLength(1);
    expect(cookie[0]).toMatch(
      /^parkme_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const session = await get("/api/session", cookie[0]?.split(";")[0]);
    expect(await session.json()).toEqual({ name: "alex" });
  });

  it("gives another token each time", async () => {
    expect(await signedIn()).not.toBe(await signedIn());
  });

  it.each([
    ["a wrong PIN", "alex", "000000"],
    ["an unknown name", "mallory", PIN],
    ["an object's own name", "__proto__", PIN],
  ])("is refused with %s, and does not say which was wrong", async (_what, name, pin) => {
    const response = await signIn(name, pin);
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await problemOf(response)).toMatchObject({ code: "wrong_pin" });
  });

  it("is refused for a minute after five wrong PINs, even with the right one", async () => {
    for (let i = 0; i < 5; i++) expect((await signIn("alex", `wrong${i}`)).status).toBe(401);
    const refused = await signIn();
    expect(refused.status).toBe(429);
    expect(await problemOf(refused)).toMatchObject({ code: "too_many_attempts" });
    kiosk.skipMs(60_000);
    expect((await signIn()).status).toBe(204);
  });

  it("does not let who has a PIN guess others' in between", async () => {
    for (let i = 0; i < 4; i++) expect((await signIn("boss", `wrong${i}`)).status).toBe(401);
    expect((await signIn()).status).toBe(204);
    expect((await signIn("boss", "wrong4")).status).toBe(401);
    expect((await signIn("boss", "wrong5")).status).toBe(429);
  });

  it.each([
    ["no body", undefined, undefined],
    ["no JSON", "{", undefined],
    ["no name", { pin: PIN }, "name"],
    ["a PIN that is a number", { name: "alex", pin: 481516 }, "pin"],
    ["an empty PIN", { name: "alex", pin: "" }, "pin"],
    ["a PIN without end", { name: "alex", pin: "x".repeat(61) }, "pin"],
    ["a list", ["alex", PIN], undefined],
    ["null", "null", undefined],
  ])("is refused with %s, and names the field", async (_what, body, field) => {
    const response = await call("/api/session", body === undefined ? {} : { body });
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe("invalid_body");
    expect(problem.field).toBe(field);
  });

  it("ends with signing out", async () => {
    const cookie = await signedIn();
    const out = await call("/api/session", { method: "DELETE", cookie });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()[0]).toMatch(/^parkme_session=; Max-Age=0; Path=\//);
    expect((await get("/api/session", cookie)).status).toBe(401);
  });

  it("ends after a shift", async () => {
    const cookie = await signedIn();
    kiosk.skipMs(12 * 3_600_000 - 60_000);
    expect((await get("/api/session", cookie)).status).toBe(200);
    kiosk.skipMs(60_001);
    expect((await get("/api/session", cookie)).status).toBe(401);
  });
});

describe("a request", () => {
  it.each([
    ["GET", "/api/session"],
    ["GET", "/api/live"],
    ["GET", "/api/images/019ab3c4-0000-7000-8000-000000000001"],
    ["POST", "/api/lanes/exit/cash"],
    ["POST", "/api/lanes/exit/vend"],
    ["POST", "/api/lanes/exit/reset"],
    ["GET", "/api/nothing"],
  ])("%s %s needs a session", async (method, path) => {
    for (const cookie of [undefined, "parkme_session=", `parkme_session=${"A".repeat(43)}`, "other=1"]) {
      const response = await call(path, cookie === undefined ? { method } : { method, cookie });
      expect(response.status).toBe(401);
      expect(await problemOf(response)).toMatchObject({ code: "signed_out" });
    }
  });

  it.each([
    ["POST", "/api/session"],
    ["DELETE", "/api/session"],
    ["POST", "/api/lanes/exit/vend"],
  ])("%s %s of a foreign page is refused", async (method, path) => {
    const cookie = await signedIn();
    for (const value of ["0", ""]) {
      const response = await call(path, { method, cookie, headers: { "x-parkme": value }, body: "{}" });
      expect(response.status).toBe(403);
      expect(await problemOf(response)).toMatchObject({ code: "foreign_page" });
    }
    const bare = await fetch(new URL(path, kiosk.url), { method, headers: { cookie } });
    expect(bare.status).toBe(403);
    expect((await get("/api/session", cookie)).status).toBe(200);
  });

  it("that is too long is refused, whether it says so or not", async () => {
    const cookie = await signedIn();
    const body = JSON.stringify({ reason: "x".repeat(20_000) });
    const response = await call("/api/lanes/exit/vend", { cookie, body });
    expect(response.status).toBe(413);
    expect(await problemOf(response)).toMatchObject({ code: "too_large" });
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(
        `${kiosk.url}/api/session`,
        { method: "POST", headers: { "x-parkme": "1", "transfer-encoding": "chunked" } },
        (incoming) => resolve(incoming.resume().statusCode),
      );
      outgoing.on("error", reject);
      outgoing.write("x".repeat(10_000));
      outgoing.end("x".repeat(10_000));
    });
    expect(chunked).toBe(413);
  });

  it("for what is not there is answered 404", async () => {
    const cookie = await signedIn();
    expect(await problemOf(await get("/api/nothing", cookie))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect(await problemOf(await get("/nothing"))).toMatchObject({ status: 404, code: "not_found" });
    const body = { reason: "lost ticket", idempotency_key: randomUUID() };
    for (const lane of ["roof", "__proto__", "%2e%2e"])
      for (const action of ["cash", "vend", "reset"]) {
        const response = await call(`/api/lanes/${lane}/${action}`, { cookie, body });
        expect(await problemOf(response)).toMatchObject({ status: 404 });
      }
  });

  it("that breaks something is logged, and tells nothing of it", async () => {
    const cookie = await signedIn();
    kiosk.store.close();
    const response = await call("/api/lanes/exit/vend", {
      cookie,
      body: { reason: "lost ticket", idempotency_key: randomUUID() },
    });
    expect(await problemOf(response)).toMatchObject({
      status: 500,
      code: "internal",
      title: "Internal Server Error",
    });
    expect(kiosk.logged).toContainEqual(
      expect.objectContaining({ level: "error", message: "request failed" }),
    );
  });
});

describe("taking cash", () => {
  it("opens the arm, gives change, and takes the money once however often it is asked", async () => {
    const cookie = await signedIn();
    const stayId = await payingVehicle();
    const body = {
      stay_id: stayId,
      amount_minor: 1_200,
      tendered_minor: 2_000,
      idempotency_key: randomUUID(),
    };
    const first = await call("/api/lanes/exit/cash", { cookie, body });
    expect(first.status).toBe(200);
    const taken = (await first.json()) as { payment_id: string; change_minor: number };
    expect(taken).toEqual({ payment_id: expect.any(String), change_minor: 800 });
    expect(openings()).toHaveLength(1);
    const again = await Promise.all(
      Array.from({ length: 5 }, () => call("/api/lanes/exit/cash", { cookie, body })),
    );
    for (const response of again) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual(taken);
    }
    expect(kiosk.store.totalsSince(0).cashMinor).toBe(1_200);
    expect(openings()).toHaveLength(1);
    expect(kiosk.logged).toContainEqual(
      expect.objectContaining({ message: "cash taken", fields: expect.objectContaining({ actor: "alex" }) }),
    );
  });

  it("takes the money once when two pages ask at the same time", async () => {
    const cookie = await signedIn();
    const stayId = await payingVehicle();
    const ask = (idempotency_key: string) =>
      call("/api/lanes/exit/cash", {
        cookie,
        body: { stay_id: stayId, amount_minor: 1_200, tendered_minor: 1_200, idempotency_key },
      });
    const statuses = (await Promise.all([ask(randomUUID()), ask(randomUUID())])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    expect(kiosk.store.totalsSince(0).cashMinor).toBe(1_200);
    expect(openings()).toHaveLength(1);
  });

  it("takes nothing that is too little, for another stay, or for nobody", async () => {
    const cookie = await signedIn();
    const idle = await call("/api/lanes/entry/cash", {
      cookie,
      body: {
        stay_id: randomUUID(),
        amount_minor: 1_200,
        tendered_minor: 1_200,
        idempotency_key: randomUUID(),
      },
    });
    expect(await problemOf(idle)).toMatchObject({ status: 409 });
    const stayId = await payingVehicle();
    const ask = (stay_id: string, tendered_minor: number, amount_minor = 1_200) =>
      call("/api/lanes/exit/cash", {
        cookie,
        body: { stay_id, amount_minor, tendered_minor, idempotency_key: randomUUID() },
      });
    expect(await problemOf(await ask(stayId, 1_199))).toMatchObject({ status: 409, code: "too_little" });
    expect(await problemOf(await ask(stayId, 2_000, 1_100))).toMatchObject({
      status: 409,
      code: "fee_changed",
    });
    expect(await problemOf(await ask(randomUUID(), 1_200))).toMatchObject({
      status: 409,
      code: "other_stay",
    });
    expect(kiosk.store.totalsSince(0).cashMinor).toBe(0);
    expect(openings()).toHaveLength(0);
    expect((await ask(stayId.toUpperCase(), 1_200)).status).toBe(200);
  });

  it.each([
    [{ stay_id: "1" }, "stay_id"],
    [{ stay_id: "00000000-0000-0000-0000-000000000000" }, "stay_id"],
    [{ tendered_minor: -1 }, "tendered_minor"],
    [{ tendered_minor: 12.5 }, "tendered_minor"],
    [{ tendered_minor: "1200" }, "tendered_minor"],
    [{ tendered_minor: 1e12 }, "tendered_minor"],
    [{ idempotency_key: "again" }, "idempotency_key"],
  ])("refuses %j and names the field", async (over, field) => {
    const cookie = await signedIn();
    const body = {
      stay_id: randomUUID(),
      amount_minor: 1_200,
      tendered_minor: 1,
      idempotency_key: randomUUID(),
      ...over,
    };
    const response = await call("/api/lanes/exit/cash", { cookie, body });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "invalid_body", field });
  });
});

describe("vending", () => {
  it("opens once for one key, with the reason and the name written down", async () => {
    const cookie = await signedIn();
    await payingVehicle();
    const body = { reason: "  lost ticket ", idempotency_key: randomUUID() };
    for (let i = 0; i < 3; i++) {
      const response = await call("/api/lanes/exit/vend", { cookie, body });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ done: true });
    }
    expect(openings()).toHaveLength(1);
    const vends = kiosk.store.logAfter(0, 100).filter(({ kind }) => kind === "vend.granted");
    expect(vends.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ actor: "alex", reason: "lost ticket", lane: "exit" }),
    ]);
  });

  it("needs a reason", async () => {
    const cookie = await signedIn();
    await payingVehicle();
    for (const reason of [undefined, "", "   ", "ok", "x".repeat(201), 7]) {
      const response = await call("/api/lanes/exit/vend", {
        cookie,
        body: { reason, idempotency_key: randomUUID() },
      });
      expect(await problemOf(response)).toMatchObject({ status: 400, field: "reason" });
    }
    expect(openings()).toHaveLength(0);
  });

  it("opens for a vehicle only, and says why not", async () => {
    const cookie = await signedIn();
    const vend = () =>
      call("/api/lanes/exit/vend", {
        cookie,
        body: { reason: "lost ticket", idempotency_key: randomUUID() },
      });
    const unproven = await problemOf(await vend());
    expect(unproven).toMatchObject({ status: 409, code: "lane_unknown" });
    kiosk.report("exit-board", false, false, true);
    await until(() => state("exit") === "IDLE", "the lane to be proven");
    expect(await problemOf(await vend())).toMatchObject({ status: 409, code: "no_vehicle" });
    expect(openings()).toHaveLength(0);
  });
});

describe("resetting", () => {
  it("needs a reason and a fault", async () => {
    const cookie = await signedIn();
    const missing = await call("/api/lanes/exit/reset", { cookie, body: {} });
    expect(await problemOf(missing)).toMatchObject({ status: 400, field: "reason" });
    kiosk.report("exit-board", false, false, true);
    await until(() => state("exit") === "IDLE", "the lane to be proven");
    const healthy = await call("/api/lanes/exit/reset", { cookie, body: { reason: "looked at it" } });
    expect(await problemOf(healthy)).toMatchObject({ status: 409, code: "no_fault" });
  });
});

describe("pictures", () => {
  it("are shown to who is signed in, and kept by nobody in between", async () => {
    const cookie = await signedIn();
    const id = kiosk.pictures.save(Uint8Array.from([0xff, 0xd8, 0xff, 1]), Date.now());
    const response = await get(`/api/images/${id}`, cookie);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    expect(response.headers.get("cache-control")).toMatch(/^private/);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([0xff, 0xd8, 0xff, 1]));
  });

  it.each([
    "019ab3c4-0000-7000-8000-000000000001",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "..%2f..%2foutside.txt",
    "%2e%2e%2f%2e%2e%2foutside.txt",
    "..%5c..%5coutside.txt",
    "..%2foutside.txt%00.jpg",
    "%2fetc%2fpasswd",
    "019AB3C4-0000-7000-8000-000000000001",
    "%",
    "x".repeat(4_000),
  ])("that are none are not found: %s", async (id) => {
    const cookie = await signedIn();
    const response = await get(`/api/images/${id}`, cookie);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain("not for everybody");
  });
});

describe("the page", () => {
  it("is served with its parts, which browsers may keep for ever", async () => {
    const page = await get("/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await page.text()).toContain("<title>Kiosk</title>");
    const part = await get("/assets/index-1.js");
    expect(part.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const missing = await get("/assets/gone.js");
    expect(missing.status).toBe(404);
    expect(missing.headers.get("cache-control")).toBeNull();
  });

  it("is all that is served", async () => {
    for (const path of [
      "/../outside.txt",
      "/%2e%2e/outside.txt",
      "/..%2foutside.txt",
      "/assets/..%2f..%2foutside.txt",
      "/..%5coutside.txt",
      "/../gate.db",
    ]) {
      // `fetch` would tidy the path up before it sends it.
      const [status, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
        const outgoing = request({ host: "127.0.0.1", port: kiosk.port, path }, (incoming) => {
          let body = "";
          incoming.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
          incoming.on("end", () => resolve([incoming.statusCode, body]));
        });
        outgoing.on("error", reject);
        outgoing.end();
      });
      expect([400, 404]).toContain(status);
      expect(text).not.toContain("not for everybody");
    }
  });

  it.each(["/", "/api/session", "/healthz", "/cameras/a/b", "/nothing"])(
    "%s carries the headers of a careful server",
    async (path) => {
      const { headers } = await get(path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of [
        "default-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ])
        expect(policy).toContain(part);
      expect(policy).not.toContain("unsafe-eval");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("strict-transport-security")).toBeNull();
      expect(headers.get("x-powered-by")).toBeNull();
    },
  );
});

describe("monitoring", () => {
  it("tells that the agent lives, and whether it can serve", async () => {
    expect(await (await get("/healthz")).json()).toEqual({ status: "ok" });
    expect((await get("/readyz")).status).toBe(200);
    kiosk.setUnready("the MQTT broker is not connected");
    const unready = await get("/readyz");
    expect(unready.status).toBe(503);
    expect(await unready.json()).toEqual({ status: "unready", detail: "the MQTT broker is not connected" });
    expect((await get("/healthz")).status).toBe(200);
  });

  it("counts what the cameras do wrong", async () => {
    await call("/cameras/exit-cam/wrong", { body: "x" });
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toContain('parkme_device_events_total{event="camera_push_unknown"} 1');
  });
});

/** Reads one stream of server-sent events. */
async function openLive(cookie: string) {
  const abort = new AbortController();
  const response = await fetch(new URL("/api/live", kiosk.url), {
    headers: { cookie },
    signal: abort.signal,
  });
  const snapshots: KioskSnapshot[] = [];
  const events: string[] = [];
  let ended = false;
  const reading = (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [event = "", data = ""] = block.split("\n");
        events.push(event);
        snapshots.push(kioskSnapshotSchema.parse(JSON.parse(data.replace(/^data: /, ""))));
      }
    }
  })().then(
    () => (ended = true),
    () => (ended = true),
  );
  return {
    response,
    snapshots,
    events,
    ended: () => ended,
    close: async () => {
      abort.abort();
      await reading;
    },
  };
}

describe("the live stream", () => {
  it("begins at once, follows every change, and ends after signing out", async () => {
    const cookie = await signedIn();
    const live = await openLive(cookie);
    expect(live.response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    await until(() => live.snapshots.length > 0, "the first snapshot");
    expect(live.events[0]).toBe("event: snapshot");
    expect(live.snapshots[0]).toMatchObject({
      facility: { slug: "demo", currency: "EUR", minor_digits: 2, capacity: 10 },
      cloud: null,
      inside: 0,
    });
    expect(live.snapshots[0]?.lanes.map(({ lane, state }) => [lane, state])).toEqual([
      ["entry", "UNKNOWN"],
      ["exit", "UNKNOWN"],
    ]);

    const stayId = await payingVehicle();
    const exit = () => live.snapshots.at(-1)?.lanes[1];
    await until(() => exit()?.state === "PAYING", "the payment on the page");
    expect(exit()).toMatchObject({
      display: "Please pay 12.00 EUR",
      read: { plate: "BAB1234", confidence: 0.97, camera: "exit-cam" },
      stay: { stay_id: stayId, fee: { amount_minor: 1_200, applied_rule: "Flat Rate" } },
      inputs: { arming: "on", safety: "off", closing: "absent", closed_limit: "on" },
    });
    expect((await get(exit()?.read?.image_url ?? "", cookie)).status).toBe(200);
    expect(live.snapshots.at(-1)).toMatchObject({ inside: 1, today: { out: 0, cash_minor: 0 } });
    expect(live.snapshots.at(-1)?.movements).toHaveLength(1);

    expect((await call("/api/session", { method: "DELETE", cookie })).status).toBe(204);
    await until(live.ended, "the stream to end");
    await live.close();
  });

  it("repeats itself when nothing changes, so that a dead line is noticed", async () => {
    const live = await openLive(await signedIn());
    await until(() => live.snapshots.length >= 3, "a quiet gate to be told of again");
    const [first, second] = live.snapshots.map(({ at }) => Date.parse(at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(500);
    await live.close();
  });

  it("is given to 50 pages, and to another one when one has gone", async () => {
    const cookie = await signedIn();
    const pages = await Promise.all(Array.from({ length: 50 }, () => openLive(cookie)));
    await until(() => pages.every(({ snapshots }) => snapshots.length > 0), "every page to be served");
    const refused = await get("/api/live", cookie);
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: "too_many_pages" });
    for (const page of pages.splice(0, 2)) await page.close();
    let status = 503;
    const deadlineMs = performance.now() + 10_000;
    while (status === 503 && performance.now() < deadlineMs) {
      const next = await openLive(cookie);
      status = next.response.status;
      pages.push(next);
    }
    expect(status).toBe(200);
    await Promise.all(pages.map((page) => page.close()));
  });

  it("that fails is logged and ends", async () => {
    const live = await openLive(await signedIn());
    await until(() => live.snapshots.length > 0, "the first snapshot");
    kiosk.store.close();
    await until(live.ended, "the stream to end");
    expect(kiosk.logged).toContainEqual(
      expect.objectContaining({ level: "error", message: "a page's live stream failed" }),
    );
  });
});
