import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import { createIdMint, type MovementId, type StayId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { type Agent, startAgent } from "../../agent.ts";
import { loadConfig } from "../../config/load.ts";
import { startSimDevice } from "../../devices/testing/sim-device.ts";
import { testClock } from "../../devices/testing/context.ts";
import { until } from "../../devices/testing/until.ts";
import { openDatabase } from "../../store/open.ts";
import { createStore } from "../../store/store.ts";

/** A whole agent with one pay station in its lobby, whose devices are simulated and run as programs. */

export const MIGRATIONS = join(import.meta.dirname, "../../store/migrations");
const PASSWORD = "135790";
/** A busy machine, and a terminal whose line was cut. */
const WITHIN_MS = 60_000;
const HOUR_MS = 3_600_000;

type Port = { readonly port: unknown };

function configOf(folder: string, scanner: Port, display: Port, printer: Port, terminal: Port): string {
  const tcp = ({ port }: Port): string => `tcp: "127.0.0.1:${String(port)}"`;
  return `
facility: { id: 019ab3c4-0000-7000-8000-000000000001, slug: demo, name: Harbour Square, time_zone: Europe/Berlin, currency: EUR, capacity: 10 }
data_dir: ${folder}
http: { host: 127.0.0.1, port: 0 }
mqtt: { url: "mqtt://127.0.0.1:1" }
receipts: { issuer: { name: Harbour Parking GmbH, tax_number: DE 123 }, url: "https://park.example" }
tariff: { id: standard, version: 1, document: { name: Standard, flat: { price: "4.50" } } }
boards: [{ name: board, driver: mqtt }]
lanes: [{ name: exit, title: Exit, direction: exit, barrier: { board: board }, inputs: { arming: in1, safety: in2, closed_limit: in3 } }]
readers: [{ name: lobby-scanner, driver: scanner, ${tcp(scanner)}, repeat_ms: 0 }]
displays: [{ name: lobby-display, driver: cd5220, ${tcp(display)} }]
printers: [{ name: lobby-receipts, driver: escpos, ${tcp(printer)}, columns: 48, poll_ms: 200 }]
terminals: [{ name: lobby-cards, driver: zvt, ${tcp(terminal)}, password_file: ./zvt, settle_s: 1, silence_s: 10 }]
pay_stations: [{ name: lobby, title: Lobby, readers: [lobby-scanner], display: lobby-display, terminal: lobby-cards, printer: lobby-receipts }]
`;
}

async function startDevices() {
  const listen = ["--listen", "127.0.0.1:0"];
  const scanner = await startSimDevice("scanner", listen);
  const display = await startSimDevice("cd5220", listen);
  const printer = await startSimDevice("escpos", [...listen, "--set", "line_ms=5"]);
  const terminal = await startSimDevice("zvt", [...listen, "--set", `password=${PASSWORD}`]);
  return { scanner, display, printer, terminal };
}

export async function startStationSite() {
  const folder = mkdtempSync(join(tmpdir(), "parkme-station-"));
  const devices = await startDevices();
  const { scanner, display, printer, terminal } = devices;
  const config = join(folder, "edge.yaml");
  writeFileSync(join(folder, "zvt"), PASSWORD);
  writeFileSync(config, configOf(folder, scanner, display, printer, terminal));
  let agent = await start(config);
  // As another program beside the agent: what happened before the test.
  const seeds = openSeeds(join(folder, "gate.db"));

  const shown = (): string => {
    const lines = display.named("display").at(-1)?.["lines"];
    return Array.isArray(lines) ? lines.map((line) => String(line).trim()).join(" / ") : "";
  };

  return {
    ...devices,
    config,
    store: seeds.store,
    shown,
    alarms: () => seeds.store.recentAlarms(20).map(({ kind }) => kind),
    /** The display says this. */
    says: async (words: RegExp): Promise<void> => {
      try {
        await until(() => words.test(shown()), "these words", WITHIN_MS);
      } catch {
        throw new Error(`the display says "${shown()}", not ${String(words)}`);
      }
    },
    scan: (text: string) => scanner.tell(`scan ${text}`),
    /** A vehicle that came in an hour ago. */
    parked: (plate: string) => seeds.parked(plate),
    receipts: () => printer.named("ticket"),
    printed: (count: number) =>
      until(() => printer.named("ticket").length >= count, `receipt ${count}`, WITHIN_MS),
    async balance(): Promise<unknown> {
      return (await terminal.tell("state"))["balance"];
    },
    fetch: (path: string) => fetch(`http://127.0.0.1:${agent.port}${path}`),
    async restart(): Promise<void> {
      await agent.stop();
      agent = await start(config);
    },
    async stop(): Promise<void> {
      seeds.store.close();
      await agent.stop();
      for (const device of Object.values(devices)) await device.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function start(path: string): Promise<Agent> {
  const config = loadConfig(path);
  if (!config.ok) throw new Error(describeProblems(path, config.error));
  const log = pino({ level: "silent" });
  const agent = await startAgent({
    config: config.value,
    clock: testClock,
    log,
    migrationsFolder: MIGRATIONS,
    pageFolder: join(path, "..", "page"),
  });
  if (!agent.ok) throw new Error(agent.error.message);
  return agent.value;
}

function openSeeds(path: string) {
  const db = openDatabase({ path, migrationsFolder: MIGRATIONS });
  if (!db.ok) throw new Error(db.error.message);
  const mint = createIdMint((length) => randomBytes(length));
  const store = createStore(db.value, { currency: asCurrency("EUR"), mint });
  return {
    store,
    parked(plate: string): StayInHand {
      const entryWallMs = Date.now() - HOUR_MS;
      const stay: StayInHand = {
        stayId: mint.next<StayId>(entryWallMs),
        ticketNumber: mint.ticketNumber(),
        plate,
        entryWallMs,
        status: "provisional",
        right: null,
        due: null,
      };
      const movement: GateRecord = {
        type: "movement",
        movementId: mint.next<MovementId>(entryWallMs),
        direction: "in",
        kind: "normal",
        scope: "facility",
        zones: [],
        stayId: stay.stayId,
        plate,
        review: null,
        quote: null,
      };
      store.commit({
        lane: "entry",
        state: "IDLE",
        now: { wallMs: entryWallMs, monotonicMs: 0 },
        records: [{ type: "stay_started", stay, credential: null, zone: null }, movement],
        commands: [],
        reads: [],
        outcomes: [],
        credit: null,
      });
      return stay;
    },
  };
}
