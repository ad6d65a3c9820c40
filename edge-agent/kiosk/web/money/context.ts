import type { GateApi } from "../gate/api.ts";
import type { Snapshot } from "../gate/snapshot.ts";
import type { MoneyText } from "../logic/money-text.ts";
import type { TimeText } from "../logic/time-text.ts";

/** What everything about money is shown with. */
export type MoneyContext = {
  readonly api: GateApi;
  readonly snapshot: Snapshot;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
  readonly stale: boolean;
};
