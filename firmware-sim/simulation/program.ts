import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHeadquarters, type Headquarters } from "./cloud/headquarters.ts";
import { describeSchedule } from "./draw/describe-schedule.ts";
import { drawSchedule } from "./draw/draw-schedule.ts";
import { failureText, violationText } from "./failure-text.ts";
import { HELP, readFlags, type Replay, type SimFlags } from "./flags.ts";
import { createReport } from "./checker/report.ts";
import { storyOfLane, storyOfVisit } from "./checker/story.ts";
import type { Violation } from "./checker/violation.ts";
import { runSchedule, type Outcome, type Stage } from "./run.ts";
import type { Schedule } from "./schedule.ts";
import { shrinkSchedule } from "./shrink.ts";

type Out = {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** A line that is written over by the next one; nothing where nobody looks. */
  readonly progress: (text: string) => void;
};

/** The exit code of a program that was interrupted. */
const INTERRUPTED = 130;

/**
 * The simulator by command. Nothing of it runs any more, and no file of it is left, when this resolves, also when it is
 * interrupted.
 *
 * @returns the exit code: 0 = all was as it must be, 1 = it was not, 2 = wrong flags, 130 = it was interrupted.
 */
export async function simulate(args: readonly string[], out: Out, interrupted: AbortSignal): Promise<number> {
  const flags = readFlags(args);
  if (flags === "help") {
    out.print(HELP);
    return 0;
  }
  if ("problem" in flags) {
    out.complain(`${flags.problem}\nnpm run sim -- --help tells what there is.`);
    return 2;
  }
  const folder = mkdtempSync(join(memoryFolder(), "parkme-sim-"));
  const first = schedulesOf(flags).next().value;
  const needsCloud = flags.cloud ?? (flags.seeds > 1 || first?.site.hasCloud === true);
  let headquarters: Headquarters | null = null;
  try {
    if (needsCloud) {
      out.progress("starting PostgreSQL");
      headquarters = await startHeadquarters();
    }
    interrupted.throwIfAborted();
    const stage = { folder, headquarters, interrupted };
    return flags.replay === null
      ? await runAll(flags, stage, out)
      : await replay(flags, flags.replay, stage, out);
  } catch (error) {
    if (!interrupted.aborted) throw error;
    out.progress("");
    out.complain("interrupted");
    return INTERRUPTED;
  } finally {
    await headquarters?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Disks of simulated gates are nowhere near a real one where the system has memory that is a folder. */
function memoryFolder(): string {
  return tmpdir();
}

function* schedulesOf(flags: SimFlags): Generator<Schedule, undefined> {
  for (let seed = flags.seed; seed < flags.seed + flags.seeds; seed += 1) yield scheduleOf(flags, seed);
}

function scheduleOf({ days, visitsPerDay, faults, cloud }: SimFlags, seed: number): Schedule {
  return drawSchedule(seed, {
    days,
    faults,
    ...(visitsPerDay !== null && { visitsPerDay }),
    ...(cloud !== null && { cloud }),
  });
}

async function runAll(flags: SimFlags, stage: Stage, out: Out): Promise<number> {
  const report = createReport();
  let done = 0;
  let failed = 0;
  for (const schedule of schedulesOf(flags)) {
    out.progress(`seed ${schedule.seed}: ${done} of ${flags.seeds} done, ${failed} failed`);
    const outcome = await runSchedule(stage, schedule);
    report.add(outcome);
    done += 1;
    if (outcome.violations.length === 0) continue;
    failed += 1;
    out.progress("");
    out.complain(failureText(outcome, asAsked(flags)));
    if (flags.shrink) out.complain(await shorten(outcome, stage, out));
    if (!flags.keepGoing) break;
  }
  out.progress("");
  out.print(flags.json ? JSON.stringify(report.json(), null, 2) : report.text());
  return failed === 0 ? 0 : 1;
}

/** The flags that draw the same schedules. */
function asAsked({ days, visitsPerDay, faults, cloud }: SimFlags): string {
  const kinds = faults.length === 0 ? "none" : faults.join(",");
  const its = cloud === null ? "" : ` --cloud ${cloud ? "on" : "off"}`;
  return ` --days ${days}${visitsPerDay === null ? "" : ` --visits ${visitsPerDay}`} --faults ${kinds}${its}`;
}

async function shorten({ schedule, violations }: Outcome, stage: Stage, out: Out): Promise<string> {
  const [first] = violations;
  if (first === undefined) return "";
  const fails = async (candidate: Schedule): Promise<boolean> => {
    const outcome = await runSchedule(stage, candidate);
    return outcome.violations.some(({ rule }) => rule === first.rule);
  };
  const short = await shrinkSchedule(schedule, first.atMs, {
    fails,
    tried: ({ visits, faults, deeds }, trials) =>
      out.progress(
        `${trials} trials: ${visits.length} visits, ${faults.length} faults, ${deeds.length} deeds left`,
      ),
  });
  out.progress("");
  const { violations: last, journal } = await runSchedule(stage, short);
  const visit = last.find((one) => one.visit !== null)?.visit ?? null;
  const story = visit === null ? [] : storyOfVisit(short, journal, visit);
  return ["what is left of it:", describeSchedule(short), ...last.map(violationText), ...story].join("\n");
}

async function replay(flags: SimFlags, { about, lane }: Replay, stage: Stage, out: Out): Promise<number> {
  const schedule = scheduleOf(flags, flags.replay?.seed ?? flags.seed);
  out.progress(`seed ${schedule.seed}`);
  const { journal, violations } = await runSchedule(stage, schedule);
  out.progress("");
  if (lane !== null && !schedule.site.lanes.some(({ name }) => name === lane)) {
    out.complain(
      `There is no lane ${lane}; there are: ${schedule.site.lanes.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const at = about.kind === "step" ? journal.findLast(({ step }) => step <= about.step) : undefined;
  const visit = about.kind === "visit" ? about.visit : visitAt(journal, about.step, violations);
  const whichLane = lane ?? (visit === null && at !== undefined && "lane" in at ? at.lane : null);
  if (whichLane === null && visit === null) {
    out.complain(
      "That step is about no vehicle and no lane: name one with --replay SEED:visit-N or --lane NAME.",
    );
    return 2;
  }
  const story =
    whichLane === null
      ? storyOfVisit(schedule, journal, visit ?? 0)
      : storyOfLane(schedule, journal, whichLane, at?.atMs ?? 0);
  out.print([describeSchedule(schedule), "", ...story, ...violations.map(violationText)].join("\n"));
  return violations.length === 0 ? 0 : 1;
}

/** Whom a step is about: who a violation there names, else whoever the nearest entry of it does. */
function visitAt(journal: Outcome["journal"], step: number, violations: readonly Violation[]): number | null {
  const named = violations.find((one) => one.step === step && one.visit !== null)?.visit;
  if (named !== undefined) return named;
  const near = journal.findLast((entry) => entry.step <= step && "visit" in entry && entry.visit !== null);
  return near !== undefined && "visit" in near ? near.visit : null;
}
