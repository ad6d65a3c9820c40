import type { Clock } from "@parkme/shared/domain/clock";
import type { Printer, PrinterEvent, PrintJob } from "../../devices/ports.ts";

/** A printer that does what the test says with each job. */
export function createPaper() {
  const jobs: PrintJob[] = [];
  let sink: (event: PrinterEvent) => void = () => undefined;
  let starts = 0;
  let nowMs = 0;
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const printer: Printer = {
    name: "receipts",
    start: (to) => {
      starts += 1;
      sink = to;
      return Promise.resolve();
    },
    print: (job) => void jobs.push(job),
    retract: () => undefined,
    openDrawer: () => true,
    stop: () => Promise.resolve(),
  };
  const last = (): PrintJob => {
    const job = jobs.at(-1);
    if (job === undefined) throw new Error("nothing is being printed");
    return job;
  };
  return {
    printer,
    clock,
    jobs,
    starts: () => starts,
    later: (ms: number): void => {
      nowMs += ms;
    },
    says: (event: PrinterEvent): void => sink(event),
    prints: (): void => sink({ kind: "printed", jobId: last().id, held: false }),
    fails: (reason: string): void => sink({ kind: "failed", jobId: last().id, reason, mayBeOut: true }),
  };
}
