import { parseArgs } from "node:util";
import { FAULT_KINDS, type FaultKind } from "./schedule.ts";

export const HELP = `npm run sim -- [flags]: years of a car park in minutes, from a seed

  The gate's own lanes, store, prices and sync, and the cloud's, in one process, in virtual time: vehicles come and go,
  devices fail, programs are killed. A checker, written apart, looks at every step and at every row.

  --seed N            the history to simulate (default 1); the same seed is the same history
  --seeds N           so many, from --seed on (default 1)
  --days N            how long each lasts, simulated (default 1, at most 3650)
  --visits N          vehicles a day (default 25 to 60, at most 5000)
  --faults LIST       all, none, or groups and kinds, by commas (default all):
${groups()}
  --cloud on|off      every gate has a cloud (a real PostgreSQL is started), or none (default: most have one)
  --keep-going        does not stop at the first seed that fails
  --shrink            of a seed that fails: leaves out what it fails without, and tells what is left
  --replay SEED:STEP  the story of the vehicle that step is about, or of a lane with --lane
  --replay SEED:visit-N   of that vehicle
  --lane NAME         with --replay: of this lane, around that step
  --json              the report as JSON
  --help              this text

  Exit code 1: something was not as it must be; the seed and the step are told.
`;

function groups(): string {
  return Object.entries(FAULT_KINDS)
    .map(([group, kinds]) => `                        ${group.padEnd(8)} ${wrapped(kinds)}`)
    .join("\n");
}

function wrapped(kinds: readonly string[]): string {
  const lines: string[] = [];
  for (const kind of kinds) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + kind.length < 70) lines[lines.length - 1] = `${last} ${kind}`;
    else lines.push(kind);
  }
  return lines.join(`\n${" ".repeat(33)}`);
}

export type Replay = {
  readonly seed: number;
  readonly about:
    { readonly kind: "step"; readonly step: number } | { readonly kind: "visit"; readonly visit: number };
  readonly lane: string | null;
};

export type SimFlags = {
  readonly seed: number;
  readonly seeds: number;
  readonly days: number;
  /** Null = drawn. */
  readonly visitsPerDay: number | null;
  readonly faults: readonly FaultKind[];
  readonly cloud: boolean | null;
  readonly keepGoing: boolean;
  readonly shrink: boolean;
  readonly replay: Replay | null;
  readonly json: boolean;
};

const ALL: readonly FaultKind[] = Object.values(FAULT_KINDS).flat();

/** @returns the flags, "help", or what is wrong with them in one line. */
export function readFlags(args: readonly string[]): SimFlags | "help" | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        days: { type: "string" },
        visits: { type: "string" },
        faults: { type: "string" },
        cloud: { type: "string" },
        "keep-going": { type: "boolean" },
        shrink: { type: "boolean" },
        replay: { type: "string" },
        lane: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    if (values.help === true) return "help";
    const replay = values.replay === undefined ? null : replayOf(values.replay, values.lane ?? null);
    if (replay === null && values.lane !== undefined) throw new Error("--lane goes with --replay");
    return {
      seed: replay?.seed ?? whole("seed", values.seed, 1, 0, 2 ** 31 - 1),
      seeds: replay === null ? whole("seeds", values.seeds, 1, 1, 1_000_000) : 1,
      days: number("days", values.days, 1, 0.01, 3_650),
      visitsPerDay: values.visits === undefined ? null : whole("visits", values.visits, 0, 0, 5_000),
      faults: faultsOf(values.faults ?? "all"),
      cloud: cloudOf(values.cloud),
      keepGoing: values["keep-going"] ?? false,
      shrink: values.shrink ?? false,
      replay,
      json: values.json ?? false,
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function number(name: string, text: string | undefined, usual: number, min: number, max: number): number {
  if (text === undefined) return usual;
  const value = text.trim() === "" ? NaN : Number(text);
  if (!(value >= min && value <= max)) throw new Error(`--${name} must be a number from ${min} to ${max}`);
  return value;
}

function whole(name: string, text: string | undefined, usual: number, min: number, max: number): number {
  const value = number(name, text, usual, min, max);
  if (!Number.isInteger(value)) throw new Error(`--${name} must be a whole number`);
  return value;
}

function faultsOf(text: string): readonly FaultKind[] {
  if (text === "all") return ALL;
  if (text === "none") return [];
  const wanted = new Set(text.split(",").flatMap(kindsOf));
  return ALL.filter((kind) => wanted.has(kind));
}

function kindsOf(name: string): readonly FaultKind[] {
  const word = name.trim();
  const group = Object.entries(FAULT_KINDS).find(([key]) => key === word)?.[1];
  if (group !== undefined) return group;
  const kind = ALL.find((one) => one === word);
  if (kind === undefined) throw new Error(`--faults: there is no ${JSON.stringify(word)}; see --help`);
  return [kind];
}

function cloudOf(text: string | undefined): boolean | null {
  if (text === undefined) return null;
  if (text !== "on" && text !== "off") throw new Error("--cloud is on or off");
  return text === "on";
}

function replayOf(text: string, lane: string | null): Replay {
  const [, seed = "", visit, what = ""] = /^(\d{1,10}):(visit-)?(\d{1,12})$/.exec(text) ?? [];
  if (seed === "") throw new Error("--replay is SEED:STEP or SEED:visit-N, such as 7:12345");
  const number = Number(what);
  const about =
    visit === undefined
      ? ({ kind: "step", step: number } as const)
      : ({ kind: "visit", visit: number } as const);
  return { seed: Number(seed), about, lane };
}
