import { afterEach, describe, expect, it } from "vitest";
import { paintedPlate } from "../../traffic/plates.ts";
import { CarPark, type Driver } from "./testing/car-park.ts";

let park: CarPark | null = null;

function openCarPark(seed = 1): CarPark {
  park?.end();
  park = new CarPark(seed);
  return park;
}

afterEach(() => {
  park?.end();
  park = null;
});

function driverOf(painted: string, isRead: boolean): Driver {
  return { vehicle: { plate: paintedPlate(painted, "D"), kind: "car", colour: "blue" }, isRead, code: null };
}

const BY_PLATE = "B AB 1234";
const BY_TICKET = "B CD 5678";
const HOUR_MS = 3_600_000;

async function driveThrough(at: CarPark, lane: string, driver: Driver, withinMs?: number): Promise<void> {
  const before = at.passed.length;
  at.drive(lane, driver);
  await at.until(() => at.passed.length > before, withinMs);
  await at.run(5_000);
}

/** One drives in by its plate, another takes a ticket; both stay for three hours, pay and leave. */
async function twoVisits(
  at: CarPark,
  meanwhile: (at: CarPark) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const drivers = [driverOf(BY_PLATE, true), driverOf(BY_TICKET, false)];
  expect(await at.machine.start()).toBe(true);
  await at.run(2_000);
  for (const driver of drivers) await driveThrough(at, "entry", driver);
  await meanwhile(at);
  await at.run(3 * HOUR_MS);
  for (const driver of drivers) await driveThrough(at, "exit", driver);
}

const inside = (at: CarPark): number | undefined => at.machine.running()?.memory.store.inside();
const movements = (at: CarPark) => at.told("record").filter(({ record }) => record.type === "movement");

describe("a gate in virtual time", () => {
  it("lets one in by its plate and one by a ticket; both pay by card and leave", async () => {
    const at = openCarPark();
    await twoVisits(at);
    expect(at.passed.map(({ lane, plate }) => `${lane} ${plate}`)).toEqual([
      "entry BAB1234",
      "entry BCD5678",
      "exit BAB1234",
      "exit BCD5678",
    ]);
    expect(movements(at)).toHaveLength(4);
    expect(at.told("charged").map(({ amountMinor }) => amountMinor)).toEqual([800, 800]);
    expect(at.told("ticket_gone")).toMatchObject([{ how: "taken" }]);
    expect(inside(at)).toBe(0);
  });

  it("goes on where it was when it is killed between any two steps", async () => {
    const at = openCarPark();
    await twoVisits(at, async () => {
      at.machine.kill();
      expect(at.machine.running()).toBeNull();
      await at.run(HOUR_MS);
      expect(await at.machine.start()).toBe(true);
    });
    expect(movements(at)).toHaveLength(4);
    expect(at.told("agent").map(({ what }) => what)).toEqual(["started", "killed", "started"]);
    expect(inside(at)).toBe(0);
  });

  it.each(["before_commit", "after_commit", "before_command"] as const)(
    "dies in a turn of a lane: %s",
    async (moment) => {
      const at = openCarPark();
      await at.machine.start();
      await at.run(2_000);
      at.machine.killInTurn(moment);
      at.drive("entry", driverOf(BY_PLATE, true));
      await at.until(() => at.machine.running() === null);
      // Of what it was about to do nothing happens, however long one waits.
      await at.run(60_000);
      expect(at.told("pulsed")).toHaveLength(0);
      expect(await at.machine.start()).toBe(true);
      await at.until(() => at.passed.length === 1, 300_000);
      await at.run(10_000);
      expect(inside(at)).toBe(1);
    },
  );

  it("dies at any step of its start, and starts all the same the next time", async () => {
    const at = openCarPark();
    for (let steps = 1; steps <= 12; steps += 1) {
      at.machine.killAtStart(steps);
      expect(await at.machine.start()).toBe(false);
      expect(at.machine.running()).toBeNull();
      await at.run(1_000);
    }
    expect(await at.machine.start()).toBe(true);
    await at.run(2_000);
    await driveThrough(at, "entry", driverOf(BY_PLATE, true));
    expect(inside(at)).toBe(1);
  });

  it("is the same history for the same seed, and another one for another", async () => {
    const stories: string[] = [];
    for (const seed of [1, 1, 2]) {
      const at = openCarPark(seed);
      await twoVisits(at, async () => {
        at.machine.killInTurn("after_commit");
        at.hardware.fault("entry", "loop_flickers", true, 0.3);
        at.hardware.fault("", "events_late", true, 0);
        await at.run(60_000);
        at.hardware.fault("entry", "loop_flickers", false, 0.3);
        at.machine.killInTurn(null);
        await at.machine.start();
      });
      stories.push(at.story());
    }
    expect(stories[1]).toBe(stories[0]);
    expect(stories[2]).not.toBe(stories[0]);
  });
});
