import { describe, expect, it } from "vitest";
import { cloudRecords, edgeRecords, sumMinor } from "./records.ts";
import { eventually, setStage } from "./stage.ts";

describe("the cloud goes away while vehicles keep coming", () => {
  it("is never noticed at the gates, and the cloud ends with exactly the edge's stays, movements and money", async () => {
    const { plan, site, simEvents } = await setStage({ seed: "cloud" });
    const movements = () => edgeRecords(plan).movements;
    await eventually("the first movements", movements, (moved) => moved.length >= 2, 60_000);

    // The plug is pulled, database and all: what was under way when it went is sent again later.
    await site.running("cloud")?.kill();
    const before = movements().length;
    await eventually(
      "vehicles in and out without a cloud",
      movements,
      (moved) => {
        const since = moved.slice(before);
        return since.length >= 6 && since.some(({ direction }) => direction === "out");
      },
      100_000,
    );
    const ready = await fetch(`${plan.edgeUrl}/readyz`);
    expect(ready.status).toBe(200);
    expect(await pendingEvents(plan.edgeUrl)).toBeGreaterThan(0);

    await site.start("cloud");
    await eventually(
      "more vehicles with the cloud back",
      movements,
      (moved) => moved.length >= before + 8,
      60_000,
    );
    // The gates count records, the simulator bodies. Now and then, with nobody half through a lane, they must agree.
    const bodies = () => simEvents.filter(({ event }) => event === "movement").length;
    await eventually(
      "the gates to have counted what drove through them",
      () => movements().length - bodies(),
      (ahead) => ahead === 0,
      60_000,
    );
    await site.running("sim")?.stop();
    await eventually(
      "nothing waiting any more",
      () => pendingEvents(plan.edgeUrl),
      (pending) => pending === 0,
      45_000,
    );

    const edge = edgeRecords(plan);
    const cloud = await cloudRecords(plan);
    expect(cloud).toEqual(edge);
    expect(sumMinor(edge.payments)).toBeGreaterThan(0);
    expect(simEvents.filter(({ event }) => event === "arm_hit")).toEqual([]);
  });
});

async function pendingEvents(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^parkme_pending_events (\d+)$/m.exec(text)?.[1]);
}
