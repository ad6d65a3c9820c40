import { describe, expect, it } from "vitest";
import type { SimDevice } from "../devices/device.ts";
import type { Vehicle } from "../traffic/demand.ts";
import { paintedPlate } from "../traffic/plates.ts";
import { createRandom } from "../traffic/random.ts";
import type { RunningDevice } from "../wiring/site-devices.ts";
import { createFacilityWorld } from "../world/facility-world.ts";
import { createCustomers, type CustomersOptions } from "./customers.ts";

const STEP_MS = 20;
const CAR: Vehicle = { plate: paintedPlate("HH PK 4821", "D"), kind: "car", colour: "blue" };

/** A device that remembers what is done to it. */
function deviceAt(lane: string, kind: string, deeds: readonly string[], state: Record<string, unknown> = {}) {
  const done: string[] = [];
  const device: SimDevice = {
    deeds: Object.fromEntries(
      deeds.map((deed) => [
        deed,
        {
          help: "",
          run: (words: readonly string[]) => {
            if (state["refuses"] === true) throw new Error("not now");
            done.push([deed, ...words].join(" "));
          },
        },
      ]),
    ),
    state: () => state,
    port: null,
    stop: () => Promise.resolve(),
  };
  return { done, state, running: { name: `${lane}-${kind}`, kind, lane, device } satisfies RunningDevice };
}

function setUp(options: Partial<CustomersOptions> = {}) {
  const world = createFacilityWorld({
    seed: "customers",
    demand: { arrivalsPerHour: 0, meanStayMinutes: 60, speed: 1 },
    capacity: 10,
    lanes: [
      { name: "entry", direction: "entry", ratedMs: 300 },
      { name: "exit", direction: "exit", ratedMs: 300 },
    ],
  });
  const printer = deviceAt("entry", "escpos", ["take"]);
  const scanner = deviceAt("exit", "scanner", ["scan"]);
  const terminal = deviceAt("exit", "zvt", ["card"], { waiting: null });
  const pressed: boolean[] = [];
  const events: string[] = [];
  const customers = createCustomers({
    world,
    devices: new Map([printer, scanner, terminal].map(({ running }) => [running.name, running])),
    random: createRandom("customers"),
    lostTicketChance: 0,
    cashChance: 0,
    tickets: new Map(),
    button: () => null,
    declines: () => false,
    onEvent: ({ kind, lane, plate }) => events.push(`${plate} ${kind} ${lane}`),
    ...options,
  });
  const run = (forMs: number): void => {
    for (let ms = 0; ms < forMs; ms += STEP_MS) {
      for (const event of world.step(STEP_MS)) {
        if (event.kind === "movement" && event.direction === "out") customers.left(event.vehicle.plate.text);
      }
      customers.step(STEP_MS);
    }
  };
  return { world, customers, printer, scanner, terminal, pressed, events, run };
}

const ticket = { event: "ticket", qr: ["PM1:A  B"], held: true };

describe("drivers at an entry", () => {
  it("take the ticket that comes out while they stand there, after a moment, and carry it inside", () => {
    const { world, customers, printer, events, run } = setUp();
    world.arrive({ vehicle: CAR });
    run(8_000);
    customers.told("entry-escpos", ticket);
    run(1_000);
    expect(printer.done).toEqual([]);
    run(1_000);
    expect(printer.done).toEqual(["take"]);
    expect(events).toEqual(["HHPK4821 ticket_taken entry"]);
    expect([...customers.tickets()]).toEqual([["HHPK4821", "PM1:A  B"]]);
  });

  it("take nothing when nobody stands there, nor what was drawn back in, and lose a share", () => {
    const { customers, printer, events, run } = setUp();
    customers.told("entry-escpos", ticket);
    run(5_000);
    expect([printer.done, events]).toEqual([[], []]);

    const slow = setUp();
    slow.printer.state["refuses"] = true;
    slow.world.arrive({ vehicle: CAR });
    slow.run(8_000);
    slow.customers.told("entry-escpos", ticket);
    slow.run(5_000);
    expect(slow.customers.tickets().size).toBe(0);

    const careless = setUp({ lostTicketChance: 1 });
    careless.world.arrive({ vehicle: CAR });
    careless.run(8_000);
    careless.customers.told("entry-escpos", ticket);
    careless.run(2_000);
    expect(careless.events).toEqual(["HHPK4821 ticket_lost entry"]);
    expect(careless.customers.tickets().size).toBe(0);
  });

  it("press the button when nothing happens, again after a while, and let it go", () => {
    const pressed: boolean[] = [];
    const { world, run } = setUp({
      button: (lane) => (lane === "entry" ? (on) => void pressed.push(on) : null),
    });
    run(5_000);
    expect(pressed).toEqual([]);
    world.arrive({ vehicle: CAR });
    run(9_000);
    expect(pressed).toEqual([true, false]);
    run(10_000);
    expect(pressed).toEqual([true, false, true, false]);
  });
});

describe("drivers at an exit", () => {
  const atExit = (options: Partial<CustomersOptions> = {}) => {
    const all = setUp({ tickets: new Map([["HHPK4821", "PM1:A  B"]]), ...options });
    all.world.gates.get("exit")?.enter(CAR);
    all.run(6_500);
    return all;
  };

  it("show their ticket as it is printed, again after a while, and forget it once they are out", () => {
    const { world, customers, scanner, run } = atExit();
    run(2_000);
    expect(scanner.done).toEqual(["scan PM1:A  B"]);
    run(9_000);
    expect(scanner.done).toHaveLength(2);
    world.gates.get("exit")?.relay("open", true);
    run(15_000);
    expect(scanner.done).toHaveLength(2);
    expect(customers.tickets().size).toBe(0);
  });

  it("hold their card to a terminal that asks for it, and whoever has none waits for an attendant", () => {
    const { terminal, events, run } = atExit({ tickets: new Map() });
    run(10_000);
    expect(terminal.done).toEqual([]);
    terminal.state["waiting"] = "card";
    run(2_000);
    expect(terminal.done).toEqual([]);
    run(1_000);
    expect(terminal.done).toEqual(["card approve"]);
    expect(events).toEqual(["HHPK4821 card_shown exit"]);

    const broke = atExit({ declines: (name) => name === "exit-zvt" });
    broke.terminal.state["waiting"] = "card";
    broke.run(3_000);
    expect(broke.terminal.done).toEqual(["card decline"]);

    const cash = atExit({ cashChance: 1 });
    cash.terminal.state["waiting"] = "card";
    cash.run(10_000);
    expect(cash.terminal.done).toEqual([]);
  });
});
