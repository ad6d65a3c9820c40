import { z } from "zod";
import { createModbusBoard, modbusBoardConfigSchema } from "../boards/modbus-board.ts";
import { createGpioBoard, gpioBoardConfigSchema } from "../boards/gpio-board.ts";
import { createMqttBoard, mqttBoardConfigSchema } from "../boards/mqtt-board.ts";
import { createPclessBoard, pclessBoardConfigSchema } from "../boards/pcless-board.ts";
import { createEsphomeBoard, esphomeBoardConfigSchema } from "../boards/esphome-board.ts";
import { oneOf } from "../boards/mqtt-relays/device-topics.ts";
import { createShellyBoard, shellyBoardConfigSchema } from "../boards/shelly-board.ts";
import { createTasmotaBoard, tasmotaBoardConfigSchema } from "../boards/tasmota-board.ts";
import { createZigbee2mqttBoard, zigbee2mqttBoardConfigSchema } from "../boards/zigbee2mqtt-board.ts";
import { createKmtronicBoard, kmtronicConfigSchema } from "../boards/serial-relays/kmtronic.ts";
import { createLcusBoard, lcusConfigSchema } from "../boards/serial-relays/lcus.ts";
import { createNumatoBoard, numatoConfigSchema } from "../boards/serial-relays/numato.ts";
import { numbered } from "../boards/serial-relays/points.ts";
import type { DeviceContext } from "../context.ts";
import type { Board } from "../ports.ts";

/** The boards by the names of their drivers. A new driver is one file, and three lines here. */

/** An entry under `boards:` of edge.yaml. */
export const boardConfigSchema = z.discriminatedUnion("driver", [
  mqttBoardConfigSchema,
  pclessBoardConfigSchema,
  shellyBoardConfigSchema,
  tasmotaBoardConfigSchema,
  zigbee2mqttBoardConfigSchema,
  esphomeBoardConfigSchema,
  lcusConfigSchema,
  kmtronicConfigSchema,
  numatoConfigSchema,
  gpioBoardConfigSchema,
  modbusBoardConfigSchema,
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
  shelly: {
    create: createShellyBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: numbered("r", relays),
      input: numbered("in", inputs),
    }),
  },
  gpio: {
    create: createGpioBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: oneOf(Object.keys(relays)),
      input: oneOf(Object.keys(inputs)),
    }),
  },
  tasmota: {
    create: createTasmotaBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: numbered("r", relays),
      input: numbered("in", inputs),
    }),
  },
  zigbee2mqtt: {
    create: createZigbee2mqttBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: oneOf(Object.keys(relays)),
      input: oneOf(Object.keys(inputs)),
    }),
  },
  esphome: {
    create: createEsphomeBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: oneOf(Object.keys(relays)),
      input: oneOf(Object.keys(inputs)),
    }),
  },
  lcus: {
    create: createLcusBoard,
    terminals: ({ channels }) => ({ barriers: 0, relay: numbered("r", channels), input: numbered("in", 0) }),
  },
  kmtronic: {
    create: createKmtronicBoard,
    terminals: ({ channels }) => ({ barriers: 0, relay: numbered("r", channels), input: numbered("in", 0) }),
  },
  numato: {
    create: createNumatoBoard,
    terminals: ({ channels, inputs }) => ({
      barriers: 0,
      relay: numbered("r", channels),
      input: numbered("in", inputs),
    }),
  },
  modbus: {
    create: createModbusBoard,
    terminals: ({ relays, inputs }) => ({
      barriers: 0,
      relay: numbered("r", relays),
      input: numbered("in", inputs),
    }),
  },
};

export function createBoard<D extends BoardConfig["driver"]>(config: Of<D>, context: DeviceContext): Board {
  return drivers[config.driver].create(config, context);
}

export function boardTerminals<D extends BoardConfig["driver"]>(config: Of<D>): Terminals {
  return drivers[config.driver].terminals(config);
}
