import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { runDevice } from "./devices/program.ts";
import { startSimulator, type Simulator } from "./simulator.ts";
import { loadSite, type Site } from "./site-file.ts";
import { keepState, readParked } from "./state-file.ts";
import type { WorldEvent } from "./world/facility-world.ts";

const HELP = `parkme-sim: virtual boards, cameras and drivers for one facility

  parkme-sim --site site.yaml [--speed 1..100] [--seed text]
  parkme-sim device [KIND ...]    one device on a wire of yours; \`parkme-sim device\` lists them

  --site FILE    what to put up; the reference is in firmware-sim/README.md
  --speed N      arrivals come N times as often and stays are N times as short; arms and vehicles move as ever
  --seed TEXT    the same seed brings the same drivers
  --help         this text

It prints one JSON line per movement on stdout, and stops on SIGINT or SIGTERM.
`;

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ ...line, at: new Date().toISOString() })}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function readFlags(): { file: string; speed: number | undefined; seed: string | undefined } {
  try {
    const { values } = parseArgs({
      options: {
        site: { type: "string" },
        speed: { type: "string" },
        seed: { type: "string" },
        help: { type: "boolean" },
      },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    if (values.site === undefined) fail("--site is missing; see --help");
    const speed = values.speed === undefined ? undefined : Number(values.speed);
    if (speed !== undefined && !(speed >= 1 && speed <= 100)) fail("--speed must be a number from 1 to 100");
    return { file: values.site, speed, seed: values.seed };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function readSite(): Site {
  const { file, speed, seed } = readFlags();
  const site = loadSite(file);
  if (!site.ok) {
    return fail(describeProblems(file, site.error));
  }
  return { ...site.value, speed: speed ?? site.value.speed, seed: seed ?? site.value.seed };
}

/** What somebody at a terminal wants to know; a plate in view or a fresh arrival is none of it. */
function printEvent(event: WorldEvent): void {
  if (event.kind === "in_view" || event.kind === "arrived") return;
  const { kind, vehicle, ...rest } = event;
  print({ event: kind, plate: vehicle.plate.text, ...rest });
}

function warn(error: unknown): void {
  process.stderr.write(`who is inside was not saved: ${String(error)}\n`);
}

async function run(): Promise<void> {
  const site = readSite();
  const parked = readParked(site.stateFile);
  let simulator: Simulator | null = null;
  const keeper = keepState(site.stateFile, () => simulator?.world.inside() ?? parked, warn);
  simulator = await startSimulator({
    site,
    parked,
    onEvent(event) {
      printEvent(event);
      if (event.kind === "movement") keeper.changed();
    },
  });
  const { boards, stop } = simulator;
  const ports = [...boards].flatMap(([name, board]) =>
    board.transport === "pcless" ? [[name, board.port]] : [],
  );
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    const stopped = stop();
    // The world stands still from here on; who is inside is saved before anything that may take its time.
    keeper.stop();
    void stopped.finally(() => process.exit(0));
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  // Said last: whoever waits for this may stop the simulator at once, and it must hear that.
  print({
    event: "ready",
    seed: site.seed,
    speed: site.speed,
    inside: parked.length,
    ports: Object.fromEntries(ports),
  });
}

/** One device, or a whole site. */
async function start(): Promise<void> {
  const [word, ...rest] = process.argv.slice(2);
  if (word !== "device") return await run();
  process.exit(await runDevice(rest, (path) => readFileSync(path, "utf8")));
}

start().catch((error: unknown) => {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    fail(`a port is in use: ${error.message}; set another one for this board in the site file`);
  }
  fail(error instanceof Error ? error.message : String(error));
});
