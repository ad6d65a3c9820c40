import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemOf } from "./testing/calls.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

describe("a request", () => {
  it.each([
    ["GET", "/api/session"],
    ["GET", "/api/live"],
    ["GET", "/api/images/019ab3c4-0000-7000-8000-000000000001"],
    ["POST", "/api/lanes/exit/cash"],
    ["POST", "/api/lanes/exit/vend"],
    ["POST", "/api/lanes/exit/reset"],
    ["POST", "/api/lanes/exit/hold"],
    ["POST", "/api/lanes/exit/turn"],
    ["POST", "/api/modes"],
    ["POST", "/api/counts"],
    ["POST", "/api/passback/reset"],
    ["GET", "/api/alarms"],
    ["POST", "/api/alarms/019ab3c4-0000-7000-8000-000000000001/ack"],
    ["GET", "/api/nothing"],
  ])("%s %s needs a session", async (method, path) => {
    for (const cookie of [undefined, "parkme_session=", `parkme_session=${"A".repeat(43)}`, "other=1"]) {
      const response = await kiosk.call(path, cookie === undefined ? { method } : { method, cookie });
      expect(response.status).toBe(401);
      expect(await problemOf(response)).toMatchObject({ code: "signed_out" });
    }
  });

  it.each([
    ["POST", "/api/session"],
    ["DELETE", "/api/session"],
    ["POST", "/api/lanes/exit/vend"],
    ["POST", "/api/modes"],
    ["POST", "/api/alarms/019ab3c4-0000-7000-8000-000000000001/ack"],
  ])("%s %s of a foreign page is refused", async (method, path) => {
    const cookie = await kiosk.signedIn();
    for (const value of ["0", ""]) {
      const response = await kiosk.call(path, { method, cookie, headers: { "x-parkme": value }, body: "{}" });
      expect(response.status).toBe(403);
      expect(await problemOf(response)).toMatchObject({ code: "foreign_page" });
    }
    const bare = await fetch(new URL(path, kiosk.url), { method, headers: { cookie } });
    expect(bare.status).toBe(403);
    expect((await kiosk.get("/api/session", cookie)).status).toBe(200);
  });

  it("that is too long is refused, whether it says so or not", async () => {
    const cookie = await kiosk.signedIn();
    const body = JSON.stringify({ reason: "x".repeat(20_000) });
    const response = await kiosk.call("/api/lanes/exit/vend", { cookie, body });
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
    const cookie = await kiosk.signedIn();
    expect(await problemOf(await kiosk.get("/api/nothing", cookie))).toMatchObject({
      status: 404,
      code: "not_found",
    });
    expect(await problemOf(await kiosk.get("/nothing"))).toMatchObject({ status: 404, code: "not_found" });
    const body = { reason: "lost ticket", idempotency_key: randomUUID() };
    for (const lane of ["roof", "__proto__", "%2e%2e"])
      for (const action of ["cash", "vend", "reset", "hold", "turn"]) {
        const response = await kiosk.call(`/api/lanes/${lane}/${action}`, { cookie, body });
        expect(await problemOf(response)).toMatchObject({ status: 404 });
      }
  });

  it("that breaks something is logged, and tells nothing of it", async () => {
    const cookie = await kiosk.signedIn();
    kiosk.store.close();
    const response = await kiosk.call("/api/lanes/exit/vend", {
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

describe("monitoring", () => {
  it("tells that the agent lives, and whether it can serve", async () => {
    expect(await (await kiosk.get("/healthz")).json()).toEqual({ status: "ok" });
    expect((await kiosk.get("/readyz")).status).toBe(200);
    kiosk.setUnready("the MQTT broker is not connected");
    const unready = await kiosk.get("/readyz");
    expect(unready.status).toBe(503);
    expect(await unready.json()).toEqual({ status: "unready", detail: "the MQTT broker is not connected" });
    expect((await kiosk.get("/healthz")).status).toBe(200);
  });

  it("counts what the cameras do wrong", async () => {
    await kiosk.call("/cameras/exit-cam/wrong", { body: "x" });
    const response = await kiosk.get("/metrics");
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(await response.text()).toContain('parkme_device_events_total{event="camera_push_unknown"} 1');
  });
});
