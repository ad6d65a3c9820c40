import type { Now } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type {
  Credit,
  GateRecord,
  LaneCommand,
  LaneRead,
  StayInHand,
} from "@parkme/shared/domain/gate-record";
import {
  asId,
  createIdMint,
  type CommandId,
  type FacilityId,
  type IdMint,
  type StayId,
} from "@parkme/shared/domain/ids";
import type { LaneDirection, LaneInput } from "@parkme/shared/domain/lane";
import { asCurrency } from "@parkme/shared/domain/money";
import { parseTariff, type Tariff } from "@parkme/shared/pricing/tariff";
import { votePlate } from "../../plates/vote.ts";
import { entryLane } from "../entry-lane.ts";
import { exitLane } from "../exit-lane.ts";
import { gatherFacts } from "../facts.ts";
import type {
  Lane,
  LaneConfig,
  LaneEvent,
  LaneTable,
  LaneTimers,
  Reply,
  StepContext,
} from "../machine/model.ts";
import { blind, newLane, nextDue, observe, step, wakeAtMs } from "../machine/step.ts";
import { createArm, createSwitchBoard, type Levels } from "./board.ts";
import { createBook, type Book } from "./book.ts";

/** One event at one lane: what was before, what came of it. */
export type Beat = {
  readonly now: Now;
  readonly event: LaneEvent;
  readonly before: Lane;
  readonly after: Lane;
  readonly records: readonly GateRecord[];
  readonly commands: readonly LaneCommand[];
  readonly reply: Reply | null;
  readonly unexpected: boolean;
};

export type BenchOptions = {
  readonly direction?: LaneDirection;
  readonly wired?: readonly LaneInput[];
  readonly capacity?: number;
  readonly tariff?: Tariff | null;
  /** False = the board has no counters. */
  readonly counts?: boolean;
  /** False = the arm does not move by itself; the test sets its limits. */
  readonly armObeys?: boolean;
  readonly book?: Book;
  /** Told of every image before the lane is, and of every turn after it. */
  readonly watch?: Watch;
};

export type Watch = {
  readonly seen: (levels: Levels | null, counts: Lane["counts"], nowMs: number) => void;
  readonly turn: (beats: readonly Beat[], lane: Lane) => void;
};

export const ALL_INPUTS: readonly LaneInput[] = [
  "arming",
  "safety",
  "closing",
  "photocell",
  "open_limit",
  "closed_limit",
];
export const TIMERS: LaneTimers = {
  armMs: 300,
  readMs: 2_500,
  backMs: 1_500,
  clearMs: 1_000,
  noEntryMs: 25_000,
  stuckMs: 60_000,
  moveMs: 2_250,
};
const START_WALL_MS = Date.UTC(2026, 2, 1, 8);
/** More timers than this without the clock moving on: the lane chases its own tail. */
const MAX_TIMERS_PER_WAIT = 2_000;

const EUR = asCurrency("EUR");

export const FACILITY: Facility = {
  id: asId<FacilityId>("01890000-0000-7000-8000-000000000000"),
  slug: "demo",
  name: "Harbour Square",
  timeZone: "Europe/Berlin",
  currency: EUR,
  capacity: 10,
};

export function laneConfig(direction: LaneDirection, wired: readonly LaneInput[]): LaneConfig {
  return {
    name: direction,
    title: direction,
    direction,
    wired: new Set(wired),
    timers: TIMERS,
    pulseMs: 500,
  };
}

/** Up to one hour free, then five euros. */
export const TARIFF = tariffOf({
  slabs: [
    { max_hours: 1, price: 0 },
    { max_hours: null, price: 5 },
  ],
});

function tariffOf(document: unknown): Tariff {
  const parsed = parseTariff(document, { id: "standard", version: 1, currency: EUR });
  if (!parsed.ok) throw new Error("the test's tariff is wrong");
  return parsed.value;
}

/** Ids that are the same in every run. */
export function countingMint(): IdMint {
  let bytes = 0;
  return createIdMint((length) => Uint8Array.from({ length }, () => (bytes++ * 89) & 0xff));
}

/** The credit whose passage is not confirmed, wherever the lane holds it. */
export function creditOf(lane: Lane): Credit | null {
  return lane.credit ?? lane.passage?.credit ?? lane.unresolved;
}

/**
 * One lane on a bench: the real table, a clock that only moves when told, a board of switches, and an arm that
 * obeys unless told otherwise. Runs events through the table as the agent does: one event, then its facts.
 */
export function createBench(options: BenchOptions = {}) {
  const direction = options.direction ?? "entry";
  const table: LaneTable = direction === "entry" ? entryLane : exitLane;
  const config = laneConfig(direction, options.wired ?? ALL_INPUTS);
  const facility: Facility = { ...FACILITY, capacity: options.capacity ?? FACILITY.capacity };
  const book = options.book ?? createBook();
  const mint = countingMint();
  const tariff = options.tariff === undefined ? TARIFF : options.tariff;

  const board = createSwitchBoard(config.wired, options.counts ?? true);
  const arm = createArm(options.armObeys ?? true);
  let nowMs = 1_000;
  let sighted = false;
  let serial = 0;
  const beats: Beat[] = [];
  const now = (): Now => ({ wallMs: START_WALL_MS + nowMs, monotonicMs: nowMs });
  let lane: Lane = newLane(now(), null);

  function play(start: Lane, events: readonly LaneEvent[]): Reply | null {
    const turn: Beat[] = [];
    lane = start;
    for (const first of events) {
      let event: LaneEvent | null = first;
      for (let asked = 0; event !== null; asked++) {
        if (asked > 4) throw new Error(`the lane keeps asking in ${lane.state}`);
        const before = lane;
        const ctx: StepContext = { config, now: now(), mint, vote };
        const applied = step(table, lane, event, ctx);
        const { records, commands, request, reply } = applied.step;
        lane = applied.step.lane;
        turn.push({
          now: now(),
          event,
          before,
          after: lane,
          records,
          commands,
          reply,
          unexpected: applied.unexpected,
        });
        // As the runner: facts see what earlier turns wrote; this turn is written at its end.
        event =
          request === null
            ? null
            : {
                kind: "facts",
                facts: gatherFacts(request, config, now(), { store: book.source, facility, tariff }),
              };
      }
    }
    for (const { records } of turn) records.forEach(book.write);
    beats.push(...turn);
    options.watch?.turn(turn, lane);
    for (const { commands } of turn)
      for (const { action } of commands) arm.command(action, board.levels, nowMs);
    return turn.reduce<Reply | null>((reply, beat) => beat.reply ?? reply, null);
  }

  function look(): void {
    if (!sighted) return;
    const image = board.image();
    options.watch?.seen(image.levels, image.counts, nowMs);
    const seen = observe(lane, image, config, now());
    play(seen.lane, seen.events);
  }

  function set(patch: Levels): void {
    board.set(patch);
    look();
  }

  function lose(reason = "board lost"): void {
    sighted = false;
    options.watch?.seen(null, null, nowMs);
    const seen = blind(lane, reason);
    play(seen.lane, [seen.event]);
  }

  function wait(ms: number): void {
    const until = nowMs + ms;
    for (let fired = 0; ; fired++) {
      if (fired > MAX_TIMERS_PER_WAIT) throw new Error(`timers never end in ${lane.state}`);
      const timerAt = wakeAtMs(lane) ?? Infinity;
      const at = Math.min(timerAt, arm.nextMs());
      if (at > until) break;
      nowMs = Math.max(nowMs, at);
      if (arm.nextMs() <= timerAt) {
        set(arm.move());
        continue;
      }
      const due = nextDue(lane, nowMs);
      if (due === null) throw new Error("a timer was announced, but none is due");
      play(due.lane, [due.event]);
    }
    nowMs = until;
  }

  function read(plate: string | null, more: Partial<LaneRead> = {}): void {
    const claim: LaneRead = {
      plate,
      raw: plate ?? "",
      confidence: 0.95,
      camera: `${direction}-cam`,
      sourceId: `read-${serial++}`,
      claimedAtMs: null,
      imageId: null,
      at: now(),
      ...more,
    };
    play(lane, [{ kind: "read", read: claim }]);
  }

  function ask(event: Extract<LaneEvent, { kind: "cash" | "vend" | "reset" }>): Reply {
    const reply = play(lane, [event]);
    if (reply === null) throw new Error(`no answer to ${event.kind} in ${lane.state}`);
    return reply;
  }

  const key = (): string => `key-${serial++}`;

  return {
    config,
    table,
    book,
    beats,
    lane: () => lane,
    now,
    levels: () => board.levels,
    /** Switches inputs, all in one image. */
    set,
    /** The board answers (again). */
    see: () => {
      sighted = true;
      look();
    },
    lose,
    /** One input is missing from the board's image, until told otherwise. */
    miss: (input: LaneInput | null) => {
      board.miss(input);
      look();
    },
    /** The board boots anew: nothing is known of it until it is seen again, and its counters are at zero. */
    reboot: () => {
      lose("board restarted");
      board.reboot();
    },
    /** The agent starts anew, with the credit that is on the disk. */
    restart: () => {
      sighted = false;
      options.watch?.seen(null, null, nowMs);
      lane = newLane(now(), creditOf(lane));
    },
    /** A dead arm stays where it is; one that obeys does so from the next command on. */
    setArm: arm.obey,
    wait,
    read,
    answer: (commandId: CommandId, outcome: "done" | "refused" | "silent") => {
      play(lane, [{ kind: "outcome", commandId, outcome, detail: outcome }]);
    },
    /** The attendant saw what is due, unless said otherwise. */
    cash: (stayId: StayId, tenderedMinor: number, amountMinor = lane.stay?.due?.amountMinor ?? 0): Reply =>
      ask({ kind: "cash", stayId, amountMinor, tenderedMinor, actor: "alex", idempotencyKey: key() }),
    vend: (): Reply => ask({ kind: "vend", reason: "let in by hand", actor: "alex", idempotencyKey: key() }),
    reset: (): Reply => ask({ kind: "reset", reason: "looked at it", actor: "alex" }),
    commands: (): LaneCommand[] => beats.flatMap((beat) => beat.commands),
    records: <T extends GateRecord["type"]>(type: T): Extract<GateRecord, { type: T }>[] =>
      beats.flatMap((beat) => beat.records.filter((record) => isOf(record, type))),
    /** A vehicle that came in some time ago. */
    parked: (plate: string, agoMs: number, status: StayInHand["status"] = "open"): StayInHand => {
      const stay: StayInHand = {
        stayId: mint.next<StayId>(now().wallMs),
        ticketNumber: mint.ticketNumber(),
        plate,
        entryWallMs: now().wallMs - agoMs,
        status,
        due: null,
      };
      book.parked(stay);
      return stay;
    },
  };
}

export type Bench = ReturnType<typeof createBench>;

function isOf<T extends GateRecord["type"]>(
  record: GateRecord,
  type: T,
): record is Extract<GateRecord, { type: T }> {
  return record.type === type;
}

/** The plate the reads stand for, as the agent takes it. */
export function vote(reads: readonly LaneRead[], final: boolean): string | null {
  const result = votePlate(reads, final);
  return result.kind === "winner" ? result.plate : null;
}
