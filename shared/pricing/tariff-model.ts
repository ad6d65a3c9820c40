import type { Currency } from "../domain/money.ts";

/**
 * A tariff as it is priced with: what `parseTariff` makes of a tariff document. Amounts are minor units of the
 * tariff's currency, lengths are milliseconds, parts of a whole are basis points (10,000 = all of it), minutes of a
 * day are local to the facility.
 */
export type Tariff = {
  readonly id: string;
  /** Tells which text a stay was priced by. */
  readonly version: number;
  readonly currency: Currency;
  /** IANA name. Lengths are elapsed time; days, windows and holidays are this zone's. */
  readonly timeZone: string;
  readonly name: string;
  /** How time is priced, for every vehicle that has no plan of its own. */
  readonly plan: Plan;
  /** Plans of vehicle types, by type, such as `motorcycle`. */
  readonly vehiclePlans: Readonly<Record<string, Plan>>;
  /** Plans that a validation may put in place of the vehicle's, by name. */
  readonly alternativePlans: Readonly<Record<string, Plan>>;
  readonly passes: Readonly<Record<string, Pass>>;
  /** Local days, `YYYY-MM-DD`, that count as `holiday` and not as their weekday. */
  readonly holidays: ReadonlySet<string>;
  readonly graces: Graces;
  readonly surcharges: readonly Surcharge[];
  readonly penalties: Readonly<Record<string, Penalty>>;
  readonly reservation: ReservationFees;
  readonly lostTicket: LostTicket | null;
  /** Null = prices are without tax. */
  readonly tax: Tax | null;
  /** A newer version that comes into force in the middle of a stay: the first prices all of it, or each its part. */
  readonly onChange: "entry_version" | "split";
};

/** How the length of a stay is priced. */
export type Plan = {
  /** What the receipt calls it. */
  readonly name: string;
  /** The first with a window around a moment is in force then. The last has no windows: it fills every gap. */
  readonly bands: readonly [Band, ...Band[]];
  /**
   * Where started units are counted from: `band` = anew at each change of band; `stay` = from the start of the stay,
   * a unit belonging to the band (and day) that it starts in.
   */
  readonly units: "band" | "stay";
  /** `day` = units, tiers, slabs and flat prices begin anew with each day of `day`. */
  readonly repeat: "stay" | "day";
  readonly day: DayRule;
  readonly stayCapMinor: number | null;
  /** The least that a stay costs which is not free. */
  readonly minimumMinor: number;
  /** Applied to the total before tax is added. */
  readonly rounding: {
    readonly stepMinor: number;
    readonly mode: "up" | "down" | "nearest";
  } | null;
  /** By how full the facility was at entry, rising: the last step reached multiplies what time costs. */
  readonly occupancy: readonly { readonly fromPercent: number; readonly factorBps: number }[];
};

/** A part of the day or week with a rate of its own. */
export type Band = {
  readonly name: string;
  readonly windows: readonly Window[];
  readonly rate: Rate;
  /** The most that one unbroken stretch of this band costs, or with `maxPer` each day of the plan's `day` in it. */
  readonly maxMinor: number | null;
  /** Usual: `stretch`, as for a night; `day` where a board says "Sundays and holidays at most 2.00 each". */
  readonly maxPer?: "stretch" | "day";
};

/** When a band or a pass is in force. A window that ends at or before its begin goes on into the next day. */
export type Window = {
  /** 0 = Sunday ... 6 = Saturday, of the day that the window begins on; a holiday is none of them. */
  readonly weekdays: readonly number[];
  readonly onHolidays: boolean;
  readonly fromMinute: number;
  /** 1440 = midnight at the end of the day. */
  readonly toMinute: number;
  /** Local days, both inclusive, that it may begin on; null = without limit. */
  readonly fromDate: string | null;
  readonly toDate: string | null;
};

export type Rate =
  /** Once for each stretch. */
  | { readonly kind: "flat"; readonly priceMinor: number }
  /** Started units, dearer or cheaper as time goes on. */
  | { readonly kind: "units"; readonly tiers: readonly Tier[] }
  /** One price by the length of the stretch. */
  | { readonly kind: "slab"; readonly slabs: readonly Slab[]; readonly beyond: UnitPrice | null };

export type UnitPrice = { readonly unitMs: number; readonly priceMinor: number };
/** Units that start up to this long after the start of the stretch; the last tier has no limit. */
export type Tier = UnitPrice & { readonly maxMs: number | null };
/**
 * Stays of up to `maxMs` milliseconds, inclusive, cost `priceMinor`; the last slab has no limit. With `beyond`, what
 * exceeds the limit of the slab before the last costs so much more by the unit, and the last slab is left out.
 */
export type Slab = { readonly maxMs: number | null; readonly priceMinor: number };

/**
 * What a day is, and the most that it costs. `calendar` from midnight to midnight; `rolling` 24 hours from the entry;
 * `business` from `startMinute` to the same time of the next day; `night` = a hotel's: to the check-out time
 * (`startMinute`) of the calendar day after the entry, and then from check-out to check-out.
 */
export type DayRule = {
  readonly kind: "calendar" | "rolling" | "business" | "night";
  readonly startMinute: number;
  readonly capMinor: number | null;
};

/** A subscriber's right to park without paying for the time. */
export type Pass = {
  readonly name: string;
  /** Empty = always. Time outside is priced by the plan. */
  readonly windows: readonly Window[];
  /** Minutes in each period; null = without limit. */
  readonly quotaMinutes: number | null;
  readonly period: "day" | "week" | "month" | "pass";
};

export type Graces = {
  /** A stay of no more than this is free; a longer one pays from the first minute. */
  readonly turnaroundMs: number;
  /** So much of every stay is free, at its beginning. */
  readonly continuousMs: number;
  /** Time to leave after paying. */
  readonly exitMs: number;
};

/** Added to, or with a negative amount taken off, what a stay costs that is not free. */
export type Surcharge = {
  readonly name: string;
  readonly when: {
    readonly ev: boolean | null;
    readonly accessible: boolean | null;
    /** Empty = any. */
    readonly vehicleTypes: readonly string[];
  };
  readonly amount:
    | { readonly kind: "amount"; readonly minor: number }
    /** Of what the time costs. */
    | { readonly kind: "percent"; readonly bps: number };
};

/** A fine by name, such as for a wrong bay; given by a person. */
export type Penalty = { readonly title: string; readonly minor: number };

export type ReservationFees = {
  /** For coming before the reserved time; `plan` = time before it is priced by the plan. */
  readonly early: "free" | "plan" | UnitPrice;
  readonly overstay: "plan" | UnitPrice;
};

/**
 * `flat` always; `true_time` = the real length and `feeMinor` on top where the plate proves the entry, `flatMinor`
 * where nothing does.
 */
export type LostTicket = {
  readonly kind: "flat" | "true_time";
  readonly flatMinor: number;
  readonly feeMinor: number;
};

/** `ppm` = millionths of the price, because there are taxes such as 18.375 %. */
export type Tax = { readonly name: string; readonly ppm: number; readonly included: boolean };
