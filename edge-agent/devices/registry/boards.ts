import { z } from "zod";
import { createMqttBoard, mqttBoardConfigSchema } from "../boards/mqtt-board.ts";
import { createPclessBoard, pclessBoardConfigSchema } from "../boards/pcless-board.ts";
import type { DeviceContext } from "../context.ts";
import type { Board } from "../ports.ts";

/** The boards by the names of their drivers. A new driver is one file, and three lines here. */

/** An entry under `boards:` of edge.yaml. */
export const boardConfigSchema = z.discriminatedUnion("driver", [
  mqttBoardConfigSchema,
  pclessBoardConfigSchema,
]);
export type BoardConfig = z.infer<typeof boardConfigSchema>;

/** What can be wired to a board. */
export type Terminals = {
  /** Barriers with relays of their own, `open1`, `close1`, `stop1`; 0 where relays are plain. */
  readonly barriers: number;
  /** Names of plain relays, for boards without barriers. */
  readonly relay: RegExp | null;
  readonly input: RegExp;
};

type Of<D extends BoardConfig["driver"]> = Extract<BoardConfig, { driver: D }>;
type Driver<Config> = {
  readonly create: (config: Config, context: DeviceContext) => Board;
  readonly terminals: (config: Config) => Terminals;
};

const drivers: { readonly [D in BoardConfig["driver"]]: Driver<Of<D>> } = {
  mqtt: {
    create: createMqttBoard,
    terminals: () => ({ barriers: 4, relay: null, input: /^[a-z0-9_]{1,20}$/ }),
  },
  pcless: {
    create: createPclessBoard,
    // The second barrier's relays latch until the next command: an arm must not hang on that.
    terminals: () => ({ barriers: 1, relay: null, input: /^in[1-4]$/ }),
  },
};

export function createBoard<D extends BoardConfig["driver"]>(config: Of<D>, context: DeviceContext): Board {
  return drivers[config.driver as D].create(config, context);
}

export function boardTerminals<D extends BoardConfig["driver"]>(config: Of<D>): Terminals {
  return drivers[config.driver as D].terminals(config);
}
