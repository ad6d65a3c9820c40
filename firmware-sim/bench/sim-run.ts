import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startHeadquarters } from "../simulation/cloud/headquarters.ts";
import { drawSchedule } from "../simulation/draw/draw-schedule.ts";
import { runSchedule, type Stage } from "../simulation/run.ts";
import type { Schedule } from "../simulation/schedule.ts";
import { report } from "./report.ts";
import { countWrites, engineMs, worldMs, type Writes } from "./sim-floor.ts";

/**
 * Simulated days of a facility a minute on one core, by the processor time of this process: drawing, running and judging
 * a day with every fault. The floor of a day without a cloud, in the same run: its transactions and rows as bare
 * prepared INSERTs into SQLite as durable as the simulation's, and its vehicles through lanes whose arms stand open.
 * With a cloud, the time of PostgreSQL's processes is not counted, and there is no floor.
 */
const HELP = `bench sim: simulated days of a facility a minute, on one core
  --seeds N         days without a cloud (60)
  --warm N          days before those, not counted (8)
  --cloud-seeds N   days with headquarters (4)
`;

type Measured = Writes & {
  readonly days: number;
  readonly ms: number;
  readonly visits: number;
  readonly passages: number;
  readonly violations: number;
  readonly schedules: readonly Schedule[];
};

/** @returns the sums of so many days from a seed on. */
async function measure(stage: Stage, firstSeed: number, days: number): Promise<Measured> {
  let [ms, visits, passages, violations] = [0, 0, 0, 0];
  const schedules: Schedule[] = [];
  const written = countWrites();
  try {
    for (let seed = firstSeed; seed < firstSeed + days; seed += 1) {
      process.stderr.write(`sim: seed ${seed} (${seed - firstSeed} of ${days} done)\n`);
      const from = process.cpuUsage();
      const schedule = drawSchedule(seed, { days: 1, cloud: stage.headquarters !== null });
      const { journal, violations: found } = await runSchedule(stage, schedule);
      ms += spentMs(from);
      visits += schedule.visits.length;
      passages += journal.filter(({ kind }) => kind === "passed").length;
      violations += found.length;
      schedules.push(schedule);
    }
  } finally {
    written.stop();
  }
  return { days, ms, visits, passages, violations, schedules, ...written.counted() };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "60" },
      warm: { type: "string", default: "8" },
      "cloud-seeds": { type: "string", default: "4" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const [seeds, warm, cloudSeeds] = [values.seeds, values.warm, values["cloud-seeds"]].map(Number) as [
    number,
    number,
    number,
  ];
  const folder = mkdtempSync(join(tmpdir(), "parkme-bench-sim-"));
  try {
    const alone = { folder, headquarters: null };
    await measure(alone, 1, warm);
    const bare = await measure(alone, 1 + warm, seeds);
    process.stderr.write("sim: the bare engine and the bare world ...\n");
    const floorMs = engineMs(join(folder, "floor.db"), bare) + worldMs(bare.schedules);
    const cloud = cloudSeeds === 0 ? null : await withCloud(folder, 1 + warm, cloudSeeds);
    const perDay = (sum: number): string => (sum / bare.days).toFixed(1);
    report(
      "sim",
      `${bare.days} days: ${perDay(bare.visits)} visits, ${perDay(bare.ms)} ms, ${perDay(bare.transactions)} transactions and ${perDay(bare.rows)} rows a day; ${bare.violations + (cloud?.violations ?? 0)} violations`,
      [
        {
          figure: "facility_days_per_min",
          value: (bare.days * 60_000) / bare.ms,
          floor: (bare.days * 60_000) / floorMs,
        },
        {
          figure: "passages_per_s",
          value: (bare.passages * 1_000) / bare.ms,
          floor: (bare.passages * 1_000) / floorMs,
        },
        ...(cloud === null
          ? []
          : [{ figure: "days_with_cloud_per_min", value: (cloud.days * 60_000) / cloud.ms, floor: null }]),
      ],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first day with headquarters is not counted. */
async function withCloud(folder: string, firstSeed: number, days: number): Promise<Measured> {
  process.stderr.write("sim: starting PostgreSQL ...\n");
  const headquarters = await startHeadquarters();
  try {
    await measure({ folder, headquarters }, firstSeed, 1);
    return await measure({ folder, headquarters }, firstSeed + 1, days);
  } finally {
    await headquarters.stop();
  }
}

function spentMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

await main();
