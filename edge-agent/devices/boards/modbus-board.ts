import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineAddressOf, lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";
import type { RequestBus } from "../buses/request-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, RelayCommand } from "../ports.ts";
import { createInputReport, type InputReport } from "./input-report.ts";
import { COIL_OFF, COIL_ON, type ModbusFraming } from "./modbus-frames.ts";
import { createModbusUnit, type ModbusFailure, type ModbusUnit, type WriteOptions } from "./modbus-unit.ts";
import { createRelayPulses, type RelayPulses, type Switched } from "./pulse.ts";

/** Commands that wait for their answer; a lane has one or two at a time. */
const MAX_PENDING = 16;
/** One bad answer is an accident, this many in a row are a state. */
const FAILURES_UNTIL_LOST = 3;
/** A unit that fails is asked again after 250 ms, then after twice as long each time: others need the line too. */
const MIN_RETRY_MS = 125;
const MAX_RETRY_MS = 5_000;
/** An image that does not change is repeated this often. */
const HEARTBEAT_MS = 1_000;
/** At most: a start bit, eight data bits, a parity bit, a stop bit. */
const BITS_PER_BYTE = 11;
/** Waveshare "Modbus RTU Relay" manual, flash-on: FC05 at 0x0200 + relay, value = n x 100 ms. */
const FLASH_ADDRESS = 0x0200;
const FLASH_STEP_MS = 100;

export const modbusBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("modbus"),
    ...lineFields,
    /** Without it: `rtu` on a serial port, `tcp` (Modbus TCP) on TCP. `rtu` on TCP is for serial servers. */
    framing: z.enum(["rtu", "tcp"]).optional(),
    /** 1..247 by the standard; many boards leave the factory as 1, some as 255. 0 only where TCP has no units. */
    unit: z.number().int().min(0).max(255).default(1),
    /** `r1` is the coil at `coil_address`, and so on. These coils belong to the driver: nobody else may hold one. */
    relays: z.number().int().min(0).max(32).default(8),
    coil_address: z.number().int().min(0).max(65_000).default(0),
    /** `in1` is the discrete input at `input_address`, and so on. */
    inputs: z.number().int().min(0).max(64).default(8),
    input_address: z.number().int().min(0).max(65_000).default(0),
    /**
     * Who ends a pulse. `flash`: the board itself (Waveshare), in steps of 100 ms. `host`: we switch on and, in time,
     * off again; a relay stays on if the agent or the line dies in between. Any board can do that.
     */
    pulse: z.enum(["flash", "host"]).default("flash"),
    poll_ms: z.number().int().min(10).max(2_000).default(100),
    /** How long the board may take to answer, beside the answer's time on the wire. */
    answer_ms: z.number().int().min(20).max(2_000).default(250),
    /** Inputs are not known any more when the board did not answer for this long. */
    stale_after_ms: z.number().int().min(500).max(30_000).default(2_000),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine(({ relays, inputs }) => relays + inputs > 0, "has neither relays nor inputs")
  .refine((board) => board.unit !== 0 || framingOf(board) === "tcp", {
    message: "0 speaks to all units of a serial line, and none of them answers",
    path: ["unit"],
  })
  .refine((board) => board.stale_after_ms >= 2 * (board.poll_ms + board.answer_ms), {
    message:
      "must be at least twice poll_ms and answer_ms together, or one lost answer makes the board stale",
    path: ["stale_after_ms"],
  });
export type ModbusBoardConfig = z.infer<typeof modbusBoardConfigSchema>;

type LineChoice = { readonly serial?: string | undefined; readonly framing?: ModbusFraming | undefined };
function framingOf({ serial, framing }: LineChoice): ModbusFraming {
  return framing ?? (serial === undefined ? "tcp" : "rtu");
}

type ModbusContext = Pick<DeviceContext, "lines" | "clock" | "log" | "count">;

/**
 * A board of relays (coils) and inputs (discrete inputs) that speaks Modbus, RTU or TCP: relays `r1`, `r2`, ...,
 * inputs `in1`, `in2`, .... Several units share one line. It has no boot id and counts no edges.
 */
export function createModbusBoard(config: ModbusBoardConfig, context: ModbusContext): Board {
  return new ModbusBoard(config, context);
}

class ModbusBoard implements Board {
  readonly name: string;
  readonly #config: ModbusBoardConfig;
  readonly #context: ModbusContext;
  readonly #pulses: RelayPulses;
  readonly #pending = new Set<Promise<void>>();
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  #bus: RequestBus | null = null;
  #unit: ModbusUnit | null = null;
  #endLink: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Counts the openings and closings of the line: a look that began on another one is void. */
  #link = 0;
  /** False until the unit has shown all it has, and after it has failed for too long. */
  #there = false;
  #failures = 0;
  #complained = false;
  #levels: Readonly<Record<string, boolean>> = {};
  /** Relays as last read back; those written to since are left out. */
  readonly #readBack = new Map<string, boolean>();
  /** Relays told to stay on until they are told otherwise. */
  readonly #heldOn = new Set<string>();
  #writes = 0;
  #told: { readonly image: string; readonly atMs: number } | null = null;

  constructor(config: ModbusBoardConfig, context: ModbusContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#pulses = createRelayPulses({
      on: (relay, command) => this.#switchOn(relay, command),
      off: (relay) => this.#switchOff(relay),
      endsItself: config.pulse === "flash",
      onOverdue: (relay, detail) => {
        context.log.warn({ board: this.name, relay, detail }, "relay cannot be switched off");
        this.#report?.lost(`relay ${relay} cannot be switched off: ${detail}`);
      },
    });
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    const { unit, serial, baud, answer_ms: answerMs, stale_after_ms: staleAfterMs } = this.#config;
    this.#sink = sink;
    this.#report = createInputReport(sink, staleAfterMs, () =>
      this.#lose(`unit ${unit} was not heard for ${staleAfterMs / 1_000} s`),
    );
    const bus = this.#context.lines.open(lineAddressOf(this.#config));
    this.#bus = bus;
    this.#unit = createModbusUnit({
      bus,
      framing: framingOf(this.#config),
      unit,
      answerMs,
      byteMs: serial === undefined ? 0 : BITS_PER_BYTE * (1_000 / baud),
      count: this.#context.count,
    });
    this.#endLink = bus.onLink((open, reason) => this.#onLink(open, reason));
    return Promise.resolve();
  }

  /** A refusal without asking the board is reported before this returns. */
  command(command: RelayCommand): void {
    const refuse = (detail: string): void =>
      this.#sink({ kind: "outcome", commandId: command.id, outcome: "refused", detail });
    const relays = command.relay === null ? command.release : [command.relay, ...command.release];
    if (relays.some((relay) => this.#indexOf(relay) === null)) return refuse("no such relay on this board");
    if (!this.#there || this.#report?.known() !== true) return refuse("the board is not there");
    if (this.#context.clock.monotonicMs() >= command.deadlineMs) return refuse("late");
    if (this.#pending.size >= MAX_PENDING) return refuse("too many commands");
    const pending = this.#pulses.run(command).then(({ outcome, detail }) => {
      this.#pending.delete(pending);
      this.#sink({ kind: "outcome", commandId: command.id, outcome, detail });
    });
    this.#pending.add(pending);
  }

  async stop(): Promise<void> {
    this.#link += 1;
    clearTimeout(this.#timer);
    this.#endLink?.();
    await this.#pulses.stop();
    await Promise.all(this.#pending);
    this.#report?.stop();
    await this.#bus?.release();
  }

  #onLink(open: boolean, reason: string): void {
    this.#link += 1;
    this.#failures = 0;
    clearTimeout(this.#timer);
    if (open) void this.#look(this.#link);
    else this.#lose(reason);
  }

  /** Asks for everything once, and sees to it that this happens again. */
  async #look(link: number): Promise<void> {
    const { poll_ms: pollMs } = this.#config;
    const beganMs = this.#context.clock.monotonicMs();
    const failure = (await this.#readInputs(link)) ?? (await this.#readRelays(link));
    if (link !== this.#link) return;
    if (failure === null) this.#seen();
    else this.#failed(failure);
    const tookMs = this.#context.clock.monotonicMs() - beganMs;
    const waitMs =
      failure === null
        ? Math.max(0, pollMs - tookMs)
        : Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures);
    this.#timer = setTimeout(() => void this.#look(link), waitMs);
  }

  async #readInputs(link: number): Promise<ModbusFailure | null> {
    const { inputs, input_address: address } = this.#config;
    if (inputs === 0 || this.#unit === null) return null;
    const answer = await this.#unit.read("inputs", address, inputs);
    if (!answer.ok) return answer.error;
    if (link !== this.#link) return null;
    this.#levels = named("in", answer.value);
    if (this.#there) this.#tell();
    return null;
  }

  async #readRelays(link: number): Promise<ModbusFailure | null> {
    const { relays, coil_address: address } = this.#config;
    if (relays === 0 || this.#unit === null || link !== this.#link) return null;
    const writes = this.#writes;
    const answer = await this.#unit.read("coils", address, relays);
    if (!answer.ok) return answer.error;
    // A relay that was written to meanwhile may have been read before or after that.
    if (link !== this.#link || writes !== this.#writes) return null;
    for (const [relay, on] of Object.entries(named("r", answer.value))) this.#readBack.set(relay, on);
    return null;
  }

  /** The unit has answered everything. */
  #seen(): void {
    this.#failures = 0;
    this.#complained = false;
    if (!this.#there) {
      this.#there = true;
      this.#endLeftovers();
    }
    this.#tell();
  }

  /** Relays that an earlier run of the agent, or an earlier link, has left on: their pulse is long over. */
  #endLeftovers(): void {
    const leftOn =
      this.#config.pulse === "flash"
        ? []
        : [...this.#readBack.keys()].filter((relay) => this.#readBack.get(relay));
    if (leftOn.length > 0) {
      this.#context.log.warn({ board: this.name, relays: leftOn }, "relays were left on: letting go");
    }
    this.#pulses.found(leftOn);
  }

  #tell(): void {
    // A board with a relay that should be off and is not is no board to work with.
    if (this.#pulses.overdue().length > 0) return this.#report?.asked();
    const outputs = this.#config.relays === 0 ? null : Object.fromEntries(this.#readBack);
    const image = JSON.stringify([this.#levels, outputs]);
    const nowMs = this.#context.clock.monotonicMs();
    const known = this.#report?.known() === true;
    if (known && this.#told?.image === image && nowMs - this.#told.atMs < HEARTBEAT_MS) {
      this.#report?.asked();
      return;
    }
    this.#told = { image, atMs: nowMs };
    this.#report?.proven({ levels: this.#levels, outputs, edges: null, boot: null });
  }

  #failed({ reason }: ModbusFailure): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_UNTIL_LOST) this.#lose(reason);
  }

  #lose(reason: string): void {
    this.#there = false;
    this.#readBack.clear();
    this.#pulses.lost();
    this.#report?.lost(reason);
    if (this.#complained) return;
    this.#complained = true;
    this.#context.log.warn({ board: this.name, unit: this.#config.unit, reason }, "modbus board is lost");
  }

  async #switchOn(relay: string, { pulseMs, deadlineMs }: RelayCommand): Promise<Switched> {
    if (this.#config.pulse === "host") {
      this.#heldOn.add(relay);
      return this.#write(relay, 0, COIL_ON, { deadlineMs });
    }
    const steps = Math.max(1, Math.ceil(pulseMs / FLASH_STEP_MS));
    const flashed = await this.#write(relay, FLASH_ADDRESS, steps, { deadlineMs });
    if (!flashed.detail.includes("exception")) return flashed;
    return { ...flashed, detail: `${flashed.detail}; a board that times no pulses needs "pulse: host"` };
  }

  async #switchOff(relay: string): Promise<Switched> {
    // The board says it is off, and nothing was said since that could have changed this.
    if (this.#readBack.get(relay) === false && !this.#heldOn.has(relay)) {
      return { outcome: "done", detail: "was off" };
    }
    const off = await this.#write(relay, 0, COIL_OFF);
    if (off.outcome === "done") this.#heldOn.delete(relay);
    return off;
  }

  async #write(relay: string, base: number, value: number, options: WriteOptions = {}): Promise<Switched> {
    const index = this.#indexOf(relay);
    if (index === null || this.#unit === null) return { outcome: "refused", detail: "no such relay" };
    this.#writes += 1;
    this.#readBack.delete(relay);
    const written = await this.#unit.write(base + this.#config.coil_address + index, value, options);
    if (written.ok) return { outcome: "done", detail: "repeated by the board" };
    const { reason, undone } = written.error;
    return { outcome: undone ? "refused" : "silent", detail: reason };
  }

  #indexOf(relay: string): number | null {
    const [, digits] = /^r([1-9]\d?)$/.exec(relay) ?? [];
    const number = Number(digits);
    return digits !== undefined && number <= this.#config.relays ? number - 1 : null;
  }
}

function named(prefix: string, levels: readonly boolean[]): Record<string, boolean> {
  return Object.fromEntries(levels.map((on, index) => [`${prefix}${index + 1}`, on]));
}
