import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LaneState } from "@parkme/shared/domain/lane";
import { until } from "../devices/testing/until.ts";
import { problemOf } from "./testing/calls.ts";
import { exitAtRest, openings } from "./testing/exit.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
let cookie: string;
beforeEach(async () => {
  kiosk = await startKiosk();
  cookie = await kiosk.signedIn();
});
afterEach(() => kiosk.stop());

const ask = (path: string, body: object) => kiosk.call(`/api/lanes/${path}`, { cookie, body });
const lane = (name: string) => kiosk.gate.lanes.get(name)?.runner.lane();
const reaches = (name: string, state: LaneState) =>
  until(() => lane(name)?.state === state, `${name} to be ${state}`);

describe("holding open", () => {
  it("opens and stays open until it is released, with reasons and names written down", async () => {
    await exitAtRest(kiosk);
    const held = await ask("exit/hold", { reason: " queue to the street " });
    expect(held.status).toBe(200);
    expect(await held.json()).toEqual({ done: true });
    await reaches("exit", "HELD_OPEN");
    expect(lane("exit")?.heldBy).toBe("operator");
    expect(openings(kiosk)).toHaveLength(1);
    kiosk.report("exit-board", false, false, false);

    expect((await ask("exit/reset", { reason: "traffic is normal" })).status).toBe(200);
    expect(lane("exit")?.heldBy).toBeNull();
    const holds = kiosk.store.logAfter(0, 100).filter(({ kind }) => kind.startsWith("hold."));
    expect(holds.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ lane: "exit", actor: "alex", reason: "queue to the street" }),
      expect.objectContaining({ lane: "exit", actor: "alex" }),
    ]);
  });

  it("needs a reason, and a lane whose inputs are known", async () => {
    for (const reason of [undefined, "ok", "x".repeat(201)]) {
      const refused = await problemOf(await ask("exit/hold", { reason }));
      expect(refused).toMatchObject({ status: 400, field: "reason" });
    }
    const blind = await problemOf(await ask("exit/hold", { reason: "queue to the street" }));
    expect(blind.status).toBe(409);
    expect(openings(kiosk)).toHaveLength(0);
  });

  it("is not released while the fire alarm goes on", async () => {
    await exitAtRest(kiosk);
    kiosk.report("exit-board", false, false, true, true);
    await reaches("exit", "HELD_OPEN");
    expect(lane("exit")?.heldBy).toBe("fire");
    expect(openings(kiosk)).toHaveLength(1);
    const refused = await problemOf(await ask("exit/reset", { reason: "false alarm" }));
    expect(refused).toMatchObject({ status: 409, code: "fire_on" });
    kiosk.report("exit-board", false, false, false, false);
    await until(() => lane("exit")?.inputs.fire === "off", "the fire alarm to be off");
    expect(lane("exit")?.state).toBe("HELD_OPEN");
    expect((await ask("exit/reset", { reason: "false alarm" })).status).toBe(200);
    expect(lane("exit")?.heldBy).toBeNull();
  });
});

describe("turning", () => {
  it("changes the direction of a reversible lane at rest, and says who did it", async () => {
    kiosk.report("swing-board", false, false, true);
    await reaches("swing", "IDLE");
    expect(lane("swing")?.direction).toBe("entry");
    expect((await ask("swing/turn", { direction: "exit" })).status).toBe(200);
    expect(lane("swing")).toMatchObject({ direction: "exit", turnTo: null });
    const turns = kiosk.store.logAfter(0, 100).filter(({ kind }) => kind === "lane.turned");
    expect(turns.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ lane: "swing", direction: "exit", actor: "alex" }),
    ]);
  });

  it("changes the mode with the direction: nobody is locked in by a closed facility", async () => {
    kiosk.report("swing-board", false, false, true);
    await reaches("swing", "IDLE");
    expect(lane("swing")?.direction).toBe("entry");
    const closed = { scope: "facility", name: "demo", mode: "closed_to_all", reason: "storm warning" };
    expect((await kiosk.call("/api/modes", { cookie, body: closed })).status).toBe(200);
    expect(lane("swing")?.mode).toBe("closed_to_all");
    expect((await ask("swing/turn", { direction: "exit" })).status).toBe(200);
    expect(lane("swing")).toMatchObject({ direction: "exit", mode: "open" });
    expect((await ask("swing/turn", { direction: "entry" })).status).toBe(200);
    expect(lane("swing")?.mode).toBe("closed_to_all");
  });

  it("waits for a lane with a vehicle in it, and can be taken back until then", async () => {
    kiosk.report("swing-board", false, false, true);
    await reaches("swing", "IDLE");
    kiosk.report("swing-board", true, false, true);
    await reaches("swing", "ARMED");
    expect((await ask("swing/turn", { direction: "exit" })).status).toBe(200);
    expect(lane("swing")).toMatchObject({ direction: "entry", turnTo: "exit" });
    expect((await ask("swing/turn", { direction: "entry" })).status).toBe(200);
    expect(lane("swing")).toMatchObject({ direction: "entry", turnTo: null });
  });

  it("is refused where there is but one direction, and for one that is none", async () => {
    await exitAtRest(kiosk);
    const refused = await problemOf(await ask("exit/turn", { direction: "entry" }));
    expect(refused).toMatchObject({ status: 409, code: "not_reversible" });
    const nonsense = await problemOf(await ask("swing/turn", { direction: "sideways" }));
    expect(nonsense).toMatchObject({ status: 400, field: "direction" });
  });
});
