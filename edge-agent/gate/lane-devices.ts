import { credentialOf } from "@parkme/shared/domain/credential";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Refusal } from "@parkme/shared/domain/errors";
import type { Facility } from "@parkme/shared/domain/facility";
import type { LaneOrder, StayInHand } from "@parkme/shared/domain/gate-record";
import type { StayId, TicketNumber } from "@parkme/shared/domain/ids";
import type { Result } from "@parkme/shared/domain/result";
import type { Display, Health, PaymentTerminal, Printer, PrinterHealth, Reader } from "../devices/ports.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import type { Lane } from "../lanes/machine/model.ts";
import type { CodeBook, TicketReading, ValidationReading } from "../tickets/code-book.ts";
import { entryTicket } from "../tickets/ticket-document.ts";
import type { Roster } from "./roster.ts";
import { twoLines } from "./two-lines.ts";

/** Of dates and times on paper: days before months, hours to 24. */
const LOCALE = "en-GB";

/** What stands at a lane beside its board. */
export type LaneDevices = {
  readonly readers: readonly Reader[];
  readonly printer: Printer | null;
  readonly display: Display | null;
  readonly terminal: PaymentTerminal | null;
};

/** What signed codes are to a lane. */
export type LaneTickets = {
  /** The text of the QR code on a ticket of this lane. */
  readonly code: (
    ticket: Pick<StayInHand, "ticketNumber" | "entryWallMs"> & { readonly lane: string },
  ) => string;
  readonly book: CodeBook;
  /** Gives the store back the stay of a genuine ticket that it has lost. */
  readonly recover: (lost: LostStay) => Result<unknown, Refusal>;
  /**
   * Gives a merchant's discount to the stay at the arm. Who does it tells every lane that what is due has changed.
   */
  readonly validate: (lane: string, stayId: StayId, reading: ValidationReading) => Result<unknown, Refusal>;
  readonly clock: Clock;
};

/** A stay as its ticket tells of it. */
export type LostStay = {
  readonly ticketNumber: TicketNumber;
  readonly entryWallMs: number;
  readonly lane: string;
  readonly plate: null;
};

export type LaneSurroundings = {
  readonly facility: Facility;
  readonly roster: Roster;
  /** Without keys, tickets carry their number alone, and a signed code is a code like any other. */
  readonly tickets?: LaneTickets | undefined;
};

/** Joins a lane's printer, readers, display and terminal to its runner. */
export function joinDevices(
  devices: LaneDevices,
  { name: lane, title: laneTitle }: { readonly name: string; readonly title: string },
  { facility, roster, tickets }: LaneSurroundings,
) {
  const { readers, printer, display, terminal } = devices;

  function print(order: Extract<LaneOrder, { kind: "print" }>): void {
    if (printer === null) throw new Error(`lane ${laneTitle} prints without a printer`);
    const { ticketNumber, plate, entryWallMs } = order.stay;
    const document = entryTicket({
      facilityName: facility.name,
      laneTitle,
      ticketNumber,
      plate,
      entryWallMs,
      timeZone: facility.timeZone,
      locale: LOCALE,
      qr: tickets?.code({ ticketNumber, entryWallMs, lane }) ?? ticketNumber,
    });
    printer.print({ id: order.jobId, document, deadlineMs: order.deadlineMs });
  }

  function pay(order: Extract<LaneOrder, { kind: "authorise" | "enquire" | "abort" | "reverse" }>): void {
    if (terminal === null) throw new Error(`lane ${laneTitle} asks for a card without a terminal`);
    terminal.ask(order.kind === "authorise" ? { ...order, currency: facility.currency } : order);
  }

  return {
    /** Carries out an order of the lane; answers come back as events. */
    order: (order: LaneOrder): void => {
      switch (order.kind) {
        case "print":
          return print(order);
        case "retract":
          return printer?.retract(order.jobId);
        case "indicate":
          for (const reader of readers) reader.indicate(order.signal);
          return;
        case "authorise":
        case "enquire":
        case "abort":
        case "reverse":
          return pay(order);
        default:
          return order satisfies never;
      }
    },
    /** What the driver is told, on the lane's display. */
    show: (lane: Lane): void => {
      display?.show(twoLines(lane.display === "" ? facility.name : lane.display));
    },
    start: async (runner: LaneRunner): Promise<void> => {
      for (const reader of readers) await startReader(reader, readers, runner, { roster, tickets });
      if (printer !== null) await startPrinter(printer, runner, roster);
      if (terminal !== null) await startTerminal(terminal, runner, roster);
      await display?.start((health) => {
        roster.note(display.name, health);
        runner.tell({ kind: "device", device: "display", ...health });
      });
    },
    stop: async (): Promise<void> => {
      const all = [...readers, printer, display, terminal].filter((device) => device !== null);
      await Promise.all(all.map((device) => device.stop()));
    },
  };
}

async function startReader(
  reader: Reader,
  all: readonly Reader[],
  runner: LaneRunner,
  { roster, tickets }: Pick<LaneSurroundings, "roster" | "tickets">,
): Promise<void> {
  await reader.start((event) => {
    if (event.kind === "credential") {
      const { medium, text } = event;
      const shown = medium === "card" || tickets === undefined ? null : shownCode(text, runner, tickets);
      if (shown !== null) return tellShown(shown, runner);
      const credential = credentialOf(medium, text);
      if (credential !== null) runner.tell({ kind: "credential", credential });
      return;
    }
    roster.note(reader.name, event.health);
    const names = new Set(all.map(({ name }) => name));
    const faulty = roster.list().find((device) => names.has(device.name) && !device.ok);
    runner.tell({
      kind: "device",
      device: "reader",
      ok: faulty === undefined,
      reason: faulty === undefined ? "" : `${faulty.name}: ${faulty.reason}`,
    });
  });
}

/** What a code comes to at a lane: the number of a ticket, why it is refused, or nothing more to do. */
type Shown =
  | { readonly kind: "ticket"; readonly number: TicketNumber }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "done" };

/** Null for a code that is not of ours, and while the store does not answer: the lane then asks it, and knows what to do. */
function shownCode(text: string, runner: LaneRunner, tickets: LaneTickets): Shown | null {
  try {
    const value = tickets.book.read(text, tickets.clock.wallMs());
    switch (value.kind) {
      case "ticket":
        return shownTicket(value, runner, tickets);
      case "validation":
        return shownValidation(value, runner, tickets);
      case "refused":
        return value;
      case "other":
        return null;
      default:
        return value satisfies never;
    }
  } catch {
    return null;
  }
}

/** A stay that was lost is needed where the vehicle leaves; where it comes in, its ticket means nothing. */
function shownTicket(
  { number, issuedWallMs, known }: TicketReading,
  runner: LaneRunner,
  { recover, clock }: LaneTickets,
): Shown {
  if (known || runner.lane().direction === "entry") return { kind: "ticket", number };
  // The clock may have been set back since.
  const entryWallMs = Math.min(issuedWallMs, clock.wallMs());
  const recovered = recover({ ticketNumber: number, entryWallMs, lane: runner.config.name, plate: null });
  return recovered.ok ? { kind: "ticket", number } : { kind: "refused", reason: recovered.error.message };
}

function shownValidation(reading: ValidationReading, runner: LaneRunner, { validate }: LaneTickets): Shown {
  const stay = runner.lane().stay;
  if (runner.lane().direction === "entry" || stay === null)
    return { kind: "refused", reason: "Show your ticket first, then the discount." };
  const given = validate(runner.config.name, stay.stayId, reading);
  return given.ok ? { kind: "done" } : { kind: "refused", reason: given.error.message };
}

function tellShown(shown: Shown, runner: LaneRunner): void {
  switch (shown.kind) {
    case "ticket":
      return runner.tell({ kind: "credential", credential: { kind: "ticket", text: shown.number } });
    case "refused":
      return runner.tell({ kind: "code_refused", reason: shown.reason });
    case "done":
      return;
    default:
      shown satisfies never;
  }
}

async function startPrinter(printer: Printer, runner: LaneRunner, roster: Roster): Promise<void> {
  await printer.start((event) => {
    switch (event.kind) {
      case "health": {
        const health = healthOf(event.health);
        roster.note(printer.name, health);
        runner.tell({ kind: "device", device: "printer", ...health });
        const low = event.health.paper === "low";
        return runner.tell({
          kind: "device",
          device: "paper_low",
          ok: !low,
          reason: "the paper is running out",
        });
      }
      case "printed":
        return runner.tell({ kind: "printed", jobId: event.jobId, held: event.held });
      case "failed":
        return runner.tell({
          kind: "print_failed",
          jobId: event.jobId,
          reason: event.reason,
          mayBeOut: event.mayBeOut,
        });
      case "taken":
        return runner.tell({ kind: "taken", jobId: event.jobId });
      case "retracted":
        return;
      default:
        event satisfies never;
    }
  });
}

/** Whether a ticket would come out now. A printer goes offline for want of paper, too: that is the reason to tell. */
export function healthOf({ online, paper, cover, fault }: PrinterHealth): Health {
  if (paper === "out") return { ok: false, reason: "the paper is out" };
  if (cover === "open") return { ok: false, reason: "the cover is open" };
  if (fault !== null) return { ok: false, reason: fault };
  return online ? { ok: true, reason: "" } : { ok: false, reason: "the printer is offline" };
}

async function startTerminal(terminal: PaymentTerminal, runner: LaneRunner, roster: Roster): Promise<void> {
  await terminal.start((event) => {
    switch (event.kind) {
      case "health":
        roster.note(terminal.name, event.health);
        return runner.tell({ kind: "device", device: "terminal", ...event.health });
      case "progress":
        return;
      case "result":
        return runner.tell({ kind: "terminal", attemptId: event.attemptId, outcome: event.outcome });
      default:
        event satisfies never;
    }
  });
}
