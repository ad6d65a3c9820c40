import { z } from "zod";
import type { Currency } from "../../domain/money.ts";
import {
  checkBand,
  checkBands,
  checkDay,
  checkHourly,
  checkLimits,
  checkOccupancy,
  checkPercent,
  checkSlabs,
  checkTiers,
  checkWindow,
  onlyOneOf,
  type Complain,
} from "./checks.ts";
import {
  amountsIn,
  date,
  endOfWindow,
  graceMinutes,
  hours,
  MAX_BANDS,
  MAX_HOLIDAYS,
  MAX_NAMED,
  MAX_SLABS,
  MAX_STEPS,
  MAX_SURCHARGES,
  MAX_TIERS,
  MAX_WINDOWS,
  percentage,
  taxPercentage,
  quotaMinutes,
  slug,
  timeOfDay,
  title,
  unitMinutes,
} from "./fields.ts";

/** The shape of a tariff document; TARIFFS.md is its reference for people. */

/** How time can be priced: a plan has exactly one of these. */
const RATES = ["flat", "hourly", "slabs", "dynamic"] as const;
export const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "holiday"] as const;

/** Schemas by currency: a facility has one, and a cloud few. */
const schemas = new Map<Currency, ReturnType<typeof createSchema>>();
const MAX_SCHEMAS = 40;

export type TariffDocument = z.infer<ReturnType<typeof createSchema>>;
export type PlanDocument = NonNullable<TariffDocument["plans"]>[string];
export type RateDocument = Pick<PlanDocument, "flat" | "hourly" | "slabs">;
export type WindowDocument = NonNullable<NonNullable<TariffDocument["passes"]>[string]["windows"]>[number];
export type UnitPriceDocument = {
  readonly price: string | number;
  readonly per_minutes?: number | undefined;
};

export function tariffSchema(currency: Currency): ReturnType<typeof createSchema> {
  let schema = schemas.get(currency);
  if (schema === undefined) {
    schema = createSchema(currency);
    if (schemas.size >= MAX_SCHEMAS) schemas.clear();
    schemas.set(currency, schema);
  }
  return schema;
}

function createSchema(currency: Currency) {
  const { price, signed } = amountsIn(currency);
  const plan = planShape(price);
  const shape = {
    ...plan,
    currency: z
      .literal(currency, { error: `is not the currency of this facility, which is ${currency}` })
      .optional(),
    vehicle_types: named(planOf({ ...plan, percent: percentage().optional() }, currency)).optional(),
    plans: named(planOf(plan, currency)).optional(),
    passes: named(pass).optional(),
    holidays: z.array(date).max(MAX_HOLIDAYS).optional(),
    graces: graces.optional(),
    surcharges: z.array(surchargeOf(signed)).max(MAX_SURCHARGES).optional(),
    penalties: named(z.strictObject({ title, price })).optional(),
    reservation: reservationOf(price).optional(),
    lost_ticket: lostTicketOf(price).optional(),
    tax: tax.optional(),
    on_change: z.enum(["entry_version", "split"]).optional(),
  };
  return planOf(shape, currency);
}

const window = z.strictObject({
  days: z.array(z.enum(DAYS)).min(1).max(DAYS.length).optional(),
  from: timeOfDay.optional(),
  to: endOfWindow.optional(),
  from_date: date.optional(),
  to_date: date.optional(),
});
const windows = z.array(checked(window, checkWindow)).min(1).max(MAX_WINDOWS);

const pass = z.strictObject({
  name: title,
  windows: windows.optional(),
  quota_minutes: quotaMinutes.optional(),
  period: z.enum(["day", "week", "month", "pass"]).optional(),
});

function named<Value extends z.ZodType>(value: Value) {
  return z
    .record(slug, value)
    .refine((names) => Object.keys(names).length <= MAX_NAMED, `must have at most ${MAX_NAMED} entries`);
}

const graces = z.strictObject({
  turnaround_minutes: graceMinutes.optional(),
  continuous_minutes: graceMinutes.optional(),
  exit_minutes: graceMinutes.optional(),
});

const tax = z.strictObject({
  name: title.max(20),
  percent: taxPercentage(),
  included: z.boolean().optional(),
});

function surchargeOf(amount: Amount) {
  const when = z.strictObject({
    ev: z.boolean().optional(),
    accessible: z.boolean().optional(),
    vehicle_types: z.array(slug).min(1).max(MAX_NAMED).optional(),
  });
  const percent = percentage({ min: -100 });
  const surcharge = z.strictObject({
    name: title,
    when: when.optional(),
    amount: amount.optional(),
    percent: percent.optional(),
  });
  return checked(surcharge, onlyOneOf(["amount", "percent"]));
}

function reservationOf(price: Amount) {
  const unitPrice = z.strictObject({ price, per_minutes: unitMinutes.optional() });
  return z.strictObject({
    early: z.union([z.enum(["free", "plan"]), unitPrice], FREE_PLAN_OR_PRICE).optional(),
    overstay: z.union([z.literal("plan"), unitPrice], PLAN_OR_PRICE).optional(),
  });
}

function lostTicketOf(price: Amount) {
  const trueTime = z.strictObject({ fee: price, otherwise: price });
  const lost = z.strictObject({ flat: price.optional(), true_time: trueTime.optional() });
  return checked(lost, onlyOneOf(["flat", "true_time"]));
}

const FREE_PLAN_OR_PRICE = "must be free, plan, or { price, per_minutes }";
const PLAN_OR_PRICE = "must be plan, or { price, per_minutes }";

type Amount = ReturnType<typeof amountsIn>["price"];

function planShape(price: Amount) {
  const rate = rateShape(price);
  const band = z.strictObject({
    name: title,
    windows: windows.optional(),
    ...rate,
    max: price.optional(),
    max_per: z.enum(["stretch", "day"]).optional(),
  });
  const bands = z.array(checked(band, checkBand)).min(1);
  const step = z.strictObject({
    from_percent: z.number().int().min(0).max(200),
    factor_percent: percentage(),
  });
  return {
    name: title.optional(),
    ...rate,
    dynamic: z
      .strictObject({
        bands: checked(bands.max(MAX_BANDS), checkBands),
        occupancy: checked(z.array(step).min(1).max(MAX_STEPS), checkOccupancy).optional(),
      })
      .optional(),
    units: z.enum(["band", "stay"]).optional(),
    repeat: z.enum(["stay", "day"]).optional(),
    day: checked(
      z.strictObject({
        kind: z.enum(["calendar", "rolling", "business", "night"]),
        starts_at: timeOfDay.optional(),
        cap: price.optional(),
      }),
      checkDay,
    ).optional(),
    stay_cap: price.optional(),
    minimum: price.optional(),
    rounding: z.strictObject({ to: price, mode: z.enum(["up", "down", "nearest"]) }).optional(),
  };
}

function rateShape(price: Amount) {
  const slab = z.strictObject({ max_hours: hours.nullable(), price, per_minutes: unitMinutes.optional() });
  const tier = z.strictObject({
    up_to_hours: hours.nullable().optional(),
    price,
    per_minutes: unitMinutes.optional(),
  });
  const hourly = z.strictObject({
    tiers: checked(z.array(tier).min(1).max(MAX_TIERS), checkTiers).optional(),
    price: price.optional(),
    per_minutes: unitMinutes.optional(),
  });
  return {
    flat: z.strictObject({ price }).optional(),
    hourly: checked(hourly, checkHourly).optional(),
    slabs: checked(z.array(slab).min(1).max(MAX_SLABS), checkSlabs).optional(),
  };
}

function planOf<Shape extends z.ZodRawShape>(shape: Shape, currency: Currency) {
  const exactlyOne = onlyOneOf("percent" in shape ? [...RATES, "percent"] : RATES);
  return checked(z.strictObject(shape), (value, complain) => {
    exactlyOne(value, complain);
    checkPercent(value, complain);
    checkLimits(value, currency, complain);
  });
}

/**
 * Adds a check of a whole group or list, made even when parts of it are wrong, so that all problems come at once:
 * it has to look at what it gets.
 */
function checked<Schema extends z.ZodType>(
  schema: Schema,
  check: (value: unknown, complain: Complain) => void,
) {
  return schema.superRefine(
    (value, ctx) =>
      check(value, (path, message) => ctx.addIssue({ code: "custom", path: [...path], message })),
    { when: ({ value }) => typeof value === "object" && value !== null },
  );
}
