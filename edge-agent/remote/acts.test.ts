import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { err, ok } from "@parkme/shared/domain/result";
import { refusal } from "@parkme/shared/domain/errors";
import { liveStateSchema, type RemoteAct, type RemoteCommand } from "@parkme/shared/protocol/downlink";
import { until } from "../devices/testing/until.ts";
import { exitAtRest, openings } from "../kiosk/testing/exit.ts";
import { startKiosk, type Kiosk } from "../kiosk/testing/kiosk.ts";
import type { CommandAnswer } from "../store/remote-commands.ts";
import { createRemoteActs, type RemoteActOptions } from "./acts.ts";
import { gateLookOf } from "./gate-look.ts";
import { createSetAside } from "./set-aside.ts";
import { signedCommand } from "./testing/signed.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(async () => {
  await kiosk.stop();
});

const DONE = { outcome: "done", detail: "" };

type Printed = Parameters<NonNullable<RemoteActOptions["paper"]>["printTicket"]>;

function headquarters(paper: RemoteActOptions["paper"] = null) {
  const seen = { told: 0 };
  const { gate, store } = kiosk;
  const act = createRemoteActs({ gate, store, paper, tellState: () => void (seen.told += 1) });
  const ask = async (what: RemoteAct, more: Partial<RemoteCommand> = {}): Promise<CommandAnswer> =>
    await act(signedCommand(0, { act: what, lane: "exit", ...more }));
  return { seen, act, ask };
}

function lane() {
  const runner = kiosk.gate.lanes.get("exit")?.runner;
  if (runner === undefined) throw new Error("there is no exit");
  return runner.lane();
}

describe("what headquarters asks of a lane", () => {
  it("opens it for one vehicle, in the name of headquarters, once for the same command", async () => {
    await exitAtRest(kiosk);
    kiosk.report("exit-board", true, false, true);
    await until(() => lane().state === "ARMED", "a vehicle to wait");
    const { act } = headquarters();
    const command = signedCommand(0, { lane: "exit", actor: "Robin" });
    expect(act(command)).toEqual(DONE);
    expect(act(command)).toEqual(DONE);
    expect(openings(kiosk)).toHaveLength(1);
    const vends = kiosk.store.logAfter(0, 1_000).filter(({ kind }) => kind === "vend.granted");
    expect(vends.map(({ payload }) => payload)).toMatchObject([
      { lane: "exit", actor: "hq: Robin", reason: "the driver rang" },
    ]);
  });

  it("cuts a long name, and says in whose words the lane refuses", async () => {
    await exitAtRest(kiosk);
    const { ask } = headquarters();
    expect(await ask("hold", { actor: "R".repeat(60) })).toEqual(DONE);
    await until(() => lane().state === "HELD_OPEN", "the arm to be held open");
    expect(await ask("vend")).toEqual({ outcome: "refused", detail: "The arm is held open already." });
    const holds = kiosk.store.logAfter(0, 1_000).filter(({ kind }) => kind === "hold.changed");
    expect(holds.map(({ payload }) => payload["actor"])).toEqual([`hq: ${"R".repeat(56)}`]);
  });

  it("lets go again of what is held, and opens what is closed; nothing where there is nothing", async () => {
    await exitAtRest(kiosk);
    const { ask } = headquarters();
    expect(await ask("release")).toEqual({
      outcome: "refused",
      detail: "nobody holds or has closed this lane",
    });
    await ask("hold");
    expect(lane().heldBy).toBe("operator");
    expect(await ask("release")).toEqual(DONE);
    expect(lane().heldBy).toBe(null);

    expect(await ask("close")).toEqual(DONE);
    expect(lane().mode).toBe("closed");
    expect(await ask("release")).toEqual(DONE);
    expect(lane().mode).toBe("open");

    await ask("hold");
    await ask("close");
    expect(await ask("release")).toEqual(DONE);
    expect([lane().heldBy, lane().mode]).toEqual([null, "open"]);
  });

  it("never lets down an arm that fire holds open, nor one whose sensors are not known", async () => {
    const { ask } = headquarters();
    expect(await ask("hold")).toMatchObject({ outcome: "refused" });
    await exitAtRest(kiosk);
    kiosk.report("exit-board", false, false, true, true);
    await until(() => lane().heldBy === "fire", "the fire alarm to hold the arm");
    for (const what of ["release", "reset", "hold"] as const)
      expect(await ask(what)).toMatchObject({ outcome: "refused", detail: expect.stringContaining("fire") });
    expect(lane().heldBy).toBe("fire");
  });

  it("is refused for a lane that is not there", async () => {
    const { ask } = headquarters();
    expect(await ask("vend", { lane: "back-door" })).toEqual({
      outcome: "refused",
      detail: "there is no such lane",
    });
    expect(await ask("vend", { lane: null })).toEqual({
      outcome: "refused",
      detail: "there is no such lane",
    });
  });
});

describe("what headquarters asks of the desk", () => {
  it("prints the ticket of a vehicle inside once more, or says why not", async () => {
    const stayId = kiosk.addStay("BAB1234");
    const number = kiosk.store.stayAccount(stayId)?.ticketNumber ?? "";
    const printed: Printed[] = [];
    let works = true;
    const { ask } = headquarters({
      printTicket: async (...args) => {
        printed.push(args);
        return works ? ok(undefined) : err(refusal("printer_failed", "device", "The paper is out."));
      },
    });
    const ticket = { lane: null, ticket_number: number.toLowerCase() };
    expect(await ask("reprint", ticket)).toEqual(DONE);
    expect(printed).toEqual([[stayId, { actor: "hq: Robin", reason: "the driver rang" }]]);
    works = false;
    expect(await ask("reprint", ticket)).toEqual({ outcome: "refused", detail: "The paper is out." });
    const unknown = kiosk.mint.ticketNumber();
    for (const ticket_number of [unknown, "nonsense", "PKM-00000000", null])
      expect(await ask("reprint", { lane: null, ticket_number })).toMatchObject({ outcome: "refused" });
    expect(printed).toHaveLength(2);
  });

  it("cannot print where there is no printer", async () => {
    const stayId = kiosk.addStay("BAB1234");
    const ticket_number = kiosk.store.stayAccount(stayId)?.ticketNumber ?? "";
    const answer = await headquarters().ask("reprint", { lane: null, ticket_number });
    expect(answer).toEqual({ outcome: "refused", detail: "the desk has no printer" });
  });
});

it("a snapshot is told at once, and is what an attendant sees", async () => {
  const { seen, ask } = headquarters();
  expect(await ask("snapshot", { lane: null })).toEqual(DONE);
  expect(seen.told).toBe(1);
  kiosk.addStay("BAB1234");
  kiosk.raise("exit", "tailgate");
  const look = gateLookOf(kiosk.snapshot(), { waiting: 12, manifest: 3 });
  const state = { boot_id: "boot-1", serial: 1, wall_time: "2026-03-01T00:00:00Z", ...look };
  expect(liveStateSchema.parse(state)).toMatchObject({
    inside: 1,
    capacity: 10,
    zones: [
      { zone: "level-1", inside: 1, capacity: 6 },
      { zone: "ev", inside: 0, capacity: 2 },
    ],
    lanes: [
      { lane: "entry", state: "UNKNOWN", mode: "open", trouble: expect.any(String) },
      { lane: "exit", state: "UNKNOWN" },
      { lane: "swing", state: "UNKNOWN" },
    ],
    alarms: expect.any(Number),
    waiting: 12,
    manifest: 3,
  });
  expect(look.alarms).toBe(kiosk.snapshot().alarms_waiting);
});

it("what nothing can be made of is an alarm where it is about money or a command", () => {
  const noted: object[] = [];
  const setAside = createSetAside({
    facility: { slug: "demo" },
    store: kiosk.store,
    clock: { wallMs: () => Date.now(), monotonicMs: () => 0 },
    touched: () => undefined,
    log: { error: (fields) => void noted.push(fields) },
  });
  const before = kiosk.store.recentAlarms(10).length;
  for (const kind of ["weather", "payment", "command"])
    setAside({ seq: 5, kind, body: "x".repeat(2_000) }, "it cannot be read");
  const alarms = kiosk.store.recentAlarms(10);
  expect(
    alarms
      .slice(0, alarms.length - before)
      .map(({ kind }) => kind)
      .toSorted(),
  ).toEqual(["payment_in_doubt", "remote_refused"]);
  expect(noted).toHaveLength(3);
  expect(JSON.stringify(noted).length).toBeLessThan(2_500);
});
