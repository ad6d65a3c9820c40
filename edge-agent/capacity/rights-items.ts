import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { RightsMove } from "@parkme/shared/domain/capacity-rights";
import type { RightsRequest, RightsTransfer } from "@parkme/shared/protocol/downlink";
import type { Store } from "../store/store.ts";

export type RightsItemsOptions = {
  readonly store: Pick<Store, "answerRightsRequest" | "takeRightsTransfer">;
  readonly clock: Clock;
  /** What time it is in the cloud, never too early; null = it was never heard. */
  readonly cloudNowMs: () => number | null;
  /** Something is in the log that the cloud waits for. */
  readonly touched: () => void;
};

/** What the cloud says of rights to spaces: the handlers of the downlink's items. */
export type RightsItems = {
  readonly rights_request: (request: RightsRequest) => "later" | void;
  readonly rights_transfer: (transfer: RightsTransfer) => "later" | void;
};

/**
 * Answers what the cloud asks for, and takes what it gives back. A request that is over is left alone: whoever wanted
 * to book has gone, and its rights would lie idle.
 */
export function rightsItems({ store, clock, cloudNowMs, touched }: RightsItemsOptions): RightsItems {
  const after = (outcome: ReturnType<Store["takeRightsTransfer"]>): "later" | void => {
    if (outcome === "later") return "later";
    if (outcome === "done") touched();
  };
  return {
    rights_request: (request) => {
      if ((cloudNowMs() ?? clock.wallMs()) >= Date.parse(request.expires_at)) return;
      return after(store.answerRightsRequest(moveOf(request.request_id, request), readClock(clock)));
    },
    rights_transfer: (transfer) =>
      after(store.takeRightsTransfer(moveOf(transfer.transfer_id, transfer), readClock(clock))),
  };
}

type Body = Pick<RightsTransfer, "class" | "from" | "until" | "amount">;

function moveOf(id: string, { class: name, from, until, amount }: Body): RightsMove {
  return { id, class: name, fromMs: Date.parse(from), untilMs: Date.parse(until), amount };
}
