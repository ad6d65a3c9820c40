import type { BarrierAction, LaneInput } from "@parkme/shared/domain/lane";
import type {
  Board,
  BoardEvent,
  CommandOutcome,
  RelayCommand,
} from "../../../../edge-agent/devices/ports.ts";
import type { InTheWay } from "../../journal.ts";
import type { Life } from "../../time/virtual-time.ts";
import { STALE_MS } from "../site-config.ts";
import { Ears } from "./ears.ts";
import { later, type DeviceParts } from "./parts.ts";
import { Relays } from "./relays.ts";

/** What a board hangs on. */
export type Wired = {
  readonly inputs: readonly LaneInput[];
  /** What the contacts say; another object whenever one of them changes. */
  readonly contacts: () => Readonly<Partial<Record<LaneInput, boolean>>>;
  readonly relay: (action: BarrierAction, on: boolean) => void;
  readonly inTheWay: () => InTheWay;
};

export type BoardFault = "silent" | "commandsLost" | "answersLost" | "eventsDoubled" | "eventsLate";

/** A program's side of the wire. */
export type Agent = { readonly life: Life; readonly epoch: number; readonly monotonicMs: () => number };

/** A command as it is on the wire. */
type Sent = {
  readonly command: RelayCommand;
  readonly action: BarrierAction;
  readonly agent: Agent;
  readonly boot: number;
  /** By the world's clock. */
  readonly deadlineMs: number;
};

const WIRE_MS = 2;
/** The driver waits so long behind the deadline for an answer. */
const ANSWER_GRACE_MS = 250;
/** A board says something at least so often, ms. */
const HEARTBEAT_MS = 1_000;
const LATE_MS = 300;
const REBOOT_MS = 4_000;
const REMEMBERED = 64;
/** How often a fault of messages hits. */
const OFTEN = 0.5;
/** Of two images that are late, the older one may never come. */
const DROPPED = 0.3;

type Image = Extract<BoardEvent, { kind: "inputs" }>;

/**
 * The board of one lane, as the gate's own protocol has it: whole images with counts of rising edges, commands with a
 * deadline and the epoch of who sends them, and the side of the driver that makes exactly one outcome of each. It
 * outlives the programs.
 */
export class VirtualBoard {
  readonly faults: Record<BoardFault, boolean> = {
    silent: false,
    commandsLost: false,
    answersLost: false,
    eventsDoubled: false,
    eventsLate: false,
  };
  /** What inputs say in place of their contacts. */
  private readonly forced = new Map<LaneInput, boolean>();
  private levels: Record<string, boolean> = {};
  /** The contacts at the last look: the same object as long as none changes. */
  private seen: ReturnType<Wired["contacts"]> | null = null;
  private edges: Record<string, number> = {};
  private boot = 1;
  private isDown = false;
  private highestEpoch = 0;
  private done: string[] = [];
  /** Serial numbers of images: the newest that was made, and the newest that a heartbeat has carried. */
  private newest = 0;
  private carried = 0;
  private lateUntilMs = -1;
  /** By program: whether it knows the inputs. */
  private readonly proven = new WeakMap<Life, boolean>();
  /** The programs that a heartbeat is on its way to: there is one at a time. */
  private readonly beats = new WeakSet<Life>();
  /** When in a second its heartbeats are. */
  private readonly phaseMs: number;
  private readonly ears: Ears<BoardEvent>;
  private readonly relays: Relays;
  private readonly parts: DeviceParts;
  private readonly wired: Wired;

  constructor(parts: DeviceParts, wired: Wired) {
    [this.parts, this.wired] = [parts, wired];
    this.phaseMs = parts.random.int(HEARTBEAT_MS);
    this.ears = new Ears(parts.time);
    this.relays = new Relays(parts, wired.relay, () => this.say());
    for (const input of wired.inputs) this.edges[input] = 0;
    this.look();
  }

  port(name: string, agent: Agent): Board {
    const pending = new Map<string, () => void>();
    return {
      name,
      start: (sink) => {
        this.ears.add(agent.life, (event) => {
          if (event.kind !== "outcome") {
            this.proven.set(agent.life, event.kind === "inputs");
            return sink(event);
          }
          const cancel = pending.get(event.commandId);
          if (cancel === undefined) return;
          cancel();
          pending.delete(event.commandId);
          sink(event);
        });
        this.beat(agent.life);
        return Promise.resolve();
      },
      command: (command) => {
        if (agent.life.alive) this.command(command, agent, pending);
      },
      stop: () => Promise.resolve(),
    };
  }

  /** Takes in what the contacts say now. @returns whether it told of a change. */
  sense(): boolean {
    if (!this.look() || this.isDown) return false;
    this.say();
    return true;
  }

  /** An input says this whatever its contact does; null = it follows. */
  force(input: LaneInput, level: boolean | null): void {
    if (level === null) this.forced.delete(input);
    else this.forced.set(input, level);
    this.seen = null;
    this.sense();
  }

  level(input: LaneInput): boolean {
    return this.levels[input] === true;
  }

  set(fault: BoardFault, on: boolean): void {
    if (this.faults[fault] === on) return;
    this.faults[fault] = on;
    if (fault !== "silent") return;
    if (on) this.fallSilent(STALE_MS, `no state from the board for ${STALE_MS / 1_000} s`);
    else this.say();
  }

  /** Its relays fall off; when it is back, it counts from nothing. */
  reboot(): void {
    if (this.isDown) return;
    this.isDown = true;
    this.relays.fallOff();
    this.fallSilent(HEARTBEAT_MS, "the board is offline");
    later(this.parts, REBOOT_MS, () => {
      this.isDown = false;
      this.boot += 1;
      for (const input of this.wired.inputs) this.edges[input] = 0;
      this.seen = null;
      this.look();
      this.say();
    });
  }

  private get isHeard(): boolean {
    return !this.isDown && !this.faults.silent;
  }

  /** @returns whether an input changed. */
  private look(): boolean {
    const contacts = this.wired.contacts();
    if (contacts === this.seen) return false;
    this.seen = contacts;
    let changed = false;
    for (const input of this.wired.inputs) {
      const level = this.forced.get(input) ?? contacts[input] === true;
      if (level === this.levels[input]) continue;
      // A board that is down counts nothing.
      if (level && !this.isDown && this.levels[input] === false)
        this.edges[input] = (this.edges[input] ?? 0) + 1;
      this.levels[input] = level;
      changed = true;
    }
    return changed;
  }

  private image(): Image {
    const { levels, edges, boot } = this;
    return {
      kind: "inputs",
      levels: { ...levels },
      outputs: this.relays.readBack(),
      edges: { ...edges },
      boot: String(boot),
    };
  }

  /** Tells of itself as it is now, whole. */
  private say(): void {
    if (!this.isHeard) return;
    const { faults, parts } = this;
    const { nowMs } = parts.time;
    const image = this.image();
    const serial = (this.newest += 1);
    if (!faults.eventsLate && this.lateUntilMs < nowMs) return this.carry(image, WIRE_MS);
    // Nothing overtakes what was said before.
    this.lateUntilMs = Math.max(
      this.lateUntilMs,
      nowMs + (faults.eventsLate ? parts.random.int(LATE_MS) : 0),
    );
    later(parts, this.lateUntilMs - nowMs, () => {
      const isOld = serial < this.carried || (serial < this.newest && parts.random.chance(DROPPED));
      if (!isOld && this.isHeard) this.carry(image, 0);
    });
  }

  private carry(image: Image, afterMs: number): void {
    this.ears.tell(image, afterMs);
    if (this.faults.eventsDoubled && this.parts.random.chance(OFTEN)) this.ears.tell(image, afterMs);
  }

  /**
   * The next heartbeat, for a program that needs one: because it has just begun to listen, or could not make use of what
   * it heard. All others would tell what is known, and are left out.
   */
  beat(life: Life): void {
    if (this.beats.has(life)) return;
    const inMs = HEARTBEAT_MS - ((this.parts.time.nowMs + this.phaseMs) % HEARTBEAT_MS);
    if (!this.isHeard) return this.ears.tell({ kind: "lost", reason: "the board is offline" }, inMs, life);
    this.beats.add(life);
    later(this.parts, inMs, () => {
      this.beats.delete(life);
      if (!this.isHeard) return;
      this.carried = this.newest += 1;
      this.ears.tell(this.image(), 0, life);
    });
  }

  private fallSilent(afterMs: number, reason: string): void {
    const since = this.newest;
    later(this.parts, afterMs, () => {
      if (!this.isHeard && this.newest === since) this.ears.tell({ kind: "lost", reason }, 0);
    });
  }

  /** The driver: a refusal is told before this returns, and every command has one outcome. */
  private command(command: RelayCommand, agent: Agent, pending: Map<string, () => void>): void {
    const { time, random } = this.parts;
    const { life } = agent;
    const leftMs = command.deadlineMs - agent.monotonicMs();
    const action = actionOf(command);
    pending.set(command.id, () => undefined);
    const refuse = (detail: string): void => this.ears.tellNow(outcomeOf(command, "refused", detail), life);
    if (this.proven.get(life) !== true) return refuse("the board is not there");
    if (leftMs <= 0) return refuse("late");
    if (action === null) return refuse("no such relay on this board");
    const giveUp = () => this.ears.tellNow(outcomeOf(command, "silent", "no answer in time"), life);
    pending.set(command.id, time.after(leftMs + ANSWER_GRACE_MS, giveUp, { life }));
    if (this.faults.commandsLost && random.chance(OFTEN)) return;
    const sent = { command, action, agent, boot: this.boot, deadlineMs: time.nowMs + leftMs };
    const copies = this.faults.eventsDoubled && random.chance(OFTEN) ? 2 : 1;
    for (let copy = 1; copy <= copies; copy += 1) later(this.parts, WIRE_MS * copy, () => this.receive(sent));
  }

  /** The board. */
  private receive(sent: Sent): void {
    if (!this.isHeard) return;
    const { command, agent, action } = sent;
    const { lane, tell, random } = this.parts;
    const { id: commandId } = command;
    const objection = this.objectionTo(sent);
    if (objection !== null) tell({ kind: "command_dropped", lane, commandId, reason: objection });
    // The first copy's answer has the verdict.
    if (objection === "duplicate") return;
    if (objection === null) {
      this.done.push(commandId);
      if (this.done.length > REMEMBERED) this.done.shift();
      const { epoch } = agent;
      const monotonicMs = agent.monotonicMs();
      const { deadlineMs } = command;
      const way = this.wired.inTheWay();
      tell({ kind: "pulsed", lane, action, commandId, monotonicMs, deadlineMs, epoch, ...way });
      this.relays.pulse(action, command.pulseMs);
    }
    if (this.faults.answersLost && random.chance(OFTEN)) return;
    const outcome = objection === null ? "done" : "refused";
    this.ears.tell(outcomeOf(command, outcome, objection ?? "done"), WIRE_MS, agent.life);
  }

  private objectionTo({ command, agent, boot, deadlineMs }: Sent): string | null {
    if (boot !== this.boot) return "rebooted";
    if (agent.epoch < this.highestEpoch) return "fenced";
    this.highestEpoch = agent.epoch;
    if (this.done.includes(command.id)) return "duplicate";
    return this.parts.time.nowMs > deadlineMs ? "late" : null;
  }
}

function outcomeOf({ id }: RelayCommand, outcome: CommandOutcome, detail: string): BoardEvent {
  return { kind: "outcome", commandId: id, outcome, detail };
}

/** The board names the relays of its barrier `open1`, `close1` and `stop1`; its stop lets go of the other two. */
function actionOf({ relay }: RelayCommand): BarrierAction | null {
  switch (relay) {
    case "open1":
      return "open";
    case "close1":
      return "close";
    case "stop1":
    case null:
      return "stop";
    default:
      return null;
  }
}
