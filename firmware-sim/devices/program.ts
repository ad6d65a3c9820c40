import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { DeviceKind, SimDevice, Wire } from "./device.ts";
import { deviceKinds } from "./kinds.ts";

/** `parkme-sim device KIND`: one device on one wire, told by typed lines what happens to it. */

const HELP = `parkme-sim device: one simulated device on a wire of yours

  parkme-sim device                               lists the kinds
  parkme-sim device KIND --help                   its settings, and what can be done to it
  parkme-sim device KIND --serial PATH [--baud N]
  parkme-sim device KIND --listen HOST:PORT
  parkme-sim device KIND --mqtt URL [--username NAME --password-file FILE]
  parkme-sim device KIND --folder PATH

  --name NAME           its name (default: the kind)
  --set NAME=VALUE      a setting of the kind; may be given several times

It reads one command a line on stdin: one of the device's own, \`state\`, \`help\` or \`quit\`, and prints one JSON
object a line on stdout.
`;

type Print = (line: Readonly<Record<string, unknown>>) => void;

/** Runs until stdin says quit, or a signal; resolves with the exit code. */
export async function runDevice(
  args: readonly string[],
  readFile: (path: string) => string,
): Promise<number> {
  const print: Print = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const flags = readFlags(args);
  const [name, ...rest] = flags.positionals;
  if (name === undefined) {
    process.stdout.write(`${HELP}\nKinds:\n${listKinds()}`);
    return 0;
  }
  const kind = deviceKinds[name];
  if (kind === undefined || rest.length > 0) {
    throw new Error(`there is no device ${flags.positionals.join(" ")}; the kinds are:\n${listKinds()}`);
  }
  if (flags.values.help === true) {
    process.stdout.write(`${HELP}\n${describeKind(name, kind)}`);
    return 0;
  }
  const device = await kind.start({
    wire: wireOf(flags.values, kind, readFile),
    name: flags.values.name ?? name,
    settings: settingsOf(flags.values.set ?? [], kind),
    say: print,
  });
  const ended = listen(device, print);
  // Said last: whoever waits for this may end the program at once, and it must hear that.
  print({ event: "ready", device: name, ...(device.port === null ? {} : { port: device.port }) });
  await ended;
  await device.stop();
  return 0;
}

function readFlags(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      serial: { type: "string" },
      baud: { type: "string" },
      listen: { type: "string" },
      mqtt: { type: "string" },
      username: { type: "string" },
      "password-file": { type: "string" },
      folder: { type: "string" },
      name: { type: "string" },
      set: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
}

type Flags = ReturnType<typeof readFlags>["values"];

function wireOf(flags: Flags, kind: DeviceKind, readFile: (path: string) => string): Wire {
  const wires: Wire[] = [];
  if (flags.serial !== undefined) {
    wires.push({ kind: "serial", path: flags.serial, baud: Number(flags.baud ?? "9600") });
  }
  if (flags.listen !== undefined) {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(flags.listen) ?? [];
    if (host === undefined) throw new Error("--listen must be host:port");
    wires.push({ kind: "listen", host, port: Number(port) });
  }
  if (flags.mqtt !== undefined) {
    const { username, "password-file": file } = flags;
    wires.push({
      kind: "mqtt",
      url: flags.mqtt,
      ...(username === undefined ? {} : { username }),
      ...(file === undefined ? {} : { password: readFile(file).trim() }),
    });
  }
  if (flags.folder !== undefined) wires.push({ kind: "folder", path: flags.folder });
  const [wire] = wires;
  if (wire === undefined || wires.length > 1 || !kind.wires.includes(wire.kind)) {
    throw new Error(`this device needs one wire: ${kind.wires.map((each) => `--${each}`).join(" or ")}`);
  }
  return wire;
}

function settingsOf(pairs: readonly string[], kind: DeviceKind): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const pair of pairs) {
    const [, name = "", value = ""] = /^([a-z_]+)=(.*)$/s.exec(pair) ?? [];
    if (!Object.hasOwn(kind.settings, name)) {
      throw new Error(`no setting ${pair}; there are: ${Object.keys(kind.settings).join(", ") || "none"}`);
    }
    settings[name] = value;
  }
  return settings;
}

/** Resolves when the device is to stop. */
function listen(device: SimDevice, print: Print): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    const end = (): void => {
      lines.close();
      resolve();
    };
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    lines.on("line", (line) => {
      const [word = "", ...words] = line.trim().split(/\s+/);
      if (word === "quit") return end();
      if (word !== "") print(obey(device, word, words));
    });
  });
}

function obey(device: SimDevice, word: string, words: readonly string[]): Readonly<Record<string, unknown>> {
  if (word === "state") return { event: "state", ...device.state() };
  if (word === "help") return { event: "help", commands: helpOf(device) };
  const deed = Object.hasOwn(device.deeds, word) ? device.deeds[word] : undefined;
  if (deed === undefined) return { event: "refused", reason: `no command ${word}; try help` };
  try {
    deed.run(words);
    return { event: "did", command: [word, ...words].join(" ") };
  } catch (error) {
    return { event: "refused", reason: error instanceof Error ? error.message : String(error) };
  }
}

function helpOf(device: SimDevice): string[] {
  return [...Object.entries(device.deeds).map(([name, { help }]) => `${name} ${help}`), "state", "quit"];
}

function listKinds(): string {
  return Object.entries(deviceKinds)
    .map(([name, { summary, wires }]) => `  ${name.padEnd(14)} ${summary} (${wires.join(", ")})\n`)
    .join("");
}

function describeKind(name: string, kind: DeviceKind): string {
  const settings = Object.entries(kind.settings).map(([key, help]) => `  --set ${key}=...  ${help}\n`);
  return `${name}: ${kind.summary}; wires: ${kind.wires.join(", ")}\n${settings.join("")}`;
}
