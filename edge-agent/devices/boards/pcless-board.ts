import { z } from "zod";
import type { CommandId } from "@parkme/shared/domain/ids";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { type ByteLine, createByteLine } from "../buses/byte-line.ts";
import { lineAddressOf, lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, RelayCommand, BoardEvent, CommandOutcome } from "../ports.ts";
import { createInputReport, type InputReport } from "./input-report.ts";
import { encodeFrame, FRAMINGS, PclessDecoder, type PclessMessage } from "./pcless-frames.ts";

/** The board answers a command in some 20 ms at 9600 baud; serial servers add theirs. */
const ACK_TIMEOUT_MS = 500;
/** `OPEN2` and its like latch a relay until the next command: only barrier 1 has pulses that end by themselves. */
const COMMANDS: ReadonlySet<string> = new Set(["OPEN1", "CLOSE1", "STOP1"]);

export const pclessBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("pcless"),
    ...lineFields,
    framing: z.enum(["a6a9", "star"]).default("a6a9"),
    poll_ms: z.number().int().min(100).max(2_000).default(500),
    /** Inputs are not known any more when the board reported no status for this long. */
    stale_after_ms: z.number().int().min(500).max(30_000).default(2_000),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine((board) => board.stale_after_ms >= 2 * board.poll_ms, {
    message: "must be at least twice poll_ms, or one lost answer makes the board stale",
    path: ["stale_after_ms"],
  });
export type PclessBoardConfig = z.infer<typeof pclessBoardConfigSchema>;

/** Outputs 1 to 5 by what the commands of barrier 1 do with them (protocol text: OPEN1, CLOSE1, STOP1). */
const OUTPUTS = ["open1", "close1", "stop1", "out4", "out5"] as const;

/**
 * A PCLess gate controller on a serial line: inputs `in1`..`in4`, one barrier (number 1) whose pulses the board
 * itself ends after 1 s, whatever length is asked for, and Wiegand readers `w1` and, on newer boards, `w2`. It reads
 * its relays back as `open1`, `close1`, `stop1`, `out4` (and `out5`, where it has one). It has no boot id and counts
 * no edges.
 */
export function createPclessBoard(config: PclessBoardConfig, context: DeviceContext): Board {
  return new PclessBoard(config, context);
}

class PclessBoard implements Board {
  readonly name: string;
  readonly #config: PclessBoardConfig;
  readonly #context: DeviceContext;
  readonly #line: ByteLine;
  readonly #decoder: PclessDecoder;
  /**
   * By the command's text, as the wire knows no ids. At most one of each, so that an answer is never credited to
   * another command; but OPEN does not wait for the answer to CLOSE: an obstruction must reopen at once.
   */
  readonly #outstanding = new Map<string, { readonly id: CommandId; readonly patience: NodeJS.Timeout }>();
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  #levels: Readonly<Record<string, boolean>> = {};
  /** Null since a command was sent or obeyed, until the board has told what its relays do now. */
  #outputs: Readonly<Record<string, boolean>> | null = null;
  #poll: NodeJS.Timeout | undefined;

  constructor(config: PclessBoardConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#decoder = new PclessDecoder(FRAMINGS[config.framing]);
    this.#line = createByteLine({
      address: lineAddressOf(config),
      clock: context.clock,
      log: context.log,
      events: {
        onOpen: () => this.#onOpen(),
        onData: (chunk) => this.#onData(chunk),
        onClose: (reason) => this.#onClose(reason),
      },
    });
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    this.#sink = sink;
    this.#report = createInputReport(sink, this.#config.stale_after_ms, () => this.#onStale());
    this.#line.start();
    return Promise.resolve();
  }

  /** A refusal is reported before this returns. */
  command(command: RelayCommand): void {
    const refuse = (why: string): void => this.#sinkOutcome(command.id, "refused", why);
    const text = (command.relay ?? "stop1").toUpperCase();
    if (!COMMANDS.has(text)) return refuse("this board pulses barrier 1 only");
    if (this.#report?.known() !== true) return refuse("the board is not there");
    if (this.#context.clock.monotonicMs() >= command.deadlineMs) return refuse("late");
    if (this.#outstanding.has(text)) return refuse("the same command is waiting for its answer");
    if (!this.#send(text)) return refuse("the line is stuck");
    this.#outputs = null;
    const patience = setTimeout(() => this.#settle(text, "silent", "no answer in time"), ACK_TIMEOUT_MS);
    this.#outstanding.set(text, { id: command.id, patience });
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    this.#report?.stop();
    this.#settleAll("the driver was stopped");
    await this.#line.stop();
  }

  #onOpen(): void {
    this.#decoder.reset();
    this.#report?.asked();
    this.#send("STAT");
    this.#poll = setInterval(() => this.#send("STAT"), this.#config.poll_ms);
  }

  #onClose(reason: string): void {
    clearInterval(this.#poll);
    this.#report?.lost(reason);
    this.#settleAll(reason);
  }

  /** A reset also discards a command that has not left yet: it must not come out when the line moves again. */
  #onStale(): void {
    const reason = `no status from the board for ${this.#config.stale_after_ms / 1000} s`;
    this.#report?.lost(reason);
    this.#line.reset(reason);
  }

  #onData(chunk: Uint8Array): void {
    const rejectedBefore = this.#decoder.rejected;
    for (const message of this.#decoder.push(chunk)) this.#onMessage(message);
    for (let i = rejectedBefore; i < this.#decoder.rejected; i++)
      this.#context.count("pcless_frame_rejected");
  }

  #onMessage(message: PclessMessage): void {
    switch (message.kind) {
      case "stat":
        this.#levels = Object.fromEntries(message.inputs.map((on, index) => [`in${index + 1}`, on]));
        this.#outputs = outputsOf(message.outputs);
        this.#report?.proven(this.#image());
        return;
      case "input":
        // Before the first status there is no image that this could change; the status will contain it.
        if (this.#report?.known() !== true) return;
        this.#levels = { ...this.#levels, [`in${message.input}`]: message.on };
        this.#report.changed(this.#image());
        return;
      case "ack":
        if (!this.#settle(message.command, "done", `${message.command}OK`)) {
          this.#context.count("pcless_ack_ignored");
          return;
        }
        // A status that was under way is older than this: what the relays do now is asked for.
        this.#outputs = null;
        this.#send("STAT");
        return;
      case "card":
        this.#sink({ kind: "card", reader: `w${message.reader}`, card: message.number });
        return;
      case "poweron":
        this.#report?.lost("the board restarted");
        this.#settleAll("the board restarted");
        this.#send("STAT");
        return;
      case "pong":
      case "printer":
        this.#context.count(`pcless_${message.kind}_ignored`);
        return;
      case "unrecognised":
        this.#context.count("pcless_frame_unrecognised");
        this.#context.log.debug(
          { board: this.name, text: message.text.slice(0, 40) },
          "board said something unknown",
        );
    }
  }

  #image() {
    return { levels: this.#levels, outputs: this.#outputs, edges: null, boot: null };
  }

  #send(text: string): boolean {
    return this.#line.write(encodeFrame(FRAMINGS[this.#config.framing], text));
  }

  #settleAll(detail: string): void {
    for (const text of this.#outstanding.keys()) this.#settle(text, "silent", detail);
  }

  /** False when no such command is outstanding. */
  #settle(text: string, outcome: CommandOutcome, detail: string): boolean {
    const outstanding = this.#outstanding.get(text);
    if (outstanding === undefined) return false;
    clearTimeout(outstanding.patience);
    this.#outstanding.delete(text);
    this.#sinkOutcome(outstanding.id, outcome, detail);
    return true;
  }

  #sinkOutcome(commandId: CommandId, outcome: CommandOutcome, detail: string): void {
    this.#sink({ kind: "outcome", commandId, outcome, detail });
  }
}

/** Level by name; a digit without a name is not there on any board known. */
function outputsOf(levels: readonly boolean[]): Record<string, boolean> {
  return Object.fromEntries(
    OUTPUTS.slice(0, levels.length).map((name, index) => [name, levels[index] === true]),
  );
}
