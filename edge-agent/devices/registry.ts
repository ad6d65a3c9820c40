import { z } from "zod";
import type { Result } from "@parkme/shared/domain/result";
import { createMqttBoard, type MqttBoardConfig, mqttBoardConfigSchema } from "./boards/mqtt-board.ts";
import { createPclessBoard, type PclessBoardConfig, pclessBoardConfigSchema } from "./boards/pcless-board.ts";
import { createMqttCamera, type MqttCameraConfig, mqttCameraConfigSchema } from "./cameras/mqtt-camera.ts";
import {
  type HikvisionCameraConfig,
  hikvisionCameraConfigSchema,
  type PushError,
  receivePush,
} from "./cameras/push-receiver.ts";
import type { DeviceContext } from "./context.ts";
import type { Board, Camera, PlateRead } from "./ports.ts";

/** An entry under `boards:` of edge.yaml. */
export const boardConfigSchema = z.discriminatedUnion("driver", [
  mqttBoardConfigSchema,
  pclessBoardConfigSchema,
]);

/** An entry under `cameras:` of edge.yaml. */
export const cameraConfigSchema = z.discriminatedUnion("driver", [
  mqttCameraConfigSchema,
  hikvisionCameraConfigSchema,
]);

type BoardConfigs = { mqtt: MqttBoardConfig; pcless: PclessBoardConfig };
type CameraConfigs = { mqtt: MqttCameraConfig; hikvision: HikvisionCameraConfig };
export type BoardConfig<Driver extends keyof BoardConfigs = keyof BoardConfigs> = {
  [D in Driver]: { driver: D } & BoardConfigs[D];
}[Driver];
export type CameraConfig<Driver extends keyof CameraConfigs = keyof CameraConfigs> = {
  [D in Driver]: { driver: D } & CameraConfigs[D];
}[Driver];

/** What can be wired to a board of each kind: how many barriers, and which inputs. */
export const boardTerminals: {
  readonly [D in keyof BoardConfigs]: { readonly barriers: number; readonly input: RegExp };
} = {
  mqtt: { barriers: 4, input: /^[a-z0-9_]{1,20}$/ },
  // The second barrier's relays latch until the next command: an arm must not hang on that.
  pcless: { barriers: 1, input: /^in[1-4]$/ },
};

/** A camera that posts to the agent's HTTP server: whoever receives the body hands it over here. */
export type PushCamera = {
  readonly name: string;
  /** @param contentType the HTTP header; empty when absent. */
  readonly receive: (contentType: string, body: Uint8Array) => Result<PlateRead | "ignored", PushError>;
};
export type CameraDevice =
  { readonly via: "bus"; readonly camera: Camera } | { readonly via: "push"; readonly camera: PushCamera };

const boardDrivers: { [D in keyof BoardConfigs]: (config: BoardConfig<D>, context: DeviceContext) => Board } =
  {
    mqtt: createMqttBoard,
    pcless: createPclessBoard,
  };

const cameraDrivers: {
  [D in keyof CameraConfigs]: (config: CameraConfig<D>, context: DeviceContext) => CameraDevice;
} = {
  mqtt: (config, context) => ({ via: "bus", camera: createMqttCamera(config, context) }),
  hikvision: ({ name }) => ({
    via: "push",
    camera: { name, receive: (contentType, body) => receivePush(name, contentType, body) },
  }),
};

export function createBoard<D extends keyof BoardConfigs>(
  config: BoardConfig<D>,
  context: DeviceContext,
): Board {
  return boardDrivers[config.driver](config, context);
}

export function createCamera<D extends keyof CameraConfigs>(
  config: CameraConfig<D>,
  context: DeviceContext,
): CameraDevice {
  return cameraDrivers[config.driver](config, context);
}
