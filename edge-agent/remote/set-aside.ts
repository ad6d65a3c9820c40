import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { DownlinkItem } from "@parkme/shared/protocol/downlink";
import type { Store } from "../store/store.ts";

export type SetAsideOptions = {
  readonly facility: { readonly slug: string };
  readonly store: Pick<Store, "record">;
  readonly clock: Clock;
  readonly touched: () => void;
  readonly log: { readonly error: (fields: object, message: string) => void };
};

type AlarmKind = Extract<GateRecord, { type: "alarm" }>["kind"];

/** What a person at the gate must know of, when it cannot be understood. */
const ALARMS: ReadonlyMap<string, AlarmKind> = new Map([
  ["payment", "payment_in_doubt"],
  ["command", "remote_refused"],
]);

/** Items of the downlink that nothing can be made of: noted, and told to a person where it matters. Throws when the disk refuses. */
export function createSetAside({ facility, store, clock, touched, log }: SetAsideOptions) {
  return ({ seq, kind, body }: DownlinkItem, problem: string): void => {
    log.error({ seq, kind, body: body.slice(0, 500), problem }, "an item of the downlink is set aside");
    const alarm = ALARMS.get(kind);
    if (alarm === undefined) return;
    const detail = `item ${seq} of the cloud (${kind}) was not taken: ${problem}`;
    store.record(
      { place: facility.slug, records: [{ type: "alarm", kind: alarm, detail }] },
      readClock(clock),
    );
    touched();
  };
}
