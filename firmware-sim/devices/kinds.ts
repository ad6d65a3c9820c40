import type { DeviceKind } from "./device.ts";

/** Every kind of device that `parkme-sim device` can be. */
export const deviceKinds: Readonly<Record<string, DeviceKind>> = {};
