import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { GateRecord, LaneRead } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { LaneSection } from "../config/lane-section.ts";
import type { Board, BoardEvent } from "../devices/ports.ts";
import { gatherFacts, type DueOf } from "../lanes/facts.ts";
import { createLaneRunner, type LaneRunner, type LaneWorld } from "../lanes/lane-runner.ts";
import { inDoubtAtStart } from "../lanes/machine/attempts.ts";
import type { Lane, LaneStart } from "../lanes/machine/model.ts";
import { votePlate } from "../plates/vote.ts";
import type { Store } from "../store/store.ts";
import { joinBoard } from "./lane-board.ts";
import { joinDevices, type LaneDevices, type LaneTickets } from "./lane-devices.ts";
import { directionOf, laneConfigOf, relaysOf, storeFailureOf, wiringOf } from "./lane-setup.ts";
import type { Roster } from "./roster.ts";

export type GateLaneOptions = {
  readonly facility: Facility;
  readonly due: DueOf;
  readonly tickets: LaneTickets | undefined;
  readonly passback: "hard" | "soft" | "neutral";
  readonly mode: LaneMode;
  readonly board: Board;
  readonly devices: LaneDevices;
  readonly roster: Roster;
  readonly store: Store;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly log: LaneWorld["log"];
  /** After every change, when it is on the disk. */
  readonly changed: (lane: Lane, records: readonly GateRecord[]) => void;
};

/** One lane joined to its boards and devices. */
export type GateLane = {
  readonly section: LaneSection;
  readonly runner: LaneRunner;
  readonly lastRead: () => LaneRead | null;
  /** True when the read is stored. Reads of a camera that looks the other way are nobody's. */
  readonly read: (read: LaneRead) => boolean;
  /** Takes whatever any board says; those the lane is not wired to do nothing. */
  readonly hear: (board: string, event: BoardEvent) => void;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export function createGateLane(section: LaneSection, options: GateLaneOptions): GateLane {
  const { store, facility, clock, roster } = options;
  const wiring = wiringOf(section);
  const config = laneConfigOf(section, wiring, options.passback, facility);
  const board: ReturnType<typeof joinBoard> = joinBoard({
    board: options.board,
    wiring,
    relays: relaysOf(section),
    clock,
    runner: () => runner,
  });
  const devices = joinDevices(options.devices, section, {
    facility,
    roster,
    tickets: options.tickets,
  });
  let lastRead: LaneRead | null = null;

  const runner: LaneRunner = createLaneRunner(config, startOf(section, options), {
    clock,
    mint: { ...options.mint, ticketNumber: () => freshTicketNumber(options.mint, store) },
    vote: (reads, final) => {
      const vote = votePlate(reads, final);
      return vote.kind === "winner" ? vote.plate : null;
    },
    gatherFacts: (request) =>
      gatherFacts(request, config, readClock(clock), { store, facility, due: options.due }),
    commit: store.commit,
    send: board.send,
    order: devices.order,
    storeFailure: storeFailureOf(section),
    log: options.log,
    changed: (lane, records) => {
      devices.show(lane);
      options.changed(lane, records);
    },
  });

  return {
    section,
    runner,
    lastRead: () => lastRead,
    read: (read) => {
      if (read.camera !== cameraOf(section, runner.lane())) return true;
      lastRead = read;
      return runner.read(read);
    },
    hear: board.hear,
    start: async () => {
      devices.show(runner.lane());
      await devices.start(runner);
    },
    stop: async () => {
      board.stop();
      runner.stop();
      await devices.stop();
    },
  };
}

/** What the lane was when the agent stopped. */
function startOf(section: LaneSection, { store, mode }: GateLaneOptions): LaneStart {
  const { name } = section;
  return {
    direction: directionOf(section, store),
    credit: store.creditInDoubt(name),
    alarms: store.openAlarms(name).map(({ kind }) => kind),
    abandoned: store
      .openAttempts(name)
      .map((attempt) => inDoubtAtStart(attempt, isPaidAndGone(store.stayAccount(attempt.stayId)))),
    mode,
  };
}

function isPaidAndGone(account: StayAccount | null): boolean {
  return account?.status === "closed" && account.balanceMinor <= 0;
}

/** The camera whose reads count: a reversible lane may have one for either way. */
function cameraOf(
  { camera, exit_camera }: LaneSection,
  { direction }: Pick<Lane, "direction">,
): string | null {
  return (direction === "exit" ? (exit_camera ?? camera) : camera) ?? null;
}

/** Thirty-five random bits collide about once in thirty thousand millions; this makes it never. */
function freshTicketNumber(mint: IdMint, store: Store): ReturnType<IdMint["ticketNumber"]> {
  let number = mint.ticketNumber();
  while (store.ticketExists(number)) number = mint.ticketNumber();
  return number;
}
