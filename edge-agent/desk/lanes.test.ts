import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { AttemptId, PaymentId, StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import { until } from "../devices/testing/until.ts";
import { openings, payingVehicle } from "../kiosk/testing/exit.ts";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";
import { giveAtLane } from "./validations.ts";

/** The desk and a vehicle at the exit: what is done at the one, the other hears of. */

let desk: PayDesk;
beforeEach(async () => {
  desk = await startPayDesk();
});
afterEach(() => desk.stop());

const exit = () => desk.gate.lanes.get("exit")?.runner.lane();
const opened = () => until(() => openings(desk).length === 1, "the arm to be opened");

describe("a vehicle that waits at the exit", () => {
  it("is let out when its stay is paid for at the desk", async () => {
    const id = await payingVehicle(desk);
    expect(exit()?.stay?.due?.amountMinor).toBe(400);
    await desk.paid(await desk.cash(id, 400));
    await opened();
    expect((await desk.stay(id)).payments).toHaveLength(1);
  });

  it("is asked for less after a merchant's discount, and for nothing after one of everything", async () => {
    const id = await payingVehicle(desk);
    const film = { merchant: "cinema", offer: "film", idempotency_key: randomUUID() };
    await desk.act(id, "validations", film);
    expect(exit()).toMatchObject({ state: "PAYING", stay: { due: { amountMinor: 200 } } });
    const code = { merchant: "cinema", offer: "all", serial: "VAL-1" };
    expect(giveAtLane(desk.desk, id, code, "exit").ok).toBe(true);
    await opened();
    expect(giveAtLane(desk.desk, id, code, "exit")).toMatchObject({ ok: true });
    expect((await desk.stay(id)).validations).toHaveLength(2);
  });

  it("that nobody saw come in is told to the lane by its attendant, pays and leaves (edge case 13)", async () => {
    desk.report("exit-board", false, false, true);
    desk.report("exit-board", true, false, true);
    await until(() => exit()?.state === "ARMED", "the lane to arm");
    const begun = await desk.view(
      await desk.post("/api/stays", {
        plate: "HHAB12",
        entry_at: new Date(Date.now() - 30 * 60_000).toISOString(),
        reason: "came in behind another",
        idempotency_key: randomUUID(),
      }),
      201,
    );
    const identify = (stay_id: string) =>
      desk.post("/api/lanes/exit/identify", { stay_id, reason: "spoke to the driver" });
    expect((await desk.refusal(await identify(randomUUID()))).status).toBe(409);
    expect((await identify(begun.stay_id)).status).toBe(200);
    await until(() => exit()?.state === "PAYING", "the lane to ask for money");
    expect(openings(desk)).toEqual([]);
    const cash = {
      stay_id: begun.stay_id,
      amount_minor: 200,
      tendered_minor: 200,
      idempotency_key: randomUUID(),
    };
    expect((await desk.post("/api/lanes/exit/cash", cash)).status).toBe(200);
    await opened();
    expect(await desk.stay(begun.stay_id)).toMatchObject({
      due_minor: 0,
      payments: [{ method: "cash", actor: "alex", receipt: { number: 1 } }],
    });
  });
});

describe("edge case 20: a vehicle at the exit whose card may be charged at a pay station", () => {
  /** What the pay station writes of its payment, told as it does. */
  function lobby(stayId: StayId) {
    const attemptId = desk.mint.next<AttemptId>(Date.now());
    const write = (status: AttemptStatus, more: readonly GateRecord[] = []): void => {
      const attempt = {
        type: "attempt",
        attemptId,
        stayId,
        amountMinor: 400,
        receipt: null,
        detail: "",
      } as const;
      const records = [{ ...attempt, status }, ...more];
      desk.store.record({ place: "lobby", records }, { wallMs: Date.now(), monotonicMs: 0 });
      desk.desk.gate.stayChanged(stayId);
    };
    const paid = (): GateRecord => ({
      type: "payment",
      paymentId: desk.mint.next<PaymentId>(Date.now()),
      stayId,
      method: "card",
      amountMinor: 400,
      changeMinor: 0,
      actor: "terminal",
      idempotencyKey: attemptId,
      quote: null,
      reference: "0471",
    });
    return { write, paid };
  }

  async function waiting() {
    const id = await payingVehicle(desk);
    const { write, paid } = lobby(id);
    write("begun");
    write("unknown");
    return { id, write, paid };
  }
  const cash = (stay_id: string) =>
    desk.post("/api/lanes/exit/cash", {
      stay_id,
      amount_minor: 400,
      tendered_minor: 400,
      idempotency_key: randomUUID(),
    });

  it("waits, and neither its card nor cash is taken; it drives out when it was charged there", async () => {
    const { id, write, paid } = await waiting();
    expect(exit()).toMatchObject({ state: "DENIED", display: "A payment is being checked" });
    expect(await desk.refusal(await cash(id))).toEqual({ status: 409, code: "card_in_doubt" });
    const { lanes } = desk.snapshot();
    expect(lanes.find(({ lane }) => lane === "exit")?.troubles).toEqual([
      "A card payment of this stay is not settled at lobby",
    ]);
    write("approved", [paid()]);
    await opened();
    expect((await desk.stay(id)).payments).toMatchObject([{ method: "card", amount_minor: 400 }]);
  });

  it("is asked to pay when it was not", async () => {
    const { id, write } = await waiting();
    write("declined");
    expect(exit()).toMatchObject({ state: "PAYING", stay: { due: { amountMinor: 400 } } });
    expect((await cash(id)).status).toBe(200);
    await opened();
  });

  it("is let out by an attendant, and what comes afterwards pays for it", async () => {
    const { id, write, paid } = await waiting();
    const vend = { reason: "the terminal hangs", idempotency_key: randomUUID() };
    expect((await desk.post("/api/lanes/exit/vend", vend)).status).toBe(200);
    await opened();
    write("approved", [paid()]);
    expect(openings(desk)).toHaveLength(1);
    expect((await desk.stay(id)).payments).toHaveLength(1);
  });

  it("that pays at the exit is told to the pay stations", async () => {
    const told = vi.spyOn(desk.stations, "stayChanged");
    const id = await payingVehicle(desk);
    expect((await cash(id)).status).toBe(200);
    expect(told).toHaveBeenCalledWith(id);
  });
});
