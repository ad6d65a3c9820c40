import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { attemptViewSchema, type AttemptView } from "@parkme/shared/protocol/kiosk-desk";
import { startSimDevice } from "../devices/testing/sim-device.ts";
import { until } from "../devices/testing/until.ts";
import { openings, payingVehicle } from "../kiosk/testing/exit.ts";
import { TERMINAL_PASSWORD } from "../kiosk/testing/kiosk.ts";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

/** The desk's card payments over HTTP, with the simulated terminal, run as a program, over TCP. */

const WITHIN_MS = 40_000;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startTerminal() {
  const setting = `password=${TERMINAL_PASSWORD}`;
  const sim = await startSimDevice("zvt", ["--listen", "127.0.0.1:0", "--set", setting]);
  cleanup.push(sim.stop);
  return sim;
}

async function startSite(exitTerminal: number | null = null) {
  const sim = await startTerminal();
  const desk = await startPayDesk({ terminal: Number(sim.port), exitTerminal });
  cleanup.push(desk.stop);
  const terminals = exitTerminal === null ? ["desk-cards"] : ["desk-cards", "exit-cards"];
  const isWell = (name: string): boolean => desk.gate.devices().some((one) => one.name === name && one.ok);
  await until(() => terminals.every(isWell), "the terminals to be well", WITHIN_MS);
  return { sim, desk, ...calls(desk) };
}

function calls(desk: PayDesk) {
  const read = async (response: Response, status = 200): Promise<AttemptView> => {
    expect(response.status, "the answer").toBe(status);
    return attemptViewSchema.parse(await response.json());
  };
  const begin = (id: string, key: string, amount_minor = 400) =>
    desk.post(`/api/stays/${id}/card`, { amount_minor, idempotency_key: key });
  const attempt = async (key: string) => read(await desk.get(`/api/attempts/${key}`));
  return {
    begin,
    attempt,
    begun: async (id: string, key: string) => read(await begin(id, key), 202),
    stop: async (key: string) => read(await desk.post(`/api/attempts/${key}/stop`, {})),
    becomes: (key: string, status: AttemptView["status"]) =>
      expect
        .poll(async () => (await attempt(key)).status, { timeout: WITHIN_MS, interval: 100 })
        .toBe(status),
  };
}

describe("a card at the desk", () => {
  it("is asked for once, charged once, and pays the stay with a receipt", async () => {
    const { sim, desk, begin, begun, attempt, becomes } = await startSite();
    const id = desk.parked();
    const key = randomUUID();
    expect(await begun(id, key)).toMatchObject({
      attempt_id: key,
      stay_id: id,
      status: "begun",
      payment: null,
    });
    expect((await begun(id, key)).attempt_id).toBe(key);
    expect((await desk.stay(id)).attempt?.attempt_id).toBe(key);
    const under = { status: 409, code: "card_under_way" };
    expect(await desk.refusal(await desk.cash(id, 400))).toEqual(under);
    expect(await desk.refusal(await begin(id, randomUUID()))).toEqual(under);
    const writeOff = { amount_minor: 400, reason: "too slow", idempotency_key: randomUUID() };
    expect(await desk.refusal(await desk.post(`/api/stays/${id}/write-off`, writeOff))).toEqual(under);
    expect(await desk.refusal(await begin(desk.parked("B2"), randomUUID()))).toEqual({
      status: 409,
      code: "terminal_busy",
    });
    await sim.tell("card approve");
    await becomes(key, "approved");
    const { payment, detail } = await attempt(key);
    expect(payment?.receipt_number).toBe(1);
    expect(detail).toMatch(/\*{4}\d{4}$/);
    expect(await desk.stay(id)).toMatchObject({
      due_minor: 0,
      balance_minor: 0,
      attempt: null,
      payments: [{ payment_id: payment?.payment_id, method: "card", amount_minor: 400, actor: "alex" }],
    });
    expect(await sim.tell("state")).toMatchObject({ balance: 400, commands: { authorisation: 1 } });
    expect(await desk.refusal(await begin(desk.parked("B3"), key))).toEqual({
      status: 409,
      code: "key_reused",
    });
  });

  it("is declined or stopped, and then something else pays", async () => {
    const { sim, desk, begun, becomes, stop } = await startSite();
    const id = desk.parked();
    const [first, second] = [randomUUID(), randomUUID()];
    await begun(id, first);
    await sim.tell("card decline");
    await becomes(first, "declined");
    await begun(id, second);
    // The terminal has to have the payment before it can be told to give it up.
    await expect.poll(async () => (await sim.tell("state"))["waiting"], { timeout: WITHIN_MS }).toBe("card");
    await stop(second);
    await becomes(second, "declined");
    await desk.paid(await desk.cash(id, 400));
    expect(await sim.tell("state")).toMatchObject({ balance: 0 });
  });

  it("in doubt is asked about and found charged, with an alarm meanwhile, and never charged again", async () => {
    const { sim, desk, begin, begun, becomes } = await startSite();
    const id = desk.parked();
    const key = randomUUID();
    // So that there is a payment before it by which the terminal tells them apart.
    await sim.tell("pay 450");
    await sim.tell("drop after");
    await begun(id, key);
    await sim.tell("card approve");
    await becomes(key, "unknown");
    expect(desk.store.openAlarms("desk").map(({ kind }) => kind)).toEqual(["payment_in_doubt"]);
    expect(await desk.refusal(await begin(id, randomUUID()))).toEqual({ status: 409, code: "card_in_doubt" });
    await becomes(key, "approved");
    expect(desk.store.openAlarms("desk")).toEqual([]);
    expect(await desk.stay(id)).toMatchObject({ due_minor: 0, balance_minor: 0 });
    expect(await sim.tell("state")).toMatchObject({ balance: 850, commands: { authorisation: 1 } });
  });
});

describe("edge case 20: a card at the desk and the exit where its driver waits", () => {
  const exitOf = (desk: PayDesk) => desk.gate.lanes.get("exit")?.runner.lane();
  const CHECKED = { state: "DENIED", display: "A payment is being checked", chargedAt: "desk" };

  it("the exit asks for nothing meanwhile, asks again when it is declined, and opens when it is charged", async () => {
    const { sim, desk, begun, becomes } = await startSite();
    const id = await payingVehicle(desk);
    const [first, second] = [randomUUID(), randomUUID()];
    await begun(id, first);
    expect(exitOf(desk)).toMatchObject(CHECKED);
    await sim.tell("card decline");
    await becomes(first, "declined");
    expect(exitOf(desk)?.state).toBe("PAYING");
    await begun(id, second);
    expect(exitOf(desk)).toMatchObject(CHECKED);
    await sim.tell("card approve");
    await becomes(second, "approved");
    await until(() => openings(desk).length === 1, "the arm to be opened");
    expect((await desk.stay(id)).payments).toHaveLength(1);
    expect(await sim.tell("state")).toMatchObject({ balance: 400 });
  });

  it("the desk takes nothing while the exit asks for a card, and pay stations are told", async () => {
    const atExit = await startTerminal();
    const { sim, desk, begin, begun } = await startSite(Number(atExit.port));
    const told = vi.spyOn(desk.stations, "stayChanged");
    const id = await payingVehicle(desk);
    expect(told.mock.calls, "a card is asked for").toEqual([[id]]);
    const under = { status: 409, code: "card_under_way" };
    expect(await desk.refusal(await begin(id, randomUUID()))).toEqual(under);
    expect(await desk.refusal(await desk.cash(id, 400))).toEqual(under);
    await expect
      .poll(async () => (await atExit.tell("state"))["waiting"], { timeout: WITHIN_MS })
      .toBe("card");
    await atExit.tell("card decline");
    await until(() => exitOf(desk)?.attempt === null, "the exit to hear of it", WITHIN_MS);
    expect(told.mock.calls, "and it was not charged").toEqual([[id], [id]]);
    await begun(id, randomUUID());
    expect(exitOf(desk)).toMatchObject(CHECKED);
    await sim.tell("card approve");
    await until(() => openings(desk).length === 1, "the arm to be opened", WITHIN_MS);
    expect(await atExit.tell("state")).toMatchObject({ balance: 0 });
    expect(await sim.tell("state")).toMatchObject({ balance: 400 });
  });
});
