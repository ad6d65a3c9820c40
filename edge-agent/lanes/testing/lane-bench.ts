import type { Now } from "@parkme/shared/domain/clock";
import type { Credential } from "@parkme/shared/domain/credential";
import type {
  Credit,
  GateRecord,
  LaneCommand,
  LaneOrder,
  LaneRead,
  StayInHand,
  TerminalOutcome,
} from "@parkme/shared/domain/gate-record";
import { createIdMint, type CommandId, type IdMint, type StayId } from "@parkme/shared/domain/ids";
import { LANE_INPUTS, type LaneDirection, type LaneInput, type LaneKind } from "@parkme/shared/domain/lane";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import { votePlate } from "../../plates/vote.ts";
import { entryLane } from "../entry-lane.ts";
import { exitLane } from "../exit-lane.ts";
import type {
  Lane,
  LaneConfig,
  LaneEvent,
  LaneTable,
  LaneTimers,
  Reply,
  StepContext,
} from "../machine/model.ts";
import { outage } from "../machine/doubt.ts";
import { blind, newLane, nextDue, observe, step, wakeAtMs } from "../machine/step.ts";
import { reversibleLane } from "../reversible-lane.ts";
import { answer, dueFor, type Price, type Site } from "./answers.ts";
import { createArm, createSwitchBoard, type Levels } from "./board.ts";
import { createBook, type Book } from "./book.ts";
import { createDevices } from "./devices.ts";

/** One event at one lane: what was before, what came of it. */
export type Beat = {
  readonly now: Now;
  readonly event: LaneEvent;
  readonly before: Lane;
  readonly after: Lane;
  readonly records: readonly GateRecord[];
  readonly commands: readonly LaneCommand[];
  readonly orders: readonly LaneOrder[];
  readonly reply: Reply | null;
  readonly unexpected: boolean;
};

export type BenchOptions = {
  /** The kind of lane, and the direction a reversible one begins with. */
  readonly kind?: LaneKind;
  readonly direction?: LaneDirection;
  readonly wired?: readonly LaneInput[];
  readonly capacity?: number;
  readonly price?: Price | null;
  readonly site?: Partial<Site>;
  /** What this lane has that others have not. */
  readonly lane?: Partial<Omit<LaneConfig, "policy">>;
  readonly policy?: Partial<LaneConfig["policy"]>;
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
  /** The disk refused a turn: only these commands left, and the lane is in doubt. */
  readonly refused: (commands: readonly LaneCommand[], lane: Lane) => void;
};

export const ALL_INPUTS: readonly LaneInput[] = LANE_INPUTS;
const TIMERS: LaneTimers = {
  armMs: 300,
  readMs: 2_500,
  backMs: 1_500,
  clearMs: 1_000,
  noEntryMs: 25_000,
  stuckMs: 60_000,
  moveMs: 2_250,
  takeMs: 20_000,
  payMs: 90_000,
};
const START_WALL_MS = Date.UTC(2026, 2, 1, 8);
/** More timers than this without the clock moving on: the lane chases its own tail. */
const MAX_TIMERS_PER_WAIT = 2_000;

const TABLES: { readonly [K in LaneKind]: LaneTable } = {
  entry: entryLane,
  exit: exitLane,
  reversible: reversibleLane,
};

export function laneConfig(kind: LaneKind, wired: readonly LaneInput[]): LaneConfig {
  return {
    name: kind,
    title: kind,
    kind,
    wired: new Set(wired),
    timers: TIMERS,
    pulseMs: 500,
    inner: false,
    zones: [],
    ticket: "never",
    terminal: false,
    vehicle: null,
    policy: { passback: "neutral", printerFailure: "deny", outage: "hold" },
  };
}

/** Up to one hour free, then five euros. */
export const PRICE: Price = { freeMs: 3_600_000, minor: 500 };

/** The same, and more: nine euros. */
export const DEARER_PRICE: Price = { ...PRICE, minor: 900 };

/** Ids that are the same in every run. */
export function countingMint(): IdMint {
  let bytes = 0;
  return createIdMint((length) => Uint8Array.from({ length }, () => (bytes++ * 89) & 0xff));
}

/** The credit whose passage is not confirmed, wherever the lane holds it. */
export function creditOf(lane: Lane): Credit | null {
  return lane.credit ?? lane.passage?.credit ?? lane.unresolved;
}

/** A site with room, the price above, and no lists. */
function siteOf({ capacity, price, site }: BenchOptions = {}): Site {
  return {
    capacity: capacity ?? 10,
    price: price === undefined ? PRICE : price,
    zoneCapacity: new Map(),
    rights: new Map(),
    listed: new Map(),
    neutral: false,
    ...site,
  };
}

/**
 * One lane on a bench: the real table, a clock that only moves when told, a board of switches, devices that play
 * their part, and an arm that obeys unless told otherwise. Runs events through the table as the agent does: one
 * event, then its facts.
 */
export function createBench(options: BenchOptions = {}) {
  const direction = options.direction ?? (options.kind === "exit" ? "exit" : "entry");
  const kind = options.kind ?? direction;
  const table = TABLES[kind];
  const base = laneConfig(kind, options.wired ?? ALL_INPUTS);
  const config: LaneConfig = {
    ...base,
    ...options.lane,
    policy: { ...base.policy, ...options.policy },
  };
  const site = siteOf(options);
  const book = options.book ?? createBook();
  const mint = countingMint();
  const devices = createDevices();
  const board = createSwitchBoard(config.wired, options.counts ?? true);
  const arm = createArm(options.armObeys ?? true);
  let nowMs = 1_000;
  let sighted = false;
  let serial = 0;
  const beats: Beat[] = [];
  const now = (): Now => ({ wallMs: START_WALL_MS + nowMs, monotonicMs: nowMs });
  const fresh = { credit: null, alarms: [], mode: "open", abandoned: [] } as const;
  let lane: Lane = newLane(now(), { ...fresh, direction });
  /** What a restart finds, and how often the disk refuses to take anything new. */
  let disk: { readonly direction: LaneDirection; readonly credit: Credit | null } = {
    direction,
    credit: null,
  };
  let refusals = 0;

  function play(start: Lane, events: readonly LaneEvent[]): Reply | null {
    const turn: Beat[] = [];
    const untouched = lane;
    lane = start;
    for (const first of events) {
      let event: LaneEvent | null = first;
      for (let asked = 0; event !== null; asked++) {
        if (asked > 4) throw new Error(`the lane keeps asking in ${lane.state}`);
        const before = lane;
        const ctx: StepContext = { config, now: now(), mint, vote };
        const applied = step(table, lane, event, ctx);
        const { request, ...came } = applied.step;
        lane = applied.step.lane;
        const { records, commands, orders, reply } = came;
        const { unexpected } = applied;
        turn.push({ now: now(), event, before, after: lane, records, commands, orders, reply, unexpected });
        // As the runner: facts see what earlier turns wrote; this turn is written at its end.
        event =
          request === null ? null : { kind: "facts", facts: answer(request, site, book, config, now()) };
      }
    }
    if (refusals > 0 && mustBeWritten(turn)) return refuseTurn(untouched, turn);
    for (const { records } of turn) records.forEach(book.write);
    disk = { direction: lane.direction, credit: creditOf(lane) };
    beats.push(...turn);
    options.watch?.turn(turn, lane);
    for (const { commands } of turn)
      for (const { action } of commands) arm.command(action, board.levels, nowMs);
    for (const { orders } of turn) for (const order of orders) devices.order(order, nowMs);
    return turn.reduce<Reply | null>((reply, beat) => beat.reply ?? reply, null);
  }

  function mustBeWritten(turn: readonly Beat[]): boolean {
    return (
      turn.some(({ records, commands }) => records.length + commands.length > 0) ||
      creditOf(lane) !== disk.credit
    );
  }

  /** As the runner: what keeps people safe leaves all the same, and the lane is in doubt. */
  function refuseTurn(before: Lane, turn: readonly Beat[]): Reply {
    refusals -= 1;
    const ctx: StepContext = { config, now: now(), mint, vote };
    const { lane: doubtful, commands, orders } = outage(before, config.policy.outage, "disk full", ctx);
    lane = doubtful;
    const urgent = [...turn.flatMap((beat) => beat.commands), ...commands].filter(({ safety }) => safety);
    for (const { action } of urgent) arm.command(action, board.levels, nowMs);
    for (const order of orders) devices.order(order, nowMs);
    options.watch?.refused(urgent, lane);
    return { ok: false, code: "store_failed", message: "not written" };
  }

  function look(): void {
    if (!sighted) return;
    const image = board.image();
    options.watch?.seen(asDriven(image.levels), image.counts, nowMs);
    const seen = observe(lane, image, config, now());
    play(seen.lane, seen.events);
  }

  /** Vehicles that leave a reversible lane come to its other loop first: a test speaks of the vehicle's way. */
  function asDriven(levels: Levels): Levels {
    if (kind !== "reversible" || lane.direction === "entry") return levels;
    const { arming, closing, ...others } = levels;
    return {
      ...others,
      ...(closing === undefined ? {} : { arming: closing }),
      ...(arming === undefined ? {} : { closing: arming }),
    };
  }

  function set(patch: Levels): void {
    board.set(asDriven(patch));
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
      const at = Math.min(timerAt, arm.nextMs(), devices.nextMs());
      if (at > until) break;
      nowMs = Math.max(nowMs, at);
      if (arm.nextMs() <= nowMs) {
        set(arm.move());
        continue;
      }
      const said = devices.nextMs() <= nowMs ? devices.next() : null;
      if (said !== null) {
        play(lane, [said]);
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
      camera: `${kind}-cam`,
      sourceId: `read-${serial++}`,
      claimedAtMs: null,
      imageId: null,
      at: now(),
      ...more,
    };
    play(lane, [{ kind: "read", read: claim }]);
  }

  /** What is due for a stay now, by the book. */
  function due(stayId: StayId): number {
    const booked = book.stays.get(stayId);
    if (booked === undefined) throw new Error("nobody knows this stay");
    return dueFor(booked, site, now())?.amountMinor ?? 0;
  }

  /** Told to all lanes when it is on the disk. */
  function changeDue(stayId: StayId, change: Parameters<Book["changeDue"]>[1]): void {
    book.changeDue(stayId, change);
    play(lane, [{ kind: "due_changed", stayId }]);
  }

  type Asked = Extract<LaneEvent, { kind: "cash" | "vend" | "identify" | "reset" | "hold" | "turn" }>;
  function ask(event: Asked): Reply {
    const reply = play(lane, [event]);
    if (reply === null) throw new Error(`no answer to ${event.kind} in ${lane.state}`);
    return reply;
  }

  const key = (): string => `key-${serial++}`;

  return {
    config,
    table,
    book,
    site,
    devices,
    beats,
    lane: () => lane,
    now,
    levels: () => asDriven(board.levels),
    /** Plays an event as it is. */
    tell: (event: LaneEvent): Reply | null => play(lane, [event]),
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
    /** The agent starts anew, with what is on the disk. */
    restart: () => {
      sighted = false;
      options.watch?.seen(null, null, nowMs);
      refusals = 0;
      lane = newLane(now(), {
        ...disk,
        alarms: book.alarms(),
        mode: lane.mode,
        abandoned: book.openAttempts(),
      });
    },
    /** The disk refuses so often from now on. */
    refuse: (times: number) => {
      refusals = times;
    },
    /** A dead arm stays where it is; one that obeys does so from the next command on. */
    setArm: arm.obey,
    wait,
    read,
    show: (credential: Credential) => play(lane, [{ kind: "credential", credential }]),
    press: () => {
      set({ button: true });
      set({ button: false });
    },
    mode: (mode: LaneMode) => play(lane, [{ kind: "mode", mode }]),
    /** What the terminal says of the attempt in hand, or of the last one that was given up. */
    terminal: (outcome: TerminalOutcome) => {
      const attempt = lane.attempt ?? lane.abandoned.at(-1);
      if (attempt == null) throw new Error("no card payment is under way");
      play(lane, [{ kind: "terminal", attemptId: attempt.attemptId, outcome }]);
    },
    device: (device: "printer" | "reader" | "terminal" | "display", ok: boolean) =>
      play(lane, [{ kind: "device", device, ok, reason: ok ? "" : "out of order" }]),
    answer: (commandId: CommandId, outcome: "done" | "refused" | "silent") => {
      play(lane, [{ kind: "outcome", commandId, outcome, detail: outcome }]);
    },
    /** The attendant saw what is due, unless said otherwise. */
    cash: (stayId: StayId, tenderedMinor: number, amountMinor = lane.stay?.due?.amountMinor ?? 0): Reply =>
      ask({ kind: "cash", stayId, amountMinor, tenderedMinor, actor: "alex", idempotencyKey: key() }),
    changeDue,
    due,
    /** Somebody pays by phone or on foot what is due for it now, or so much. */
    payElsewhere: (stayId: StayId, minor = due(stayId)): void => changeDue(stayId, { paid: minor }),
    /** A pay station asks for a card for what is due, if it may; and the card is charged then, or is not. */
    chargeElsewhere: (stayId: StayId): void => {
      if (book.chargeElsewhere(stayId, due(stayId))) play(lane, [{ kind: "due_changed", stayId }]);
    },
    settleElsewhere: (stayId: StayId, isCharged: boolean): void => {
      if (book.settleElsewhere(stayId, isCharged)) play(lane, [{ kind: "due_changed", stayId }]);
    },
    identify: (stayId: StayId): Reply =>
      ask({ kind: "identify", stayId, reason: "the driver has shown the papers", actor: "alex" }),
    refuseCode: (reason: string) => play(lane, [{ kind: "code_refused", reason }]),
    vend: (): Reply => ask({ kind: "vend", reason: "let in by hand", actor: "alex", idempotencyKey: key() }),
    reset: (): Reply => ask({ kind: "reset", reason: "looked at it", actor: "alex" }),
    hold: (): Reply => ask({ kind: "hold", reason: "a wide load", actor: "alex" }),
    turn: (to: LaneDirection, actor: string | null = "alex"): Reply =>
      ask({ kind: "turn", direction: to, actor }),
    commands: (): LaneCommand[] => beats.flatMap((beat) => beat.commands),
    orders: (): LaneOrder[] => beats.flatMap((beat) => beat.orders),
    records: <T extends GateRecord["type"]>(type: T): Extract<GateRecord, { type: T }>[] =>
      beats.flatMap((beat) => beat.records.filter((record) => isOf(record, type))),
    /** A vehicle that came in some time ago. */
    parked: (
      plate: string | null,
      agoMs: number,
      more: Partial<StayInHand> & { readonly credential?: Credential } = {},
    ): StayInHand => {
      const { credential = null, ...own } = more;
      const stay: StayInHand = {
        stayId: mint.next<StayId>(now().wallMs),
        ticketNumber: mint.ticketNumber(),
        plate,
        entryWallMs: now().wallMs - agoMs,
        status: "open",
        right: null,
        due: null,
        ...own,
      };
      book.parked(stay, credential);
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
