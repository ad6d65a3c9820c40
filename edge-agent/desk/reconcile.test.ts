import { describe, expect, it } from "vitest";
import { MAX_DISCREPANCIES, type Reconciliation } from "@parkme/shared/protocol/kiosk-desk";
import { reconcile } from "./reconcile.ts";

const DAY_MS = 86_400_000;
const iso = (ms: number): string => new Date(ms).toISOString();

/** A store with so many discrepancies an hour; each hour one vehicle leaves and 100 are charged. */
function hourly(each: number) {
  const asked: (readonly [number, number])[] = [];
  const reconciliation = (fromMs: number, toMs: number): Reconciliation => {
    asked.push([fromMs, toMs]);
    const hours = Array.from(
      { length: Math.ceil((toMs - fromMs) / 3_600_000) },
      (_, i) => fromMs + i * 3_600_000,
    );
    const all = hours.flatMap((at) =>
      Array.from({ length: each }, () => ({
        kind: "overpaid" as const,
        at: iso(at),
        lane: "exit",
        amount_minor: 1,
        stay_id: null,
        ticket_number: null,
        plate: null,
        actor: null,
        detail: "",
      })),
    );
    return {
      from: iso(fromMs),
      to: iso(toMs),
      movements_out: hours.length,
      paid_minor: 0,
      charged_minor: 100 * hours.length,
      discrepancies: all.slice(0, MAX_DISCREPANCIES),
      more: all.length > MAX_DISCREPANCIES,
    };
  };
  return { asked, reconciliation };
}

describe("a reconciliation", () => {
  it("of a long time is that of its days, one after the other, and others have their turn between", async () => {
    const store = hourly(1);
    const done = reconcile(store, 0, 2.5 * DAY_MS);
    expect(store.asked, "only the first day is done at once").toHaveLength(1);
    const whole = await done;
    expect(store.asked).toEqual([
      [0, DAY_MS],
      [DAY_MS, 2 * DAY_MS],
      [2 * DAY_MS, 2.5 * DAY_MS],
    ]);
    expect(whole).toMatchObject({
      from: iso(0),
      to: iso(2.5 * DAY_MS),
      movements_out: 60,
      charged_minor: 6_000,
      more: false,
    });
    expect(whole.discrepancies).toHaveLength(60);
  });

  it("lists no more than it may, and says that there are more", async () => {
    const { discrepancies, more } = await reconcile(hourly(5), 0, 3 * DAY_MS);
    expect(discrepancies).toHaveLength(MAX_DISCREPANCIES);
    expect(more).toBe(true);
    expect(await reconcile(hourly(0), 0, 1)).toMatchObject({ more: false, discrepancies: [] });
  });
});
