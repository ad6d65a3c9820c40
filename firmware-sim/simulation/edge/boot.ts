import type { Clock } from "@parkme/shared/domain/clock";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { Result } from "@parkme/shared/domain/result";
import type { Refusal } from "@parkme/shared/domain/errors";
import type { RemoteCommand } from "@parkme/shared/protocol/downlink";
import type { CloudLink } from "../../../edge-agent/cloud-link.ts";
import type { FacilityParts } from "../../../edge-agent/compose.ts";
import type { EdgeConfig } from "../../../edge-agent/config/load.ts";
import type { MqttBus } from "../../../edge-agent/devices/buses/mqtt-bus.ts";
import { createRequestBuses } from "../../../edge-agent/devices/buses/request-bus.ts";
import type { DeviceMakers } from "../../../edge-agent/devices/registry/makers.ts";
import { joinGate, type JoinedGate, type JoinOptions } from "../../../edge-agent/join.ts";
import type { CloudReach } from "../../../edge-agent/link-parts.ts";
import { type Memory, openMemory } from "../../../edge-agent/memory.ts";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import type { Tell } from "../journal.ts";
import type { Life } from "../time/virtual-time.ts";
import type { Fate } from "./death.ts";
import type { Disk } from "./disk.ts";

/** The program as it runs. */
export type Running = {
  readonly life: Life;
  readonly memory: Memory;
  readonly parts: FacilityParts;
  readonly link: CloudLink | null;
  readonly snapshot: () => KioskSnapshot;
  readonly clock: Clock;
  readonly epoch: number;
};

export type BootOptions = {
  readonly config: EdgeConfig;
  readonly disk: Disk;
  readonly makers: DeviceMakers;
  readonly reach: CloudReach | null;
  readonly mint: IdMint;
  readonly bootId: string;
  readonly clock: Clock;
  readonly life: Life;
  readonly fate: Fate;
  readonly tell: Tell;
  /** Unix ms of the beginning. */
  readonly startMs: number;
  readonly expiries: CommandExpiries;
  /** A lane could not do a turn: it takes nothing for known until its board speaks again. */
  readonly stumbled: (lane: string) => void;
  /** Its memory is open, or was refused. */
  readonly opened: (memory: Result<Memory, Refusal>) => void;
};

/** When commands of headquarters that were begun expire, Unix ms, by id: their answers do not say. */
export type CommandExpiries = Map<string, number>;

/** How often the gate looks how full its disk is; here it has all the room that {@link Disk} gives it. */
const LOOKS_AT_DISK_MS = 3_600_000;
const ROOM = { freeBytes: 2 ** 40, totalBytes: 2 ** 40 };

/**
 * Opens the memory and joins the gate as the product does, with everything told that somebody beside it cannot see.
 *
 * @returns null when it refuses to run.
 * @throws Killed when its fate is to die on the way.
 */
export function boot(options: BootOptions): (Running & Pick<JoinedGate, "start">) | null {
  const { config, disk, clock, life, fate } = options;
  const log = logOf(options);
  const opened = openMemory({
    config,
    clock,
    log,
    migrationsFolder: disk.migrationsFolder,
    openDatabase: disk.open,
    mint: options.mint,
    bootId: options.bootId,
  });
  options.opened(opened);
  if (!opened.ok) return null;
  const memory = { ...opened.value, store: watched(opened.value.store, options) };
  fate.stepped();
  const joined = joinGate(
    {
      config,
      clock,
      log,
      devices: { bus: NO_BUS, lines: createRequestBuses({ clock, log }), count: () => undefined },
      makers: fatefulMakers(options.makers, fate),
      ...(options.reach !== null && { reach: options.reach }),
      disk: { space: () => Promise.resolve(ROOM), everyMs: LOOKS_AT_DISK_MS },
      recorded: () => undefined,
      touched: () => undefined,
    },
    memory,
  );
  fate.stepped();
  const { parts, link, snapshot, start } = joined;
  return { life, memory, parts, link, snapshot, clock, epoch: memory.store.epoch, start };
}

/** The store, watched from outside: what is written is told, and a program may die around its writing. */
function watched(store: Memory["store"], { fate, tell, startMs, expiries }: BootOptions): Memory["store"] {
  const remote = (commandId: string, status: string): void => {
    const deadlineMs = (expiries.get(commandId) ?? NaN) - startMs;
    tell({ kind: "remote", commandId, status, deadlineMs });
  };
  const expiryOf = (command: RemoteCommand): void =>
    void expiries.set(command.command_id, Date.parse(command.expires_at));
  return {
    ...store,
    commit: (turn) => {
      fate.reach("before_commit");
      store.commit(turn);
      for (const record of turn.records) tell({ kind: "record", lane: turn.lane, record });
      fate.reach("after_commit");
    },
    beginRemoteCommand: (command, wallMs) => {
      expiryOf(command);
      return store.beginRemoteCommand(command, wallMs);
    },
    answerRemoteCommand: (id, said, wallMs) => {
      const isNew = store.answerRemoteCommand(id, said, wallMs);
      if (isNew) remote(id, said.outcome);
      return isNew;
    },
    declineRemoteCommand: (command, said, wallMs) => {
      expiryOf(command);
      const isNew = store.declineRemoteCommand(command, said, wallMs);
      if (isNew) remote(command.command_id, said.outcome);
      return isNew;
    },
  };
}

type Startable = { readonly start: (...args: never[]) => Promise<void> };

/** Devices whose starting is a step of the start, and boards before whose commands the program may die. */
function fatefulMakers(makers: DeviceMakers, fate: Fate): DeviceMakers {
  const fateful = <T extends Startable>(device: T): T => ({
    ...device,
    start: async (...args: never[]) => {
      fate.stepped();
      await device.start(...args);
    },
  });
  return {
    ...makers,
    createBoard: (config, context) => {
      const board = makers.createBoard(config, context);
      return fateful({
        ...board,
        command: (command) => {
          fate.reach("before_command");
          board.command(command);
        },
      });
    },
    createPrinter: (config, context) => fateful(makers.createPrinter(config, context)),
    createDisplay: (config, context) => fateful(makers.createDisplay(config, context)),
    createTerminal: (config, context) => fateful(makers.createTerminal(config, context)),
  };
}

/**
 * Errors show in a story, once as long as they are the same; everything else that a program says of itself nobody reads
 * here.
 */
function logOf({ life, tell, stumbled }: BootOptions): JoinOptions["log"] {
  const silent = (): void => undefined;
  let said = "";
  return {
    debug: silent,
    info: silent,
    warn: silent,
    error: (fields: { readonly err?: unknown; readonly lane?: unknown }, message) => {
      if (!life.alive) return;
      if (typeof fields.lane === "string") stumbled(fields.lane);
      const why = fields.err instanceof Error ? `: ${fields.err.message}` : "";
      const text = `the agent says: ${message}${why}`;
      if (text !== said) tell({ kind: "note", text });
      said = text;
    },
  };
}

/** The devices are not reached by a broker, and nobody else listens to one. */
const NO_BUS: MqttBus = {
  start: () => undefined,
  connected: () => true,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  onLink: () => () => undefined,
  publish: () => true,
  stop: () => Promise.resolve(),
};
