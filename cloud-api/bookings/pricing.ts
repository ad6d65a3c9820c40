import { slotOf, SLOT_MS } from "@parkme/shared/domain/capacity-rights";
import type { Sale } from "../capacity/sales.queries.ts";
import { refuse } from "../platform/refusal.ts";
import type { BookingRow } from "./booking-row.ts";
import type { BookingDeps, Price } from "./deps.ts";
import type { WantedVehicle } from "./reserve.queries.ts";

/** What a booking costs, in money and in rights. */

/** The slots of rights that a booking needs. A zone's rights are a class of its own: see capacity/. */
export function saleOf(
  row: Pick<BookingRow, "facilityId" | "class" | "zoneSlug" | "entryTime" | "expectedExit">,
  saleId: string,
): Sale {
  const name = row.zoneSlug ?? row.class ?? "";
  const untilMs = slotOf(row.expectedExit.getTime() - 1) + SLOT_MS;
  return {
    facilityId: row.facilityId,
    class: name,
    saleId,
    amount: 1,
    fromMs: slotOf(row.entryTime.getTime()),
    untilMs,
  };
}

type ToPrice = {
  readonly userId: string | null;
  readonly vehicle: WantedVehicle;
  readonly fromMs: number;
  readonly untilMs: number;
};

/** @throws a refusal where there is no price. */
export async function priceOf(
  deps: BookingDeps,
  facilityId: string,
  { userId, vehicle, fromMs, untilMs }: ToPrice,
): Promise<Price & { readonly subscriptionId: string | null }> {
  const { plate, type: vehicleType, ev, accessible } = vehicle;
  const holding =
    userId === null ? null : await deps.findHolding({ facilityId, plate, atMs: fromMs, userId });
  const right = holding?.right ?? null;
  const stay = { fromMs, untilMs, vehicleType, ev, accessible, right };
  const priced = await deps.estimator.estimate(facilityId, stay);
  if (!priced.ok) return refuse(409, priced.error.code, priced.error.message);
  const { totalMinor, currency, appliedRule, tariff } = priced.value;
  return { totalMinor, currency, appliedRule, tariff, subscriptionId: holding?.subscriptionId ?? null };
}
