import { z } from "@hono/zod-openapi";
import { amountText, decimal, instantText, iso, isoOrNull } from "../platform/fields.ts";
import type { PeriodRow, PlanRow, SubscriptionRow } from "./subscriptions.queries.ts";

/** Plans and subscriptions as answers have them. */

export const planView = z
  .object({
    id: z.string(),
    facility_id: z.string(),
    name: z.string(),
    kind: z.enum(["pass", "subscription"]),
    price: amountText,
    currency: z.string(),
    period: z.enum(["day", "week", "month", "year"]),
    periods: z.number().int(),
    /** Stays in each period; null = any number. */
    quota_stays: z.number().int().nullable(),
    spaces: z.number().int(),
    max_vehicles: z.number().int(),
    tariff_pass: z.string().nullable(),
    zone: z.string().nullable(),
    on_sale: z.boolean(),
    made_at: instantText,
  })
  .openapi("Plan");

export function planViewOf(row: PlanRow): z.input<typeof planView> {
  return {
    id: row.id,
    facility_id: row.facilityId,
    name: row.name,
    kind: row.kind,
    price: decimal(row.priceMinor, row.currency),
    currency: row.currency,
    period: row.period,
    periods: row.periods,
    quota_stays: row.quotaStays,
    spaces: row.spaces,
    max_vehicles: row.maxVehicles,
    tariff_pass: row.tariffPass,
    zone: row.zoneSlug,
    on_sale: row.onSale,
    made_at: iso(row.madeAt),
  };
}

export const subscriptionView = z
  .object({
    id: z.string(),
    facility_id: z.string(),
    plan_id: z.string(),
    status: z.enum(["pending", "active", "cancelled", "ended"]),
    plates: z.array(z.string()),
    valid_from: instantText,
    valid_until: instantText,
    renews: z.boolean(),
    quota_stays: z.number().int().nullable(),
    used_stays: z.number().int(),
    price: amountText,
    currency: z.string(),
    /** What is to be paid now: `POST /api/payments/` with the purpose `subscription`. Null = nothing. */
    due: z
      .object({
        amount: amountText,
        currency: z.string(),
        kind: z.enum(["first", "renewal", "change"]),
        plan_id: z.string(),
        from: instantText,
        until: instantText,
      })
      .nullable(),
    made_at: instantText,
    cancelled_at: instantText.nullable(),
  })
  .openapi("Subscription");

export function subscriptionViewOf(
  row: SubscriptionRow,
  due: PeriodRow | null,
): z.input<typeof subscriptionView> {
  return {
    id: row.id,
    facility_id: row.facilityId,
    plan_id: row.planId,
    status: row.status,
    plates: row.plates,
    valid_from: iso(row.validFrom),
    valid_until: iso(row.validUntil),
    renews: row.renews,
    quota_stays: row.quotaStays,
    used_stays: row.usedStays,
    price: decimal(row.priceMinor, row.currency),
    currency: row.currency,
    due:
      due === null
        ? null
        : {
            amount: decimal(due.dueMinor, due.currency),
            currency: due.currency,
            kind: due.kind,
            plan_id: due.planId,
            from: iso(due.from),
            until: iso(due.until),
          },
    made_at: iso(row.madeAt),
    cancelled_at: isoOrNull(row.cancelledAt),
  };
}
