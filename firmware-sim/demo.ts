import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { drawLivePorts, type LivePorts } from "./site/live-hardware.ts";
import { watchMovements } from "./site/movements.ts";
import { layOutSite, type SitePlan, type SitePorts } from "./site/plan.ts";
import { freePort, isFree } from "./site/ports.ts";
import { createSite, PROGRAM_NAMES, type ProgramName, type Site } from "./site/site.ts";

/** The whole of ParkMe Gate on one machine: what `npm start` runs. */

const HELP = `parkme demo: cloud, broker, edge agent and a simulated car park with one entry and one exit lane

  flag                 environment          default
  --cloud-port N       PARKME_CLOUD_PORT    8080
  --edge-port N        PARKME_EDGE_PORT     8081
  --mqtt-port N        PARKME_MQTT_PORT     1883
  --control-port N     PARKME_CONTROL_PORT  8090     the simulator's page, to inject faults by hand
  --data-dir DIR       PARKME_DATA_DIR      ./.parkme/demo
  --speed N            PARKME_SPEED         1        traffic, x1 to x100
  --seed TEXT          PARKME_SEED          1        the same seed brings the same drivers
  --attendant WHO      PARKME_ATTENDANT     auto     auto: simulated; manual: you take the cash at the kiosk
  --help
`;

type Settings = {
  readonly ports: SitePorts;
  readonly live: LivePorts;
  readonly folder: string;
  readonly speed: number;
  readonly seed: string;
  readonly attendant: "auto" | "manual";
};

/** A program that dies is started again after this, as systemd does on a real gate. */
const RESTART_AFTER_MS = 1_000;
const MAX_RESTARTS = 10;
const RESTART_WINDOW_MS = 60_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function readFlags() {
  const { values } = parseArgs({
    options: {
      "cloud-port": { type: "string" },
      "edge-port": { type: "string" },
      "mqtt-port": { type: "string" },
      "control-port": { type: "string" },
      "data-dir": { type: "string" },
      speed: { type: "string" },
      seed: { type: "string" },
      attendant: { type: "string" },
    },
  });
  return values;
}

type PortFlag = "cloud-port" | "edge-port" | "mqtt-port" | "control-port";

async function readSettings(): Promise<Settings | string> {
  let values: ReturnType<typeof readFlags>;
  try {
    values = readFlags();
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\nSee --help for the flags there are.`;
  }
  const { env } = process;
  const problems: string[] = [];
  const number = (
    text: string | undefined,
    name: string,
    fallback: number,
    least: number,
    most: number,
  ): number => {
    const value = text === undefined || text === "" ? fallback : Number(text);
    if (!Number.isFinite(value) || value < least || value > most)
      problems.push(`${name} must be a number from ${least} to ${most}`);
    return value;
  };
  const port = (flag: PortFlag, name: string, fallback: number): number =>
    number(values[flag] ?? env[name], name, fallback, 1, 65_535);
  const attendant = values.attendant ?? env["PARKME_ATTENDANT"] ?? "auto";
  if (attendant !== "auto" && attendant !== "manual")
    problems.push("PARKME_ATTENDANT must be auto or manual");
  const settings: Settings = {
    ports: {
      cloud: port("cloud-port", "PARKME_CLOUD_PORT", 8080),
      edge: port("edge-port", "PARKME_EDGE_PORT", 8081),
      mqtt: port("mqtt-port", "PARKME_MQTT_PORT", 1883),
      exitBoard: await freePort(),
    },
    live: await drawLivePorts(port("control-port", "PARKME_CONTROL_PORT", 8090)),
    folder: resolve(values["data-dir"] ?? env["PARKME_DATA_DIR"] ?? ".parkme/demo"),
    speed: number(values.speed ?? env["PARKME_SPEED"], "PARKME_SPEED", 1, 1, 100),
    seed: values.seed ?? env["PARKME_SEED"] ?? "1",
    attendant: attendant === "manual" ? "manual" : "auto",
  };
  if (problems.length === 0) problems.push(...(await portProblems(settings)));
  return problems.length > 0 ? problems.join("\n") : settings;
}

async function portProblems({ ports, live }: Settings): Promise<string[]> {
  const wanted = [
    ["PARKME_CLOUD_PORT", "--cloud-port", ports.cloud],
    ["PARKME_EDGE_PORT", "--edge-port", ports.edge],
    ["PARKME_MQTT_PORT", "--mqtt-port", ports.mqtt],
    ["PARKME_CONTROL_PORT", "--control-port", live.control],
  ] as const;
  const problems: string[] = [];
  for (const [name, flag, port] of wanted) {
    if (!(await isFree(port)))
      problems.push(`Port ${port} is in use: set ${name} or ${flag} to another one.`);
  }
  return problems;
}

function greet(plan: SitePlan, { speed, seed, folder, live }: Settings): void {
  say(`
  ParkMe Gate: ${plan.facility.name}, one entry and one exit lane, traffic x${speed}, seed ${seed}

  Headquarters  ${plan.cloudUrl}   ${plan.headquarters.name}  ${plan.headquarters.secret}
  Kiosk         ${plan.edgeUrl}   ${plan.attendant.name}  PIN ${plan.attendant.secret}
  Merchant      ${plan.edgeUrl}   ${plan.merchant.name}  PIN ${plan.merchant.secret}
  Simulator     http://127.0.0.1:${live.control}   send vehicles, and break what you like
  API           ${plan.cloudUrl}/api/docs/   a garage in New York to book at
  Broker        ${plan.mqttUrl}   mosquitto_sub -p ${new URL(plan.mqttUrl).port} -t 'parkme/#' -v
  Data          ${folder}   (logs in ${join(folder, "logs")})

  Ctrl-C stops everything; the next start goes on with the same data.
`);
}

/** Keeps every program running until told to stop. */
function supervise(
  site: Site,
  stopping: AbortSignal,
  giveUp: (why: string) => void,
): (name: ProgramName) => Promise<void> {
  const deaths: number[] = [];
  async function keep(name: ProgramName): Promise<void> {
    const program = await site.start(name);
    void program.exited.then(({ code, signal }) => {
      if (stopping.aborted) return;
      const nowMs = performance.now();
      deaths.push(nowMs);
      while ((deaths[0] ?? nowMs) < nowMs - RESTART_WINDOW_MS) deaths.shift();
      if (deaths.length > MAX_RESTARTS) return giveUp(`${name} keeps ending; see its log`);
      say(`  ${name} ended (${signal ?? `exit code ${code}`}); starting it again`);
      setTimeout(() => {
        if (!stopping.aborted) keep(name).catch((error: unknown) => giveUp(String(error)));
      }, RESTART_AFTER_MS);
    });
  }
  return keep;
}

async function main(): Promise<void> {
  if (process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h")) return say(HELP);
  const settings = await readSettings();
  if (typeof settings === "string") {
    process.stderr.write(`${settings}\n`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(settings.folder, { recursive: true });
  const cloudUrl = `http://127.0.0.1:${settings.live.cloudCable}`;
  const plan = layOutSite({ ...settings, cloudUrl, bookable: true });
  const site = createSite({ plan, distFolder: join(import.meta.dirname, ".."), ...settings });
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const stop = (why?: string): void => {
    if (why !== undefined) {
      process.stderr.write(`${why}\n`);
      process.exitCode = 1;
    }
    stopping.abort();
  };
  process.on("SIGINT", () => stop());
  process.on("SIGTERM", () => stop());
  const keep = supervise(site, stopping.signal, stop);
  try {
    for (const name of PROGRAM_NAMES) if (!stopping.signal.aborted) await keep(name);
    greet(plan, settings);
    void watchMovements({ url: plan.edgeUrl, signIn: plan.attendant, say, signal: stopping.signal });
    await stopped;
    say("\n  Stopping ...");
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error));
  }
  await site.stop();
}

await main();
