import {
  BOARD_HEARTBEAT_MS,
  MAX_GATE_MESSAGE_BYTES,
  boardCommandSchema,
  gateTopics,
  type BoardAck,
  type BoardCommand,
  type BoardState,
  type BoardStatus,
} from "@parkme/shared/protocol/gate-mqtt";
import type { IPublishPacket, MqttClient } from "mqtt";
import { z } from "zod";
import { connectMqtt, endMqtt, type MqttLink } from "../transports/mqtt-client.ts";
import { createGateBoard, type BarrierWire, type GateBoard } from "./gate-board.ts";

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
const REMEMBERED_COMMANDS = 64;
/** Messages on their way to the broker; beyond, states wait for the next one and acknowledgements are lost. */
const MAX_STATES_IN_FLIGHT = 16;
const MAX_ACKS_IN_FLIGHT = 64;
const withId = z.object({ id: z.uuid() });

/** A gate board with eight inputs that speaks the MQTT protocol of `@parkme/shared/protocol/gate-mqtt`. */
export function startMqttBoard(options: MqttBoardOptions): MqttBoard {
  const topics = gateTopics(options.facility);
  const barriers = Array.from({ length: options.barriers ?? 1 }, (_, index) => ({
    open: `open${index + 1}`,
    close: `close${index + 1}`,
    stop: `stop${index + 1}`,
  }));
  const board = createGateBoard(
    {
      inputs: INPUTS,
      barriers,
      ...(options.onBarrierRelay === undefined ? {} : { onBarrierRelay: options.onBarrierRelay }),
    },
    () => publishState(),
  );
  const judge = createCommandJudge(board);
  const results = { done: 0, duplicate: 0, late: 0, fenced: 0, rebooted: 0, invalid: 0 };
  let ignored = 0;
  let seq = 0;
  let silent = false;
  let announced = false;
  let statesInFlight = 0;
  let stateWaits = false;
  let acksInFlight = 0;
  let client = openClient();
  const heartbeat = setInterval(() => publishState(), BOARD_HEARTBEAT_MS);

  function openClient(): MqttClient {
    announced = false;
    statesInFlight = 0;
    acksInFlight = 0;
    const opened = connectMqtt(options.mqtt, {
      // Always the same: the broker then ends a half-dead predecessor, Will and all, before it lets us in.
      clientId: `board-${options.facility}-${options.name}`,
      keepalive: 5,
      will: { topic: topics.boardStatus(options.name), payload: statusText(false), qos: 1, retain: true },
    });
    opened.on("connect", () => void announce(opened));
    opened.on("close", () => (announced = false));
    opened.on("message", (_topic, payload, packet) => hear(payload, packet));
    return opened;
  }

  /** Subscribes before it says that it is there: whoever reads the status may send at once. */
  async function announce(opened: MqttClient): Promise<void> {
    try {
      await opened.subscribeAsync(topics.boardCommand(options.name), { qos: 1 });
      if (opened !== client) return;
      opened.publish(topics.boardStatus(options.name), statusText(true), { qos: 1, retain: true });
      announced = true;
      publishState();
    } catch {
      // The link was lost in between: the next connect announces again.
    }
  }

  function statusText(online: boolean): Buffer {
    const status: BoardStatus = { online, boot: board.boot(), firmware: FIRMWARE };
    return Buffer.from(JSON.stringify(status));
  }

  function publishState(): void {
    if (!announced || !client.connected || silent) return;
    if (statesInFlight >= MAX_STATES_IN_FLIGHT) {
      stateWaits = true;
      return;
    }
    stateWaits = false;
    const state: BoardState = {
      boot: board.boot(),
      seq: seq++,
      uptime_ms: board.uptimeMs(),
      inputs: board.inputs(),
      edges: board.edges(),
      outputs: board.relays(),
    };
    const publisher = client;
    statesInFlight += 1;
    publisher.publish(
      topics.boardState(options.name),
      JSON.stringify(state),
      { qos: 1, retain: true },
      () => {
        if (publisher !== client) return;
        statesInFlight -= 1;
        if (stateWaits) publishState();
      },
    );
  }

  function acknowledge(id: string, result: BoardAck["result"]): void {
    results[result] += 1;
    if (!client.connected || acksInFlight >= MAX_ACKS_IN_FLIGHT) return;
    const ack: BoardAck = { id, result, uptime_ms: board.uptimeMs() };
    const publisher = client;
    acksInFlight += 1;
    publisher.publish(topics.boardAck(options.name), JSON.stringify(ack), { qos: 1 }, () => {
      if (publisher === client) acksInFlight -= 1;
    });
  }

  function hear(payload: Buffer, packet: IPublishPacket): void {
    if (silent) return;
    // A retained command is somebody's mistake of yesterday: it must not move an arm today.
    const message = packet.retain || payload.length > MAX_GATE_MESSAGE_BYTES ? undefined : parseJson(payload);
    const command = boardCommandSchema.safeParse(message);
    if (command.success) {
      const result = judge(command.data);
      acknowledge(command.data.id, result);
      options.onCommand?.(command.data, result);
      return;
    }
    const known = withId.safeParse(message);
    if (known.success) acknowledge(known.data.id, "invalid");
    else ignored += 1;
  }

  function dropLink(): void {
    announced = false;
    client.stream.destroy();
    client.end(true);
  }

  return {
    name: options.name,
    board,
    connected: () => announced && client.connected,
    counts: () => ({ results: { ...results }, ignored }),
    silence(value) {
      silent = value;
      publishState();
    },
    unplug(unplugged) {
      dropLink();
      if (!unplugged) client = openClient();
    },
    reboot() {
      dropLink();
      board.reboot();
      seq = 0;
      client = openClient();
    },
    async stop() {
      clearInterval(heartbeat);
      board.stop();
      if (announced) {
        client.publish(topics.boardStatus(options.name), statusText(false), { qos: 1, retain: true });
      }
      await endMqtt(client);
    },
  };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Decides on each command, and carries it out when nothing speaks against it. */
function createCommandJudge(board: GateBoard): (command: BoardCommand) => BoardAck["result"] {
  // As real firmware keeps it in flash: an agent that was replaced stays fenced after a reboot of the board.
  let highestEpoch = 0;
  const done: string[] = [];
  return (command) => {
    const relays = board.barrier(command.barrier);
    if (relays === undefined) return "invalid";
    if (command.boot !== board.boot()) return "rebooted";
    if (command.epoch < highestEpoch) return "fenced";
    highestEpoch = command.epoch;
    if (done.includes(command.id)) return "duplicate";
    if (board.uptimeMs() > command.deadline_uptime_ms) return "late";
    done.push(command.id);
    if (done.length > REMEMBERED_COMMANDS) done.shift();
    board.pulse(relays[command.action], command.pulse_ms);
    return "done";
  };
}
