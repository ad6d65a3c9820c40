import type { Hands, Sight } from "../hands.ts";
import type { Tell } from "../journal.ts";
import type { Schedule, Visit } from "../schedule.ts";

/** What a driver carries, and when they last did what. */
type Driver = {
  readonly visit: Visit;
  ticket: { readonly number: string; readonly code: string } | null;
  /** The stand at a line that the times below are of. */
  stand: string;
  pressedMs: number;
  shownMs: number;
  cardMs: number;
};

export type DriverParts = {
  readonly schedule: Schedule;
  readonly sight: Sight;
  readonly hands: (lane: string) => Hands;
  readonly nowMs: () => number;
  readonly tell: Tell;
};

/** Looking for the button, the ticket or the purse takes that long. */
const BEGINS_MS = 2_000;
const PRESS_AFTER_MS = 4_000;
const PRESS_AGAIN_MS = 8_000;
const SHOW_AGAIN_MS = 12_000;
const CARD_MS = 3_000;

/**
 * The people in the vehicles: they take the ticket that the machine holds out, show it where they leave, hold a card to
 * the terminal that waits for one, and turn round when an entry does not open. What they are told by the gate they see
 * from its devices alone.
 */
export function createDrivers({ schedule, sight, hands, nowMs, tell }: DriverParts) {
  const drivers = new Map<number, Driver>(
    schedule.visits.map((visit) => [
      visit.id,
      { visit, ticket: null, stand: "", pressedMs: -Infinity, shownMs: -Infinity, cardMs: -Infinity },
    ]),
  );

  function driverOf(visit: number): Driver {
    const driver = drivers.get(visit);
    if (driver === undefined) throw new Error(`nobody makes visit ${visit}`);
    return driver;
  }

  function atEntry(driver: Driver, lane: string, waitedMs: number): void {
    const { printer, button } = hands(lane);
    const { habits } = driver.visit;
    const ticket = printer?.ticket() ?? null;
    if (ticket !== null && printer !== null) {
      if (waitedMs < BEGINS_MS + habits.dawdlesMs) return;
      printer.take();
      driver.ticket = ticket;
    } else if (button !== null && waitedMs > PRESS_AFTER_MS && isDue(driver.pressedMs, PRESS_AGAIN_MS)) {
      driver.pressedMs = nowMs();
      button.press();
    }
    if (waitedMs > habits.patienceMs && !sight.isOpen(lane)) sight.giveUp(driver.visit.id);
  }

  function atExit(driver: Driver, lane: string, waitedMs: number): void {
    const { scanner, terminal } = hands(lane);
    const { ticket, visit } = driver;
    const waiting = terminal?.waiting() ?? null;
    if (terminal !== null && waiting !== null) {
      if (visit.pays !== "card" || waitedMs < CARD_MS || !isDue(driver.cardMs, CARD_MS)) return;
      driver.cardMs = nowMs();
      terminal.present("good");
      return;
    }
    const hasIt = ticket !== null && !visit.habits.losesTicket;
    if (!hasIt || scanner === null || sight.isOpen(lane)) return;
    if (waitedMs < BEGINS_MS + visit.habits.dawdlesMs || !isDue(driver.shownMs, SHOW_AGAIN_MS)) return;
    driver.shownMs = nowMs();
    tell({ kind: "ticket_shown", visit: visit.id, lane, number: ticket.number });
    scanner.show(ticket.code);
  }

  function isDue(lastMs: number, everyMs: number): boolean {
    return nowMs() - lastMs >= everyMs;
  }

  return {
    /** Lets whoever stands at this lane's line do what they would do now. */
    look(lane: string, direction: "entry" | "exit"): void {
      const standing = sight.atLine(lane);
      if (standing === null) return;
      const driver = driverOf(standing.visit);
      const stand = `${lane} ${standing.sinceMs}`;
      if (driver.stand !== stand) {
        Object.assign(driver, { stand, pressedMs: -Infinity, shownMs: -Infinity, cardMs: -Infinity });
      }
      const waitedMs = nowMs() - standing.sinceMs;
      if (direction === "entry") atEntry(driver, lane, waitedMs);
      else atExit(driver, lane, waitedMs);
    },
    /** The ticket in a driver's hand, also of one who will not find it. */
    ticketOf: (visit: number) => driverOf(visit).ticket,
    visit: (visit: number): Visit => driverOf(visit).visit,
  };
}
export type Drivers = ReturnType<typeof createDrivers>;
