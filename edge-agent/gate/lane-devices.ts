import { credentialOf } from "@parkme/shared/domain/credential";
import type { Facility } from "@parkme/shared/domain/facility";
import type { LaneOrder } from "@parkme/shared/domain/gate-record";
import type { Display, Health, PaymentTerminal, Printer, PrinterHealth, Reader } from "../devices/ports.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import type { Lane } from "../lanes/machine/model.ts";
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

/** Joins a lane's printer, readers, display and terminal to its runner. */
export function joinDevices(
  devices: LaneDevices,
  laneTitle: string,
  { facility, roster }: { readonly facility: Facility; readonly roster: Roster },
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
      qr: ticketNumber,
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
      for (const reader of readers) await startReader(reader, readers, runner, roster);
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
  roster: Roster,
): Promise<void> {
  await reader.start((event) => {
    if (event.kind === "credential") {
      const credential = credentialOf(event.medium, event.text);
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

/** Whether a ticket would come out now. */
export function healthOf({ online, paper, cover, fault }: PrinterHealth): Health {
  if (!online) return { ok: false, reason: fault ?? "the printer does not answer" };
  if (paper === "out") return { ok: false, reason: "the paper is out" };
  if (cover === "open") return { ok: false, reason: "the cover is open" };
  return fault === null ? { ok: true, reason: "" } : { ok: false, reason: fault };
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
