import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineFields, namesOneLine, NEEDS_ONE_LINE } from "../../buses/line-address.ts";
import type { Exchange } from "../../buses/request-bus.ts";
import type { DeviceContext } from "../../context.ts";
import type { Board } from "../../ports.ts";
import {
  KMTRONIC_ASK_ALL,
  kmtronicAskOne,
  kmtronicSwitch,
  parseKmtronicAll,
  parseKmtronicOne,
} from "./kmtronic-codec.ts";
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

export const kmtronicConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("kmtronic"),
    ...lineFields,
    ...lookFields(500, 2_000),
    channels: z.literal([1, 2, 4, 8]),
    /** False = the board only obeys (the radio boxes, and old boards). */
    status: z.boolean().default(true),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine(survivesOneLostAnswer, NEEDS_TWO_LOOKS);
export type KmtronicConfig = z.infer<typeof kmtronicConfigSchema>;

/**
 * A KMtronic USB or RS-232 relay board (9600 8N1): relays `r1`..`r8`, no inputs. The host times the pulses; see
 * {@link createSerialRelayBoard} for what that means. With `status: false` the state of the link is the line being
 * open, and `done` is no more than that the command went out.
 */
export function createKmtronicBoard(config: KmtronicConfig, context: DeviceContext): Board {
  return createSerialRelayBoard(config, context, kmtronicRelays(config));
}

function kmtronicRelays({ channels, status }: KmtronicConfig): SerialRelays {
  const relays = relayNames(channels);
  const write = (relay: string, on: boolean): Exchange<null> => ({
    bytes: kmtronicSwitch(channelOf(relay), on),
    parse: null,
    timeoutMs: 0,
  });
  if (!status) return { relays, write, look: [], check: () => [] };
  // Small boards know only the question about one relay, large ones only that about all.
  if (channels <= 2) return { relays, write, look: relays.map(askOne), check: (relay) => [askOne(relay)] };
  const look = [askAll(channels)];
  return { relays, write, look, check: () => look };
}

function askOne(relay: string): Exchange<Points> {
  const channel = channelOf(relay);
  return {
    bytes: kmtronicAskOne(channel),
    parse: (received) =>
      mapAnswer(parseKmtronicOne(channel, received), (on) => ({ outputs: { [relay]: on } })),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}

function askAll(channels: number): Exchange<Points> {
  return {
    bytes: KMTRONIC_ASK_ALL,
    parse: (received) =>
      mapAnswer(parseKmtronicAll(channels, received), (levels) => ({ outputs: named("r", levels) })),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}
