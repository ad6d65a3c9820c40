import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineFields, namesOneLine, NEEDS_ONE_LINE } from "../../buses/line-address.ts";
import type { Exchange } from "../../buses/request-bus.ts";
import type { DeviceContext } from "../../context.ts";
import type { Board } from "../../ports.ts";
import {
  MAX_NUMATO_POINTS,
  numatoCommand,
  numatoPoint,
  parseNumatoAll,
  parseNumatoDone,
  parseNumatoLevel,
} from "./numato-codec.ts";
import { channelOf, mapAnswer, named, relayNames } from "./points.ts";
import {
  createSerialRelayBoard,
  lookFields,
  NEEDS_TWO_LOOKS,
  type Points,
  type SerialRelays,
  survivesOneLostAnswer,
} from "./serial-relay-board.ts";

const ANSWER_TIMEOUT_MS = 500;

export const numatoConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("numato"),
    ...lineFields,
    ...lookFields(100, 1_000),
    channels: z.number().int().min(1).max(MAX_NUMATO_POINTS),
    /** How many of the module's GPIOs are inputs, from GPIO 0 on: `in1` is GPIO 0. */
    inputs: z.number().int().min(0).max(MAX_NUMATO_POINTS).default(0),
    /**
     * How a closed contact reads. The GPIOs of most modules have no pull-up of their own: with a resistor to 5 V and the
     * contact to ground a closed one reads low.
     */
    closed: z.enum(["low", "high"]).default("low"),
    /** The module knows `relay readall` (and `gpio readall`, if it has inputs): one question instead of many. */
    read_all: z.boolean().default(false),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine(survivesOneLostAnswer, NEEDS_TWO_LOOKS);
export type NumatoConfig = z.infer<typeof numatoConfigSchema>;

/**
 * A Numato Lab USB relay module: relays `r1`..`r32` (the module counts from 0: `r1` is its relay 0) and inputs
 * `in1`..`in32` on its GPIOs (`in1` is GPIO 0). Inputs are polled, so that a contact must last longer than
 * `poll_ms`. The host times the pulses; see {@link createSerialRelayBoard} for what that means.
 */
export function createNumatoBoard(config: NumatoConfig, context: DeviceContext): Board {
  return createSerialRelayBoard(config, context, numatoRelays(config));
}

function numatoRelays(config: NumatoConfig): SerialRelays {
  const relays = relayNames(config.channels);
  const readRelay = (relay: string): Exchange<Points> =>
    ask(`relay read ${wireName(relay)}`, (command, received) =>
      mapAnswer(parseNumatoLevel(command, received), (on) => ({ outputs: { [relay]: on } })),
    );
  return {
    relays,
    look: config.read_all
      ? [readAllRelays(config), ...(config.inputs > 0 ? [readAllInputs(config)] : [])]
      : [...relays.map(readRelay), ...inputNames(config).map((input) => readInput(input, config))],
    write: (relay, on) => ask(`relay ${on ? "on" : "off"} ${wireName(relay)}`, parseNumatoDone),
    check: (relay) => [readRelay(relay)],
  };
}

function readInput(input: string, { closed }: NumatoConfig): Exchange<Points> {
  return ask(`gpio read ${wireName(input)}`, (command, received) =>
    mapAnswer(parseNumatoLevel(command, received), (high) => ({
      levels: { [input]: high === (closed === "high") },
    })),
  );
}

function readAllRelays({ channels }: NumatoConfig): Exchange<Points> {
  return ask("relay readall", (command, received) =>
    mapAnswer(parseNumatoAll(command, channels, received), (levels) => ({ outputs: named("r", levels) })),
  );
}

function readAllInputs({ inputs, closed }: NumatoConfig): Exchange<Points> {
  return ask("gpio readall", (command, received) =>
    mapAnswer(parseNumatoAll(command, inputs, received), (levels) => ({
      levels: named(
        "in",
        levels.map((high) => high === (closed === "high")),
      ),
    })),
  );
}

function ask<T>(
  command: string,
  parse: (command: string, received: Uint8Array) => ReturnType<NonNullable<Exchange<T>["parse"]>>,
): Exchange<T> {
  return {
    bytes: numatoCommand(command),
    parse: (received) => parse(command, received),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}

function inputNames({ inputs }: NumatoConfig): string[] {
  return Array.from({ length: inputs }, (_, index) => `in${index + 1}`);
}

/** The module's own name of a point: it counts from 0. */
function wireName(point: string): string {
  return numatoPoint(channelOf(point) - 1);
}
