import { readClock } from "@parkme/shared/domain/clock";
import { zonePath, type Facility } from "@parkme/shared/domain/facility";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint, StayId } from "@parkme/shared/domain/ids";
import { localTimeOf } from "@parkme/shared/domain/local-day";
import type { EdgeConfig } from "../config/load.ts";
import type { DeviceContext } from "../devices/context.ts";
import type {
  Board,
  Display,
  Health,
  PaymentTerminal,
  PlateRead,
  Printer,
  Reader,
} from "../devices/ports.ts";
import type { PushCamera } from "../devices/registry/cameras.ts";
import { type DeviceMakers, DRIVERS } from "../devices/registry/makers.ts";
import type { DueOf } from "../lanes/facts.ts";
import type { LaneWorld } from "../lanes/lane-runner.ts";
import { sharePrinter } from "../receipts/shared-printer.ts";
import type { Pictures } from "../store/pictures.ts";
import type { ModeRow } from "../store/modes.ts";
import type { Store } from "../store/store.ts";
import { startClockwork, type CountReset } from "./clockwork.ts";
import { createGateLane, type GateLane } from "./gate-lane.ts";
import type { LaneDevices, LaneTickets } from "./lane-devices.ts";
import { createLanePublisher } from "./lane-publisher.ts";
import { laneModeOf } from "./modes.ts";
import { directionOf } from "./lane-setup.ts";
import { createRoster, type DeviceState, type Roster } from "./roster.ts";

export type GateOptions = {
  readonly config: EdgeConfig;
  readonly facility: Facility;
  readonly store: Store;
  /** What a stay owes, by the tariff in force. */
  readonly due: DueOf;
  /** Left out where tickets are not signed. */
  readonly tickets?: LaneTickets | undefined;
  readonly pictures: Pictures;
  readonly mint: IdMint;
  readonly devices: DeviceContext;
  /** In place of the drivers, for a simulation. */
  readonly makers?: DeviceMakers | undefined;
  readonly log: LaneWorld["log"];
  /** After every change of a lane, when it is on the disk. */
  readonly changed: (lane: string, records: readonly GateRecord[]) => void;
  /** After a change that is no lane's: a mode, a count, a device. */
  readonly touched: () => void;
};

/** The devices of one facility joined to its lanes. */
export type Gate = {
  readonly lanes: ReadonlyMap<string, GateLane>;
  readonly pushCameras: ReadonlyMap<string, PushCamera>;
  /** Every printer, lanes' too: shared by all who print there. */
  readonly printers: ReadonlyMap<string, Printer>;
  /** Made, and started by whoever uses them. */
  readonly standalone: StandaloneDevices;
  /** Takes down how a device does that stands at no lane. */
  readonly note: (device: string, health: Health) => void;
  /** Every device, faulty ones first. */
  readonly devices: () => readonly DeviceState[];
  /** Takes a read to the lanes its camera watches; true when it is stored, or was before. */
  readonly read: (read: PlateRead) => boolean;
  /** False when there is no such zone or lane. */
  readonly setMode: (change: Omit<ModeRow, "since">) => boolean;
  readonly correctCount: (
    correction: Parameters<Store["correctCount"]>[0],
  ) => ReturnType<Store["correctCount"]>;
  /** Forgives every vehicle inside a second entry: after an event with open gates. How many that were. */
  readonly neutralReset: (reset: Parameters<Store["neutralReset"]>[0]) => number;
  /** Somebody paid for a stay, validated it or amended it: the lane where its vehicle waits decides anew. */
  readonly stayChanged: (stayId: StayId) => void;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** The devices that stand at no lane. */
export type StandaloneDevices = {
  readonly readers: ReadonlyMap<string, Reader>;
  readonly printers: ReadonlyMap<string, Printer>;
  readonly displays: ReadonlyMap<string, Display>;
  readonly terminals: ReadonlyMap<string, PaymentTerminal>;
};

export function createGate(options: GateOptions): Gate {
  const { config, devices, store, facility } = options;
  const { clock } = devices;
  const roster = createRoster(({ ok, name, reason }) => {
    devices.log[ok ? "info" : "warn"]({ device: name, reason }, ok ? "device works" : "device does not work");
    options.touched();
  });
  const parts = createParts(options, roster);
  const lanes = new Map(
    config.lanes.map(({ name }) => [name, joinLane(name, { ...options, changed }, parts)]),
  );
  let clockwork: { readonly stop: () => void } | null = null;

  function tellAbout(stayId: StayId, except: string | null): void {
    for (const [name, { runner }] of lanes) if (name !== except) runner.tell({ kind: "due_changed", stayId });
  }

  function changed(lane: string, records: readonly GateRecord[]): void {
    options.changed(lane, records);
    // Two lanes may have the same stay in hand, by a plate that was misread at one of them. Of a card that was not
    // charged the other hears when it asks again by itself: two terminals that refuse must not chase each other.
    for (const record of records)
      if (record.type === "payment" || (record.type === "attempt" && record.status === "begun"))
        tellAbout(record.stayId, lane);
    // An exit heeds other modes than an entry.
    if (records.some(({ type }) => type === "turned")) spreadModes();
  }

  function read(claim: PlateRead): boolean {
    roster.note(claim.camera, { ok: true, reason: "" });
    if (claim.sourceId !== null && store.wasRead(claim.camera, claim.sourceId)) return true;
    const at = readClock(clock);
    const imageId = claim.image === null ? null : options.pictures.save(claim.image, at.wallMs);
    const { camera, raw, plate, confidence, sourceId, claimedAtMs } = claim;
    const seen = { camera, raw, plate, confidence, sourceId, claimedAtMs, imageId, at };
    const watching = [...lanes.values()].filter(({ section }) =>
      [section.camera, section.exit_camera].includes(camera),
    );
    return watching.map((lane) => lane.read(seen)).every((stored) => stored);
  }

  /** Lanes hear of a mode when it differs from the one they have. */
  function spreadModes(): void {
    const set = store.modes();
    for (const lane of lanes.values()) {
      const mode = laneModeOf(placeOf(lane, facility), set);
      if (mode !== lane.runner.lane().mode) lane.runner.tell({ kind: "mode", mode });
    }
    options.touched();
  }

  const isPlace = {
    facility: (name: string) => name === facility.slug,
    zone: (name: string) => facility.zones.some((zone) => zone.name === name),
    lane: (name: string) => lanes.has(name),
  };

  return {
    lanes,
    pushCameras: new Map(parts.pushCameras.map((camera) => [camera.name, camera])),
    printers: parts.printers,
    standalone: standaloneOf(config.lanes, parts),
    note: roster.note,
    devices: roster.list,
    read,
    setMode: (change) => {
      if (!isPlace[change.scope](change.name)) return false;
      store.setMode(change, readClock(clock));
      spreadModes();
      return true;
    },
    correctCount: (correction) => {
      const corrected = store.correctCount(correction, readClock(clock));
      options.touched();
      return corrected;
    },
    neutralReset: (reset) => {
      const forgiven = store.neutralReset(reset, readClock(clock));
      options.touched();
      return forgiven;
    },
    stayChanged: (stayId) => tellAbout(stayId, null),
    start: async () => {
      for (const lane of lanes.values()) await lane.start();
      for (const [name, board] of parts.boards)
        await startBoard(name, board, [...lanes.values()], parts, roster);
      for (const camera of parts.busCameras) await camera.start(read);
      clockwork = startClockwork(clockworkOf(options, lanes));
    },
    stop: async () => {
      clockwork?.stop();
      const running = [...parts.boards.values(), ...parts.busCameras, ...lanes.values()];
      await Promise.all(running.map((device) => device.stop()));
    },
  };
}

const KINDS = [
  ["boards", "board"],
  ["cameras", "camera"],
  ["readers", "reader"],
  ["printers", "printer"],
  ["displays", "display"],
  ["terminals", "terminal"],
] as const satisfies readonly (readonly [keyof EdgeConfig, DeviceState["kind"]])[];

/** Every device of the configuration, made but not started. */
function createParts({ config, devices, makers = DRIVERS }: GateOptions, roster: Roster) {
  const boards = new Map(config.boards.map((board) => [board.name, makers.createBoard(board, devices)]));
  const cameras = config.cameras.map((camera) => makers.createCamera(camera, devices));
  const readers = new Map(
    config.readers.map((reader) => [reader.name, makers.createReader(reader, devices)]),
  );
  const printers = new Map(
    config.printers.map((printer) => [
      printer.name,
      sharePrinter(makers.createPrinter(printer, devices), devices.clock),
    ]),
  );
  const displays = new Map(
    config.displays.map((display) => [display.name, makers.createDisplay(display, devices)]),
  );
  const terminals = new Map(
    config.terminals.map((each) => [each.name, makers.createTerminal(each, devices)]),
  );
  for (const [section, kind] of KINDS) {
    for (const { name, driver } of config[section]) roster.add(name, kind, driver, kind !== "camera");
  }
  return {
    boards,
    readers,
    printers,
    displays,
    terminals,
    roster,
    busCameras: cameras.flatMap((camera) => (camera.via === "bus" ? [camera.camera] : [])),
    pushCameras: cameras.flatMap((camera) => (camera.via === "push" ? [camera.camera] : [])),
  };
}
type Parts = ReturnType<typeof createParts>;

function standaloneOf(
  lanes: EdgeConfig["lanes"],
  { readers, printers, displays, terminals }: Parts,
): StandaloneDevices {
  const atLanes = new Set(
    lanes.flatMap(({ readers: own, printer, display, terminal }) => [...own, printer, display, terminal]),
  );
  const free = <T>(devices: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...devices].filter(([name]) => !atLanes.has(name)));
  return {
    readers: new Map([...free(readers)].map(([name, { reader }]) => [name, reader])),
    printers: free(printers),
    displays: free(displays),
    terminals: free(terminals),
  };
}

function joinLane(name: string, options: GateOptions, parts: Parts): GateLane {
  const { config, facility, store, mint, devices, log } = options;
  const section = config.lanes.find((lane) => lane.name === name);
  if (section === undefined) throw new Error(`no lane ${name}`);
  const publish = createLanePublisher(name, devices.bus, facility.slug, devices.clock);
  const lane: GateLane = createGateLane(section, {
    facility,
    due: options.due,
    tickets: options.tickets,
    passback: config.facility.anti_passback,
    mode: laneModeOf(
      { name, direction: directionOf(section, store), zones: zonesOf(section, facility) },
      store.modes(),
    ),
    board: found(parts.boards, section.barrier.board),
    devices: devicesOf(section, parts),
    roster: parts.roster,
    store,
    mint,
    clock: devices.clock,
    log,
    changed: (state, records) => {
      publish(state, lane.runner.config);
      options.changed(name, records);
    },
  });
  return lane;
}

function devicesOf(section: GateLane["section"], parts: Parts): LaneDevices {
  const { printer, display, terminal, readers } = section;
  return {
    readers: readers.map((name) => found(parts.readers, name).reader),
    printer: printer === undefined ? null : found(parts.printers, printer),
    display: display === undefined ? null : found(parts.displays, display),
    terminal: terminal === undefined ? null : found(parts.terminals, terminal),
  };
}

function found<T>(devices: ReadonlyMap<string, T>, name: string): T {
  const device = devices.get(name);
  if (device === undefined) throw new Error(`no device ${name}`);
  return device;
}

function placeOf({ section, runner }: GateLane, facility: Facility) {
  return { name: section.name, direction: runner.lane().direction, zones: zonesOf(section, facility) };
}

/** The zones a lane leads into or out of, and those around them. */
function zonesOf({ zone, from_zone }: GateLane["section"], { zones }: Facility): string[] {
  return [zone, from_zone].flatMap((name) => (name === undefined ? [] : zonePath(name, zones)));
}

async function startBoard(
  name: string,
  board: Board,
  lanes: readonly GateLane[],
  { readers }: Parts,
  roster: Roster,
): Promise<void> {
  await board.start((event) => {
    if (event.kind === "inputs") roster.note(name, { ok: true, reason: "" });
    if (event.kind === "lost") roster.note(name, { ok: false, reason: event.reason });
    for (const lane of lanes) lane.hear(name, event);
    for (const reader of readers.values())
      if (reader.via === "board" && reader.board === name) reader.hear(event);
  });
}

function clockworkOf({ config, store, devices, facility, touched }: GateOptions, lanes: Gate["lanes"]) {
  return {
    clock: devices.clock,
    timeZone: facility.timeZone,
    turns: config.lanes.flatMap((lane) => lane.schedule.map((turn) => ({ ...turn, lane: lane.name }))),
    resets: config.facility.count_resets.map(({ zone, at, to }) => ({ zone: zone ?? null, at, to })),
    turnedAtMs: store.turnedAtMs,
    turn: (lane: string, direction: "entry" | "exit") =>
      void lanes.get(lane)?.runner.ask({ kind: "turn", direction, actor: null }),
    wasReset: (key: string, date: string) => {
      const lastMs = store.lastScheduledReset(key);
      return lastMs !== null && localTimeOf(lastMs, facility.timeZone).date >= date;
    },
    reset: ({ zone, to }: CountReset, key: string) => {
      store.resetCount({ zone, to, key }, readClock(devices.clock));
      touched();
    },
  };
}
