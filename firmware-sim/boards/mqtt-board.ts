import {
  BOARD_HEARTBEAT_MS,
  type BoardAck,
  type BoardCommand,
  type BoardState,
} from "@parkme/shared/protocol/gate-mqtt";
import type { MqttLink } from "../transports/mqtt-client.ts";
import { createCommandDesk } from "./command-desk.ts";
import { createGateBoard, type BarrierWire, type GateBoard } from "./gate-board.ts";
import type { BarrierRelays } from "./relay-bank.ts";
import { openBoardLink, type BoardLink } from "./mqtt-board-link.ts";

export type MqttBoardOptions = {
  readonly mqtt: MqttLink;
  /** Slug of the facility, as in the topics. */
  readonly facility: string;
  /** Slug of the board, as in the topics. */
  readonly name: string;
  /** Barriers wired to it, 1..4; 1 without it. */
  readonly barriers?: number;
  readonly onBarrierRelay?: BarrierWire;
  /** Told of every command that was understood, after it was carried out or dropped. */
  readonly onCommand?: (command: BoardCommand, result: BoardAck["result"]) => void;
};

export type MqttBoard = {
  readonly name: string;
  readonly board: GateBoard;
  readonly connected: () => boolean;
  readonly counts: () => MqttBoardCounts;
  /** Fault: hangs. The link stays up, but nothing is said and no command is heard. */
  readonly silence: (silent: boolean) => void;
  /** Fault: the network cable is out (true) or in again; relays and counters live on. */
  readonly unplug: (unplugged: boolean) => void;
  /** Fault: power off and on. The link drops without a goodbye, so the broker publishes the Will. */
  readonly reboot: () => void;
  readonly stop: () => Promise<void>;
};

export type MqttBoardCounts = {
  /** Commands by what became of them. */
  readonly results: Readonly<Record<BoardAck["result"], number>>;
  /** Messages dropped without an answer: retained, too long, or garbage without an id. */
  readonly ignored: number;
};

const INPUTS = ["in1", "in2", "in3", "in4", "in5", "in6", "in7", "in8"] as const;
const FIRMWARE = "parkme-sim 1";

/** A gate board with eight inputs that speaks the MQTT protocol of `@parkme/shared/protocol/gate-mqtt`. */
export function startMqttBoard(options: MqttBoardOptions): MqttBoard {
  const { onBarrierRelay } = options;
  const barriers = Array.from({ length: options.barriers ?? 1 }, (_, index) => relaysOf(index + 1));
  const board = createGateBoard({ inputs: INPUTS, barriers, onBarrierRelay }, () => say());
  const desk = createCommandDesk(board);
  const results = { done: 0, duplicate: 0, late: 0, fenced: 0, rebooted: 0, invalid: 0 };
  let ignored = 0;
  let seq = 0;
  let silent = false;
  let link = plugIn();
  const heartbeat = setInterval(say, BOARD_HEARTBEAT_MS);

  function plugIn(): BoardLink {
    return openBoardLink({
      ...options,
      status: (online) => ({ online, boot: board.boot(), firmware: FIRMWARE }),
      state: nextState,
      onCommand: hear,
    });
  }

  function nextState(): BoardState {
    return {
      boot: board.boot(),
      seq: seq++,
      uptime_ms: board.uptimeMs(),
      inputs: board.inputs(),
      edges: board.edges(),
      outputs: board.relays(),
    };
  }

  function say(): void {
    if (!silent) link.publishState();
  }

  function hear(payload: Buffer, retained: boolean): void {
    if (silent) return;
    const verdict = desk(payload, retained);
    if (verdict === null) {
      ignored += 1;
      return;
    }
    const { id, result, command } = verdict;
    results[result] += 1;
    link.publishAck({ id, result, uptime_ms: board.uptimeMs() });
    if (command !== null) options.onCommand?.(command, result);
  }

  return {
    name: options.name,
    board,
    connected: () => link.up(),
    counts: () => ({ results: { ...results }, ignored }),
    silence(value) {
      silent = value;
      say();
    },
    unplug(unplugged) {
      link.cut();
      if (!unplugged) link = plugIn();
    },
    reboot() {
      link.cut();
      board.reboot();
      seq = 0;
      link = plugIn();
    },
    async stop() {
      clearInterval(heartbeat);
      board.stop();
      await link.stop();
    },
  };
}

function relaysOf(barrier: number): BarrierRelays {
  return { open: `open${barrier}`, close: `close${barrier}`, stop: `stop${barrier}` };
}
