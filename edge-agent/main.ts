import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { startAgent } from "./agent.ts";
import { describeProblems, loadConfig } from "./config/load.ts";

/** The edge agent's program: reads the environment, starts the agent, stops it on a signal. */

const HELP = `parkme-edge: runs the gate of one facility

  parkme-edge --config edge.yaml

  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --check         only check the configuration, report every problem, and exit
  --help          this text

Environment: PARKME_CONFIG, PARKME_EDGE_PORT (instead of http.port), PARKME_LOG_LEVEL (info).
`;

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

async function main(): Promise<number | null> {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      check: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const path = values.config ?? process.env["PARKME_CONFIG"] ?? "edge.yaml";
  const loaded = loadConfig(path);
  if (!loaded.ok) {
    process.stderr.write(`${describeProblems(path, loaded.error)}\n`);
    return 1;
  }
  if (values.check === true) {
    process.stdout.write(`${path} is valid\n`);
    return 0;
  }
  const port = portFrom(process.env["PARKME_EDGE_PORT"]);
  if (port === "invalid") {
    process.stderr.write("PARKME_EDGE_PORT must be a number from 0 to 65535\n");
    return 1;
  }
  const config = port === null ? loaded.value : { ...loaded.value, http: { ...loaded.value.http, port } };
  const log = pino({ level: process.env["PARKME_LOG_LEVEL"] ?? "info", base: { program: "edge-agent" } });
  const started = await startAgent({
    config,
    clock,
    log,
    migrationsFolder: besideProgram("migrations", "store/migrations"),
    pageFolder: besideProgram("kiosk", "../dist/edge-agent/kiosk"),
  });
  if (!started.ok) {
    process.stderr.write(`${started.error.message}\n`);
    return 1;
  }
  log.info({ event: "ready", port: started.value.port, facility: config.facility.slug }, "the gate runs");
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void started.value.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return null;
}

/** Files that ship beside the bundle, or lie in the source tree when run from there. */
function besideProgram(shipped: string, inSource: string): string {
  const beside = join(import.meta.dirname, shipped);
  return existsSync(beside) ? beside : join(import.meta.dirname, inSource);
}

function portFrom(text: string | undefined): number | null | "invalid" {
  if (text === undefined || text === "") return null;
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : "invalid";
}

const code = await main();
if (code !== null) process.exitCode = code;
