import { expect, it } from "vitest";
import { RightsWorld } from "./testing/rights-world.ts";

/** Some thousand schedules here; `PARKME_ESCROW=100000` runs as many as that. */
const SCHEDULES = Number(process.env["PARKME_ESCROW"] ?? 2_000);
const STEPS = 220;

it("nothing is oversold and no right is lost, whatever becomes of the link and of either side", () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const world = new RightsWorld(seed);
    try {
      world.run(STEPS);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    expect({ seed, wrongs: world.model.wrongs }).toEqual({ seed, wrongs: [] });
    for (const [what, n] of world.counts) counts.set(what, (counts.get(what) ?? 0) + n);
  }
  // Schedules in which nothing happens would find nothing.
  const least = {
    admitted: 10,
    "turned away": 5,
    sold: 2,
    request: 10,
    transfer: 3,
    adopted: 0.1,
    "edge killed": 0.5,
    "edge restored": 0.3,
    "cloud restored": 0.3,
  };
  for (const [what, times] of Object.entries(least))
    expect([what, (counts.get(what) ?? 0) > SCHEDULES * times]).toEqual([what, true]);
}, 3_600_000);
