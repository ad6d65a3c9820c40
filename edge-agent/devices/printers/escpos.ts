import type { JobId } from "@parkme/shared/domain/ids";
import { type ByteLine, createByteLine } from "../buses/byte-line.ts";
import { type LineAddress, lineAddressOf } from "../buses/line-address.ts";
import type { DeviceContext } from "../context.ts";
import type { Printer, PrinterEvent, PrinterHealth, PrintJob } from "../ports.ts";
import type { EscposPrinterConfig } from "./escpos-config.ts";
import { automaticStatus, clearPresenter, drawerKick, jobPieces } from "./escpos-job.ts";
import {
  CLEAR_BUFFERS,
  CLEARED,
  EscposDecoder,
  type EscposMessage,
  healthOfAnswers,
  healthOfAsb,
  isSameHealth,
  PROCESSED,
  type StatusAnswers,
  ticketPresent,
  whatStops,
} from "./escpos-status.ts";
import { StatusPoll } from "./status-poll.ts";

/** How long the printer may take to say how it is, before a ticket is begun. */
const CHECK_MS = 3_000;
/** How long a presenter may take to pull a ticket in, or to let it drop. */
const CLEAR_PRESENTER_MS = 5_000;
/** A printer that knows the command to clear its buffers has answered by then. */
const CLEAR_BUFFERS_MS = 1_000;
const WRITE_AGAIN_MS = 20;
/** On a serial line little is under way at a time: what a printer says to hold back must come in time. */
const SERIAL_CHUNK_BYTES = 32;
/** What waits for the end of a command that is being sent: a question, a kick of the drawer. */
const MAX_AFTERWARDS = 8;
/** The sensor of a presenter blinks while the paper moves: a ticket is gone when it was not seen twice. */
const ROUNDS_UNTIL_GONE = 2;

const SILENT = "the printer does not answer";
const NONSENSE = "the printer answers nonsense: wrong baud rate, or another device";

/**
 * `checking`: asked how it is; nothing is sent yet. `clearing`: the last ticket has to leave the presenter.
 * `sending`: pieces leave. `waiting`: all have left, the confirmation has not come.
 */
type Stage = "checking" | "clearing" | "sending" | "waiting";
type Job = {
  readonly id: JobId;
  readonly deadlineMs: number;
  readonly mark: string;
  readonly pieces: readonly Uint8Array[];
  stage: Stage;
  /** The first round of the status that counts for this stage. */
  round: number;
  /** Pieces sent whole, and bytes of the next one. */
  sent: number;
  offset: number;
  timer: NodeJS.Timeout | undefined;
  pump: NodeJS.Timeout | undefined;
};

/**
 * A printer that understands ESC/POS, on a serial line (8 data bits; XON/XOFF is obeyed) or TCP (port 9100). What a
 * ticket leaves behind in a printer's buffer when it fails is cleared (DLE DC4), so that it does not come out later.
 */
export function createEscposPrinter(config: EscposPrinterConfig, context: DeviceContext): Printer {
  return new EscposPrinter(config, context);
}

class EscposPrinter implements Printer {
  readonly name: string;
  readonly #config: EscposPrinterConfig;
  readonly #context: DeviceContext;
  readonly #line: ByteLine;
  readonly #byteMs: number;
  readonly #decoder: EscposDecoder;
  readonly #poll: StatusPoll;
  #sink: (event: PrinterEvent) => void = () => undefined;
  #health: PrinterHealth | null = null;
  #isStopped = false;
  #isOpen = false;
  #freshness: NodeJS.Timeout | undefined;
  #clearing: NodeJS.Timeout | undefined;
  #heardNonsense = false;
  #isHeldBack = false;
  /** When everything that was written has left a serial line. */
  #outAtMs = 0;
  #job: Job | null = null;
  #afterwards: Uint8Array[] = [];
  #held: { readonly jobId: JobId; missing: number; isTakenBack: boolean } | null = null;

  constructor(config: EscposPrinterConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    const address = lineAddressOf(config);
    this.#byteMs = byteMsOf(address);
    this.#decoder = new EscposDecoder(config.presenter === "custom");
    this.#poll = new StatusPoll({
      asksFullStatus: config.presenter === "custom",
      pollMs: config.poll_ms,
      nowMs: context.clock.monotonicMs,
      send: (bytes) => {
        this.#write(bytes);
        return this.#aheadMs();
      },
      onAnswers: (answers, round) => this.#onAnswers(answers, round),
    });
    this.#line = createByteLine({
      address,
      clock: context.clock,
      log: context.log,
      events: {
        onOpen: () => this.#onOpen(),
        onData: (chunk) => this.#onData(chunk),
        onClose: (reason) => this.#onClose(reason),
      },
    });
  }

  start(sink: (event: PrinterEvent) => void): Promise<void> {
    this.#sink = sink;
    this.#freshness = setTimeout(() => this.#onStale(), this.#config.stale_after_ms);
    this.#line.start();
    return Promise.resolve();
  }

  print({ id, document, deadlineMs }: PrintJob): void {
    const refuse = (reason: string): void =>
      this.#sink({ kind: "failed", jobId: id, reason, mayBeOut: false });
    if (this.#isStopped) return refuse("the driver was stopped");
    if (!this.#isOpen) return refuse(this.#health?.fault ?? "no connection to the printer");
    if (this.#job !== null) return refuse("another ticket is being printed");
    const leftMs = deadlineMs - this.#context.clock.monotonicMs();
    if (leftMs <= 0) return refuse("its time was over");
    // The mark is new for each job, so that no late answer to an earlier one confirms this one.
    const mark = id.slice(-4);
    const pieces = jobPieces(document, mark, this.#config);
    if (!pieces.ok) return refuse(pieces.error);
    const job: Job = {
      id,
      deadlineMs,
      mark,
      pieces: pieces.value,
      stage: "checking",
      round: this.#poll.fresh(),
      sent: 0,
      offset: 0,
      timer: undefined,
      pump: undefined,
    };
    this.#job = job;
    job.timer = setTimeout(() => this.#fail(this.#whyUnknown()), Math.min(CHECK_MS, leftMs));
  }

  retract(jobId: JobId): void {
    if (this.#held?.jobId !== jobId) return;
    this.#held.isTakenBack = true;
    this.#write(clearPresenter(this.#config));
  }

  /** Refused while the printer is offline too: it would kick the drawer much later, when nobody expects it. */
  openDrawer(): boolean {
    return this.#health?.online === true && this.#write(drawerKick(this.#config));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#freshness);
    clearTimeout(this.#clearing);
    this.#poll.stop();
    this.#fail("the driver was stopped");
    await this.#line.stop();
  }

  #onOpen(): void {
    this.#isOpen = true;
    this.#outAtMs = 0;
    this.#freshness?.refresh();
    this.#decoder.reset();
    // An earlier run of this program may have left half a ticket behind.
    this.#clearBuffers();
  }

  #onClose(reason: string): void {
    this.#isOpen = false;
    clearTimeout(this.#clearing);
    this.#poll.stop();
    this.#fail(`the line to the printer broke: ${reason}`);
    // After a reset by the driver itself the printer's silence stays what is wrong.
    const isKnown = reason === this.#health?.fault;
    if (!isKnown) this.#tell(lost(`no connection to the printer: ${reason}`));
  }

  #onData(chunk: Uint8Array): void {
    for (const message of this.#decoder.push(chunk)) this.#onMessage(message);
  }

  #onMessage(message: EscposMessage): void {
    switch (message.kind) {
      case "flow":
        this.#isHeldBack = !message.go;
        if (message.go) this.#pump();
        return;
      case "asb":
        this.#onHealth(healthOfAsb(message.status));
        // A round under way was asked before this, and its older answers come after it.
        this.#poll.fresh();
        return;
      case "block":
        if (message.identifier === CLEARED && this.#clearing !== undefined) return this.#onCleared();
        if (message.identifier === PROCESSED && message.text === this.#job?.mark) return this.#printed();
        return this.#onNonsense();
      case "inline":
        if (this.#config.confirm === "status" && this.#job?.stage === "waiting") return this.#printed();
        return this.#onNonsense();
      case "realtime":
      case "full":
        if (!this.#poll.hear(message)) this.#onNonsense();
        return;
      case "noise":
        this.#poll.hear(message);
        this.#onNonsense();
    }
  }

  /** A printer that says things of no meaning is not believed when it confirms a ticket by one byte. */
  #onNonsense(): void {
    this.#heardNonsense = true;
    this.#context.count("escpos_nonsense");
    if (this.#config.confirm === "status" && this.#hasBegun()) this.#fail(NONSENSE);
  }

  #onAnswers(answers: StatusAnswers, round: number): void {
    this.#freshness?.refresh();
    this.#heardNonsense = false;
    if (this.#config.presenter === "custom") this.#onTicketSensor(ticketPresent(answers));
    const health = healthOfAnswers(answers);
    this.#onHealth(health);
    const job = this.#job;
    if (job === null || round < job.round) return;
    switch (job.stage) {
      case "checking":
      case "clearing":
        return this.#proceed(job, health, ticketPresent(answers));
      case "waiting":
        if (this.#config.confirm === "none") this.#printed();
        return;
      case "sending":
    }
  }

  #onHealth(health: PrinterHealth): void {
    this.#tell(health);
    const reason = whatStops(health);
    if (reason !== null && this.#hasBegun()) this.#fail(reason);
  }

  /** Nothing is sent unless the printer has just said that it can print. */
  #proceed(job: Job, health: PrinterHealth, isBlocked: boolean): void {
    if (this.#context.clock.monotonicMs() >= job.deadlineMs) return this.#fail("its time was over");
    const reason = whatStops(health) ?? (health.online ? null : "the printer is offline");
    if (reason !== null) return this.#fail(reason);
    if (!isBlocked && this.#held === null) return this.#send(job);
    if (job.stage === "checking") {
      job.stage = "clearing";
      clearTimeout(job.timer);
      job.timer = setTimeout(() => this.#fail("the last ticket blocks the printer"), CLEAR_PRESENTER_MS);
      if (this.#held !== null) this.#held.isTakenBack = true;
      this.#write(clearPresenter(this.#config));
    }
    job.round = this.#poll.fresh();
  }

  #send(job: Job): void {
    job.stage = "sending";
    this.#isHeldBack = false;
    clearTimeout(job.timer);
    const bytes = job.pieces.reduce((sum, piece) => sum + piece.length, 0);
    const patienceMs = this.#config.print_timeout_ms + bytes * this.#byteMs;
    job.timer = setTimeout(() => this.#fail("the printer does not confirm the ticket"), patienceMs);
    this.#pump();
  }

  /** Sends what the line takes; on a serial line no faster than it carries. */
  #pump(): void {
    const job = this.#job;
    if (job?.stage !== "sending") return;
    clearTimeout(job.pump);
    for (;;) {
      const piece = job.pieces[job.sent];
      if (piece === undefined) break;
      if (this.#isHeldBack) return;
      const end = this.#byteMs === 0 ? piece.length : job.offset + SERIAL_CHUNK_BYTES;
      const aheadMs = this.#aheadMs();
      if (aheadMs > WRITE_AGAIN_MS || !this.#put(piece.subarray(job.offset, end))) {
        job.pump = setTimeout(() => this.#pump(), Math.max(WRITE_AGAIN_MS, aheadMs));
        return;
      }
      job.offset = end;
      if (end < piece.length) continue;
      job.sent += 1;
      job.offset = 0;
      for (const bytes of this.#afterwards.splice(0)) this.#put(bytes);
    }
    job.stage = "waiting";
    job.round = this.#poll.fresh();
  }

  #printed(): void {
    const job = this.#job;
    if (job === null || !this.#hasBegun()) return;
    this.#job = null;
    clearTimeout(job.timer);
    clearTimeout(job.pump);
    const held = this.#config.presenter === "custom";
    if (held) this.#held = { jobId: job.id, missing: 0, isTakenBack: false };
    this.#sink({ kind: "printed", jobId: job.id, held });
    if (held) this.#poll.fresh();
  }

  #fail(reason: string): void {
    const job = this.#job;
    if (job === null) return;
    this.#job = null;
    clearTimeout(job.timer);
    clearTimeout(job.pump);
    this.#afterwards = [];
    const mayBeOut = hasBegun(job);
    if (mayBeOut && !this.#isStopped) this.#clearBuffers();
    this.#sink({ kind: "failed", jobId: job.id, reason, mayBeOut });
  }

  #hasBegun(): boolean {
    return this.#job !== null && hasBegun(this.#job);
  }

  /** Nothing else is sent until the printer has done it, or plainly does not know it. */
  #clearBuffers(): void {
    clearTimeout(this.#clearing);
    this.#clearing = undefined;
    this.#poll.stop();
    if (!this.#write(CLEAR_BUFFERS)) return;
    this.#clearing = setTimeout(() => this.#onCleared(), this.#aheadMs() + CLEAR_BUFFERS_MS);
  }

  #onCleared(): void {
    clearTimeout(this.#clearing);
    this.#clearing = undefined;
    this.#write(automaticStatus(this.#config));
    if (this.#held?.isTakenBack === true) this.#write(clearPresenter(this.#config));
    this.#poll.start();
  }

  #onTicketSensor(isPresent: boolean): void {
    const held = this.#held;
    if (held === null) return;
    held.missing = isPresent ? 0 : held.missing + 1;
    if (held.missing < ROUNDS_UNTIL_GONE) {
      if (!isPresent) this.#poll.fresh();
      return;
    }
    this.#held = null;
    if (!held.isTakenBack) this.#sink({ kind: "taken", jobId: held.jobId });
    else if (this.#config.untaken === "retract") this.#sink({ kind: "retracted", jobId: held.jobId });
  }

  #onStale(): void {
    this.#freshness?.refresh();
    // Some printers answer nothing while they print; a ticket has its own patience.
    if (!this.#isOpen || this.#hasBegun()) return;
    const reason = this.#whyUnknown();
    this.#tell(lost(reason));
    this.#line.reset(reason);
  }

  #whyUnknown(): string {
    return this.#heardNonsense ? NONSENSE : SILENT;
  }

  #tell(health: PrinterHealth): void {
    if (this.#isStopped || isSameHealth(this.#health, health)) return;
    this.#health = health;
    this.#sink({ kind: "health", health });
  }

  /** Sends, but not into the middle of a command: then at its end. */
  #write(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    if (this.#job === null || this.#job.offset === 0) return this.#put(bytes);
    if (this.#afterwards.length >= MAX_AFTERWARDS) return false;
    this.#afterwards.push(bytes);
    return true;
  }

  #put(bytes: Uint8Array): boolean {
    if (!this.#line.write(bytes)) return false;
    const nowMs = this.#context.clock.monotonicMs();
    this.#outAtMs = Math.max(nowMs, this.#outAtMs) + bytes.length * this.#byteMs;
    return true;
  }

  /** How long a serial line is busy with what was written. */
  #aheadMs(): number {
    return Math.max(0, this.#outAtMs - this.#context.clock.monotonicMs());
  }
}

function hasBegun({ sent, offset }: Job): boolean {
  return sent > 0 || offset > 0;
}

function lost(fault: string): PrinterHealth {
  return { online: false, paper: "unknown", cover: "unknown", fault };
}

/** Milliseconds a byte takes: start bit, eight data bits, perhaps a parity bit, stop bit. */
function byteMsOf(address: LineAddress): number {
  if (address.kind === "tcp") return 0;
  return ((address.parity === "none" ? 10 : 11) * 1_000) / address.baudRate;
}
