import type {
  PrintDocument,
  Printer,
  PrinterEvent,
  PrinterHealth,
  PrintJob,
} from "../../../../edge-agent/devices/ports.ts";
import type { Life } from "../../time/virtual-time.ts";
import { Ears } from "./ears.ts";
import { later, type DeviceParts } from "./parts.ts";

/** A ticket in the printer's mouth. */
type Held = {
  readonly jobId: PrintJob["id"];
  readonly by: Life;
  readonly number: string;
  readonly code: string;
};

const PRINTS_MS = 1_200;
const SAYS_MS = 20;
/** After so long without an answer the driver gives up on a job. */
const GIVES_UP_MS = 10_000;
/** After so long without an answer it says that the printer is not there. */
const MISSED_MS = 3_000;

/** A ticket printer that holds what it has printed, and says when it is taken. It outlives the program that prints. */
export class VirtualPrinter {
  private readonly faults = { paperOut: false, jams: false, silent: false };
  private held: Held | null = null;
  private job: { readonly by: Life } | null = null;
  private readonly ears: Ears<PrinterEvent>;
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
    this.ears = new Ears(parts.time);
  }

  port(name: string, life: Life): Printer {
    return {
      name,
      start: (sink) => {
        this.ears.add(life, sink);
        this.tellHealth();
        return Promise.resolve();
      },
      print: (job) => {
        if (life.alive) this.print(job, life);
      },
      retract: (jobId) => {
        if (life.alive && !this.faults.silent) later(this.parts, SAYS_MS, () => this.retract(jobId));
      },
      openDrawer: () => false,
      stop: () => Promise.resolve(),
    };
  }

  /** What a driver sees in its mouth. */
  ticket(): { readonly number: string; readonly code: string } | null {
    return this.held && { number: this.held.number, code: this.held.code };
  }

  /** Somebody pulls it out. */
  take(): void {
    const { held } = this;
    if (held === null) return;
    this.let("taken");
    if (!this.faults.silent) this.ears.tell({ kind: "taken", jobId: held.jobId }, SAYS_MS, held.by);
  }

  set(fault: keyof VirtualPrinter["faults"], on: boolean): void {
    this.faults[fault] = on;
    // Of one that is not jammed yet nobody knows that it will.
    if (fault !== "jams" || !on) this.tellHealth();
  }

  private print({ id: jobId, document }: PrintJob, by: Life): void {
    const { faults, parts } = this;
    if (this.job?.by.alive === true) return this.fail(jobId, by, "it prints something else", false);
    if (faults.paperOut) return this.fail(jobId, by, "the paper is out", false);
    const job = { by };
    this.job = job;
    const works = !faults.silent && !faults.jams;
    // A line that is cut and a jam come before the ticket is out, or after.
    const comesOut = works || parts.random.chance(0.5);
    later(parts, PRINTS_MS, () => {
      if (this.job === job) this.job = null;
      if (comesOut) this.hold(jobId, by, document);
      if (works) return this.ears.tell({ kind: "printed", jobId, held: true }, SAYS_MS, by);
      if (!faults.jams) return;
      this.fail(jobId, by, "the paper is jammed", true);
      this.tellHealth();
    });
    if (faults.silent && !faults.jams)
      this.ears.tell(failed(jobId, "it does not answer", true), GIVES_UP_MS, by);
  }

  private hold(jobId: PrintJob["id"], by: Life, document: PrintDocument): void {
    // What nobody took is pushed out by the next one.
    this.let("retracted");
    this.held = { jobId, by, ...readTicket(document) };
    const { lane, tell } = this.parts;
    tell({ kind: "ticket_out", lane, number: this.held.number });
  }

  private let(how: "taken" | "retracted"): void {
    if (this.held === null) return;
    const { lane, tell } = this.parts;
    tell({ kind: "ticket_gone", lane, number: this.held.number, how });
    this.held = null;
  }

  private retract(jobId: PrintJob["id"]): void {
    if (this.held?.jobId !== jobId) return;
    const { by } = this.held;
    this.let("retracted");
    this.ears.tell({ kind: "retracted", jobId }, SAYS_MS, by);
  }

  private fail(jobId: PrintJob["id"], by: Life, reason: string, mayBeOut: boolean): void {
    this.ears.tell(failed(jobId, reason, mayBeOut), SAYS_MS, by);
  }

  private tellHealth(): void {
    this.ears.tell({ kind: "health", health: this.health() }, this.faults.silent ? MISSED_MS : SAYS_MS);
  }

  private health(): PrinterHealth {
    const { paperOut, jams, silent } = this.faults;
    if (silent) return { online: false, paper: "unknown", cover: "unknown", fault: "it does not answer" };
    const fault = jams ? "the paper is jammed" : null;
    return { online: true, paper: paperOut ? "out" : "ok", cover: "closed", fault };
  }
}

function failed(jobId: PrintJob["id"], reason: string, mayBeOut: boolean): PrinterEvent {
  return { kind: "failed", jobId, reason, mayBeOut };
}

/** The number under the code, and what the code says. */
function readTicket(document: PrintDocument): { readonly number: string; readonly code: string } {
  const at = document.findIndex(({ kind }) => kind === "qr");
  const [code, number] = [document[at], document[at + 1]];
  if (code?.kind !== "qr" || number?.kind !== "text") throw new Error("what is printed is no ticket");
  return { number: number.text, code: code.data };
}
