import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createReport } from "./checker/report.ts";
import { startHeadquarters, type Headquarters } from "./cloud/headquarters.ts";
import { drawSchedule } from "./draw/draw-schedule.ts";
import { failureText } from "./failure-text.ts";
import { runSchedule } from "./run.ts";
import type { Schedule } from "./schedule.ts";

/** So many days, each of another car park; `npm run sim -- --seeds` goes on from there. */
const SEEDS = Number(process.env["PARKME_SEEDS"] ?? 200);
const FIRST_SEED = Number(process.env["PARKME_SEED"] ?? 1);
/** After so many that failed, the rest would say the same. */
const ENOUGH = 3;
const NO_LIMIT_MS = 24 * 3_600_000;

/** A day with a cloud takes four times as long. */
const CLOUDS = 4;

const scheduleOf = (seed: number): Schedule =>
  drawSchedule(seed, seed % CLOUDS === 0 ? {} : { cloud: false });

const folder = mkdtempSync(join(tmpdir(), "parkme-seeds-"));
let headquarters: Headquarters;

beforeAll(async () => {
  headquarters = await startHeadquarters();
}, 120_000);

afterAll(async () => {
  await headquarters.stop();
  rmSync(folder, { recursive: true, force: true });
});

it(
  "nothing is as it must not be, whatever goes wrong in a day",
  async () => {
    const report = createReport();
    const failures: string[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS && failures.length < ENOUGH; seed += 1) {
      const outcome = await runSchedule({ folder, headquarters }, scheduleOf(seed));
      report.add(outcome);
      if (outcome.violations.length > 0)
        failures.push(failureText(outcome, seed % CLOUDS === 0 ? "" : " --cloud off"));
    }
    console.log(report.text());
    expect(failures.join("\n\n")).toBe("");
  },
  NO_LIMIT_MS,
);

it("the same seed is the same history, step by step", async () => {
  const once = await runSchedule({ folder, headquarters }, drawSchedule(FIRST_SEED));
  const again = await runSchedule({ folder, headquarters }, drawSchedule(FIRST_SEED));
  expect(again.journal).toEqual(once.journal);
  expect(again.digest).toBe(once.digest);
}, 120_000);
