import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach } from "vitest";
import type { z } from "zod";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { startMqttCamera } from "../cameras/mqtt-camera.ts";
import { layOutSite, type SitePlan } from "../site/plan.ts";
import { freePort } from "../site/ports.ts";
import type { Program } from "../site/program.ts";
import { createRandom } from "../traffic/random.ts";
import { mountBarrier, type Barrier } from "./barrier.ts";
import { signIn, type Answer, type Person } from "./cashier.ts";
import { openDesk, type Desk } from "./desk.ts";
import { setUpHardware, type Device, type Hardware } from "./hardware.ts";
import { eventually } from "./stage.ts";

/** A car park of one entry and one exit without a wire in it: boards and cameras on the broker, drivers by the test. */

export type Ground = { readonly hardware: Hardware; readonly plan: SitePlan };

export type LotOptions = {
  /** The section of `edge.yaml`. */
  readonly tariff: object;
  readonly capacity?: number;
  readonly zones?: readonly object[];
  /** Where the agent reaches the cloud; left out, it has none. */
  readonly cloudUrl?: string;
  /** The entry's camera pushes over HTTP, under the key in this file. */
  readonly pushKeyFile?: string;
  /** Arguments for the Node that runs the agent. */
  readonly nodeArgs?: readonly string[];
  /** It proves who it is by the key that it enrolled with, in place of the token that was laid out. */
  readonly enrols?: boolean;
  /** Tickets, receipts and merchants' discounts. */
  readonly paper?: LotPaper;
};

/** What prints at the entry and what reads at the exit, and how the agent is told of them. */
export type LotPaper = {
  readonly printer: Device;
  readonly scanner: Device;
  readonly config: object;
};

type LotLane = {
  readonly barrier: Barrier;
  readonly view: () => LaneView | undefined;
  /** A vehicle comes to the loop, and the lane waits for who it is. */
  readonly approach: () => Promise<void>;
  /** The camera reads the plate; `claimedMs` is what its clock says. */
  readonly read: (plate: string, claimedMs?: number) => Promise<void>;
  readonly until: (what: string, holds: (lane: LaneView) => boolean, withinMs?: number) => Promise<LaneView>;
  /** As soon as the arm is up, the vehicle drives through, and the lane comes to rest. */
  readonly pass: () => Promise<void>;
  /** The vehicle turns round. */
  readonly backOut: () => Promise<void>;
};

export type Lot = Ground & {
  readonly desk: Desk;
  /** The attendant's HTTP interface. What is refused fails, and so does an answer of another shape. */
  readonly get: <T>(path: string, schema: z.ZodType<T>) => Promise<T>;
  readonly post: <T>(path: string, body: object, schema: z.ZodType<T>) => Promise<T>;
  readonly entry: LotLane;
  readonly exit: LotLane;
  readonly url: string;
  /** The agent that runs now. */
  readonly agent: () => Program;
  /** Starts the agent again, with the configuration as it was, and waits until both lanes are at rest. */
  readonly start: () => Promise<void>;
  readonly comeIn: (plate: string) => Promise<void>;
  /** A vehicle at the exit, told its fee. */
  readonly askedAtExit: (plate: string) => Promise<Fee>;
  /** Takes the fee in cash, and the vehicle leaves. */
  readonly payAndLeave: (fee: Fee) => Promise<void>;
  /** Rows of the gate's own database, or of the one in another folder. */
  readonly rows: <T = Readonly<Record<string, unknown>>>(query: string, dataFolder?: string) => T[];
};

type Fee = {
  readonly stayId: string;
  readonly amountMinor: number;
  readonly trace: readonly string[];
};

const CONTACTS = { arming: "in1", safety: "in2", closing: "in3", closed: "in4", open: "in5" };
const RELAYS = { open: "open1", close: "close1" };
const INPUTS = { arming: "in1", safety: "in2", closing: "in3", closed_limit: "in4", open_limit: "in5" };
/** Slow machines are given their time: a plate may be read late, and boards may fall silent for a while. */
const TIMERS = { arm_ms: 50, read_ms: 30_000, back_ms: 500, clear_ms: 200 };
const STALE_AFTER_MS = 10_000;
const LONG_MS = 60_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A folder with the site's ids and secrets. */
export async function layOutGround(): Promise<Ground> {
  const hardware = setUpHardware();
  const ports = { cloud: await freePort(), edge: await freePort(), mqtt: 1, exitBoard: 1 };
  return { hardware, plan: layOutSite({ folder: hardware.folder, ports, attendant: "manual" }) };
}

/** Starts boards, cameras and the agent, and waits until both lanes are at rest. */
export async function openLot(ground: Ground, options: LotOptions): Promise<Lot> {
  const { hardware, plan } = ground;
  const broker = await hardware.broker();
  const config = configOf(ground, options, broker);
  const [entryBarrier, exitBarrier] = await Promise.all([
    boardAndArm(hardware, broker, "entry-board"),
    boardAndArm(hardware, broker, "exit-board"),
  ]);
  let agent = await hardware.agent(config, options.nodeArgs);
  const { name, secret } = plan.attendant;
  const desk = openDesk(plan.edgeUrl, name, secret);
  const lane = (name: "entry" | "exit", barrier: Barrier): LotLane => createLane(desk, broker, name, barrier);
  const entry = lane("entry", entryBarrier);
  const exit = lane("exit", exitBarrier);
  const atRest = async (): Promise<void> => {
    await entry.until("rest", isAtRest, LONG_MS);
    await exit.until("rest", isAtRest, LONG_MS);
  };
  await atRest();
  const attendant = (): Promise<Person> => signIn(plan.edgeUrl, name, secret);
  let person = await attendant();
  return {
    ...ground,
    ...createDriving(entry, exit, desk),
    desk,
    get: async (path, schema) => read(path, await person.ask("GET", path), schema),
    post: async (path, body, schema) => read(path, await person.post(path, body), schema),
    entry,
    exit,
    url: plan.edgeUrl,
    agent: () => agent,
    start: async () => {
      // Of the agent before, which has ended, the page shows nothing newer than this.
      const startedMs = Date.now();
      agent = await hardware.agent(config, options.nodeArgs);
      await desk.until("the page of the new agent", ({ at }) => Date.parse(at) >= startedMs, LONG_MS);
      await atRest();
      // An agent that was started anew knows nobody.
      person = await attendant();
    },
    rows: (query, dataFolder = join(hardware.folder, "edge")) => readRows(dataFolder, query),
  };
}

function read<T>(path: string, { status, body }: Answer, schema: z.ZodType<T>): T {
  if (status >= 300) throw new Error(`${path} was refused with ${status}: ${JSON.stringify(body)}`);
  return schema.parse(body);
}

/** Drivers who come and go by the usual ways. */
function createDriving(entry: LotLane, exit: LotLane, desk: Desk) {
  return {
    comeIn: async (plate: string): Promise<void> => {
      await entry.approach();
      await entry.read(plate);
      await entry.pass();
    },
    askedAtExit: async (plate: string): Promise<Fee> => {
      await exit.approach();
      await exit.read(plate);
      const { stay } = await exit.until("a fee", ({ stay: seen }) => (seen?.fee ?? null) !== null);
      if (stay?.fee === null || stay === null) throw new Error("no fee is asked for");
      return { stayId: stay.stay_id, amountMinor: stay.fee.amount_minor, trace: stay.fee.trace };
    },
    payAndLeave: async ({ stayId, amountMinor }: Fee): Promise<void> => {
      const paid = await desk.post("/api/lanes/exit/cash", {
        stay_id: stayId,
        amount_minor: amountMinor,
        tendered_minor: amountMinor,
        idempotency_key: randomUUID(),
      });
      if (paid !== 200) throw new Error(`cash was refused with ${paid}`);
      await exit.pass();
    },
  };
}

async function boardAndArm(hardware: Hardware, broker: string, name: string): Promise<Barrier> {
  const board = await hardware.device("mqtt-board", ["--mqtt", broker, "--name", name]);
  return await mountBarrier({ board, contacts: CONTACTS, relays: RELAYS });
}

const isAtRest = ({ state, health }: LaneView): boolean => state === "IDLE" && health === "ok";

function createLane(desk: Desk, broker: string, name: "entry" | "exit", barrier: Barrier): LotLane {
  const camera = startMqttCamera({
    mqtt: { url: broker },
    facility: "demo",
    name: `${name}-cam`,
    random: createRandom(name),
  });
  closing.push(() => camera.stop());
  const view = (): LaneView | undefined => desk.lane(name);
  const until: LotLane["until"] = async (what, holds, withinMs = LONG_MS) => {
    const look = (): LaneView | null => view() ?? null;
    const seen = await eventually(
      `${what} at the ${name}`,
      look,
      (lane) => lane !== null && holds(lane),
      withinMs,
    );
    if (seen === null) throw new Error("no such lane");
    return seen;
  };
  const rest = async (): Promise<void> => void (await until("rest", isAtRest));
  return {
    barrier,
    view,
    until,
    approach: async () => {
      await barrier.cover("arming", true);
      await until("a vehicle", ({ state }) => state === "ARMED");
    },
    read: async (plate, claimedMs = Date.now()) => {
      await eventually("the camera to be connected", camera.connected, (is) => is, LONG_MS);
      const captured = new Date(claimedMs).toISOString();
      const event = { event_id: randomUUID(), plate, confidence: 0.99, captured_at: captured } as const;
      if (!(await camera.publish({ ...event, direction: "towards" }))) throw new Error("the read was lost");
    },
    pass: async () => {
      await barrier.untilOpen(LONG_MS);
      await barrier.driveThrough();
      await barrier.untilClosed(LONG_MS);
      await rest();
    },
    backOut: async () => {
      await barrier.cover("arming", false);
      await rest();
    },
  };
}

function configOf({ hardware, plan }: Ground, options: LotOptions, broker: string): object {
  const { tariff, capacity = 10, zones = [], cloudUrl, pushKeyFile, paper } = options;
  const secret = (name: string): string => join(plan.folder, "secrets", name);
  const token = {
    edge_id: readFileSync(secret("edge-id"), "utf8").trim(),
    token_file: secret("edge-token"),
  };
  const lane = (name: string, title: string) => ({
    name,
    title,
    direction: name,
    camera: `${name}-cam`,
    barrier: { board: `${name}-board`, rated_ms: 1_000 },
    inputs: INPUTS,
    timers: TIMERS,
    ...(paper && (name === "entry" ? PRINTS : READS)),
  });
  const entryCamera =
    pushKeyFile === undefined ? { driver: "mqtt" } : { driver: "hikvision", key_file: pushKeyFile };
  return {
    facility: { ...plan.facility, time_zone: "Europe/Berlin", currency: "EUR", capacity, zones },
    data_dir: join(hardware.folder, "edge"),
    http: { host: "127.0.0.1", port: Number(new URL(plan.edgeUrl).port) },
    mqtt: { url: broker },
    ...(cloudUrl !== undefined && { cloud: { url: cloudUrl, ...(options.enrols !== true && token) } }),
    attendants: [{ name: plan.attendant.name, pin_file: secret("pin-alex") }],
    tariff,
    boards: ["entry-board", "exit-board"].map((name) => ({
      name,
      driver: "mqtt",
      stale_after_ms: STALE_AFTER_MS,
    })),
    cameras: [
      { name: "entry-cam", ...entryCamera },
      { name: "exit-cam", driver: "mqtt" },
    ],
    lanes: [lane("entry", "Entry 1"), lane("exit", "Exit 1")],
    ...paper?.config,
  };
}

const PRINTS = { printer: "ticket-printer", ticket: "always" };
const READS = { readers: ["exit-scanner"] };

/** Starts the printer and the scanner. */
export async function layOutPaper({ hardware, plan }: Ground): Promise<LotPaper> {
  const wire = ["--listen", "127.0.0.1:0"];
  const [printer, scanner] = await Promise.all([
    hardware.device("escpos", wire, { folder: join(hardware.folder, "paper"), line_ms: "5" }),
    hardware.device("scanner", wire),
  ]);
  const section = (name: string, driver: string, { port }: Device, more: object) => [
    { name, driver, tcp: `127.0.0.1:${port}`, ...more },
  ];
  const config = {
    printers: section("ticket-printer", "escpos", printer, { columns: 48, poll_ms: 200 }),
    readers: section("exit-scanner", "scanner", scanner, { repeat_ms: 100 }),
    receipts: { issuer: { name: "Harbour Parking GmbH", address: ["Am Kai 1"], tax_number: "DE 123" } },
    merchants: [
      {
        name: plan.merchant.name,
        title: "Café Nord",
        pin_file: join(plan.folder, "secrets", `pin-${plan.merchant.name}`),
        offers: [
          { name: "guest", title: "1.00 off", amount: "1.00" },
          { name: "breakfast", title: "Half price", percent: 50 },
        ],
      },
    ],
  };
  return { printer, scanner, config };
}

function readRows<T>(dataFolder: string, query: string): T[] {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    return db.prepare<[], T>(query).all();
  } finally {
    db.close();
  }
}
