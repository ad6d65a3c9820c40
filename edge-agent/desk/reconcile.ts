import { setImmediate as nextTurn } from "node:timers/promises";
import { MAX_DISCREPANCIES, type Reconciliation } from "@parkme/shared/protocol/kiosk-desk";
import type { Store } from "../store/store.ts";

/** A day of the busiest facility is a few milliseconds; lanes take their turns between one day and the next. */
const SLICE_MS = 86_400_000;

/** The reconciliation of a long time, a day after the other, so that no vehicle waits for a report. */
export async function reconcile(
  store: Pick<Store, "reconciliation">,
  fromMs: number,
  toMs: number,
): Promise<Reconciliation> {
  let whole = store.reconciliation(fromMs, Math.min(fromMs + SLICE_MS, toMs));
  for (let sliceMs = fromMs + SLICE_MS; sliceMs < toMs; sliceMs += SLICE_MS) {
    await nextTurn();
    whole = join(whole, store.reconciliation(sliceMs, Math.min(sliceMs + SLICE_MS, toMs)));
  }
  return whole;
}

function join(before: Reconciliation, after: Reconciliation): Reconciliation {
  const discrepancies = [...before.discrepancies, ...after.discrepancies];
  return {
    from: before.from,
    to: after.to,
    movements_out: before.movements_out + after.movements_out,
    paid_minor: before.paid_minor + after.paid_minor,
    charged_minor: before.charged_minor + after.charged_minor,
    discrepancies: discrepancies.slice(0, MAX_DISCREPANCIES),
    more: before.more || after.more || discrepancies.length > MAX_DISCREPANCIES,
  };
}
