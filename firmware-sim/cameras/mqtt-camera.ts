import { gateTopics, type PlateMessage } from "@parkme/shared/protocol/gate-mqtt";
import type { Random } from "../traffic/random.ts";
import { connectMqtt, endMqtt, type MqttLink } from "../transports/mqtt-client.ts";
import { createOutbox, sight, type Camera, type CameraHabits } from "./camera.ts";

export type MqttCameraOptions = {
  readonly mqtt: MqttLink;
  readonly facility: string;
  /** Slug of the camera, as in the topics. */
  readonly name: string;
  readonly random: Random;
  readonly habits?: CameraHabits;
};

export type MqttCamera = Camera & {
  readonly connected: () => boolean;
  /** Publishes any read; true once the broker has it, false when it was lost. */
  readonly publish: (message: PlateMessage) => Promise<boolean>;
};

/** A camera that publishes our own `PlateMessage`, without pictures. */
export function startMqttCamera(options: MqttCameraOptions): MqttCamera {
  const { name, random, habits = {} } = options;
  const client = connectMqtt(options.mqtt, { clientId: `camera-${options.facility}-${name}`, keepalive: 15 });
  const outbox = createOutbox(habits, random.fork("repeats"));
  const topic = gateTopics(options.facility).cameraPlate(name);

  async function publish(message: PlateMessage): Promise<boolean> {
    // While the link is down the client would keep it and deliver it late: a camera's read is for now or never.
    if (!client.connected) return false;
    try {
      await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
      return true;
    } catch {
      return false;
    }
  }

  return {
    name,
    publish,
    connected: () => client.connected,
    async see(vehicle) {
      const sighting = sight(vehicle, habits, random, Date.now());
      await outbox.push(() =>
        publish({
          event_id: sighting.eventId,
          plate: sighting.plate,
          confidence: sighting.confidence,
          direction: "towards",
          captured_at: new Date(sighting.seenAtMs).toISOString(),
        }),
      );
      return sighting;
    },
    counts: outbox.counts,
    async stop() {
      outbox.stop();
      await endMqtt(client);
    },
  };
}
