import { z } from "zod";
import type { CommandId } from "@parkme/shared/domain/ids";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { createBackoff } from "../buses/backoff.ts";
import type { DeviceContext } from "../context.ts";
import type { Board, BoardEvent, CommandOutcome, RelayCommand } from "../ports.ts";
import { openLibgpiod } from "./gpio-libgpiod.ts";
import { type GpioLine, type GpioLines, type GpioWiring, type OpenGpio, reasonOf } from "./gpio-lines.ts";
import { openSysfs } from "./gpio-sysfs.ts";
import { createInputReport, type InputReport } from "./input-report.ts";
import { createRelayPulses, type RelayPulses, type Switched } from "./pulse.ts";

/** Where changes are not told, they are looked for this often. */
const BLIND_POLL_MS = 50;
/** What a pulse may last longer than asked for before the backend ends it by itself. */
const PULSE_MARGIN_MS = 250;
const STABLE_MS = 10_000;

const lineSchema = z
  .union([
    z.number().int().min(0).max(511),
    z.strictObject({
      line: z.number().int().min(0).max(511),
      /** Low on the wire means on: relay modules with optocouplers, contacts to ground. */
      active_low: z.boolean().default(false),
      /** For inputs. sysfs cannot set it. */
      pull: z.enum(["up", "down", "none"]).optional(),
    }),
  ])
  .transform((given) => (typeof given === "number" ? { line: given, active_low: false } : given));
const linesSchema = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,19}$/), lineSchema).default({});

export const gpioBoardConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("gpio"),
    /** The chip's label, as `gpiodetect` shows it: `pinctrl-bcm2711` on a Raspberry Pi 4, `pinctrl-rp1` on a 5. */
    chip: z.string().min(1).max(64),
    /** `auto` = sysfs where there is one, else libgpiod. */
    backend: z.enum(["auto", "sysfs", "libgpiod"]).default("auto"),
    relays: linesSchema,
    inputs: linesSchema,
    /** Changes are told; this look is the proof that nothing was missed. */
    poll_ms: z.number().int().min(100).max(5_000).default(500),
    stale_after_ms: z.number().int().min(1_000).max(30_000).default(3_000),
  })
  .refine((board) => board.stale_after_ms >= 2 * board.poll_ms, {
    message: "must be at least twice poll_ms, or one slow look makes the board stale",
    path: ["stale_after_ms"],
  })
  .refine((board) => Object.keys(board.relays).length + Object.keys(board.inputs).length > 0, {
    message: "needs a line",
    path: ["relays"],
  })
  .refine(usesLinesOnce, { message: "names a line twice", path: ["inputs"] });
export type GpioBoardConfig = z.infer<typeof gpioBoardConfigSchema>;

function usesLinesOnce(board: {
  readonly relays: Readonly<Record<string, { readonly line: number }>>;
  readonly inputs: Readonly<Record<string, { readonly line: number }>>;
}): boolean {
  const lines = [...Object.values(board.relays), ...Object.values(board.inputs)].map(({ line }) => line);
  return new Set(lines).size === lines.length;
}

export type GpioBackends = Readonly<Record<"sysfs" | "libgpiod", OpenGpio>>;

/**
 * Relays and inputs on the machine's own GPIO lines, named as the configuration names them. The driver times the
 * pulses; what becomes of a pulse when the agent dies is the backend's matter, see {@link openSysfs} and
 * {@link openLibgpiod}. Either way the wiring must keep a relay off while its line is an input: that is what lines
 * are from power-on until the agent starts.
 */
export function createGpioBoard(
  config: GpioBoardConfig,
  context: DeviceContext,
  backends: GpioBackends = { sysfs: openSysfs, libgpiod: openLibgpiod },
): Board {
  return new GpioBoard(config, context, backends);
}

class GpioBoard implements Board {
  readonly name: string;
  readonly #config: GpioBoardConfig;
  readonly #context: DeviceContext;
  readonly #backends: GpioBackends;
  readonly #wiring: GpioWiring;
  readonly #pulses: RelayPulses;
  readonly #backoff = createBackoff(Math.random);
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  #lines: GpioLines | null = null;
  #openedAtMs = 0;
  /** Counts the openings: what belongs to an earlier one has no say. */
  #opening = 0;
  #closing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  /** Something was told during a look. */
  #lookAgain = false;
  /** The opening under way, or the last one. Never rejects. */
  #attempt: Promise<void> = Promise.resolve();
  #stuck: string | null = null;
  #complained = false;
  #stopped = false;

  constructor(config: GpioBoardConfig, context: DeviceContext, backends: GpioBackends) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#backends = backends;
    this.#wiring = wiringOf(config);
    this.#pulses = createRelayPulses({
      on: (relay, command) => this.#energise(relay, command),
      off: (relay) => this.#letGo(relay),
      endsItself: false,
      onOverdue: (relay, detail) => this.#onOverdue(relay, detail),
    });
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    this.#sink = sink;
    const { stale_after_ms: staleAfterMs } = this.#config;
    this.#report = createInputReport(sink, staleAfterMs, () => {
      const reason = this.#stuck ?? `the GPIO lines say nothing for ${staleAfterMs / 1000} s`;
      // An opening ends by itself: a second one beside it would find the lines busy.
      if (this.#lines === null) this.#report?.lost(reason);
      else this.#fail(reason);
    });
    this.#attempt = this.#open();
    return Promise.resolve();
  }

  /** A refusal is reported before this returns. */
  command(command: RelayCommand): void {
    const refuse = (why: string): void => this.#outcome(command.id, "refused", why);
    const named = command.relay === null ? command.release : [command.relay, ...command.release];
    const unknown = named.find((relay) => !Object.hasOwn(this.#config.relays, relay));
    if (unknown !== undefined) return refuse(`this board has no relay ${unknown}`);
    if (this.#report?.known() !== true) return refuse("the board is not there");
    if (this.#context.clock.monotonicMs() >= command.deadlineMs) return refuse("late");
    void this.#pulses.run(command).then(({ outcome, detail }) => this.#outcome(command.id, outcome, detail));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#pulses.stop();
    this.#report?.stop();
    this.#giveUpLines();
    await this.#attempt;
    await this.#closing;
  }

  async #open(): Promise<void> {
    const opening = ++this.#opening;
    // Lines that are not given back yet would be busy.
    await this.#closing;
    this.#report?.asked();
    try {
      const lines = await this.#openBackend({
        onEdge: () => {
          if (opening === this.#opening) void this.#lookNow();
        },
        onFail: (reason) => {
          if (opening === this.#opening) this.#fail(reason);
        },
      });
      if (opening !== this.#opening || this.#stopped) {
        this.#closing = lines.close();
        return;
      }
      this.#opened(lines);
    } catch (error) {
      if (opening === this.#opening) this.#fail(reasonOf(error));
    }
  }

  #openBackend(events: Parameters<OpenGpio>[1]): Promise<GpioLines> {
    const { sysfs, libgpiod } = this.#backends;
    switch (this.#config.backend) {
      case "sysfs":
        return sysfs(this.#wiring, events);
      case "libgpiod":
        return libgpiod(this.#wiring, events);
      case "auto":
        return sysfs(this.#wiring, events).catch(async (first: unknown) => {
          try {
            return await libgpiod(this.#wiring, events);
          } catch (second) {
            throw new Error(`sysfs: ${reasonOf(first)}; libgpiod: ${reasonOf(second)}`, { cause: second });
          }
        });
    }
  }

  #opened(lines: GpioLines): void {
    this.#lines = lines;
    this.#openedAtMs = this.#context.clock.monotonicMs();
    this.#looking = false;
    for (const remark of lines.remarks) this.#context.log.warn({ board: this.name }, remark);
    this.#context.log.info({ board: this.name, chip: this.#wiring.chip, edges: lines.edges }, "gpio open");
    void this.#lookNow();
  }

  /** Looks at all lines, and again when something was told meanwhile; then the next look is due after a while. */
  async #lookNow(): Promise<void> {
    const lines = this.#lines;
    if (lines === null) return;
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    const opening = this.#opening;
    clearTimeout(this.#timer);
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        const image = await lines.read();
        if (opening !== this.#opening) return;
        this.#onLooked(image);
      }
    } catch (error) {
      if (opening === this.#opening) this.#fail(reasonOf(error));
      return;
    }
    this.#looking = false;
    const pollMs = lines.edges ? this.#config.poll_ms : Math.min(BLIND_POLL_MS, this.#config.poll_ms);
    this.#timer = setTimeout(() => void this.#lookNow(), pollMs);
  }

  #onLooked({ levels, outputs }: Awaited<ReturnType<GpioLines["read"]>>): void {
    if (this.#report?.known() !== true) {
      this.#pulses.found(Object.keys(outputs ?? {}).filter((relay) => outputs?.[relay] === true));
    }
    // A relay that should be off and is not: whatever else is read, the board cannot be worked with.
    if (this.#stuck !== null && this.#pulses.overdue().length > 0) return;
    this.#stuck = null;
    this.#report?.proven({ levels, outputs, edges: null, boot: null });
  }

  #fail(reason: string): void {
    if (this.#stopped) return;
    this.#opening += 1;
    const upForMs = this.#lines === null ? 0 : this.#context.clock.monotonicMs() - this.#openedAtMs;
    // Lines that are lost as soon as they are open are one outage.
    if (upForMs >= STABLE_MS) this.#complained = false;
    this.#context.log[this.#complained ? "debug" : "warn"]({ board: this.name, reason }, "gpio lost");
    this.#complained = true;
    this.#pulses.lost();
    this.#report?.lost(reason);
    this.#report?.asked();
    this.#giveUpLines();
    this.#timer = setTimeout(() => void (this.#attempt = this.#open()), this.#backoff.nextMs(upForMs));
  }

  #giveUpLines(): void {
    clearTimeout(this.#timer);
    const lines = this.#lines;
    this.#lines = null;
    if (lines !== null) this.#closing = lines.close();
  }

  async #energise(relay: string, command: RelayCommand): Promise<Switched> {
    const lines = this.#lines;
    if (lines === null) return { outcome: "refused", detail: "the GPIO lines are not open" };
    if (this.#context.clock.monotonicMs() >= command.deadlineMs)
      return { outcome: "refused", detail: "late" };
    return this.#settled(lines.energise(relay, command.pulseMs + PULSE_MARGIN_MS), `${relay} is on`);
  }

  async #letGo(relay: string): Promise<Switched> {
    const lines = this.#lines;
    if (lines === null) return { outcome: "refused", detail: "the GPIO lines are not open" };
    return this.#settled(lines.letGo(relay), `${relay} is off`);
  }

  async #settled(step: Promise<void>, done: string): Promise<Switched> {
    try {
      await step;
    } catch (error) {
      return { outcome: "silent", detail: reasonOf(error) };
    }
    void this.#lookNow();
    return { outcome: "done", detail: done };
  }

  #onOverdue(relay: string, detail: string): void {
    this.#stuck = `relay ${relay} cannot be let go of: ${detail}`;
    this.#context.log.warn({ board: this.name, relay, detail }, "a relay cannot be let go of");
    this.#report?.lost(this.#stuck);
  }

  #outcome(commandId: CommandId, outcome: CommandOutcome, detail: string): void {
    this.#sink({ kind: "outcome", commandId, outcome, detail });
  }
}

function wiringOf({ chip, relays, inputs }: GpioBoardConfig): GpioWiring {
  const linesOf = (section: GpioBoardConfig["relays"]): GpioLine[] =>
    Object.entries(section).map(([name, given]) => ({
      name,
      line: given.line,
      activeLow: given.active_low,
      pull: "pull" in given ? (given.pull ?? null) : null,
    }));
  return { chip, relays: linesOf(relays), inputs: linesOf(inputs) };
}
