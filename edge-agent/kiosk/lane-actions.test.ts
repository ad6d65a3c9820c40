import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { problemOf } from "./testing/calls.ts";
import { exitAtRest, openings, payingVehicle } from "./testing/exit.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

describe("taking cash", () => {
  it("opens the arm, gives change, and takes the money once however often it is asked", async () => {
    const cookie = await kiosk.signedIn();
    const stayId = await payingVehicle(kiosk);
    const body = {
      stay_id: stayId,
      amount_minor: 1_200,
      tendered_minor: 2_000,
      idempotency_key: randomUUID(),
    };
    const first = await kiosk.call("/api/lanes/exit/cash", { cookie, body });
    expect(first.status).toBe(200);
    const taken = (await first.json()) as { payment_id: string; change_minor: number };
    expect(taken).toEqual({ payment_id: expect.any(String), change_minor: 800 });
    expect(openings(kiosk)).toHaveLength(1);
    const again = await Promise.all(
      Array.from({ length: 5 }, () => kiosk.call("/api/lanes/exit/cash", { cookie, body })),
    );
    for (const response of again) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual(taken);
    }
    expect(kiosk.store.totalsSince(0).cashMinor).toBe(1_200);
    expect(openings(kiosk)).toHaveLength(1);
    expect(kiosk.logged).toContainEqual(
      expect.objectContaining({ message: "cash taken", fields: expect.objectContaining({ actor: "alex" }) }),
    );
  });

  it("takes the money once when two pages ask at the same time", async () => {
    const cookie = await kiosk.signedIn();
    const stayId = await payingVehicle(kiosk);
    const drawer = vi.spyOn(kiosk.desk, "openDrawer");
    const ask = (idempotency_key: string) =>
      kiosk.call("/api/lanes/exit/cash", {
        cookie,
        body: { stay_id: stayId, amount_minor: 1_200, tendered_minor: 1_200, idempotency_key },
      });
    const statuses = (await Promise.all([ask(randomUUID()), ask(randomUUID())])).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    expect(kiosk.store.totalsSince(0).cashMinor).toBe(1_200);
    expect(openings(kiosk)).toHaveLength(1);
    expect(drawer, "the cash drawer").toHaveBeenCalledTimes(1);
  });

  it("takes nothing that is too little, for another stay, or for nobody", async () => {
    const cookie = await kiosk.signedIn();
    const idle = await kiosk.call("/api/lanes/entry/cash", {
      cookie,
      body: {
        stay_id: randomUUID(),
        amount_minor: 1_200,
        tendered_minor: 1_200,
        idempotency_key: randomUUID(),
      },
    });
    expect(await problemOf(idle)).toMatchObject({ status: 409 });
    const stayId = await payingVehicle(kiosk);
    const ask = (stay_id: string, tendered_minor: number, amount_minor = 1_200) =>
      kiosk.call("/api/lanes/exit/cash", {
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
    expect(openings(kiosk)).toHaveLength(0);
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
    const cookie = await kiosk.signedIn();
    const body = {
      stay_id: randomUUID(),
      amount_minor: 1_200,
      tendered_minor: 1,
      idempotency_key: randomUUID(),
      ...over,
    };
    const response = await kiosk.call("/api/lanes/exit/cash", { cookie, body });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "invalid_body", field });
  });
});

describe("vending", () => {
  it("opens once for one key, with the reason and the name written down", async () => {
    const cookie = await kiosk.signedIn();
    await payingVehicle(kiosk);
    const body = { reason: "  lost ticket ", idempotency_key: randomUUID() };
    for (let i = 0; i < 3; i++) {
      const response = await kiosk.call("/api/lanes/exit/vend", { cookie, body });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ done: true });
    }
    expect(openings(kiosk)).toHaveLength(1);
    const vends = kiosk.store.logAfter(0, 100).filter(({ kind }) => kind === "vend.granted");
    expect(vends.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ actor: "alex", reason: "lost ticket", lane: "exit" }),
    ]);
  });

  it("needs a reason", async () => {
    const cookie = await kiosk.signedIn();
    await payingVehicle(kiosk);
    for (const reason of [undefined, "", "   ", "ok", "x".repeat(201), 7]) {
      const response = await kiosk.call("/api/lanes/exit/vend", {
        cookie,
        body: { reason, idempotency_key: randomUUID() },
      });
      expect(await problemOf(response)).toMatchObject({ status: 400, field: "reason" });
    }
    expect(openings(kiosk)).toHaveLength(0);
  });

  it("opens for a vehicle only, and says why not", async () => {
    const cookie = await kiosk.signedIn();
    const vend = () =>
      kiosk.call("/api/lanes/exit/vend", {
        cookie,
        body: { reason: "lost ticket", idempotency_key: randomUUID() },
      });
    const unproven = await problemOf(await vend());
    expect(unproven).toMatchObject({ status: 409, code: "lane_unknown" });
    await exitAtRest(kiosk);
    expect(await problemOf(await vend())).toMatchObject({ status: 409, code: "no_vehicle" });
    expect(openings(kiosk)).toHaveLength(0);
  });
});

describe("resetting", () => {
  it("needs a reason and a fault", async () => {
    const cookie = await kiosk.signedIn();
    const missing = await kiosk.call("/api/lanes/exit/reset", { cookie, body: {} });
    expect(await problemOf(missing)).toMatchObject({ status: 400, field: "reason" });
    await exitAtRest(kiosk);
    const healthy = await kiosk.call("/api/lanes/exit/reset", { cookie, body: { reason: "looked at it" } });
    expect(await problemOf(healthy)).toMatchObject({ status: 409, code: "no_fault" });
  });
});
