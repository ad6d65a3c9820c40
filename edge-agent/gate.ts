import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { GateRecord, LaneRead } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { LaneInput } from "@parkme/shared/domain/lane";
import { gateTopics, type LaneMessage } from "@parkme/shared/protocol/gate-mqtt";
import type { LaneSection } from "./config/schema.ts";
import type { EdgeConfig } from "./config/load.ts";
import type { MqttBus } from "./devices/buses/mqtt-bus.ts";
import type { DeviceContext } from "./devices/context.ts";
import type { Board, BoardEvent, PlateRead } from "./devices/ports.ts";
import { createBoard } from "./devices/registry/boards.ts";
import { createCamera, type PushCamera } from "./devices/registry/cameras.ts";
import { gatherFacts } from "./lanes/facts.ts";
import { createLaneRunner, type LaneRunner, type LaneWorld } from "./lanes/lane-runner.ts";
import type { Lane, LaneConfig } from "./lanes/machine/model.ts";
import { createSight, type LaneWiring } from "./lanes/wiring.ts";
import { votePlate } from "./plates/vote.ts";
import type { Pictures } from "./store/pictures.ts";
import type { Store } from "./store/store.ts";

export type GateOptions = {
  readonly config: EdgeConfig;
  readonly facility: Facility;
  readonly store: Store;
  readonly pictures: Pictures;
  readonly bus: MqttBus;
  readonly mint: IdMint;
  readonly devices: DeviceContext;
  readonly log: LaneWorld["log"];
  /** After every change of a lane, when it is on the disk. */
  readonly changed: (lane: string, records: readonly GateRecord[]) => void;
};

export type GateLane = { readonly runner: LaneRunner; readonly lastRead: () => LaneRead | null };

/** The devices of one facility joined to its lanes. */
export type Gate = {
  readonly lanes: ReadonlyMap<string, GateLane>;
  readonly pushCameras: ReadonlyMap<string, PushCamera>;
  /** Takes a read to the lanes its camera watches; true when it is stored, or was before. */
  readonly read: (read: PlateRead) => boolean;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export function createGate(options: GateOptions): Gate {
  const { config, devices } = options;
  const boards = new Map(config.boards.map((board) => [board.name, createBoard(board, devices)]));
  const lanes = new Map(
    config.lanes.map((section) => [section.name, createGateLane(section, boards, options)]),
  );
  const cameras = config.cameras.map((camera) => createCamera(camera, devices));
  const busCameras = cameras.flatMap((camera) => (camera.via === "bus" ? [camera.camera] : []));
  const pushCameras = cameras.flatMap((camera) => (camera.via === "push" ? [camera.camera] : []));

  function read(claim: PlateRead): boolean {
    if (claim.sourceId !== null && options.store.wasRead(claim.camera, claim.sourceId)) return true;
    const at = readClock(devices.clock);
    const imageId = claim.image === null ? null : options.pictures.save(claim.image, at.wallMs);
    const { camera, raw, plate, confidence, sourceId, claimedAtMs } = claim;
    const read = { camera, raw, plate, confidence, sourceId, claimedAtMs, imageId, at };
    const watched = [...lanes.values()].filter((lane) => lane.camera === camera);
    return watched.map((lane) => lane.read(read)).every((stored) => stored);
  }

  return {
    lanes,
    pushCameras: new Map(pushCameras.map((camera) => [camera.name, camera])),
    read,
    start: async () => {
      for (const [name, board] of boards) {
        await board.start((event) => {
          for (const lane of lanes.values()) lane.hear(name, event);
        });
      }
      for (const camera of busCameras) await camera.start(read);
    },
    stop: async () => {
      for (const { runner } of lanes.values()) runner.stop();
      await Promise.all([...boards.values(), ...busCameras].map((device) => device.stop()));
    },
  };
}

function createGateLane(section: LaneSection, boards: ReadonlyMap<string, Board>, options: GateOptions) {
  const { store, facility, config, mint, devices } = options;
  const { number, board: boardName } = section.barrier;
  const board = boards.get(boardName);
  if (board === undefined) throw new Error(`lane ${section.name} has no board`);
  const wiring = wiringOf(section);
  const laneConfig = laneConfigOf(section, wiring);
  const publish = lanePublisher(section.name, options.bus, facility.slug, devices.clock);
  const sight = createSight(wiring);
  let lastRead: LaneRead | null = null;

  const runner = createLaneRunner(laneConfig, store.creditInDoubt(section.name), {
    clock: devices.clock,
    mint: { ...mint, ticketNumber: () => freshTicketNumber(mint, store) },
    vote: (reads, final) => {
      const vote = votePlate(reads, final);
      return vote.kind === "winner" ? vote.plate : null;
    },
    gatherFacts: (request) =>
      gatherFacts(request, laneConfig, readClock(devices.clock), { store, facility, tariff: config.tariff }),
    commit: store.commit,
    send: ({ id, action, pulseMs, deadlineMs }) => {
      const relays = [`open${number}`, `close${number}`, `stop${number}`];
      const relay = `${action}${number}`;
      board.command({ id, relay, release: relays.filter((name) => name !== relay), pulseMs, deadlineMs });
    },
    log: options.log,
    changed: (lane, records) => {
      publish(lane);
      options.changed(section.name, records);
    },
  });

  return {
    runner,
    camera: section.camera ?? null,
    lastRead: () => lastRead,
    read: (read: LaneRead): boolean => {
      lastRead = read;
      return runner.read(read);
    },
    hear: (from: string, event: BoardEvent): void => {
      if (event.kind === "outcome") {
        if (from === boardName) runner.outcome(event.commandId, event.outcome, event.detail);
        return;
      }
      if (event.kind === "card" || !sight.boards.includes(from)) return;
      const seen = sight.update(from, event);
      if (seen.known) runner.observe(seen.image);
      else runner.blind(seen.reason);
    },
  };
}

/** Thirty-five random bits collide about once in thirty thousand millions; this makes it never. */
function freshTicketNumber(mint: IdMint, store: Store): ReturnType<IdMint["ticketNumber"]> {
  let number = mint.ticketNumber();
  while (store.ticketExists(number)) number = mint.ticketNumber();
  return number;
}

function wiringOf({ inputs, barrier }: LaneSection): LaneWiring {
  const wired = Object.entries(inputs) as [LaneInput, string | undefined][];
  return new Map(
    wired.flatMap(([input, at]) => {
      if (at === undefined) return [];
      const [first = "", second] = at.split("/");
      const place =
        second === undefined ? { board: barrier.board, point: first } : { board: first, point: second };
      return [[input, place] as const];
    }),
  );
}

function laneConfigOf(
  { name, title, direction, barrier, timers }: LaneSection,
  wiring: LaneWiring,
): LaneConfig {
  return {
    name,
    title,
    direction,
    wired: new Set(wiring.keys()),
    pulseMs: barrier.pulse_ms,
    timers: {
      armMs: timers.arm_ms,
      readMs: timers.read_ms,
      backMs: timers.back_ms,
      clearMs: timers.clear_ms,
      noEntryMs: timers.no_entry_ms,
      stuckMs: timers.stuck_ms,
      moveMs: Math.round(barrier.rated_ms * 1.5),
    },
  };
}

/** Tells the broker what a lane does, when that changes. */
function lanePublisher(name: string, bus: MqttBus, facility: string, clock: Clock): (lane: Lane) => void {
  const topic = gateTopics(facility).laneState(name);
  let told = "";
  let current: string | null = null;
  bus.onLink((connected) => {
    if (connected && current !== null) bus.publish(topic, current, { retain: true });
  });
  return (lane) => {
    const { state, plate, display } = lane;
    const key = JSON.stringify([state, plate, display]);
    if (key === told) return;
    told = key;
    const message: LaneMessage = {
      lane: name,
      state,
      since: new Date(clock.wallMs()).toISOString(),
      plate,
      display,
    };
    current = JSON.stringify(message);
    bus.publish(topic, current, { retain: true });
  };
}
