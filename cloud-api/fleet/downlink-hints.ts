import { z } from "zod";
import { liveHintSchema, type LiveHint } from "@parkme/shared/protocol/downlink";
import type { Listen, Listener } from "../db/listener.ts";
import { HINT_CHANNEL } from "./downlink.queries.ts";

export type HintOptions = {
  readonly listen: Listen;
  /** There is something for the facility's edge. */
  readonly hint: (facilityId: string, hint: LiveHint["hint"]) => void;
  /** Hints may have been missed. */
  readonly hintAll: () => void;
  readonly log: { readonly warn: (fields: object, message: string) => void };
};

const payloadSchema = z.tuple([z.uuid(), liveHintSchema.shape.hint]);

/**
 * Hears of what any API process puts into a downlink, so that whichever process holds the edge's web socket hints. A
 * hint that is lost costs time and nothing else: edges also ask by themselves.
 */
export function createHints({ listen, hint, hintAll, log }: HintOptions): Listener {
  /** One line per outage. */
  let complained = false;
  return listen(HINT_CHANNEL, {
    heard: (payload) => {
      const told = payloadSchema.safeParse(payload.split(" "));
      if (told.success) hint(...told.data);
      else log.warn({ payload: payload.slice(0, 100) }, "a hint that is none");
    },
    connected: () => {
      complained = false;
      hintAll();
    },
    lost: (error) => {
      if (!complained) log.warn({ err: error }, "hints of other processes cannot be heard");
      complained = true;
    },
  });
}
