import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startHeadquarters, type Headquarters } from "../../simulation/cloud/headquarters.ts";
import { emptyDatabase } from "./edge-box.ts";
import { runSchedule, type Outcome, type Stage } from "./schedule.ts";

/** One history again, with all that happened in it. */
const SEED = process.env["PARKME_SEED"];
const SCHEDULES = SEED === undefined ? Number(process.env["PARKME_SCHEDULES"] ?? 100) : 1;
const FIRST_SEED = Number(SEED ?? 1);
/** At a time: while one waits for the database, another lives. */
const LANES = 3;
/** After so many that failed, the rest would say the same. */
const ENOUGH = 5;
const NO_LIMIT_MS = 24 * 3_600_000;

let headquarters: Headquarters;
let empty: Buffer;
const folder = mkdtempSync(join(tmpdir(), "parkme-schedules-"));

beforeAll(async () => {
  headquarters = await startHeadquarters();
  empty = emptyDatabase(folder);
}, 120_000);

afterAll(async () => {
  await headquarters.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(stage: Stage, seed: number): Promise<Outcome> {
  const outcome = await runSchedule(stage, seed);
  await stage.cloud.start();
  rmSync(join(folder, String(seed)), { recursive: true, force: true });
  return outcome;
}

async function stageOf(): Promise<Stage> {
  return { headquarters, cloud: await headquarters.open(), folder, emptyDatabase: empty };
}

function told({ seed, problems, trace, troubles }: Outcome): string {
  const story = SEED === undefined ? trace.slice(-25) : trace;
  return [`PARKME_SEED=${seed}`, ...problems.slice(0, 12), JSON.stringify(troubles), ...story].join("\n  ");
}

it(
  "nothing is lost and nothing is doubled, whatever the network and the disks do",
  async () => {
    const failed: Outcome[] = [];
    const sums: Record<string, number> = {};
    let next = 0;
    const lane = async (): Promise<void> => {
      const stage = await stageOf();
      while (next < SCHEDULES && failed.length < ENOUGH) {
        const outcome = await run(stage, FIRST_SEED + next++);
        if (outcome.problems.length > 0) failed.push(outcome);
        for (const [name, n] of Object.entries(outcome.counts)) sums[name] = (sums[name] ?? 0) + n;
      }
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: Math.min(LANES, SCHEDULES) }, lane));
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    console.log(`${next} schedules in ${seconds} s: ${JSON.stringify(sums)}`);
    expect(failed.map(told).join("\n\n")).toBe("");
    // All that can go wrong did, somewhere.
    const never = Object.entries(sums).filter(([name, n]) => n === 0 && name !== "fenced");
    if (SCHEDULES >= 100) expect(never).toEqual([]);
  },
  NO_LIMIT_MS,
);

it("the same seed is the same history", async () => {
  const stage = await stageOf();
  // One with most of the troubles in it.
  const seed = SEED === undefined ? 3288 : FIRST_SEED;
  const [once, again] = [await run(stage, seed), await run(stage, seed)];
  expect(again.trace).toEqual(once.trace);
}, 120_000);
