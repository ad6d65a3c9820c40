import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSite, type Site } from "../site-file.ts";
import { createFacilityWorld } from "../world/facility-world.ts";
import { followRelays, relayWire } from "./lane-wiring.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-wiring-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SITE = `
facility: demo
mqtt: { url: "mqtt://127.0.0.1:9" }
agent: { url: "http://127.0.0.1:9" }
state_file: ./parked.json
boards: [{ name: own, transport: mqtt }]
devices:
  - { name: line, kind: modbus, listen: "127.0.0.1:0", settings: { unit: 1-2 } }
  - { name: pins, kind: gpio, folder: ./gpio }
cameras: [{ name: cam, transport: mqtt }]
lanes:
  - name: one
    direction: entry
    camera: cam
    barrier: { board: line, relays: { open: "1.r1", close: "1.r2", stop: "1.r3" } }
    inputs: { arming: "1.in1", safety: "1.in2", closed_limit: "1.in3" }
  - name: two
    direction: entry
    camera: cam
    barrier: { board: line, relays: { open: "2.r1", close: "2.r2" } }
    inputs: { arming: "2.in1", safety: "2.in2", closed_limit: "2.in3" }
  - name: three
    direction: exit
    camera: cam
    barrier: { board: pins, relays: { open: "17", close: "22" } }
    inputs: { arming: "4", safety: "5", closed_limit: "6" }
  - name: four
    direction: exit
    camera: cam
    barrier: { board: own, number: 3 }
    inputs: { arming: in1, safety: in2, closed_limit: in3 }
`;

function setUp() {
  const site = parseSite(SITE, folder);
  if (!site.ok) throw new Error(JSON.stringify(site.error));
  const world = createFacilityWorld({
    seed: "wiring",
    demand: { arrivalsPerHour: 0, meanStayMinutes: 60, speed: 1 },
    capacity: 10,
    lanes: site.value.lanes.map(({ name, direction }) => ({ name, direction, ratedMs: 1_000 })),
  });
  const motions = (): string[] => [...world.gates.values()].map((gate) => gate.arm().motion);
  return { site: site.value satisfies Site, world, motions };
}

describe("relays move the arms", () => {
  it("of the lane that they are wired to, by the unit on a shared line and by the line of a GPIO chip", () => {
    const { site, world, motions } = setUp();
    const relay = (unit: number, name: string, on = true) =>
      followRelays(site, world, "line", { event: "relay", device: "line", unit, relay: name, on });
    relay(2, "r1");
    expect(motions()).toEqual(["still", "up", "still", "still"]);
    relay(1, "r1");
    expect(motions()).toEqual(["up", "up", "still", "still"]);
    relay(1, "r3");
    relay(1, "r1", false);
    expect(motions()).toEqual(["still", "up", "still", "still"]);
    followRelays(site, world, "pins", { event: "output", device: "pins", line: 17, high: true });
    expect(motions()).toEqual(["still", "up", "up", "still"]);
    relayWire(site, world, "own")(3, "open", true);
    relayWire(site, world, "own")(1, "close", true);
    expect(motions()).toEqual(["still", "up", "up", "up"]);
  });

  it("and nothing else that a device says does", () => {
    const { site, world, motions } = setUp();
    followRelays(site, world, "line", { event: "ticket", relay: "1.r1", on: true });
    followRelays(site, world, "line", { event: "relay", unit: 1, relay: 1, on: true });
    followRelays(site, world, "pins", { event: "output", line: "17", high: true });
    followRelays(site, world, "other", { event: "relay", relay: "1.r1", on: true });
    expect(new Set(motions())).toEqual(new Set(["still"]));
  });
});
