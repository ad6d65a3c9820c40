import { z } from "@hono/zod-openapi";
import type { Clock } from "@parkme/shared/domain/clock";
import { traceRow } from "@parkme/shared/pricing/trace-text";
import { seesAll } from "../facilities/own.ts";
import type { Api } from "../platform/api.ts";
import { amountText, decimal, id, instant, instantText, iso } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { Holdings } from "../subscriptions/holdings.ts";
import { vehicleType } from "../vehicles/rules.ts";
import { refuseEstimate, type Estimate, type Estimator } from "./estimate.ts";
import { PRICED_DAYS } from "./timeline.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const request = z.strictObject({
  facility_id: id,
  duration_hours: z
    .number()
    .positive()
    .max(PRICED_DAYS * 24)
    .optional(),
  entry_time: instant.optional(),
  exit_time: instant.optional(),
  vehicle_type: vehicleType.default("car"),
  ev: z.boolean().default(false),
  accessible: z.boolean().default(false),
});
type Request = z.output<typeof request>;

const answer = z
  .object({
    facility_id: z.string(),
    currency: z.string(),
    entry_time: instantText,
    exit_time: instantText,
    duration_minutes: z.number().int(),
    vehicle_type: z.string(),
    base_price: amountText,
    penalties: amountText,
    discounts: amountText,
    rounding: amountText,
    /** Contained in the total. */
    tax: amountText,
    tax_included: z.boolean(),
    total: amountText,
    applied_rule: z.string(),
    tariff_id: z.string(),
    tariff_version: z.number().int(),
    subscription_used: z.boolean(),
    trace: z.array(z.object({ text: z.string(), amount: amountText.nullable() })),
  })
  .openapi("Estimate");

/** `POST /api/pricing/estimate/`: what a stay will cost, for anybody; for drivers, with what they hold. */
export function estimateCalls(
  api: Api,
  {
    estimator,
    holdings,
    clock,
  }: { readonly estimator: Estimator; readonly holdings: Holdings; readonly clock: Clock },
): void {
  api.bare(
    {
      method: "post",
      path: "/api/pricing/estimate/",
      tag: "pricing",
      summary: "What a stay will cost, and why",
      access: "anyone",
      body: request,
      answer,
    },
    async ({ principal, body }) => {
      const { facility_id: facilityId } = body;
      const facility = await estimator.facility(facilityId);
      if (facility === null || (!facility.listed && !seesAll(principal, facilityId)))
        return notFound("facility");
      const { fromMs, untilMs } = timesOf(body, clock.wallMs());
      const isDriver = principal?.role === "driver";
      const held = isDriver
        ? await holdings.find({ userId: principal.actorId, facilityId, plate: null, atMs: fromMs })
        : null;
      const { vehicle_type: type, ev, accessible } = body;
      const stay = { fromMs, untilMs, vehicleType: type, ev, accessible, right: held?.right ?? null };
      const priced = await estimator.estimate(facilityId, stay);
      if (!priced.ok) return refuseEstimate(priced.error);
      return estimateView(body, { fromMs, untilMs }, priced.value);
    },
  );
}

/** @throws a refusal: a length and two times that do not go together. */
function timesOf(
  { duration_hours: hours, entry_time: entry, exit_time: exit }: Request,
  nowMs: number,
): { readonly fromMs: number; readonly untilMs: number } {
  if (hours !== undefined && exit !== undefined)
    refuse(400, "invalid", "stands beside exit_time: one of the two is meant", "duration_hours");
  const fromMs = entry?.getTime() ?? nowMs;
  if (Math.abs(fromMs - nowMs) > 2 * PRICED_DAYS * DAY_MS)
    refuse(400, "invalid", "is too far from now", "entry_time");
  if (hours !== undefined) return { fromMs, untilMs: fromMs + Math.round(hours * HOUR_MS) };
  if (exit === undefined) return refuse(400, "invalid", "is missing; or exit_time", "duration_hours");
  const untilMs = exit.getTime();
  if (untilMs < fromMs) refuse(400, "invalid", "must not be before entry_time", "exit_time");
  if (untilMs > fromMs + PRICED_DAYS * DAY_MS)
    refuse(400, "invalid", `must be at most ${PRICED_DAYS} days after entry_time`, "exit_time");
  return { fromMs, untilMs };
}

function estimateView(
  { facility_id, vehicle_type }: Request,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { currency, quote, appliedRule, subscriptionUsed, durationMinutes }: Estimate,
): z.input<typeof answer> {
  const money = (minor: number) => decimal(minor, currency);
  return {
    facility_id,
    currency,
    entry_time: iso(new Date(fromMs)),
    exit_time: iso(new Date(untilMs)),
    duration_minutes: durationMinutes,
    vehicle_type,
    base_price: money(quote.base.amountMinor),
    penalties: money(quote.penalties.amountMinor),
    discounts: money(quote.discounts.amountMinor),
    rounding: money(quote.rounding.amountMinor),
    tax: money(quote.tax.amountMinor),
    tax_included: quote.taxIncluded,
    total: money(quote.total.amountMinor),
    applied_rule: appliedRule,
    tariff_id: quote.tariffId,
    tariff_version: quote.tariffVersion,
    subscription_used: subscriptionUsed,
    trace: quote.trace.map((line) => {
      const { label, amountMinor } = traceRow(line, currency);
      return { text: label, amount: amountMinor === null ? null : money(amountMinor) };
    }),
  };
}
