import type { Band, Pass, Plan, Rate, Tariff, UnitPrice, Window } from "@parkme/shared/pricing/tariff-model";
import { taxText } from "@parkme/shared/pricing/engine/texts";
import { amountText, lengthText } from "./price-chart.ts";

/** A tariff in words: what the document means, for the person who wrote it. */

const MINUTE_MS = 60_000;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
/** Holidays that are named; of more only their number. */
const MAX_HOLIDAYS_SHOWN = 12;

type Words = (minor: number) => string;

export function tariffWords(tariff: Tariff): string {
  const { currency, timeZone } = tariff;
  const words: Words = (minor) => amountText(minor, currency);
  const sections: (readonly [string, readonly string[]])[] = [
    ["Time", planWords(tariff.plan, words)],
    ...plansWords("Vehicle", tariff.vehiclePlans, words),
    ...plansWords("Plan", tariff.alternativePlans, words),
    ["Passes", Object.entries(tariff.passes).map(([id, pass]) => `${id}: ${passWords(pass)}`)],
    ["Free time", graceWords(tariff)],
    ["Surcharges and rebates", surchargeWords(tariff, words)],
    ["Fees", feeWords(tariff, words)],
    ["Holidays", holidayWords(tariff)],
    ["Tax", taxWords(tariff)],
    [
      "A newer version",
      [
        tariff.onChange === "split"
          ? "prices its part of a stay that has begun"
          : "leaves stays alone that have begun",
      ],
    ],
  ];
  const text = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}`).join("\n")}`);
  return [`${tariff.name} (${tariff.id}, version ${tariff.version}; ${currency}, ${timeZone})`, ...text].join(
    "\n",
  );
}

function plansWords(
  what: string,
  plans: Readonly<Record<string, Plan>>,
  words: Words,
): (readonly [string, readonly string[]])[] {
  return Object.entries(plans).map(([name, plan]) => [`${what} ${name}`, planWords(plan, words)]);
}

function planWords(plan: Plan, words: Words): string[] {
  const { day, stayCapMinor, minimumMinor, rounding, occupancy, bands } = plan;
  const several = bands.length > 1;
  const lines = bands.map((band) => bandWords(band, words));
  if (plan.units === "stay" && several) lines.push("units are counted from the start of the stay");
  if (plan.repeat === "day") lines.push(`all of it begins anew with each ${dayWords(plan)}`);
  for (const { fromPercent, factorBps } of occupancy)
    lines.push(`from ${fromPercent} % full: ${factorBps / 100} % of these prices`);
  if (day.capMinor !== null) lines.push(`at most ${words(day.capMinor)} for each ${dayWords(plan)}`);
  if (stayCapMinor !== null) lines.push(`at most ${words(stayCapMinor)} for a stay`);
  if (minimumMinor > 0) lines.push(`at least ${words(minimumMinor)} for a stay that is not free`);
  if (rounding !== null)
    lines.push(
      `rounded ${rounding.mode === "nearest" ? "to the nearest" : `${rounding.mode} to a multiple of`} ${words(rounding.stepMinor)}`,
    );
  return lines;
}

function dayWords({ day }: Plan): string {
  switch (day.kind) {
    case "calendar":
      return "day from midnight to midnight";
    case "rolling":
      return "24 hours from the entry";
    case "business":
      return `day from ${clock(day.startMinute)} to ${clock(day.startMinute)}`;
    case "night":
      return `night that ends at ${clock(day.startMinute)}`;
    default:
      return day.kind satisfies never;
  }
}

function bandWords({ name, windows, rate, maxMinor, maxPer = "stretch" }: Band, words: Words): string {
  const when = windows.length === 0 ? "" : ` (${windows.map(windowWords).join("; ")})`;
  const most =
    maxMinor === null ? "" : `, at most ${words(maxMinor)} ${maxPer === "day" ? "a day" : "at a time"}`;
  return `${name}${when}: ${rateWords(rate, words)}${most}`;
}

function rateWords(rate: Rate, words: Words): string {
  switch (rate.kind) {
    case "flat":
      return `${words(rate.priceMinor)} once`;
    case "units":
      return rate.tiers
        .map(
          (tier) => `${unitWords(tier, words)}${tier.maxMs === null ? "" : ` up to ${length(tier.maxMs)}`}`,
        )
        .join(", then ");
    case "slab": {
      const slabs = rate.slabs.map(({ maxMs, priceMinor }) =>
        maxMs === null ? `longer ${words(priceMinor)}` : `up to ${length(maxMs)} ${words(priceMinor)}`,
      );
      const beyond = rate.beyond === null ? [] : [`then ${unitWords(rate.beyond, words)} more`];
      return [...slabs, ...beyond].join(", ");
    }
    default:
      return rate satisfies never;
  }
}

function unitWords({ unitMs, priceMinor }: UnitPrice, words: Words): string {
  return `${words(priceMinor)} for each ${length(unitMs)} begun`;
}

function windowWords({ weekdays, onHolidays, fromMinute, toMinute, fromDate, toDate }: Window): string {
  // From Monday on, as weeks are read; the longest runs of days are put together.
  const order = [1, 2, 3, 4, 5, 6, 0].filter((day) => weekdays.includes(day));
  const consecutive =
    order.length > 2 && order.every((day, i) => i === 0 || day === ((order[i - 1] ?? 0) + 1) % 7);
  const named = order.map((day) => DAYS[day] ?? "");
  const days = consecutive ? `${named[0]}-${named.at(-1)}` : named.join(" ");
  const which =
    weekdays.length === 7 && onHolidays ? "every day" : `${days}${onHolidays ? " holidays" : ""}`.trim();
  const dates =
    fromDate === null && toDate === null
      ? ""
      : ` from ${fromDate ?? "the beginning"} to ${toDate ?? "the end"}`;
  return `${which} ${clock(fromMinute)}-${clock(toMinute)}${dates}`;
}

function passWords({ name, windows, quotaMinutes, period }: Pass): string {
  const when = windows.length === 0 ? "at any time" : windows.map(windowWords).join("; ");
  const each = period === "pass" ? "in all" : `each ${period}`;
  const quota = quotaMinutes === null ? "" : `, ${Math.round(quotaMinutes / 6) / 10} h ${each}`;
  return `${name}, ${when}${quota}`;
}

function graceWords({ graces: { turnaroundMs, continuousMs, exitMs } }: Tariff): string[] {
  return [
    ...(turnaroundMs > 0 ? [`a stay of up to ${length(turnaroundMs)} is free`] : []),
    ...(continuousMs > 0 ? [`the first ${length(continuousMs)} of every stay are free`] : []),
    `${length(exitMs)} to leave after paying`,
  ];
}

function surchargeWords({ surcharges }: Tariff, words: Words): string[] {
  return surcharges.map(({ name, when, amount }) => {
    const who = [
      ...(when.ev === null ? [] : [when.ev ? "electric" : "not electric"]),
      ...(when.accessible === null ? [] : [when.accessible ? "accessible" : "not accessible"]),
      ...when.vehicleTypes,
    ];
    const much = amount.kind === "amount" ? words(amount.minor) : `${amount.bps / 100} % of the time`;
    return `${name}: ${much}${who.length === 0 ? "" : ` (${who.join(", ")})`}`;
  });
}

function feeWords({ reservation, lostTicket, penalties }: Tariff, words: Words): string[] {
  const early = { free: "free", plan: "as any time" } as const;
  const lines = [
    `before a reserved time: ${typeof reservation.early === "string" ? early[reservation.early] : unitWords(reservation.early, words)}`,
    `after a reserved time: ${reservation.overstay === "plan" ? "as any time" : unitWords(reservation.overstay, words)}`,
  ];
  if (lostTicket?.kind === "flat") lines.push(`a lost ticket: ${words(lostTicket.flatMinor)}`);
  if (lostTicket?.kind === "true_time")
    lines.push(
      `a lost ticket: ${words(lostTicket.feeMinor)} on top of the time, or ${words(lostTicket.flatMinor)} where nothing proves it`,
    );
  for (const [id, { title, minor }] of Object.entries(penalties))
    lines.push(`${title} (${id}): ${words(minor)}`);
  return lines;
}

function holidayWords({ holidays }: Tariff): string[] {
  if (holidays.size === 0) return [];
  const days = [...holidays].toSorted();
  const more = days.length - MAX_HOLIDAYS_SHOWN;
  return [`${days.slice(0, MAX_HOLIDAYS_SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`];
}

function taxWords({ tax }: Tariff): string[] {
  if (tax === null) return [];
  return [`${tax.name} ${taxText(tax.ppm)}, ${tax.included ? "included in" : "added to"} all prices`];
}

function length(ms: number): string {
  return lengthText(ms / MINUTE_MS);
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
