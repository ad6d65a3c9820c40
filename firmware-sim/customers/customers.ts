import type { Random } from "../traffic/random.ts";
import type { FacilityWorld } from "../world/facility-world.ts";
import type { LaneVehicle } from "../world/driver.ts";
import type { RunningDevice, Told } from "../wiring/site-devices.ts";
import { createWallets, type Wallets } from "./wallets.ts";

/** Something that a driver does with a device, as a bystander sees it. */
export type CustomerEvent = {
  readonly kind: "button_pressed" | "ticket_taken" | "ticket_lost" | "ticket_shown" | "card_shown";
  readonly lane: string;
  readonly plate: string;
};

export type CustomersOptions = {
  readonly world: FacilityWorld;
  readonly devices: ReadonlyMap<string, RunningDevice>;
  readonly random: Random;
  readonly lostTicketChance: number;
  readonly cashChance: number;
  /** Tickets of those who are inside at the start, by plate. */
  readonly tickets: ReadonlyMap<string, string>;
  /** Pushes a lane's ticket button, or lets it go; null where there is none. */
  readonly button: (lane: string) => ((pressed: boolean) => void) | null;
  /** Whether the bank declines every card at this terminal. */
  readonly declines: (terminal: string) => boolean;
  readonly onEvent: (event: CustomerEvent) => void;
};

/**
 * The drivers' hands: at an entry they press the button and take their ticket, at an exit they show it and hold their
 * card to the terminal. They use what stands at the lane, and see no more of it than people do.
 */
export type Customers = {
  readonly step: (dtMs: number) => void;
  readonly told: (device: string, told: Told) => void;
  /** Who is inside with a ticket, by plate. */
  readonly tickets: () => ReadonlyMap<string, string>;
  /** Somebody has driven out. */
  readonly left: (plate: string) => void;
};

const PRESS_AFTER_MS = 2_500;
const PRESS_AGAIN_MS = 10_000;
const PRESSED_MS = 400;
const TAKE_MS = 1_500;
const SHOW_AFTER_MS = 2_000;
const SHOW_AGAIN_MS = 9_000;
const CARD_AFTER_MS = 2_500;
const ARM_LOOKS_OPEN = 0.5;

/** One lane as its front-most driver sees it. */
type Stand = {
  readonly lane: string;
  readonly isEntry: boolean;
  readonly deviceOf: (kind: string) => RunningDevice | undefined;
  driver: Readonly<LaneVehicle> | null;
  /** Since when the driver waits, and when the next deed of each kind is due. */
  waitedMs: number;
  nextPressMs: number;
  pressedMs: number | null;
  nextShowMs: number;
  askedForCardMs: number;
  ticket: { readonly code: string; readonly isHeld: boolean; seenMs: number } | null;
};

export function createCustomers(options: CustomersOptions): Customers {
  const { world, devices } = options;
  const wallets = createWallets(options);
  const stands = [...world.gates.values()].map((gate): Stand => {
    const here = [...devices.values()].filter(({ lane }) => lane === gate.name);
    return {
      lane: gate.name,
      isEntry: gate.direction === "entry",
      deviceOf: (kind) => here.find((one) => one.kind === kind),
      ...NOBODY,
    };
  });
  return {
    step(dtMs) {
      for (const stand of stands) {
        lookAt(stand, world, dtMs);
        if (stand.isEntry) atEntry(stand, options, wallets, dtMs);
        else atExit(stand, options, wallets, dtMs);
      }
    },
    told(name, told) {
      if (told.event !== "ticket") return;
      const stand = stands.find((one) => one.isEntry && one.lane === devices.get(name)?.lane);
      const code = Array.isArray(told["qr"]) ? (told["qr"] as readonly unknown[])[0] : undefined;
      if (stand === undefined || typeof code !== "string") return;
      stand.ticket = { code, isHeld: told["held"] === true, seenMs: 0 };
    },
    tickets: wallets.all,
    left: wallets.forget,
  };
}

const NOBODY = {
  driver: null,
  waitedMs: 0,
  nextPressMs: PRESS_AFTER_MS,
  pressedMs: null,
  nextShowMs: SHOW_AFTER_MS,
  askedForCardMs: 0,
  ticket: null,
};

/** Who stands at the line before an arm that is down; a ticket that comes out is for whoever stands there then. */
function lookAt(stand: Stand, world: FacilityWorld, dtMs: number): void {
  const gate = world.gates.get(stand.lane);
  const front = gate?.vehicles().find(({ frontM }) => frontM <= 0);
  const waits = front?.phase === "waiting" ? front : null;
  if (waits !== stand.driver) {
    const { ticket, pressedMs } = stand;
    Object.assign(stand, NOBODY, { driver: waits, ticket: waits === null ? null : ticket, pressedMs });
  }
  const isShut = (gate?.arm().position ?? 0) < ARM_LOOKS_OPEN;
  if (stand.driver !== null && isShut) stand.waitedMs += dtMs;
}

function atEntry(stand: Stand, options: CustomersOptions, wallets: Wallets, dtMs: number): void {
  const { lane, driver, ticket } = stand;
  const button = options.button(lane);
  if (stand.pressedMs !== null) {
    stand.pressedMs += dtMs;
    if (stand.pressedMs >= PRESSED_MS) {
      stand.pressedMs = null;
      button?.(false);
    }
  }
  if (driver === null) return;
  const plate = driver.vehicle.plate.text;
  if (ticket !== null) {
    ticket.seenMs += dtMs;
    if (ticket.seenMs < TAKE_MS) return;
    stand.ticket = null;
    if (ticket.isHeld && !tryDeed(stand.deviceOf("escpos"), "take")) return;
    const isKept = wallets.put(plate, ticket.code);
    options.onEvent({ kind: isKept ? "ticket_taken" : "ticket_lost", lane, plate });
    return;
  }
  if (button === null || stand.waitedMs < stand.nextPressMs) return;
  stand.nextPressMs = stand.waitedMs + PRESS_AGAIN_MS;
  stand.pressedMs = 0;
  button(true);
  options.onEvent({ kind: "button_pressed", lane, plate });
}

function atExit(stand: Stand, options: CustomersOptions, wallets: Wallets, dtMs: number): void {
  const { lane, driver } = stand;
  if (driver === null) return;
  const plate = driver.vehicle.plate.text;
  const code = wallets.codeOf(plate);
  const scanner = stand.deviceOf("scanner");
  if (code !== null && scanner !== undefined && stand.waitedMs >= stand.nextShowMs) {
    stand.nextShowMs = stand.waitedMs + SHOW_AGAIN_MS;
    if (tryDeed(scanner, "scan", code)) options.onEvent({ kind: "ticket_shown", lane, plate });
  }
  const terminal = stand.deviceOf("zvt");
  const isAsked = terminal?.device.state()["waiting"] === "card" && !wallets.paysCash(plate);
  stand.askedForCardMs = isAsked ? stand.askedForCardMs + dtMs : 0;
  if (terminal === undefined || stand.askedForCardMs < CARD_AFTER_MS) return;
  stand.askedForCardMs = 0;
  if (tryDeed(terminal, "card", options.declines(terminal.name) ? "decline" : "approve"))
    options.onEvent({ kind: "card_shown", lane, plate });
}

/** False where it cannot be done now: the ticket was drawn back in, the power is off. */
function tryDeed(running: RunningDevice | undefined, name: string, ...words: readonly string[]): boolean {
  const deed = running?.device.deeds[name];
  if (deed === undefined) return false;
  try {
    deed.run(words);
    return true;
  } catch {
    return false;
  }
}
