import { z } from "zod";
import type { CommandId } from "@parkme/shared/domain/ids";
import { err, type Result } from "@parkme/shared/domain/result";
import { lineAddressOf, type LineSection } from "../../buses/line-address.ts";
import type { Exchange, ExchangeFailure, RequestBus } from "../../buses/request-bus.ts";
import type { DeviceContext } from "../../context.ts";
import type { Board, BoardEvent, CommandOutcome, RelayCommand } from "../../ports.ts";
import { createInputReport, type InputReport } from "../input-report.ts";
import { createRelayPulses, type RelayPulses, type Switched } from "../pulse.ts";

/** What a board says of some of its points. */
export type Points = {
  readonly outputs?: Readonly<Record<string, boolean>>;
  readonly levels?: Readonly<Record<string, boolean>>;
};

/** What tells one make of serial relay board from another. */
export type SerialRelays = {
  readonly relays: readonly string[];
  /** Asked one after the other, they tell of all points; of a point told twice, the later word counts. Empty = mute. */
  readonly look: readonly Exchange<Points>[];
  /** Switches a relay. The answer is the level that the board claims; null where it claims none. */
  readonly write: (relay: string, on: boolean) => Exchange<boolean | null>;
  /** Asked one after the other, they tell of this relay. Empty = mute. */
  readonly check: (relay: string) => readonly Exchange<Points>[];
};

/** Fields of a board's section that say how often it is looked at; spread into the driver's own schema. */
export const lookFields = (pollMs: number, staleAfterMs: number) => ({
  poll_ms: z.number().int().min(50).max(5_000).default(pollMs),
  /** Nothing is known any more of a board that answered no look for this long. */
  stale_after_ms: z.number().int().min(500).max(30_000).default(staleAfterMs),
});
type LookSection = { readonly poll_ms: number; readonly stale_after_ms: number };

/** For `.refine(...)` on a schema with {@link lookFields}. */
export const survivesOneLostAnswer = (section: LookSection): boolean =>
  section.stale_after_ms >= 2 * section.poll_ms;
export const NEEDS_TWO_LOOKS = {
  message: "must be at least twice poll_ms, or one lost answer makes the board stale",
  path: ["stale_after_ms"],
};

const MUTE_GRACE_MS = 300;

type Section = LineSection & LookSection & { readonly name: string };

/**
 * Plain relays behind a serial line that cannot time a pulse: the driver says on, and off when the time is over, and
 * off again until the board has understood. The relays let go when the line (re)opens, as nobody knows what an
 * agent that died had energised. They do NOT let go by themselves when the agent dies: where a relay that stays on
 * is a danger, the barrier's own controller must take pulses only.
 *
 * A mute board (no status replies) is known as long as its line is open, and `done` means that the command is out. As
 * nobody can tell whether it heard a relay's end, every relay that is not in a pulse is told off with each poll.
 */
export function createSerialRelayBoard(
  section: Section,
  context: DeviceContext,
  protocol: SerialRelays,
): Board {
  return new SerialRelayBoard(section, context, protocol);
}

class SerialRelayBoard implements Board {
  readonly name: string;
  readonly #section: Section;
  readonly #context: DeviceContext;
  readonly #protocol: SerialRelays;
  readonly #pulses: RelayPulses;
  #bus: RequestBus | null = null;
  #endLink: (() => void) | undefined;
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  #poll: NodeJS.Timeout | undefined;
  #looking = false;
  /** What each relay was told last. */
  readonly #told = new Map<string, boolean>();
  /** Counts the openings of the line: what was asked on an earlier one has no say. */
  #opening = 0;
  #levels: Readonly<Record<string, boolean>> = {};
  #outputs: Readonly<Record<string, boolean>> = {};
  /** Why the last look failed, when the board answered it with something that is no answer. */
  #nonsense: string | null = null;
  #stuck: string | null = null;

  constructor(section: Section, context: DeviceContext, protocol: SerialRelays) {
    this.name = section.name;
    this.#section = section;
    this.#context = context;
    this.#protocol = protocol;
    this.#pulses = createRelayPulses({
      on: (relay, command) => this.#switch(relay, true, command.deadlineMs),
      off: (relay) => this.#switch(relay, false),
      endsItself: false,
      onOverdue: (relay, detail) => this.#onOverdue(relay, detail),
    });
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    this.#sink = sink;
    this.#report = createInputReport(sink, this.#section.stale_after_ms, () => this.#onStale());
    this.#bus = this.#context.lines.open(lineAddressOf(this.#section));
    let told = false;
    this.#endLink = this.#bus.onLink((open, reason) => {
      if (open) this.#onOpen();
      // At first the line is not even tried: that is no news.
      else if (told) this.#onClosed(reason);
    });
    told = true;
    return Promise.resolve();
  }

  /** A refusal is reported before this returns. */
  command(command: RelayCommand): void {
    const refuse = (why: string): void => this.#outcome(command.id, "refused", why);
    const named = command.relay === null ? command.release : [command.relay, ...command.release];
    const unknown = named.find((relay) => !this.#protocol.relays.includes(relay));
    if (unknown !== undefined) return refuse(`this board has no relay ${unknown}`);
    if (this.#report?.known() !== true) return refuse("the board is not there");
    if (this.#context.clock.monotonicMs() >= command.deadlineMs) return refuse("late");
    void this.#pulses.run(command).then(({ outcome, detail }) => this.#outcome(command.id, outcome, detail));
  }

  async stop(): Promise<void> {
    clearInterval(this.#poll);
    await this.#pulses.stop();
    // Closing the line throws away what is still on its way, and a mute board cannot say that it has it.
    if (this.#mute()) await new Promise((resolve) => setTimeout(resolve, MUTE_GRACE_MS));
    this.#endLink?.();
    this.#opening += 1;
    this.#report?.stop();
    await this.#bus?.release();
  }

  #onOpen(): void {
    this.#opening += 1;
    this.#outputs = {};
    this.#levels = {};
    this.#looking = false;
    this.#nonsense = null;
    this.#report?.asked();
    clearInterval(this.#poll);
    this.#poll = setInterval(() => void this.#look(), this.#section.poll_ms);
    void this.#look();
  }

  #onClosed(reason: string): void {
    this.#opening += 1;
    clearInterval(this.#poll);
    this.#pulses.lost();
    this.#report?.lost(reason);
  }

  #onStale(): void {
    const reason =
      this.#stuck ??
      (this.#nonsense === null
        ? `no answer from the board for ${this.#section.stale_after_ms / 1000} s`
        : `the board answers nonsense: ${this.#nonsense}`);
    this.#report?.lost(reason);
    this.#bus?.reset(reason);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const opening = this.#opening;
    const failure = this.#mute()
      ? await this.#repeatOff(opening)
      : await this.#ask(this.#protocol.look, opening, false);
    if (opening !== this.#opening) return;
    this.#looking = false;
    if (failure !== null) {
      this.#nonsense = failure.kind === "bad" ? failure.reason : null;
      this.#context.count("serial_relay_look_failed");
      return;
    }
    this.#nonsense = null;
    this.#onLooked();
  }

  #onLooked(): void {
    if (this.#report?.known() !== true) {
      this.#pulses.found(this.#protocol.relays.filter((relay) => this.#outputs[relay] === true));
    }
    // A relay that should be off and is not: whatever else the board says, it cannot be worked with.
    if (this.#stuck !== null && this.#pulses.overdue().length > 0) return;
    this.#stuck = null;
    this.#report?.proven(this.#image());
  }

  #mute(): boolean {
    return this.#protocol.look.length === 0;
  }

  /** As urgent as commands: one for the same relay that comes meanwhile must not be overtaken. */
  async #repeatOff(opening: number): Promise<ExchangeFailure | null> {
    for (const relay of this.#protocol.relays) {
      if (this.#told.get(relay) === true) continue;
      const written = await this.#exchange({ ...this.#protocol.write(relay, false), urgent: true });
      if (opening !== this.#opening) return { kind: "down", reason: "the line was reopened" };
      if (!written.ok) return written.error;
    }
    return null;
  }

  /** Takes over what is answered; null when all of it was, or the first failure. */
  async #ask(
    exchanges: readonly Exchange<Points>[],
    opening: number,
    urgent: boolean,
  ): Promise<ExchangeFailure | null> {
    for (const exchange of exchanges) {
      const answer = await this.#exchange({ ...exchange, urgent });
      if (opening !== this.#opening) return { kind: "down", reason: "the line was reopened" };
      if (!answer.ok) return answer.error;
      this.#levels = { ...this.#levels, ...answer.value.levels };
      this.#outputs = { ...this.#outputs, ...answer.value.outputs };
    }
    return null;
  }

  /** Writes a relay and, where the board can be asked, makes sure that it obeyed. */
  async #switch(relay: string, on: boolean, deadlineMs?: number): Promise<Switched> {
    const opening = this.#opening;
    this.#told.set(relay, on);
    const request = this.#protocol.write(relay, on);
    const written = await this.#exchange({
      ...request,
      urgent: true,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    if (!written.ok) return failed(written.error);
    let claimed = written.value;
    const checks = claimed === null ? this.#protocol.check(relay) : [];
    if (claimed === null && checks.length === 0) return { outcome: "done", detail: "sent" };
    if (claimed === null) {
      const failure = await this.#ask(checks, opening, true);
      // Whatever kept the check from being sent: the relay itself was written.
      if (failure !== null) return { outcome: "silent", detail: failure.reason };
      claimed = this.#outputs[relay] ?? null;
    } else if (opening === this.#opening) {
      this.#outputs = { ...this.#outputs, [relay]: claimed };
    }
    if (this.#report?.known() === true) this.#report.changed(this.#image());
    if (claimed === on) return { outcome: "done", detail: `${relay} is ${on ? "on" : "off"}` };
    // It was told, so it may still follow: no refusal, and a pulse in doubt is ended.
    return { outcome: "silent", detail: `the board says that ${relay} is ${on ? "off" : "on"}` };
  }

  #exchange<T>(request: Exchange<T>): Promise<Result<T, ExchangeFailure>> {
    const notOpen = err<ExchangeFailure>({ kind: "down", reason: "the driver is not started" });
    return this.#bus?.exchange(request) ?? Promise.resolve(notOpen);
  }

  #image() {
    const outputs = this.#mute() ? null : this.#outputs;
    return { levels: this.#levels, outputs, edges: null, boot: null };
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

function failed({ kind, reason }: ExchangeFailure): Switched {
  const unsent = kind === "down" || kind === "full" || kind === "late";
  return { outcome: unsent ? "refused" : "silent", detail: reason };
}
