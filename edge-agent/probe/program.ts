import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Clock } from "@parkme/shared/domain/clock";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { DEVICE_SECTIONS } from "../config/checks.ts";
import { loadConfig, type EdgeConfig } from "../config/load.ts";
import { createMqttBus } from "../devices/buses/mqtt-bus.ts";
import { createRequestBuses } from "../devices/buses/request-bus.ts";
import type { DeviceContext } from "../devices/context.ts";
import { mqttOf } from "../mqtt-address.ts";
import { readEpoch } from "../store/epoch.ts";
import { probe, type Finding } from "./probe.ts";

/** `parkme-edge probe DEVICE`: the commissioning check on the command line. */

const PROBE_HELP = `parkme-edge probe: talks to one device of the configuration, and tells what it says

  parkme-edge probe                      lists the devices
  parkme-edge probe DEVICE [--config edge.yaml]

  --seconds N     how long to listen (5)
  --pulse RELAY   pulses a relay for half a second and reads it back: mind the arm
  --print         prints a test page
  --drawer        opens the cash drawer on a printer
  --show TEXT     shows a text on a display
  --json          one JSON object a line

A serial line has one owner: stop the agent first. Exits with 0 when the device works.
`;

type Write = (text: string) => void;

/** Resolves with the exit code. */
export async function runProbe(
  args: readonly string[],
  usualConfig: string,
  clock: Clock,
  out: Write,
  complain: Write,
): Promise<number> {
  const { values, positionals } = readFlags(args);
  if (values.help === true) {
    out(PROBE_HELP);
    return 0;
  }
  const seconds = Number(values.seconds ?? "5");
  if (!(seconds > 0 && seconds <= 3_600)) {
    complain("--seconds must be a number from 1 to 3600\n");
    return 1;
  }
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) {
    complain(`${describeProblems(path, loaded.error)}\n`);
    return 1;
  }
  const [device] = positionals;
  if (device === undefined) {
    out(listDevices(loaded.value));
    return 0;
  }
  const request = {
    device,
    seconds,
    pulse: values.pulse ?? null,
    print: values.print === true,
    drawer: values.drawer === true,
    show: values.show ?? null,
  };
  const json = values.json === true;
  const { context, stop } = contextOf(loaded.value, device, clock, complain);
  const report = await probe(loaded.value, request, context, (finding) => out(lineOf(finding, json)));
  await stop();
  if (report === null) {
    complain(`there is no device ${device}; the configuration has:\n${listDevices(loaded.value)}`);
    return 1;
  }
  out(json ? `${JSON.stringify(report)}\n` : `${report.device} (${report.driver}): ${report.summary}\n`);
  return report.ok ? 0 : 1;
}

function readFlags(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: "string" },
      seconds: { type: "string" },
      pulse: { type: "string" },
      print: { type: "boolean" },
      drawer: { type: "boolean" },
      show: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function lineOf(finding: Finding, json: boolean): string {
  if (json) return `${JSON.stringify(finding)}\n`;
  const detail = typeof finding.detail === "string" ? finding.detail : JSON.stringify(finding.detail);
  return `${String(finding.atMs).padStart(6)} ms  ${finding.what.padEnd(9)} ${detail}\n`;
}

function listDevices(config: EdgeConfig): string {
  return DEVICE_SECTIONS.flatMap((section) =>
    config[section].map(
      ({ name, driver }) => `  ${name.padEnd(24)} ${section.slice(0, -1).padEnd(9)} ${driver}\n`,
    ),
  ).join("");
}

/** Drivers whose devices are reached over the broker. */
const ON_BROKER: ReadonlySet<string> = new Set(["mqtt", "shelly", "tasmota", "zigbee2mqtt", "esphome"]);

function isOnBroker(config: EdgeConfig, device: string): boolean {
  const named = DEVICE_SECTIONS.flatMap((section) =>
    config[section].filter(({ name }) => name === device).map(({ driver }) => driver as string),
  );
  return named.some((driver) => ON_BROKER.has(driver));
}

function contextOf(config: EdgeConfig, device: string, clock: Clock, complain: Write) {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object, message: string) => complain(`${message}: ${JSON.stringify(fields)}\n`),
  };
  const count = (): void => undefined;
  const common = { facility: config.facility.slug, clock, log, count };
  const epoch = readEpoch(join(config.data_dir, "gate.db"));
  const bus = createMqttBus({ ...mqttOf(config), ...common, epoch, role: "probe" });
  const lines = createRequestBuses({ clock, log });
  if (isOnBroker(config, device)) bus.start();
  const context: DeviceContext = { bus, lines, secret: config.secret, epoch, ...common };
  return { context, stop: () => bus.stop() };
}
