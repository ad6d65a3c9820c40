import { z } from "zod";
import type { DeviceContext } from "../context.ts";
import { cd5220DisplayConfigSchema, createCd5220Display } from "../displays/cd5220.ts";
import type { Display } from "../ports.ts";

/** The displays by the names of their drivers. */

/** An entry under `displays:` of edge.yaml. */
export const displayConfigSchema = z.discriminatedUnion("driver", [cd5220DisplayConfigSchema]);
export type DisplayConfig = z.infer<typeof displayConfigSchema>;

type Of<D extends DisplayConfig["driver"]> = Extract<DisplayConfig, { driver: D }>;

const drivers: {
  readonly [D in DisplayConfig["driver"]]: (config: Of<D>, context: DeviceContext) => Display;
} = {
  cd5220: createCd5220Display,
};

export function createDisplay<D extends DisplayConfig["driver"]>(
  config: Of<D>,
  context: DeviceContext,
): Display {
  return drivers[config.driver](config, context);
}
