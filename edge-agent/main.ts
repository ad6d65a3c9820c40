import { join } from "node:path";
import { parseArgs } from "node:util";
import { pino } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { startAgent } from "./agent.ts";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { loadConfig } from "./config/load.ts";
import { runEnroll } from "./enrolment/program.ts";
import { runLists } from "./lists/program.ts";
import { runProbe } from "./probe/program.ts";
import { runSync } from "./sync/program.ts";
import { runTariff } from "./tariffs/program.ts";
import { runReceipts } from "./receipts/program.ts";
import { runTickets } from "./tickets/program.ts";

/** The edge agent's program: reads the environment, starts the agent, stops it on a signal. */

const HELP = `parkme-edge: runs the gate of one facility

  parkme-edge --config edge.yaml
  parkme-edge enroll CLOUD_URL CODE          makes this edge known to the cloud; see parkme-edge enroll --help
  parkme-edge probe DEVICE [--pulse RELAY]   talks to one device; see parkme-edge probe --help
  parkme-edge lists import FILE              takes permits, reservations and plates from a file
  parkme-edge tariff WORD FILE               checks, shows and compares tariffs; see parkme-edge tariff --help
  parkme-edge tickets WORD                   keys, codes and merchants' codes; see parkme-edge tickets --help
  parkme-edge receipts WORD                  what was issued, and whether it is whole; see parkme-edge receipts --help
  parkme-edge sync WORD                      how log, link and books stand with the cloud; see parkme-edge sync --help

  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --check         only check the configuration, report every problem, and exit
  --help          this text

Environment: PARKME_CONFIG, PARKME_EDGE_PORT (instead of http.port), PARKME_LOG_LEVEL (info).
`;

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

const USUAL_CONFIG = process.env["PARKME_CONFIG"] ?? "edge.yaml";

async function main(): Promise<number | null> {
  const [word, ...rest] = process.argv.slice(2);
  const say = (text: string): void => void process.stdout.write(text);
  const complain = (text: string): void => void process.stderr.write(text);
  if (word === "enroll") return await runEnroll(rest, USUAL_CONFIG, { out: say, complain });
  if (word === "sync") return runSync(rest, USUAL_CONFIG, { out: say, complain });
  if (word === "probe") return await runProbe(rest, USUAL_CONFIG, clock, say, complain);
  if (word === "lists")
    return await runLists(rest, USUAL_CONFIG, clock, folderOf("migrations", "store/migrations"), {
      out: say,
      complain,
    });
  if (word === "tickets")
    return runTickets(rest, USUAL_CONFIG, clock, folderOf("migrations", "store/migrations"), {
      out: say,
      complain,
    });
  if (word === "receipts")
    return await runReceipts(rest, USUAL_CONFIG, clock, folderOf("migrations", "store/migrations"), {
      out: say,
      complain,
    });
  if (word === "tariff") return runTariff(rest, USUAL_CONFIG, clock, { out: say, complain });
  return await runAgent();
}

async function runAgent(): Promise<number | null> {
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
  const path = values.config ?? USUAL_CONFIG;
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
    migrationsFolder: folderOf("migrations", "store/migrations"),
    pageFolder: folderOf("kiosk", "../dist/edge-agent/kiosk"),
  });
  if (!started.ok) {
    process.stderr.write(`${started.error.message}\n`);
    return 1;
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      log.error({}, "a device does not let go of its line: stopped without it");
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    started.value.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "could not stop cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // Said last: whoever waits for this may stop the agent at once, and it must hear that.
  log.info({ event: "ready", port: started.value.port, facility: config.facility.slug }, "the gate runs");
  return null;
}

/** What is not closed by then is closed by the system; all that matters is on the disk before it is said. */
const STOP_DEADLINE_MS = 10_000;

/** Folders that ship beside the bundle, or lie in the source tree when run from there. */
function folderOf(shipped: string, inSource: string): string {
  const bundled = import.meta.filename.endsWith(".mjs");
  return join(import.meta.dirname, bundled ? shipped : inSource);
}

function portFrom(text: string | undefined): number | null | "invalid" {
  if (text === undefined || text === "") return null;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : "invalid";
}

try {
  const code = await main();
  // A device that is still closing its line must not keep a finished command.
  if (code !== null) process.exit(code);
} catch (error) {
  process.stderr.write(`parkme-edge: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
