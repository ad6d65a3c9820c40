import { z } from "zod";
import type { Result } from "@parkme/shared/domain/result";
import { createMqttCamera, mqttCameraConfigSchema } from "../cameras/mqtt-camera.ts";
import { hikvisionCameraConfigSchema, type PushError, receivePush } from "../cameras/push-receiver.ts";
import type { DeviceContext } from "../context.ts";
import type { Camera, PlateRead } from "../ports.ts";

/** The cameras by the names of their drivers. */

/** An entry under `cameras:` of edge.yaml. */
export const cameraConfigSchema = z.discriminatedUnion("driver", [
  mqttCameraConfigSchema,
  hikvisionCameraConfigSchema,
]);
export type CameraConfig = z.infer<typeof cameraConfigSchema>;

/** A camera that posts to the agent's HTTP server: whoever receives the body hands it over here. */
export type PushCamera = {
  readonly name: string;
  /** @param contentType the HTTP header; empty when absent. */
  readonly receive: (contentType: string, body: Uint8Array) => Result<PlateRead | "ignored", PushError>;
};
export type CameraDevice =
  { readonly via: "bus"; readonly camera: Camera } | { readonly via: "push"; readonly camera: PushCamera };

type Of<D extends CameraConfig["driver"]> = Extract<CameraConfig, { driver: D }>;

const drivers: {
  readonly [D in CameraConfig["driver"]]: (config: Of<D>, context: DeviceContext) => CameraDevice;
} = {
  mqtt: (config, context) => ({ via: "bus", camera: createMqttCamera(config, context) }),
  hikvision: ({ name }) => ({
    via: "push",
    camera: { name, receive: (contentType, body) => receivePush(name, contentType, body) },
  }),
};

export function createCamera<D extends CameraConfig["driver"]>(
  config: Of<D>,
  context: DeviceContext,
): CameraDevice {
  return drivers[config.driver](config, context);
}
