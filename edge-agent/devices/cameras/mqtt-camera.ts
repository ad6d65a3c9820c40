import { z } from "zod";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { gateTopics, plateMessageSchema, slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import { parseMessage } from "../messages.ts";
import type { Camera, PlateRead } from "../ports.ts";

export const mqttCameraConfigSchema = z.strictObject({ name: slugSchema, driver: z.literal("mqtt") });
export type MqttCameraConfig = z.infer<typeof mqttCameraConfigSchema>;

/** A camera, or a plate reading program beside one, that publishes on `camera/<name>/plate`. */
export function createMqttCamera(
  { name }: MqttCameraConfig,
  { bus, facility, log, count }: DeviceContext,
): Camera {
  const topic = gateTopics(facility).cameraPlate(name);
  let complained = false;

  const onMessage = (message: MqttMessage, sink: (read: PlateRead) => void): void => {
    // A read out of the broker's memory is of a vehicle that may be long gone.
    if (message.retained) return count("mqtt_camera_retained_ignored");
    const parsed = parseMessage(plateMessageSchema, message.payload);
    if (!parsed.ok) {
      count("mqtt_camera_bad_message");
      log[complained ? "debug" : "warn"](
        { camera: name, error: parsed.error },
        "camera sent a message that is none",
      );
      complained = true;
      return;
    }
    complained = false;
    const { event_id, plate, confidence, direction, captured_at } = parsed.value;
    sink({
      camera: name,
      sourceId: event_id,
      raw: plate,
      plate: normalisePlate(plate),
      confidence: confidence ?? null,
      direction,
      claimedAtMs: captured_at === undefined ? null : Date.parse(captured_at),
      image: null,
    });
  };

  return {
    name,
    start(sink) {
      bus.subscribe(topic, (message) => onMessage(message, sink));
      return Promise.resolve();
    },
    stop() {
      bus.unsubscribe(topic);
      return Promise.resolve();
    },
  };
}
