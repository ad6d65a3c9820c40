import { randomUUID } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import { connectAsync } from "mqtt";
import { gateTopics, type PlateMessage } from "@parkme/shared/protocol/gate-mqtt";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import type { StayRow } from "@parkme/shared/protocol/kiosk-desk";
import { afterEach } from "vitest";
import { freePort } from "../site/ports.ts";
import type { Program } from "../site/program.ts";
import { type Barrier, mountBarrier } from "./barrier.ts";
import { type Cashier, openCashDesk, type Person, signIn } from "./cashier.ts";
import { type Desk, openDesk } from "./desk.ts";
import { edgeCommand } from "./edge-command.ts";
import { type Device, type Hardware, setUpHardware } from "./hardware.ts";
import {
  configOf,
  type Devices,
  type Extra,
  FACILITY,
  type PaySiteOptions,
  PINS,
  TERMINAL_PASSWORD,
} from "./pay-site-config.ts";
import { eventually } from "./stage.ts";

/**
 * A facility where money is taken: an entry and an exit with cameras, a scanner and a display at the exit, a pay desk
 * with two attendants and a merchant; printers, card terminals and a pay station where a scenario wants them.
 */

const CONTACTS = { arming: "in1", safety: "in2", closing: "in3", closed: "in4", open: "in5" };
const RELAYS = { open: "open1", close: "close1" };
/** A busy machine, and devices that are told one after the other. */
const WITHIN_MS = 40_000;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export type PaySite = {
  readonly url: string;
  readonly entry: LaneStage;
  readonly exit: LaneStage;
  /** Something is held before the exit's scanner. */
  readonly show: (text: string) => Promise<void>;
  /** The line from that scanner. */
  readonly scanner: Device;
  /** By its extra's name; of a pay station, see {@link PaySite.station}. */
  readonly device: (extra: Exclude<Extra, "pay-station">) => Device;
  readonly station: () => Pick<PaySite, "show"> & { readonly terminal: Device; readonly says: Says };
  readonly alex: Cashier;
  readonly sam: Cashier;
  readonly merchant: Person;
  /** What the attendants' page shows. */
  readonly page: Desk;
  /** A vehicle comes in: by its plate, and with a ticket where there is a printer. */
  readonly driveIn: (plate: string) => Promise<StayRow>;
  /** The same, an hour and so many minutes before now by the word of an attendant. */
  readonly parked: (plate: string, minutesAgo: number) => Promise<StayRow>;
  /** The exit's display. */
  readonly exitSays: Says;
  /** Kinds of alarms ever raised, with their details. */
  readonly alarms: () => readonly { readonly lane: string; readonly kind: string; readonly detail: string }[];
  readonly rows: <T = Readonly<Record<string, unknown>>>(query: string) => T[];
  /** A command of the agent's program, run beside it. */
  readonly command: (...words: readonly string[]) => Promise<string>;
  readonly folder: string;
  readonly agent: {
    /** The plug is pulled. */
    readonly kill: () => Promise<void>;
    readonly start: () => Promise<void>;
  };
  /** Sessions end with the agent. */
  readonly signInAgain: () => Promise<Cashier>;
};
type Says = (words: RegExp) => Promise<void>;

/** One lane with its barrier, its camera, and what the page shows of it. */
export type LaneStage = {
  readonly board: Device;
  readonly barrier: Barrier;
  /** A vehicle stands on the arming loop. */
  readonly arrive: () => Promise<void>;
  /** Three reads, so that the lane need not wait for more. */
  readonly read: (plate: string) => Promise<void>;
  readonly view: () => LaneView | undefined;
  readonly until: (what: string, holds: (view: LaneView) => boolean) => Promise<LaneView>;
  /** Up with the arm, through, and the arm is down again. */
  readonly leave: () => Promise<void>;
};

export async function setUpPaySite(options: PaySiteOptions): Promise<PaySite> {
  const hardware = setUpHardware();
  const mqttUrl = await hardware.broker();
  const devices = await startDevices(hardware, mqttUrl, options.extras ?? []);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = configOf({ hardware, mqttUrl, port, devices, options });
  const mount = (name: "entry" | "exit"): Promise<Barrier> =>
    mountBarrier({ board: devices.get(`${name}-board`), contacts: CONTACTS, relays: RELAYS });
  const barriers = { entry: await mount("entry"), exit: await mount("exit") };
  let agent: Program = await hardware.agent(config);
  const page = openDesk(url, "alex", PINS.alex);
  await page.until(
    "both lanes to be at rest",
    ({ lanes }) => lanes.length === 2 && lanes.every(({ state }) => state === "IDLE"),
    60_000,
  );
  await page.until("all devices to work", (seen) => seen.devices.every(({ ok }) => ok), 60_000);
  const readBy = await mountCameras(mqttUrl);
  const lane = (name: "entry" | "exit"): LaneStage =>
    stageLane(name, devices.get(`${name}-board`), barriers[name], page, readBy);
  const entry = lane("entry");
  const alex = await openCashDesk(url, "alex", PINS.alex);
  return {
    url,
    folder: hardware.folder,
    page,
    entry,
    exit: lane("exit"),
    alex,
    sam: await openCashDesk(url, "sam", PINS.sam),
    merchant: await signIn(url, "cafe", PINS.cafe),
    signInAgain: () => openCashDesk(url, "alex", PINS.alex),
    ...comings(entry, alex),
    ...lookAt(devices),
    ...booksOf(hardware),
    agent: {
      kill: () => agent.kill(),
      start: async () => {
        agent = await hardware.agent(config);
      },
    },
  };
}

type ReadBy = (camera: string, plate: string) => Promise<void>;

async function mountCameras(mqttUrl: string): Promise<ReadBy> {
  const cameras = await connectAsync(mqttUrl);
  closing.push(() => cameras.endAsync());
  return async (camera, plate) => {
    for (let i = 0; i < 3; i++) {
      const message: PlateMessage = { event_id: randomUUID(), plate, confidence: 0.95, direction: "towards" };
      const topic = gateTopics(FACILITY).cameraPlate(camera);
      await cameras.publishAsync(topic, JSON.stringify(message), { qos: 1 });
    }
  };
}

function comings(entry: LaneStage, alex: Cashier): Pick<PaySite, "driveIn" | "parked"> {
  const driveIn: PaySite["driveIn"] = async (plate) => {
    await entry.arrive();
    await entry.read(plate);
    await entry.leave();
    return alex.find(plate);
  };
  return {
    driveIn,
    parked: async (plate, minutesAgo) => {
      const { stay_id } = await driveIn(plate);
      const entry_at = new Date(Date.now() - minutesAgo * 60_000).toISOString();
      await alex.act(stay_id, "entry-time", { entry_at, reason: "came earlier, by the camera" });
      return alex.find(plate);
    },
  };
}

function lookAt(devices: Devices): Pick<PaySite, "show" | "scanner" | "device" | "station" | "exitSays"> {
  return {
    show: (text) => showTo(devices.get("exit-scanner"), text),
    scanner: devices.get("exit-scanner"),
    device: (extra) => devices.get(extra),
    station: () => ({
      show: (text) => showTo(devices.get("station-scanner"), text),
      terminal: devices.get("station-terminal"),
      says: (words) => says(devices.get("station-display"), words),
    }),
    exitSays: (words) => says(devices.get("exit-display"), words),
  };
}

function booksOf({ folder }: Hardware): Pick<PaySite, "rows" | "alarms" | "command"> {
  const rows: PaySite["rows"] = (query) => rowsOf(join(folder, "edge", "gate.db"), query);
  return {
    rows,
    alarms: () => rows("select lane, kind, detail from alarms order by started_at, id"),
    command: (...words) => edgeCommand(...words, "--config", join(folder, "edge.yaml")),
  };
}

function stageLane(
  name: "entry" | "exit",
  board: Device,
  barrier: Barrier,
  page: Desk,
  readBy: ReadBy,
): LaneStage {
  const until: LaneStage["until"] = async (what, holds) => {
    const found = (): LaneView | undefined => page.lane(name);
    const seen = await eventually(what, found, (view) => view !== undefined && holds(view), WITHIN_MS);
    if (seen === undefined) throw new Error(`no lane ${name}`);
    return seen;
  };
  return {
    board,
    barrier,
    arrive: async () => {
      await until(`the ${name} to be at rest`, ({ state }) => state === "IDLE");
      await barrier.cover("arming", true);
      await until(`the ${name} to see it`, ({ state }) => state !== "IDLE");
    },
    read: (plate) => readBy(`${name}-cam`, plate),
    view: () => page.lane(name),
    until,
    leave: async () => {
      await barrier.driveThrough();
      await barrier.untilClosed(WITHIN_MS);
      await until(`the ${name} to be at rest again`, ({ state }) => state === "IDLE");
    },
  };
}

/** Byte for byte: a code may have blanks side by side. */
function showTo(scanner: Device, text: string): Promise<void> {
  return scanner.do(`bytes ${Buffer.from(`${text}\r`, "latin1").toString("hex")}`);
}

async function says(display: Device, words: RegExp): Promise<void> {
  const shown = (): string => {
    const last = display.said.findLast(({ event }) => event === "display");
    return ((last?.["lines"] ?? []) as string[]).map((line) => line.trim()).join(" ");
  };
  await eventually(`the display to say ${String(words)}`, shown, (text) => words.test(text), WITHIN_MS);
}

/** Rows of the gate's own database. */
function rowsOf<T>(path: string, query: string): T[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return db.prepare<[], T>(query).all();
  } finally {
    db.close();
  }
}

async function startDevices(hardware: Hardware, mqttUrl: string, extras: readonly Extra[]): Promise<Devices> {
  const made = new Map<string, Device>();
  const start = async (
    name: string,
    kind: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const wire = kind === "mqtt-board" ? ["--mqtt", mqttUrl] : ["--listen", "127.0.0.1:0"];
    made.set(name, await hardware.device(kind, [...wire, "--name", name], settings));
  };
  const printer = (name: string): Promise<void> =>
    start(name, "escpos", { folder: join(hardware.folder, "paper"), line_ms: "5" });
  const terminal = (name: string): Promise<void> => start(name, "zvt", { password: TERMINAL_PASSWORD });
  const station = async (): Promise<void> => {
    await start("station-scanner", "scanner");
    await start("station-display", "cd5220");
    await printer("station-printer");
    await terminal("station-terminal");
  };
  await Promise.all([
    start("entry-board", "mqtt-board", { facility: FACILITY }),
    start("exit-board", "mqtt-board", { facility: FACILITY }),
    start("exit-scanner", "scanner"),
    start("exit-display", "cd5220"),
    ...extras.map((extra) => {
      if (extra === "pay-station") return station();
      return extra.endsWith("printer") ? printer(extra) : terminal(extra);
    }),
  ]);
  return {
    has: (name) => made.has(name),
    get: (name) => {
      const device = made.get(name);
      if (device === undefined) throw new Error(`there is no ${name} at this site`);
      return device;
    },
  };
}
