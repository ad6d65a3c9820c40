import {
  gateTopics,
  type BoardAck,
  type BoardState,
  type BoardStatus,
} from "@parkme/shared/protocol/gate-mqtt";
import type { MqttClient } from "mqtt";
import { connectMqtt, endMqtt, type MqttLink } from "../transports/mqtt-client.ts";

export type BoardLinkOptions = {
  readonly mqtt: MqttLink;
  readonly facility: string;
  readonly name: string;
  readonly status: (online: boolean) => BoardStatus;
  /** The state to publish now; it counts as said. */
  readonly state: () => BoardState;
  readonly onCommand: (payload: Buffer, retained: boolean) => void;
};

/** One board's place at the broker, from power-on to power-off; a reboot opens another one. */
export type BoardLink = {
  /** Connected, subscribed, and known to be. */
  readonly up: () => boolean;
  readonly publishState: () => void;
  readonly publishAck: (ack: BoardAck) => void;
  /** Cuts the wire: no goodbye, so the broker publishes the Will. */
  readonly cut: () => void;
  readonly stop: () => Promise<void>;
};

/** Messages on their way to the broker; beyond, states wait for the next one and acknowledgements are lost. */
const MAX_STATES_IN_FLIGHT = 16;
const MAX_ACKS_IN_FLIGHT = 64;

export function openBoardLink(options: BoardLinkOptions): BoardLink {
  const topics = gateTopics(options.facility);
  const statusTopic = topics.boardStatus(options.name);
  const client = connectMqtt(options.mqtt, {
    // Always the same: the broker then ends a half-dead predecessor, Will and all, before it lets us in.
    clientId: `board-${options.facility}-${options.name}`,
    keepalive: 5,
    will: { topic: statusTopic, payload: Buffer.from(statusText(false)), qos: 1, retain: true },
  });
  let announced = false;
  let statesInFlight = 0;
  let stateWaits = false;
  let acksInFlight = 0;
  client.on("connect", () => void announce(client));
  client.on("close", () => (announced = false));
  client.on("message", (_topic, payload, packet) => options.onCommand(payload, packet.retain));

  function statusText(online: boolean): string {
    return JSON.stringify(options.status(online));
  }

  /** Subscribes before it says that it is there: whoever reads the status may send at once. */
  async function announce(opened: MqttClient): Promise<void> {
    try {
      await opened.subscribeAsync(topics.boardCommand(options.name), { qos: 1 });
    } catch {
      // The link was lost in between: the next connect announces again.
      return;
    }
    opened.publish(statusTopic, statusText(true), { qos: 1, retain: true });
    announced = true;
    publishState();
  }

  function publishState(): void {
    if (!announced || !client.connected) return;
    stateWaits = statesInFlight >= MAX_STATES_IN_FLIGHT;
    if (stateWaits) return;
    statesInFlight += 1;
    const text = JSON.stringify(options.state());
    client.publish(topics.boardState(options.name), text, { qos: 1, retain: true }, () => {
      statesInFlight -= 1;
      if (stateWaits) publishState();
    });
  }

  return {
    up: () => announced && client.connected,
    publishState,
    publishAck(ack) {
      if (!client.connected || acksInFlight >= MAX_ACKS_IN_FLIGHT) return;
      acksInFlight += 1;
      client.publish(topics.boardAck(options.name), JSON.stringify(ack), { qos: 1 }, () => {
        acksInFlight -= 1;
      });
    },
    cut() {
      announced = false;
      client.stream.destroy();
      client.end(true);
    },
    async stop() {
      if (announced) client.publish(statusTopic, statusText(false), { qos: 1, retain: true });
      await endMqtt(client);
    },
  };
}
