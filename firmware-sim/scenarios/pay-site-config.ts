import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Device, type Hardware, secretFile } from "./hardware.ts";

/** How a facility where money is taken is configured. */

export const FACILITY = "demo";
export const PINS = { alex: "481516", sam: "234200", cafe: "108815" } as const;
export const TERMINAL_PASSWORD = "123456";
const TIMERS = { arm_ms: 50, read_ms: 10_000, back_ms: 500, clear_ms: 200, take_ms: 5_000 };

/** What stands there beside what always does. */
export type Extra = "ticket-printer" | "receipt-printer" | "desk-printer" | "exit-terminal" | "pay-station";

export type PaySiteOptions = {
  /** The document; EUR. */
  readonly tariff: object;
  readonly extras?: readonly Extra[];
  /** More of the section `desk`. */
  readonly desk?: object;
  /** How long the exit waits for its card terminal before it asks what became of a payment. */
  readonly payMs?: number;
};

export type Devices = { readonly get: (name: string) => Device; readonly has: (name: string) => boolean };

type ConfigOptions = {
  readonly hardware: Hardware;
  readonly mqttUrl: string;
  readonly port: number;
  readonly devices: Devices;
  readonly options: PaySiteOptions;
};

/** The configuration of the agent. */
export function configOf({ hardware, mqttUrl, port, devices, options }: ConfigOptions): object {
  const { folder } = hardware;
  const pin = (name: keyof typeof PINS): object => ({
    name,
    pin_file: secretFile(folder, `pin-${name}`, PINS[name]),
  });
  const offers = [
    { name: "hour", title: "One hour", minutes: 60 },
    { name: "all", title: "Up to 50 euros", amount: 50 },
  ];
  return {
    facility: {
      id: randomUUID(),
      slug: FACILITY,
      name: "Harbour Square",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 50,
    },
    data_dir: join(folder, "edge"),
    http: { host: "127.0.0.1", port },
    mqtt: { url: mqttUrl },
    attendants: [pin("alex"), pin("sam")],
    merchants: [{ ...pin("cafe"), title: "Café Anchor", offers }],
    desk: { ...fit(devices, "printer", "desk-printer"), ...options.desk },
    receipts: {
      issuer: { name: "Harbour Parking GmbH", address: ["Am Kai 1"], tax_number: "DE 123" },
      url: `http://127.0.0.1:${port}`,
    },
    tariff: { id: "standard", version: 1, document: options.tariff },
    ...deviceSections(devices, secretFile(folder, "zvt", TERMINAL_PASSWORD)),
    lanes: [entryOf(devices), exitOf(devices, options)],
  };
}

/** The device under its key, where it is there. */
function fit(devices: Devices, key: string, name: string): object {
  return devices.has(name) ? { [key]: name } : {};
}

function deviceSections(devices: Devices, password_file: string): object {
  const section = (driver: string, names: readonly string[], more: object): readonly object[] =>
    names
      .filter((name) => devices.has(name))
      .map((name) => ({ name, driver, tcp: `127.0.0.1:${devices.get(name).port}`, ...more }));
  const printers = ["ticket-printer", "receipt-printer", "desk-printer", "station-printer"];
  const station = {
    name: "lobby",
    title: "Lobby",
    readers: ["station-scanner"],
    display: "station-display",
    terminal: "station-terminal",
    printer: "station-printer",
  };
  return {
    boards: ["entry-board", "exit-board"].map((name) => ({ name, driver: "mqtt", stale_after_ms: 8_000 })),
    cameras: ["entry-cam", "exit-cam"].map((name) => ({ name, driver: "mqtt" })),
    // Whoever shows something in a test means it, also when it was shown a moment ago.
    readers: section("scanner", ["exit-scanner", "station-scanner"], { repeat_ms: 100 }),
    displays: section("cd5220", ["exit-display", "station-display"], {}),
    printers: section("escpos", printers, { columns: 48, poll_ms: 200 }),
    terminals: section("zvt", ["exit-terminal", "station-terminal"], {
      password_file,
      settle_s: 1,
      silence_s: 10,
    }),
    pay_stations: devices.has(station.terminal) ? [station] : [],
  };
}

function entryOf(devices: Devices): object {
  const ticket = devices.has("ticket-printer") ? { printer: "ticket-printer", ticket: "always" } : {};
  return { ...laneOf("entry", "Entry 1"), ...ticket };
}

function exitOf(devices: Devices, { payMs = 90_000 }: PaySiteOptions): object {
  return {
    ...laneOf("exit", "Exit 1"),
    readers: ["exit-scanner"],
    display: "exit-display",
    ...fit(devices, "printer", "receipt-printer"),
    ...fit(devices, "terminal", "exit-terminal"),
    timers: { ...TIMERS, pay_ms: payMs },
  };
}

function laneOf(name: "entry" | "exit", title: string): object {
  return {
    name,
    title,
    direction: name,
    camera: `${name}-cam`,
    barrier: { board: `${name}-board`, rated_ms: 2_500 },
    inputs: {
      arming: "in1",
      safety: "in2",
      closing: "in3",
      closed_limit: "in4",
      open_limit: "in5",
      key_switch: "in6",
      fire: "in7",
      button: "in8",
    },
    timers: TIMERS,
  };
}
