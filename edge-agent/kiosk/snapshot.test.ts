import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kioskSnapshotSchema, MAX_ALARMS_SHOWN, type KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { until } from "../devices/testing/until.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

/** As a page would get it: through the schema. */
function snapshot(): KioskSnapshot {
  return kioskSnapshotSchema.parse(JSON.parse(JSON.stringify(kiosk.snapshot())));
}
const laneOf = (name: string) => snapshot().lanes.find(({ lane }) => lane === name);

describe("the alarms on view", () => {
  it("are those that go on, then those that wait, and how many there are besides", () => {
    kiosk.raise("entry", "printer", "paper out");
    for (let i = 0; i < 60; i++) kiosk.raise("exit", "tailgate", String(i));
    const { alarms, alarms_waiting } = snapshot();
    expect(alarms_waiting).toBe(61);
    expect(alarms).toHaveLength(MAX_ALARMS_SHOWN);
    // Begun long before the others, and still on top: it goes on.
    expect(alarms.slice(0, 3).map(({ kind, detail }) => [kind, detail])).toEqual([
      ["printer", "paper out"],
      ["tailgate", "59"],
      ["tailgate", "58"],
    ]);
  });

  it("leave when they are over and acknowledged, not before", () => {
    kiosk.raise("entry", "printer", "paper out");
    const id = snapshot().alarms[0]?.alarm_id ?? "";
    kiosk.store.acknowledgeAlarm(id, "alex", Date.now());
    expect(snapshot()).toMatchObject({
      alarms: [{ acknowledged_by: "alex", ended_at: null }],
      alarms_waiting: 0,
    });
    kiosk.alarmOver("entry", "printer");
    expect(snapshot().alarms).toEqual([]);
  });
});

describe("places and modes", () => {
  it("tell how many are inside, and what is not as usual", () => {
    kiosk.addStay("BAB1234");
    expect(snapshot().zones).toEqual([
      { name: "level-1", title: "Level 1", parent: null, capacity: 6, inside: 1, held: 0 },
      { name: "ev", title: "EV charging", parent: "level-1", capacity: 2, inside: 0, held: 0 },
    ]);
    expect(snapshot()).toMatchObject({ inside: 1, held: 0, modes: [], lists: null });
    const change = { scope: "zone", name: "ev", actor: "alex", reason: "works" } as const;
    kiosk.gate.setMode({ ...change, mode: "closed" });
    expect(snapshot().modes).toEqual([{ ...change, mode: "closed", since: expect.any(String) }]);
    kiosk.gate.setMode({ ...change, mode: "open" });
    expect(snapshot().modes).toEqual([]);
  });
});

describe("a device that fails", () => {
  it("puts its lane out of order with the reason, until it works again", async () => {
    kiosk.report("exit-board", false, false, true);
    await until(() => laneOf("exit")?.state === "IDLE", "the lane to be proven");
    expect(laneOf("exit")).toMatchObject({ health: "ok", troubles: [] });
    expect(snapshot().devices.find(({ name }) => name === "exit-board")).toMatchObject({ ok: true });

    kiosk.bus.link(false);
    await until(() => laneOf("exit")?.health === "out_of_order", "the lane to say so");
    const faulty = snapshot().devices.find(({ name }) => name === "exit-board");
    expect(faulty).toMatchObject({ kind: "board", driver: "mqtt", ok: false });
    expect(faulty?.reason).not.toBe("");
    // Said once, though the lane and the list of devices both know of it.
    expect(laneOf("exit")?.troubles).toEqual([faulty?.reason]);

    kiosk.bus.link(true);
    kiosk.report("exit-board", false, false, true);
    await until(() => laneOf("exit")?.health === "ok", "the lane to be well again");
    expect(snapshot().devices.find(({ name }) => name === "exit-board")?.ok).toBe(true);
  });
});
