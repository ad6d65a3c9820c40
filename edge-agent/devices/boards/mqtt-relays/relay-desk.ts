import type { Clock } from "@parkme/shared/domain/clock";
import type { Count, DeviceLog } from "../../log.ts";
import type { BoardEvent, CommandOutcome, RelayCommand } from "../../ports.ts";
import { createRelayPulses, type RelayPulses, type Switched } from "../pulse.ts";

/** Commands that wait for their answers; a barrier has one or two at a time. */
const MAX_PENDING = 16;
/** A device may still switch at the deadline: its answer needs the way back. */
const ANSWER_GRACE_MS = 250;
/** How soon after the end of its pulse a relay is read back. */
const READ_BACK_DELAY_MS = 200;
/** How often a relay that did not let go is told to. */
const LET_GO_RETRY_MS = 1_000;

export type RelayDeskOptions = {
  readonly board: string;
  readonly relays: readonly string[];
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly count: Count;
  readonly sink: (event: BoardEvent) => void;
  /**
   * Sends one command, never retained; `pulseMs` null = off. An answer after `patienceMs` is too late to count. False =
   * the link did not take it.
   */
  readonly send: (relay: string, pulseMs: number | null, patienceMs: number) => boolean;
  /** Why this relay may not be pulsed for so long now, in words for an attendant; null = it may. */
  readonly obstacle: (relay: string, pulseMs: number) => string | null;
  /** How long the answer to an off may take. */
  readonly answerMs: number;
  /** How long after the end of its pulse a relay may still be read as on: the device's news need their time. */
  readonly marginMs: number;
  /** Asks what the relay is now, after its pulse should have ended. */
  readonly readBack: (relay: string) => void;
  /** A relay stayed on after its pulse. It is being told to let go, and gets no more pulses. */
  readonly onLatched: (reason: string) => void;
};

/**
 * The commands of a board whose relays a device on MQTT switches, and which ends the pulses itself. Whether it does is
 * never taken on trust: a relay that is still on after its pulse is told to let go until it has, and is not pulsed
 * again before the driver is started anew.
 */
export type RelayDesk = {
  /** Leads to exactly one outcome. */
  readonly command: (command: RelayCommand) => void;
  /** The device says what it did with a command for this relay. */
  readonly answered: (relay: string, on: boolean) => void;
  /** The device says what a relay is; whether it has read the last command is not known. */
  readonly seen: (relay: string, on: boolean) => void;
  /** The device says that it will not. */
  readonly rejected: (relay: string, on: boolean, why: string) => void;
  /** The device has not spoken of this relay for too long. */
  readonly forget: (relay: string) => void;
  /** Relays by what the device last said of them; those it did not speak of are missing. */
  readonly levels: () => Record<string, boolean>;
  /** The device is not there any more: what it said of its relays is void, and nothing waits for its answers. */
  readonly lost: (detail: string) => void;
  readonly stop: () => Promise<void>;
};

export function createRelayDesk(options: RelayDeskOptions): RelayDesk {
  return new Desk(options);
}

type Relay = {
  /** Null = not known. */
  level: boolean | null;
  /** Length of the pulse it was sent and has not been seen to end; null = none of ours. */
  pulseMs: number | null;
  /** Runs while it is on by our word. */
  watch: NodeJS.Timeout | undefined;
  /** Why it gets no more pulses. */
  fault: string | null;
};

/** Something sent to a relay that was not answered yet. */
type Wait = { readonly relay: string; readonly on: boolean; readonly settle: (switched: Switched) => void };

class Desk implements RelayDesk {
  readonly #options: RelayDeskOptions;
  readonly #pulses: RelayPulses;
  readonly #relays: ReadonlyMap<string, Relay>;
  readonly #waits = new Set<Wait>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: RelayDeskOptions) {
    this.#options = options;
    this.#relays = new Map(
      options.relays.map((name) => [name, { level: null, pulseMs: null, watch: undefined, fault: null }]),
    );
    this.#pulses = createRelayPulses({
      on: (relay, command) => this.#on(relay, command),
      off: (relay) => this.#off(relay),
      endsItself: true,
      onOverdue: () => undefined,
    });
  }

  command(command: RelayCommand): void {
    const { relay } = command;
    const named = relay === null ? command.release : [relay, ...command.release];
    const refuse = (why: string): void => this.#outcome(command, "refused", why);
    if (named.some((name) => !this.#relays.has(name))) return refuse("no such relay on this board");
    if (this.#running.size >= MAX_PENDING) return refuse("too many commands");
    const obstacle = relay === null ? null : this.#obstacle(relay, command);
    if (obstacle !== null) return refuse(obstacle);
    // Bare release is meant to be heard, whatever was read last.
    if (relay === null) for (const name of named) this.#relay(name).level = null;
    // A barrier takes the edge for the command: a relay that is on must fall before it can say anything new.
    const fallen = relay === null || this.#relay(relay).level === false;
    const release = fallen ? command.release : [...command.release, relay];
    const running = this.#pulses
      .run({ ...command, release })
      .then(({ outcome, detail }) => this.#outcome(command, outcome, detail))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  answered(name: string, on: boolean): void {
    const waits = [...this.#waits].filter((wait) => wait.relay === name && wait.on === on);
    this.#learn(name, on, waits.length > 0);
    for (const { settle } of waits)
      settle({ outcome: "done", detail: `the device says ${name} is ${onOff(on)}` });
  }

  seen(name: string, on: boolean): void {
    this.#learn(name, on, false);
  }

  rejected(name: string, on: boolean, why: string): void {
    for (const wait of this.#waits) {
      if (wait.relay === name && wait.on === on) wait.settle({ outcome: "refused", detail: why });
    }
  }

  forget(name: string): void {
    const relay = this.#relays.get(name);
    if (relay !== undefined) relay.level = null;
  }

  levels(): Record<string, boolean> {
    const known = [...this.#relays].flatMap(([name, { level }]) =>
      level === null ? [] : [[name, level] as const],
    );
    return Object.fromEntries(known);
  }

  lost(detail: string): void {
    for (const relay of this.#relays.values()) {
      relay.level = null;
      clearTimeout(relay.watch);
      relay.watch = undefined;
    }
    for (const { settle } of this.#waits) settle({ outcome: "silent", detail });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.lost("the driver was stopped");
    await Promise.all(this.#running);
  }

  #relay(name: string): Relay {
    const relay = this.#relays.get(name);
    if (relay === undefined) throw new Error(`no relay ${name}`);
    return relay;
  }

  #obstacle(relay: string, { pulseMs, deadlineMs }: RelayCommand): string | null {
    const { fault } = this.#relay(relay);
    if (this.#stopped) return "the driver was stopped";
    if (this.#options.clock.monotonicMs() >= deadlineMs) return "late";
    if (fault !== null) return fault;
    if ([...this.#waits].some((wait) => wait.relay === relay && wait.on))
      return "the same command is waiting for its answer";
    return this.#options.obstacle(relay, pulseMs);
  }

  async #on(name: string, command: RelayCommand): Promise<Switched> {
    // Asked again: letting go of the others took its time.
    const obstacle = this.#obstacle(name, command);
    if (obstacle !== null) return { outcome: "refused", detail: obstacle };
    const relay = this.#relay(name);
    relay.pulseMs = command.pulseMs;
    relay.level = null;
    clearTimeout(relay.watch);
    relay.watch = undefined;
    const patienceMs = command.deadlineMs - this.#options.clock.monotonicMs() + ANSWER_GRACE_MS;
    const switched = await this.#sendAndWait(name, command.pulseMs, patienceMs);
    if (switched.outcome === "refused") relay.pulseMs = null;
    return switched;
  }

  async #off(name: string): Promise<Switched> {
    if (this.#relay(name).level === false && !this.#waitsForOn(name))
      return { outcome: "done", detail: `${name} is off` };
    return this.#sendAndWait(name, null, this.#options.answerMs);
  }

  #sendAndWait(relay: string, pulseMs: number | null, patienceMs: number): Promise<Switched> {
    if (this.#stopped) return Promise.resolve({ outcome: "refused", detail: "the driver was stopped" });
    return new Promise((resolve) => {
      const patience = setTimeout(
        () => wait.settle({ outcome: "silent", detail: "no answer in time" }),
        patienceMs,
      );
      const wait: Wait = {
        relay,
        on: pulseMs !== null,
        settle: (switched) => {
          clearTimeout(patience);
          this.#waits.delete(wait);
          resolve(switched);
        },
      };
      // Before it is sent: a link in this process may answer at once.
      this.#waits.add(wait);
      if (!this.#options.send(relay, pulseMs, patienceMs))
        wait.settle({ outcome: "refused", detail: "the connection to the boards is down" });
    });
  }

  #waitsForOn(name: string): boolean {
    return [...this.#waits].some((wait) => wait.relay === name && wait.on);
  }

  #learn(name: string, on: boolean, settles: boolean): void {
    const relay = this.#relays.get(name);
    if (relay === undefined) return;
    // Said before the device has read that it is to switch on: old news.
    if (!on && !settles && this.#waitsForOn(name)) return;
    relay.level = on;
    if (on) return this.#watch(name, relay);
    clearTimeout(relay.watch);
    relay.watch = undefined;
    if (!this.#waitsForOn(name)) relay.pulseMs = null;
  }

  /** On by our word: it must be off by itself when its pulse is over. */
  #watch(name: string, relay: Relay): void {
    const { pulseMs } = relay;
    if (pulseMs === null || relay.watch !== undefined) return;
    relay.watch = setTimeout(() => {
      this.#options.readBack(name);
      relay.watch = setTimeout(() => this.#latched(name, relay), this.#options.marginMs);
    }, pulseMs + READ_BACK_DELAY_MS);
  }

  #latched(name: string, relay: Relay): void {
    if (relay.fault === null) {
      relay.fault = `relay ${name} did not let go by itself: check how the device ends its pulses, then restart the agent`;
      this.#options.log.warn(
        { board: this.#options.board, relay: name },
        "a relay stayed on after its pulse",
      );
      this.#options.count("mqtt_relay_latched");
      this.#options.onLatched(relay.fault);
    }
    // The device's answer to this ends the watch.
    relay.watch = setTimeout(() => this.#latched(name, relay), LET_GO_RETRY_MS);
    this.#options.send(name, null, LET_GO_RETRY_MS);
    this.#options.readBack(name);
  }

  #outcome({ id: commandId }: RelayCommand, outcome: CommandOutcome, detail: string): void {
    this.#options.sink({ kind: "outcome", commandId, outcome, detail });
  }
}

function onOff(on: boolean): string {
  return on ? "on" : "off";
}
