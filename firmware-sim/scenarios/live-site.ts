import { randomUUID } from "node:crypto";
import type { SerialLine } from "./hardware.ts";

/** Two entries and an exit with everything that may stand there, on paper: the agent's configuration and the site. */

export const PIN = "481516";
const ZVT_PASSWORD = "123456";
const FACILITY = "demo";

export type LiveSiteOptions = {
  readonly folder: string;
  /** Of the broker itself. */
  readonly mqttUrl: string;
  /** To the exit's relay board. */
  readonly line: Pick<SerialLine, "device" | "agent">;
  readonly ports: {
    readonly agent: number;
    readonly cable: number;
    readonly printer: number;
    readonly scanner: number;
    readonly display: number;
    readonly terminal: number;
  };
  /** Writes a secret, and gives its path. */
  readonly secret: (name: string, text: string) => string;
  readonly arrivalsPerHour?: number;
};

const LANES = [
  { name: "entry-1", direction: "entry", camera: "entry-1-cam", driver: "hikvision" },
  { name: "entry-2", direction: "entry", camera: "entry-2-cam", driver: "mqtt" },
  { name: "exit", direction: "exit", camera: "exit-cam", driver: "hikvision" },
] as const;
type LaneName = (typeof LANES)[number]["name"];

const RELAYS = { relays: { open: "r1", close: "r2" } };
const WIRES: Readonly<Record<LaneName, { readonly barrier: object; readonly inputs: object }>> = {
  "entry-1": {
    barrier: { board: "entry-board", number: 1 },
    inputs: { arming: "in1", safety: "in2", closing: "in3", closed_limit: "in4" },
  },
  "entry-2": {
    barrier: { board: "entry-board", number: 2 },
    inputs: { arming: "in5", safety: "in6", closing: "in7", closed_limit: "in8" },
  },
  exit: {
    barrier: { board: "exit-board", ...RELAYS },
    inputs: { arming: "in1", safety: "in2", closing: "in3", closed_limit: "in4", open_limit: "in5" },
  },
};
const RATED_MS = 1_000;
const TIMERS = { arm_ms: 50, read_ms: 10_000, back_ms: 500, clear_ms: 200, take_ms: 20_000 };

/** What the agent is told of the site. */
export function agentConfig({ folder, mqttUrl, line, ports, secret }: LiveSiteOptions): object {
  const tcp = (port: number): { readonly tcp: string } => ({ tcp: `127.0.0.1:${port}` });
  const extras: Readonly<Record<LaneName, object>> = {
    "entry-1": { printer: "tickets", ticket: "always" },
    "entry-2": {},
    exit: { readers: ["exit-scanner"], display: "exit-display", terminal: "exit-terminal" },
  };
  return {
    facility: {
      id: randomUUID(),
      slug: FACILITY,
      name: "Harbour Square",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 50,
    },
    data_dir: `${folder}/edge`,
    http: { host: "127.0.0.1", port: ports.agent },
    mqtt: { url: mqttUrl },
    attendants: [{ name: "alex", pin_file: secret("pin-alex", PIN) }],
    tariff: { id: "flat", version: 1, document: { flat: { price: 5 } } },
    boards: [
      { name: "entry-board", driver: "mqtt" },
      { name: "exit-board", driver: "modbus", serial: line.agent },
    ],
    cameras: LANES.map(({ camera: name, driver }) => ({
      name,
      driver,
      ...(driver === "hikvision" ? { key_file: secret(`key-${name}`, `a-key-for-the-${name}`) } : {}),
    })),
    printers: [
      { name: "tickets", driver: "escpos", poll_ms: 200, presenter: "custom", ...tcp(ports.printer) },
    ],
    readers: [{ name: "exit-scanner", driver: "scanner", ...tcp(ports.scanner) }],
    displays: [{ name: "exit-display", driver: "cd5220", ...tcp(ports.display) }],
    terminals: [
      {
        name: "exit-terminal",
        driver: "zvt",
        password_file: secret("zvt", ZVT_PASSWORD),
        ...tcp(ports.terminal),
      },
    ],
    lanes: LANES.map(({ name, direction, camera }) => ({
      name,
      title: name,
      direction,
      camera,
      barrier: { ...WIRES[name].barrier, rated_ms: RATED_MS },
      inputs: WIRES[name].inputs,
      timers: TIMERS,
      ...extras[name],
    })),
  };
}

/** What the simulator puts up. */
export function siteConfig(options: LiveSiteOptions): object {
  const { line, mqttUrl, ports, secret, arrivalsPerHour = 0 } = options;
  const listen = (port: number): { readonly listen: string } => ({ listen: `127.0.0.1:${port}` });
  const devices: Readonly<Record<LaneName, readonly string[]>> = {
    "entry-1": ["tickets"],
    "entry-2": [],
    exit: ["exit-scanner", "exit-display", "exit-terminal"],
  };
  return {
    facility: FACILITY,
    mqtt: { url: `mqtt://127.0.0.1:${ports.cable}` },
    agent: { url: `http://127.0.0.1:${ports.agent}` },
    arrivals_per_hour: arrivalsPerHour,
    mean_stay_minutes: 1,
    state_file: "./parked.json",
    control: "127.0.0.1:0",
    network: {
      cables: [{ name: "field-network", ...listen(ports.cable), to: new URL(mqttUrl).host }],
    },
    boards: [{ name: "entry-board", transport: "mqtt" }],
    devices: [
      { name: "exit-board", kind: "modbus", serial: line.device },
      { name: "tickets", kind: "escpos", ...listen(ports.printer), settings: { presenter: "custom" } },
      { name: "exit-scanner", kind: "scanner", ...listen(ports.scanner) },
      { name: "exit-display", kind: "cd5220", ...listen(ports.display) },
      { name: "exit-terminal", kind: "zvt", ...listen(ports.terminal), settings: { password: ZVT_PASSWORD } },
    ],
    cameras: LANES.map(({ camera: name, driver }) =>
      driver === "mqtt"
        ? { name, transport: "mqtt" }
        : { name, transport: "hikvision", key_file: secret(`key-${name}`, `a-key-for-the-${name}`) },
    ),
    lanes: LANES.map(({ name, direction, camera }) => ({
      name,
      direction,
      camera,
      barrier: { ...WIRES[name].barrier, rated_ms: RATED_MS },
      inputs: WIRES[name].inputs,
      devices: devices[name],
    })),
  };
}
