import type { Money } from "../domain/money.ts";
import type { Refusal } from "../domain/errors.ts";

/** A stay as it is priced. What is left out is usual: a car, no right, no validation. Times are Unix milliseconds. */
export type StayToPrice = {
  readonly entryMs: number;
  readonly exitMs: number;
  readonly vehicleType?: string;
  readonly ev?: boolean;
  readonly accessible?: boolean;
  /** How full the facility was at entry, in percent; null = not known. */
  readonly occupancyPercent?: number | null;
  readonly right?: PricedRight | null;
  /** `proven` = the entry time is known all the same, by the plate. */
  readonly lostTicket?: "no" | "proven" | "unproven";
  readonly validations?: readonly Validation[];
  /** Names of the tariff's penalties. */
  readonly penalties?: readonly string[];
};

/** What pays for time in place of money. */
export type PricedRight =
  /** A permit: everything until then; null = without an end. */
  | { readonly kind: "covered"; readonly untilMs: number | null }
  /** A pass of the tariff; time after `untilMs`, and what exceeds the minutes that are left, is priced by the plan. */
  | {
      readonly kind: "pass";
      readonly pass: string;
      readonly untilMs: number | null;
      readonly remainingMinutes: number | null;
    }
  /** Paid in advance from `fromMs` to `untilMs`. */
  | { readonly kind: "reservation"; readonly fromMs: number; readonly untilMs: number };

/**
 * A merchant's discount on a stay. They are applied in this order, whatever the order they were given in: first a
 * plan that takes the place of the vehicle's, then free minutes, then a price, then percents, then amounts; those of
 * one kind in the order given (of several plans or prices the first counts). Never below zero.
 */
export type Validation = { readonly name: string; readonly value: ValidationValue };
export type ValidationValue =
  | { readonly kind: "plan"; readonly plan: string }
  | { readonly kind: "minutes"; readonly minutes: number }
  /** What the time costs at most, in minor units. */
  | { readonly kind: "price"; readonly minor: number }
  | { readonly kind: "percent"; readonly bps: number }
  | { readonly kind: "amount"; readonly minor: number };

/** One line of the explanation a driver can read, with what it adds to the total. */
export type TraceLine = { readonly text: string; readonly amountMinor: number };

/**
 * What a stay costs and why. `total` is the sum of the trace, and equals base - discounts + penalties + rounding, plus
 * the tax where that is added.
 */
export type Quote = {
  /** What the time costs: after free time, maximums, occupancy and minimum. */
  readonly base: Money;
  /** Rebates and validations. */
  readonly discounts: Money;
  /** The part of the discounts that is due to validations. */
  readonly validated: Money;
  /** Surcharges, fees and fines. */
  readonly penalties: Money;
  readonly rounding: Money;
  /** Contained in the total, whether it was included or added. */
  readonly tax: Money;
  readonly taxIncluded: boolean;
  readonly total: Money;
  /** Started minutes: 3.5 hours are 210, and one second more is 211. */
  readonly durationMinutes: number;
  readonly appliedRule: string;
  readonly tariffId: string;
  readonly tariffVersion: number;
  readonly subscriptionUsed: boolean;
  /** Minutes that a pass paid for: they count against its quota. */
  readonly passMinutes: number;
  /** Time to leave after paying. */
  readonly exitGraceMs: number;
  readonly trace: readonly TraceLine[];
};

export type PricingRefusal = Refusal<
  "tariff_missing" | "plan_unknown" | "pass_unknown" | "penalty_unknown" | "amount_too_large"
>;
