import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineFields, namesOneLine, NEEDS_ONE_LINE } from "../../buses/line-address.ts";
import type { Exchange } from "../../buses/request-bus.ts";
import type { DeviceContext } from "../../context.ts";
import type { Board } from "../../ports.ts";
import { LCUS_ASK_ALL, lcusFrame, parseLcusAnswer, parseLcusStatus } from "./lcus-codec.ts";
import { channelOf, mapAnswer, named, relayNames } from "./points.ts";
import {
  createSerialRelayBoard,
  lookFields,
  NEEDS_TWO_LOOKS,
  type Points,
  type SerialRelays,
  survivesOneLostAnswer,
} from "./serial-relay-board.ts";

/** Eight lines of text take 85 ms at 9600 baud; the rest is for serial servers and busy machines. */
const ANSWER_TIMEOUT_MS = 500;

export const lcusConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("lcus"),
    ...lineFields,
    ...lookFields(1_000, 3_000),
    channels: z.literal([1, 2, 4, 8]),
    /**
     * How the board tells what its relays do: `text` = `FF` asks, and it answers a line for each relay; `feedback` = it
     * answers each command that asks for it; `none` = it only obeys. What is printed on the board does not tell:
     * send `FF`, then `A0 01 05 A6`, and see what comes back.
     */
    status: z.enum(["text", "feedback", "none"]).default("text"),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine(survivesOneLostAnswer, NEEDS_TWO_LOOKS);
export type LcusConfig = z.infer<typeof lcusConfigSchema>;

/**
 * An LCUS-type USB relay board (CH340, 9600 8N1): relays `r1`..`r8`, no inputs. The host times the pulses; see
 * {@link createSerialRelayBoard} for what that means. With `status: none` the state of the link is the line being
 * open, and `done` is no more than that the command went out.
 */
export function createLcusBoard(config: LcusConfig, context: DeviceContext): Board {
  return createSerialRelayBoard(config, context, lcusRelays(config));
}

function lcusRelays({ channels, status }: LcusConfig): SerialRelays {
  const relays = relayNames(channels);
  switch (status) {
    case "text": {
      // Asked once, boards have been seen to tell what was before the last command; asked twice, none.
      const twice = [statusOf(channels), statusOf(channels)];
      return { relays, look: twice, check: () => twice, write: plainWrite };
    }
    case "feedback":
      return {
        relays,
        look: relays.map((relay) => levelOf(relay)),
        check: (relay) => [levelOf(relay)],
        write: (relay, on) => answeredWrite(relay, on),
      };
    case "none":
      return { relays, look: [], check: () => [], write: plainWrite };
  }
}

function plainWrite(relay: string, on: boolean): Exchange<null> {
  return { bytes: lcusFrame(channelOf(relay), on ? "on" : "off"), parse: null, timeoutMs: 0 };
}

function answeredWrite(relay: string, on: boolean): Exchange<boolean> {
  const channel = channelOf(relay);
  return {
    bytes: lcusFrame(channel, on ? "on_answered" : "off_answered"),
    parse: (received) => parseLcusAnswer(channel, received),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}

function levelOf(relay: string): Exchange<Points> {
  const channel = channelOf(relay);
  return {
    bytes: lcusFrame(channel, "ask"),
    parse: (received) =>
      mapAnswer(parseLcusAnswer(channel, received), (on) => ({ outputs: { [relay]: on } })),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}

function statusOf(channels: number): Exchange<Points> {
  return {
    bytes: LCUS_ASK_ALL,
    parse: (received) =>
      mapAnswer(parseLcusStatus(channels, received), (levels) => ({ outputs: named("r", levels) })),
    timeoutMs: ANSWER_TIMEOUT_MS,
  };
}
