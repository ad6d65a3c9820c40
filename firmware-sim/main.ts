import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { join } from "node:path";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { runDevice } from "./devices/program.ts";
import { startLiveMode } from "./live/live-mode.ts";
import { startSimulator, type Simulator, type SimulatorOptions } from "./simulator.ts";
import { loadSite, type Site } from "./site-file.ts";
import { keepState, readParked, type Inside } from "./state-file.ts";
import { addressOf } from "./wiring/site-devices.ts";
import type { WorldEvent } from "./world/facility-world.ts";

const HELP = `parkme-sim: virtual boards, cameras and drivers for one facility

  parkme-sim --site site.yaml [--speed 1..100] [--seed text] [--control host:port]
  parkme-sim device [KIND ...]    one device on a wire of yours; \`parkme-sim device\` lists them

  --site FILE    what to put up; the reference is in firmware-sim/README.md
  --speed N      arrivals come N times as often and stays are N times as short; arms and vehicles move as ever
  --seed TEXT    the same seed brings the same drivers
  --control H:P  a page to look at the site and to inject faults by hand, such as 127.0.0.1:8090
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

type Flags = {
  readonly file: string;
  readonly speed: number | undefined;
  readonly seed: string | undefined;
  readonly control: string | undefined;
};

function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        site: { type: "string" },
        speed: { type: "string" },
        seed: { type: "string" },
        control: { type: "string" },
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
    const { control } = values;
    if (control !== undefined && !/^[^\s:]+:\d{1,5}$/.test(control)) fail("--control must be host:port");
    return { file: values.site, speed, seed: values.seed, control };
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function readSite(): Site {
  const { file, speed, seed, control = null } = readFlags();
  const site = loadSite(file);
  if (!site.ok) {
    return fail(describeProblems(file, site.error));
  }
  return {
    ...site.value,
    speed: speed ?? site.value.speed,
    seed: seed ?? site.value.seed,
    ...(control === null ? {} : { control }),
  };
}

/** What somebody at a terminal wants to know; a plate in view or an arm that moves is none of it. */
const PRINTED: readonly WorldEvent["kind"][] = ["movement", "backed_out", "drove_on", "arm_hit"];

function printEvent(event: WorldEvent): void {
  if (!PRINTED.includes(event.kind) || !("vehicle" in event)) return;
  const { kind, vehicle, visit: _visit, ...rest } = event;
  print({ event: kind, plate: vehicle.plate.text, ...rest });
}

function warn(error: unknown): void {
  process.stderr.write(`who is inside was not saved: ${String(error)}\n`);
}

/** The page ships beside the bundle, or lies in dist/ when this is run from the source tree. */
function pageFolder(): string {
  const bundled = import.meta.filename.endsWith(".mjs");
  return join(import.meta.dirname, bundled ? "live" : "../dist/firmware-sim/live");
}

type Running = {
  readonly simulator: Simulator;
  /** Address of the control page. */
  readonly url: string | null;
  readonly stop: () => Promise<void>;
};

async function put(options: SimulatorOptions): Promise<Running> {
  const { control } = options.site;
  if (control === undefined) {
    const simulator = await startSimulator(options);
    return { simulator, url: null, stop: simulator.stop };
  }
  return await startLiveMode({ ...options, control: addressOf(control), pageFolder: pageFolder() });
}

async function run(): Promise<void> {
  const site = readSite();
  const before = readParked(site.stateFile);
  let simulator: Simulator | null = null;
  const inside = (): Inside =>
    simulator === null
      ? before
      : { parked: simulator.world.inside(), tickets: simulator.customers.tickets() };
  const keeper = keepState(site.stateFile, inside, warn);
  const running = await put({
    site,
    ...before,
    onEvent(event) {
      printEvent(event);
      if (event.kind === "movement") keeper.changed();
    },
    onCustomer: ({ kind, ...rest }) => print({ event: kind, ...rest }),
  });
  ({ simulator } = running);
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    const stopped = running.stop();
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
    inside: before.parked.length,
    ports: Object.fromEntries(portsOf(simulator)),
    ...(running.url === null ? {} : { control: running.url }),
  });
}

/** Of the boards and devices that listen. */
function portsOf({ boards, devices }: Simulator): [string, number | null][] {
  const listening: [string, number | null][] = [];
  for (const [name, board] of boards) if (board.transport === "pcless") listening.push([name, board.port]);
  for (const { name, device } of devices.values())
    if (device.port !== null) listening.push([name, device.port]);
  return listening;
}

/** One device, or a whole site. */
async function start(): Promise<void> {
  const [word, ...rest] = process.argv.slice(2);
  if (word !== "device") return await run();
  process.exit(await runDevice(rest, (path) => readFileSync(path, "utf8")));
}

start().catch((error: unknown) => {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    fail(`a port is in use: ${error.message}; set another one in the site file, or --control`);
  }
  fail(error instanceof Error ? error.message : String(error));
});
