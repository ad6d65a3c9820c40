import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { connectAsync, type MqttClient } from "mqtt";
import { boardCommandSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { openTcpCable, type TcpCable } from "../cables/tcp-cable.ts";
import { layOutSite, type SitePlan } from "../site/plan.ts";
import { freePort } from "../site/ports.ts";
import { startProgram, type Program, type ProgramOptions } from "../site/program.ts";
import type { Random } from "../traffic/random.ts";
import { nothingYet, type Acknowledged } from "./acknowledged.ts";
import { createCounter, type Counter } from "./counter.ts";
import { hireDeskHands, type DeskHands } from "./desk-hands.ts";
import { openLaneHands, type LaneHands, type LaneName } from "./lane-hands.ts";
import { INPUTS, openLaneRig, type LaneRig } from "./lane-rig.ts";
import { DIST } from "./needs.ts";

/** A whole site whose gate lives on a disk that can fail: broker, boards and cameras, and a cloud behind a cable. */
export type TortureSite = {
  readonly plan: SitePlan;
  /** The gate's folder on its disk. */
  readonly dataFolder: string;
  readonly known: Acknowledged;
  readonly counter: Counter;
  readonly lanes: readonly LaneHands[];
  /** How often an arm came down on a vehicle. */
  readonly armHits: () => number;
  readonly desk: DeskHands;
  /** Null where the site has no cloud. */
  readonly cable: TcpCable | null;
  /** Starts the agent, and waits until it is ready. @returns how long that took. */
  readonly startAgent: () => Promise<number>;
  /** Starts it without waiting. */
  readonly launchAgent: () => Program;
  readonly killAgent: () => Promise<void>;
  /** What is on the wire or on the page from now on acknowledges nothing: the power is going. */
  readonly closeBooks: () => void;
  readonly openBooks: () => void;
  /** Commands that were heard on the wire since `hearAnew`. */
  readonly heardSince: () => readonly string[];
  readonly hearAnew: () => void;
  readonly stop: () => Promise<void>;
};

export type SiteOptions = {
  /** For configuration, secrets and logs: outside of the disk. */
  readonly folder: string;
  readonly diskFolder: string;
  readonly random: Random;
  readonly withCloud: boolean;
  /** Null = as every gate has it. */
  readonly lessDurable: "OFF" | "NORMAL" | null;
  readonly people: number;
};

const HOST = "127.0.0.1";
/** As edge-agent/README.md says. */
const NODE_ARGS = ["--max-old-space-size=160", "--max-semi-space-size=4"];
const PRICE = 5;

export async function openSite(options: SiteOptions): Promise<TortureSite> {
  const { folder, random, withCloud } = options;
  const closing: (() => Promise<unknown>)[] = [];
  let stopped = false;
  const stop = async (): Promise<void> => {
    stopped = true;
    for (const close of closing.splice(0).toReversed()) await close();
  };
  try {
    const ports = { cloud: await freePort(), edge: await freePort(), mqtt: 1, exitBoard: 1 };
    const plan = layOutSite({ folder, ports, attendant: "manual" });
    const run = runner(folder, closing, () => stopped);
    const broker = run({ name: "broker", file: "edge-agent/broker.mjs", env: { PARKME_MQTT_PORT: "0" } });
    const cloud = withCloud ? run(cloudOf(plan, ports.cloud)) : null;
    const mqttUrl = `mqtt://${HOST}:${await broker.ready}`;
    await cloud?.ready;
    const cable = withCloud ? await layCable(ports.cloud, random.fork("cable")) : null;
    if (cable !== null) closing.push(cable.stop);
    const config = join(folder, "gate.yaml");
    writeFileSync(config, JSON.stringify(gateConfig(options, plan, mqttUrl, cable)));
    const books = openBooksOn(nothingYet());
    const { name, secret } = plan.attendant;
    const counter = createCounter({ url: plan.edgeUrl, name, pin: secret, seen: books.page });
    closing.push(async () => counter.close());
    const rigs = openRigs(mqttUrl, plan, random);
    for (const { rig } of rigs) closing.push(rig.stop);
    const inside: string[] = [];
    const lanes = rigs.map(({ name, rig }) =>
      openLaneHands({ name, rig, counter, known: books.known, random: random.fork(name), inside }),
    );
    const wire = await listen(mqttUrl, plan, (id, action, board) => books.command(id, action, board, lanes));
    closing.push(() => wire.endAsync());
    const desk = hireDeskHands(counter, books.known, random.fork("desk"), options.people);
    return {
      plan,
      dataFolder: join(options.diskFolder, "edge"),
      known: books.known,
      counter,
      lanes,
      armHits: () => rigs.reduce((sum, { rig }) => sum + rig.armHits(), 0),
      desk,
      cable,
      ...agentOf(config, options, run, counter),
      closeBooks: books.close,
      openBooks: books.open,
      heardSince: books.heardSince,
      hearAnew: books.hearAnew,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Run = (
  program: Pick<ProgramOptions, "name" | "file" | "env" | "args" | "nodeArgs" | "onEvent">,
) => Program;

const running = new Set<Program>();
// Whatever way this program ends, the others end with it.
process.on("exit", () => {
  for (const { pid } of running) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
});

function runner(folder: string, closing: (() => Promise<unknown>)[], isStopped: () => boolean): Run {
  return (wanted) => {
    if (isStopped()) throw new Error(`the site is stopped: no ${wanted.name} is started`);
    const logFile = join(folder, "logs", `${wanted.name}.log`);
    const program = startProgram({ ...wanted, file: join(DIST, wanted.file), logFile });
    running.add(program);
    void program.exited.then(() => running.delete(program));
    closing.push(program.stop);
    return program;
  };
}

function cloudOf(plan: SitePlan, port: number) {
  return {
    name: "cloud",
    file: "cloud-api/main.mjs",
    env: {
      PARKME_CLOUD_PORT: String(port),
      PARKME_DATA_DIR: join(plan.folder, "cloud"),
      PARKME_PROVISION: plan.provisionFile,
    },
  };
}

async function layCable(port: number, random: Random): Promise<TcpCable> {
  return await openTcpCable({
    listen: { host: HOST, port: 0 },
    to: { host: HOST, port },
    random: random.next,
  });
}

/** The agent that runs now, and those before it. */
function agentOf(config: string, { lessDurable }: SiteOptions, run: Run, counter: Counter) {
  let agent: Program | null = null;
  let isControl = false;
  const preload = pathToFileURL(join(import.meta.dirname, "less-durable.ts"));
  // Whatever reads TypeScript needs more memory than a gate does.
  const control = ["--import", "tsx", "--import", `${preload.href}?${lessDurable}`];
  const launchAgent = (): Program => {
    agent = run({
      name: "agent",
      file: "edge-agent/main.mjs",
      args: ["--config", config],
      nodeArgs: lessDurable === null ? NODE_ARGS : control,
      onEvent: ({ event, synchronous }) => {
        isControl ||= event === "less_durable" && synchronous === lessDurable;
      },
    });
    return agent;
  };
  return {
    launchAgent,
    startAgent: async () => {
      const beganMs = performance.now();
      await launchAgent().ready;
      if (lessDurable !== null && !isControl) throw new Error("the control writes as durably as every gate");
      await counter.open();
      return performance.now() - beganMs;
    },
    killAgent: async () => {
      counter.close();
      await agent?.kill();
      agent = null;
    },
  };
}

/** The list of what was acknowledged, which is kept as long as the power is there. */
function openBooksOn(known: Acknowledged) {
  let closed = false;
  let heard: string[] = [];
  return {
    known,
    open: () => void (closed = false),
    close: () => void (closed = true),
    heardSince: () => heard,
    hearAnew: () => void (heard = []),
    page: ({ movements, lanes }: KioskSnapshot): void => {
      if (closed) return;
      for (const { movement_id: id } of movements) known.movements.add(id);
      for (const { stay } of lanes)
        if (stay !== null) known.stays.set(stay.stay_id, { ticket: stay.ticket_number });
    },
    command: (id: string, action: string, board: string, lanes: readonly LaneHands[]): void => {
      heard.push(`${action} at ${board}`);
      if (closed) return;
      known.commands.add(id);
      const lane = lanes.find(({ name }) => board === `${name}-board`);
      const plate = lane?.waiting() ?? null;
      if (lane?.name === "entry" && action === "open" && plate !== null) known.letIn.add(plate);
    },
  };
}

async function listen(
  url: string,
  { facility }: SitePlan,
  told: (id: string, action: string, board: string) => void,
): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4 });
  client.on("message", (topic, payload) => {
    const { id, action } = boardCommandSchema.parse(JSON.parse(payload.toString()));
    told(id, action, topic.split("/")[3] ?? "");
  });
  await client.subscribeAsync(`parkme/${facility.slug}/board/+/cmd`, { qos: 1 });
  return client;
}

const LANE_NAMES: readonly LaneName[] = ["entry", "exit"];

function openRigs(
  mqttUrl: string,
  { facility }: SitePlan,
  random: Random,
): { readonly name: LaneName; readonly rig: LaneRig }[] {
  return LANE_NAMES.map((name) => {
    const camera = random.fork(`camera of the ${name}`);
    return { name, rig: openLaneRig({ name, mqttUrl, facility: facility.slug, random: camera }) };
  });
}

const TIMERS = { arm_ms: 30, read_ms: 30_000, back_ms: 200, clear_ms: 60 };
/** A machine that is busy with other things may leave a board unheard for a while. */
const STALE_AFTER_MS = 10_000;

function gateConfig(
  { diskFolder }: SiteOptions,
  plan: SitePlan,
  mqttUrl: string,
  cable: TcpCable | null,
): object {
  const secret = (name: string): string => join(plan.folder, "secrets", name);
  const token = { edge_id: readFileSync(secret("edge-id"), "utf8").trim(), token_file: secret("edge-token") };
  const lane = (name: LaneName) => ({
    name,
    title: name,
    direction: name,
    camera: `${name}-cam`,
    barrier: { board: `${name}-board`, pulse_ms: 50, rated_ms: 1_000 },
    inputs: INPUTS,
    timers: TIMERS,
  });
  mkdirSync(join(plan.folder, "logs"), { recursive: true });
  return {
    facility: { ...plan.facility, time_zone: "Europe/Berlin", currency: "EUR", capacity: 1_000_000 },
    data_dir: join(diskFolder, "edge"),
    http: { host: HOST, port: Number(new URL(plan.edgeUrl).port) },
    mqtt: { url: mqttUrl },
    ...(cable !== null && { cloud: { url: `http://${HOST}:${cable.port}`, ...token } }),
    attendants: [{ name: plan.attendant.name, pin_file: secret("pin-alex") }],
    tariff: { id: "flat", version: 1, document: { flat: { price: PRICE } } },
    receipts: { issuer: { name: "Torture Parking Ltd", address: ["Quay 1"], tax_number: "DE000000000" } },
    boards: LANE_NAMES.map((name) => ({
      name: `${name}-board`,
      driver: "mqtt",
      stale_after_ms: STALE_AFTER_MS,
    })),
    cameras: LANE_NAMES.map((name) => ({ name: `${name}-cam`, driver: "mqtt" })),
    lanes: LANE_NAMES.map(lane),
  };
}
