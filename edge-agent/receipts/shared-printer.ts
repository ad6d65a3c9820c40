import type { Clock } from "@parkme/shared/domain/clock";
import type { Printer, PrinterEvent, PrintJob } from "../devices/ports.ts";

/** More jobs than this do not wait: a driver would not, either. */
const MAX_WAITING = 16;

/**
 * A printer for several users at once: a lane's tickets and the receipts of what was paid there. Jobs wait their turn,
 * {@link MAX_WAITING} at most, and those whose time is over are not begun. The first `start` starts the printer; every
 * user hears everything it says, and ignores what became of others' jobs.
 */
export function sharePrinter(printer: Printer, clock: Clock): Printer {
  const sinks: ((event: PrinterEvent) => void)[] = [];
  const waiting: PrintJob[] = [];
  let health: Extract<PrinterEvent, { kind: "health" }> | null = null;
  let current: PrintJob | null = null;
  let starting: Promise<void> | null = null;
  let stopping: Promise<void> | null = null;

  function hear(event: PrinterEvent): void {
    if (event.kind === "health") health = event;
    const ends = (event.kind === "printed" || event.kind === "failed") && event.jobId === current?.id;
    if (ends) current = null;
    tell(event);
    if (ends) begin();
  }

  function tell(event: PrinterEvent): void {
    for (const sink of sinks) sink(event);
  }

  function begin(): void {
    while (current === null) {
      const next = waiting.shift();
      if (next === undefined) return;
      if (stopping !== null) refuse(next, "the printer was stopped");
      else if (clock.monotonicMs() >= next.deadlineMs) refuse(next, "its time was over before its turn");
      else {
        current = next;
        printer.print(next);
      }
    }
  }

  function refuse({ id }: PrintJob, reason: string): void {
    tell({ kind: "failed", jobId: id, reason, mayBeOut: false });
  }

  return {
    name: printer.name,
    start: (sink) => {
      sinks.push(sink);
      if (health !== null) sink(health);
      starting ??= printer.start(hear);
      return starting;
    },
    print: (job) => {
      if (waiting.length >= MAX_WAITING) return refuse(job, "too many jobs wait for this printer");
      waiting.push(job);
      begin();
    },
    retract: (jobId) => printer.retract(jobId),
    openDrawer: () => printer.openDrawer(),
    stop: () => {
      stopping ??= printer.stop().then(begin);
      return stopping;
    },
  };
}
