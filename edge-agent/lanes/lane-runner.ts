import type { Clock, Now } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { Credit, GateRecord, LaneCommand, LaneOrder, LaneRead } from "@parkme/shared/domain/gate-record";
import type { CommandId, IdMint } from "@parkme/shared/domain/ids";
import type { CommandOutcome } from "../devices/ports.ts";
import type { CommandAnswer, Turn } from "../store/commit.ts";
import { entryLane } from "./entry-lane.ts";
import { exitLane } from "./exit-lane.ts";
import { reversibleLane } from "./reversible-lane.ts";
import type {
  Facts,
  FactsRequest,
  Lane,
  LaneConfig,
  LaneEvent,
  LaneEventKind,
  LaneStart,
  LaneTable,
  Reply,
  StepContext,
} from "./machine/model.ts";
import { outage } from "./machine/doubt.ts";
import { blind, newLane, nextDue, observe, step, wakeAtMs, type InputImage } from "./machine/step.ts";

/** What a lane needs of the world. */
export type LaneWorld = {
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly vote: StepContext["vote"];
  readonly gatherFacts: (request: FactsRequest) => Facts;
  /** Writes durably, or throws. */
  readonly commit: (turn: Turn) => void;
  /** Sends a command to the lane's barrier; never throws, the outcome comes back as an event. */
  readonly send: (command: LaneCommand) => void;
  /** Asks something of the lane's other devices; never throws, answers come back as events. */
  readonly order: (order: LaneOrder) => void;
  /** What the lane does when the disk refuses: stay as it is, or open and stay open. */
  readonly storeFailure: "hold" | "open";
  readonly log: {
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
  /** After each turn that changed something, when it is on the disk. */
  readonly changed: (lane: Lane, records: readonly GateRecord[]) => void;
};

export type LaneRunner = {
  readonly config: LaneConfig;
  readonly lane: () => Lane;
  readonly observe: (image: InputImage) => void;
  readonly blind: (reason: string) => void;
  /** True when the read is on the disk. */
  readonly read: (read: LaneRead) => boolean;
  readonly outcome: (commandId: CommandId, outcome: CommandOutcome, detail: string) => void;
  /** An attendant's wish, answered at once. */
  readonly ask: (event: Extract<LaneEvent, { kind: AskedKind }>) => Reply;
  /** What a device of the lane, a schedule or the mode says. */
  readonly tell: (event: Extract<LaneEvent, { kind: ToldKind }>) => void;
  readonly stop: () => void;
};

export type AskedKind = "cash" | "vend" | "identify" | "reset" | "hold" | "turn";
export type ToldKind = Extract<
  LaneEventKind,
  | "credential"
  | "code_refused"
  | "due_changed"
  | "printed"
  | "print_failed"
  | "taken"
  | "terminal"
  | "device"
  | "output"
  | "mode"
>;

const DISK_REFUSES = "The disk refuses to write";

const TABLES: { readonly [K in LaneConfig["kind"]]: LaneTable } = {
  entry: entryLane,
  exit: exitLane,
  reversible: reversibleLane,
};

/** Events wait here only while a turn is under way, which takes well under a millisecond. */
const MAX_MAILBOX = 256;
/** A turn asks the store once for each thing it decides; more means the tables chase themselves. */
const MAX_REQUESTS = 4;

type Mail = {
  readonly deliver: (lane: Lane) => { readonly lane: Lane; readonly events: readonly LaneEvent[] };
  readonly read?: LaneRead;
};

/**
 * Runs one lane: one event at a time through the pure table, then one durable commit, and only then the
 * commands. No commit, no open (safety invariant 12).
 */
export function createLaneRunner(config: LaneConfig, start: LaneStart, world: LaneWorld): LaneRunner {
  const table = TABLES[config.kind];
  let lane = newLane(readClock(world.clock), start);
  let written: Credit | null = start.credit;
  let outcomes: CommandAnswer[] = [];
  let busy = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const mailbox: Mail[] = [];

  function post(mail: Mail): Reply | null {
    if (mailbox.length >= MAX_MAILBOX) throw new Error(`lane ${config.name}: mailbox overrun`);
    mailbox.push(mail);
    if (busy) return null;
    busy = true;
    let reply: Reply | null = null;
    try {
      for (let next = mailbox.shift(); next !== undefined; next = mailbox.shift()) {
        const answer = turn(next);
        // What came in meanwhile may fail without undoing what was asked.
        if (next === mail) reply = answer;
      }
    } finally {
      busy = false;
    }
    schedule();
    return reply;
  }

  function turn(mail: Mail): Reply | null {
    const before = lane;
    const now = readClock(world.clock);
    let played: Played | null = null;
    try {
      const ctx = { config, now, mint: world.mint, vote: world.vote };
      played = play(table, mail.deliver(before), ctx, world);
      write(mail, played, now);
    } catch (error) {
      return refuseTurn(before, played?.commands ?? [], error);
    }
    lane = played.lane;
    for (const command of played.commands) world.send(command);
    for (const order of played.orders) world.order(order);
    if (lane !== before) world.changed(lane, played.records);
    return played.reply;
  }

  /** Durable when it returns. What nobody needs to know after a restart is not written. */
  function write(mail: Mail, { lane: after, records, commands }: Played, now: Now): void {
    const credit = creditOf(after);
    const reads = mail.read === undefined ? [] : [mail.read];
    if (records.length + commands.length + reads.length === 0 && credit === written) return;
    world.commit({ lane: config.name, state: after.state, now, records, commands, reads, outcomes, credit });
    written = credit;
    outcomes = [];
  }

  /**
   * The store cannot be asked or the disk refuses: nothing was decided. What keeps people safe leaves all the same:
   * a reopening onto an obstruction, and the opening of a lane whose policy that is (edge case 46).
   */
  function refuseTurn(before: Lane, commands: readonly LaneCommand[], error: unknown): Reply {
    world.log.error(
      { lane: config.name, err: error },
      "the turn could not be written; the lane decides nothing",
    );
    const ctx = { config, now: readClock(world.clock), mint: world.mint, vote: world.vote };
    const failed = outage(before, world.storeFailure, DISK_REFUSES, ctx);
    for (const command of [...commands, ...failed.commands]) if (command.safety) world.send(command);
    lane = failed.lane;
    world.changed(lane, []);
    return {
      ok: false,
      code: "store_failed",
      message: "The gate could not write this down, so it was not done.",
    };
  }

  function schedule(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const at = wakeAtMs(lane);
    if (at === null) return;
    timer = setTimeout(wake, Math.max(0, Math.ceil(at - world.clock.monotonicMs())));
  }

  function wake(): void {
    timer = null;
    for (;;) {
      const nowMs = world.clock.monotonicMs();
      if (nextDue(lane, nowMs) === null) break;
      post({
        deliver: (current) => {
          const due = nextDue(current, nowMs);
          return due === null ? { lane: current, events: [] } : { lane: due.lane, events: [due.event] };
        },
      });
    }
    schedule();
  }

  const plain = (event: LaneEvent): Mail => ({ deliver: (current) => ({ lane: current, events: [event] }) });
  return {
    config,
    lane: () => lane,
    observe: (image) => {
      post({ deliver: (current) => observe(current, image, config, readClock(world.clock)) });
    },
    blind: (reason) => {
      post({
        deliver: (current) => {
          const seen = blind(current, reason);
          return { lane: seen.lane, events: [seen.event] };
        },
      });
    },
    read: (read) => post({ ...plain({ kind: "read", read }), read })?.ok !== false,
    outcome: (commandId, outcome, detail) => {
      outcomes.push({ commandId, outcome });
      post(plain({ kind: "outcome", commandId, outcome, detail }));
    },
    ask: (event) => {
      const reply = post(plain(event));
      if (reply === null) throw new Error(`lane ${config.name} gave no answer to ${event.kind}`);
      return reply;
    },
    tell: (event) => void post(plain(event)),
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}

type Played = ReturnType<typeof play>;

/** Applies events in order, each with the facts it asks for, and adds up what they wrote. */
function play(
  table: LaneTable,
  start: { readonly lane: Lane; readonly events: readonly LaneEvent[] },
  ctx: StepContext,
  world: Pick<LaneWorld, "gatherFacts" | "log">,
) {
  let { lane } = start;
  const records: GateRecord[] = [];
  const commands: LaneCommand[] = [];
  const orders: LaneOrder[] = [];
  let reply: Reply | null = null;
  for (const first of start.events) {
    let event: LaneEvent | null = first;
    for (let asked = 0; event !== null; asked++) {
      if (asked > MAX_REQUESTS) throw new Error(`lane ${ctx.config.name} keeps asking in ${lane.state}`);
      const applied = step(table, lane, event, ctx);
      if (applied.unexpected) {
        world.log.warn({ lane: ctx.config.name, state: lane.state, event: event.kind }, "unexpected event");
      }
      lane = applied.step.lane;
      records.push(...applied.step.records);
      commands.push(...applied.step.commands);
      orders.push(...applied.step.orders);
      reply = applied.step.reply ?? reply;
      const { request } = applied.step;
      event = request === null ? null : { kind: "facts", facts: world.gatherFacts(request) };
    }
  }
  return { lane, records, commands, orders, reply };
}

/** The credit whose passage is not confirmed, wherever the lane holds it. */
function creditOf(lane: Lane): Credit | null {
  return lane.credit ?? lane.passage?.credit ?? lane.unresolved;
}
