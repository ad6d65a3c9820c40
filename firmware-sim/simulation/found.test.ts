import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startHeadquarters, type Headquarters } from "./cloud/headquarters.ts";
import { drawSchedule } from "./draw/draw-schedule.ts";
import { failureText } from "./failure-text.ts";
import { runSchedule } from "./run.ts";
import type { FaultKind } from "./schedule.ts";

/** A history in which something of the product was wrong, as `drawSchedule` draws it. */
type Found = {
  readonly seed: number;
  readonly days: number;
  readonly faults: readonly FaultKind[];
  readonly cloud: boolean;
  readonly wrong: string;
};

const FOUND: readonly Found[] = [
  {
    seed: 1,
    days: 1,
    faults: [],
    cloud: false,
    wrong:
      "the rear axle of a high truck was a tailgater with a stay of its own, though the photocell saw its bed",
  },
];

const folder = mkdtempSync(join(tmpdir(), "parkme-found-"));
let headquarters: Headquarters | null = null;

beforeAll(async () => {
  if (FOUND.some(({ cloud }) => cloud)) headquarters = await startHeadquarters();
}, 120_000);

afterAll(async () => {
  await headquarters?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it.each(FOUND)(
  "never again: $wrong (seed $seed)",
  async ({ seed, days, faults, cloud }) => {
    const outcome = await runSchedule({ folder, headquarters }, drawSchedule(seed, { days, faults, cloud }));
    expect(outcome.violations.length === 0 ? "" : failureText(outcome, "")).toBe("");
  },
  120_000,
);
