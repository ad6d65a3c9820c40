import type { Keepsakes } from "./secrets.ts";
import { freePort } from "./ports.ts";

/**
 * What stands at the demo's lanes beside boards and cameras: a ticket printer for those whose plate nobody can read, a
 * scanner and a card terminal at the exit, displays, and the cables of the site's network. All of it is simulated, and
 * can be broken on the simulator's control page.
 */

/** Of the control page, and of the devices on TCP. */
export type LivePorts = {
  readonly control: number;
  readonly brokerCable: number;
  readonly cloudCable: number;
  readonly tickets: number;
  readonly entryDisplay: number;
  readonly exitScanner: number;
  readonly exitDisplay: number;
  readonly exitTerminal: number;
};

const HOST = "127.0.0.1";
const NAMES = {
  tickets: "tickets",
  entryDisplay: "entry-display",
  exitScanner: "exit-scanner",
  exitDisplay: "exit-display",
  exitTerminal: "exit-terminal",
} as const;
type Name = keyof typeof NAMES;
/** Where the entry's ticket button is wired. */
const BUTTON = { button: "in6" };
const PRESENTER = { presenter: "custom" };
const ZVT_PASSWORD = "zvt-password";
/** Half of the drivers pay the attendant. */
const DRIVERS = { lost_ticket_chance: 0.05, cash_chance: 0.5 };

/** Free ones, but for the control page's. */
export async function drawLivePorts(control: number): Promise<LivePorts> {
  return {
    control,
    brokerCable: await freePort(),
    cloudCable: await freePort(),
    tickets: await freePort(),
    entryDisplay: await freePort(),
    exitScanner: await freePort(),
    exitDisplay: await freePort(),
    exitTerminal: await freePort(),
  };
}

/** The part of the agent's configuration: sections of devices, and what its two lanes gain. */
export function liveEdge(ports: LivePorts, keep: Keepsakes) {
  keep.pin(ZVT_PASSWORD);
  const device = (name: Name, driver: string, more: object = {}): object => {
    return { name: NAMES[name], driver, tcp: `${HOST}:${ports[name]}`, ...more };
  };
  return {
    sections: {
      printers: [device("tickets", "escpos", PRESENTER)],
      readers: [device("exitScanner", "scanner")],
      displays: [device("entryDisplay", "cd5220"), device("exitDisplay", "cd5220")],
      terminals: [device("exitTerminal", "zvt", { password_file: keep.pathOf(ZVT_PASSWORD) })],
    },
    entry: { printer: NAMES.tickets, display: NAMES.entryDisplay },
    entryInputs: BUTTON,
    exit: {
      readers: [NAMES.exitScanner],
      display: NAMES.exitDisplay,
      terminal: NAMES.exitTerminal,
    },
  };
}

/** The part of the simulator's site; the ports are those of the programs behind the cables. */
export function liveSite(
  ports: LivePorts,
  behind: { readonly mqtt: number; readonly cloud: number },
  keep: Keepsakes,
) {
  const device = (name: Name, kind: string, settings: Readonly<Record<string, string>> = {}): object => {
    return { name: NAMES[name], kind, listen: `${HOST}:${ports[name]}`, settings };
  };
  const cable = (name: string, port: number, to: number): object => {
    return { name, listen: `${HOST}:${port}`, to: `${HOST}:${to}` };
  };
  return {
    sections: {
      control: `${HOST}:${ports.control}`,
      mqtt: { url: `mqtt://${HOST}:${ports.brokerCable}` },
      drivers: DRIVERS,
      network: {
        cables: [
          cable("gate-network", ports.brokerCable, behind.mqtt),
          cable("line-to-the-cloud", ports.cloudCable, behind.cloud),
        ],
      },
      devices: [
        device("tickets", "escpos", PRESENTER),
        device("entryDisplay", "cd5220"),
        device("exitScanner", "scanner"),
        device("exitDisplay", "cd5220"),
        device("exitTerminal", "zvt", { password: keep.pin(ZVT_PASSWORD) }),
      ],
    },
    entry: { devices: [NAMES.tickets, NAMES.entryDisplay] },
    entryInputs: BUTTON,
    exit: { devices: [NAMES.exitScanner, NAMES.exitDisplay, NAMES.exitTerminal] },
  };
}
