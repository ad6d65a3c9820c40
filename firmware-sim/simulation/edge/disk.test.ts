import { afterEach, describe, expect, it } from "vitest";
import Database from "better-sqlite3";
import { paintedPlate } from "../../traffic/plates.ts";
import { CarPark, type Driver, SITE } from "./testing/car-park.ts";

let park: CarPark | null = null;

function openCarPark(site = SITE): CarPark {
  park?.end();
  park = new CarPark(1, site);
  return park;
}

afterEach(() => {
  park?.end();
  park = null;
});

const driverOf = (painted: string): Driver => ({
  vehicle: { plate: paintedPlate(painted, "D"), kind: "car", colour: "blue" },
  isRead: true,
  code: null,
});

async function driveThrough(at: CarPark, lane: string, painted: string): Promise<void> {
  const before = at.passed.length;
  at.drive(lane, driverOf(painted));
  await at.until(() => at.passed.length > before, 300_000);
  await at.run(5_000);
}

const storeOf = (at: CarPark) => {
  const running = at.machine.running();
  if (running === null) throw new Error("the program does not run");
  return running.memory.store;
};

describe("a gate's disk", () => {
  it("is full: the gate writes nothing down and lets nobody in, until there is room again", async () => {
    const at = openCarPark();
    await at.machine.start();
    await at.run(2_000);
    at.machine.setDiskFull(true);
    // There is room in the pages that it has: only when these are used up is it full.
    const before = at.told("note").length;
    for (let n = 0; at.told("note").length === before; n += 1) {
      at.drive("entry", driverOf(`B AB ${n}`));
      await at.run(40_000);
    }
    expect(at.told("note").some(({ text }) => text.includes("database or disk is full"))).toBe(true);
    const pulses = at.told("pulsed").length;
    at.machine.kill();
    await at.machine.start();
    await at.run(60_000);
    expect(at.told("pulsed").length).toBe(pulses);
    at.machine.setDiskFull(false);
    await at.until(() => at.told("pulsed").length > pulses, 600_000);
  });

  it("comes back from a backup: the program knows that it is old, unless its mark is gone, too", async () => {
    const at = openCarPark();
    await at.machine.start();
    await at.run(2_000);
    await driveThrough(at, "entry", "B AB 1");
    const backup = at.machine.backUp();
    await driveThrough(at, "entry", "B AB 2");
    expect(storeOf(at).inside()).toBe(2);
    expect(() => at.machine.putBack(backup, "kept")).toThrow("not under a running program");
    for (const [fate, alarms] of [
      ["kept", 1],
      ["gone", 0],
      ["as in the backup", 0],
    ] as const) {
      at.machine.kill();
      at.machine.putBack(backup, fate);
      await at.machine.start();
      expect(storeOf(at).inside()).toBe(1);
      const open = storeOf(at).alarmsToSee(100);
      expect(open.filter(({ kind }) => kind === "restored")).toHaveLength(alarms);
    }
    at.machine.kill();
    at.machine.putBack(null, "gone");
    await at.machine.start();
    expect(storeOf(at).inside()).toBe(0);
  });

  it("is refused when a newer program has written it", async () => {
    const at = openCarPark();
    const file = new Database(at.machine.databasePath);
    file.exec("insert into __drizzle_migrations (hash, created_at) values ('newer', 1)");
    file.close();
    expect(await at.machine.start()).toBe(false);
    expect(at.told("agent")).toMatchObject([{ what: "refused" }]);
    expect(at.machine.running()).toBeNull();
  });

  it("is copied for a second computer: the boards take commands of the newer program only", async () => {
    const at = openCarPark();
    await at.machine.start();
    await at.run(2_000);
    await driveThrough(at, "entry", "B AB 1");
    const rival = at.machine.clone();
    expect(await rival.start()).toBe(true);
    expect(rival.running()?.memory.store.inside()).toBe(1);
    await at.run(5_000);
    at.drive("entry", driverOf("B AB 2"));
    await at.until(() => at.passed.length === 2, 300_000);
    const epochs = new Set(at.told("pulsed").map(({ epoch }) => epoch));
    expect(epochs.size).toBe(2);
    expect(at.told("command_dropped").some(({ reason }) => reason === "fenced")).toBe(true);
    rival.kill();
  });
});

describe("a gate's clock and people", () => {
  it("is set wrong under the running program, which goes on", async () => {
    const at = openCarPark();
    await at.machine.start();
    await at.run(2_000);
    await driveThrough(at, "entry", "B AB 1");
    at.machine.stepClock(-86_400_000);
    await driveThrough(at, "entry", "B AB 2");
    expect(at.machine.running()?.clock.wallMs()).toBe(SITE.startMs + at.time.nowMs - 86_400_000);
    await driveThrough(at, "exit", "B AB 1");
    expect(storeOf(at).inside()).toBe(1);
  });

  it("knows who has a permit, without a cloud", async () => {
    const permit = { id: "P-1", account: "Acme", plates: ["BAB1"], fromMs: 0, untilMs: 1e9, zone: null };
    const at = openCarPark({ ...SITE, permits: [permit] });
    await at.machine.start();
    await at.run(2_000);
    await driveThrough(at, "entry", "B AB 1");
    await at.run(3_600_000);
    await driveThrough(at, "exit", "B AB 1");
    expect(at.told("charged")).toHaveLength(0);
  });

  it("is acted upon as by its own pages, and by nobody when it has died of it", async () => {
    const at = openCarPark();
    const hold = () =>
      at.machine.act(({ parts }) =>
        parts.gate.lanes.get("entry")?.runner.ask({ kind: "hold", reason: "a fire engine", actor: "alex" }),
      );
    expect(hold()).toBeNull();
    await at.machine.start();
    await at.run(2_000);
    at.machine.killInTurn("after_commit");
    expect(hold()).toBeNull();
    expect(at.machine.running()).toBeNull();
    await at.machine.start();
    await at.run(2_000);
    expect(hold()).toMatchObject({ ok: true });
    expect(() =>
      at.machine.act(() => {
        throw new Error("a mistake");
      }),
    ).toThrow("a mistake");
  });
});
