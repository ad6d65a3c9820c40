import type { StayToPrice } from "../../quote-model.ts";
import type { Plan, Surcharge, Tariff, UnitPrice } from "../../tariff-model.ts";
import { baseOf, share, timeMinorOf } from "./base.ts";
import { MINUTE_MS } from "./local.ts";
import { graceMs, piecesOf, type Piece } from "./pieces.ts";

/** The parts of a quote; amounts in minor units. */
export type ReferenceQuote = {
  readonly base: number;
  readonly discounts: number;
  readonly validated: number;
  readonly penalties: number;
  readonly rounding: number;
  readonly tax: number;
  readonly total: number;
  readonly passMinutes: number;
  readonly subscriptionUsed: boolean;
};

/**
 * What a stay costs, priced a second time and in the plainest way: the stay is cut wherever anything could change,
 * then walked through unit by unit. It shares no code with the engine, is slow, and explains nothing. The properties
 * of the engine are checked against it.
 *
 * @throws where the engine would refuse: a plan or a penalty that the tariff does not have.
 */
export function referenceQuote(tariff: Tariff, stay: StayToPrice): ReferenceQuote {
  return referenceQuoteOfParts([{ tariff, untilMs: Infinity }], stay);
}

/** A version of the tariff, and until when it prices the time of a stay. */
export type ReferencePart = { readonly tariff: Tariff; readonly untilMs: number };

/**
 * The same for a stay in which the tariff changed: each version prices the time of its part as a stay of its own. Free
 * time is the first version's, everything else that concerns the whole stay the last one's.
 */
export function referenceQuoteOfParts(
  parts: readonly [ReferencePart, ...ReferencePart[]],
  stay: StayToPrice,
): ReferenceQuote {
  const { tariff } = known(parts.at(-1));
  const plan = planOf(tariff, stay);
  const length = Math.max(0, stay.exitMs - stay.entryMs);
  const fines = (stay.penalties ?? []).reduce((sum, id) => sum + known(tariff.penalties[id]).minor, 0);

  const lost = (stay.lostTicket ?? "no") === "no" ? null : tariff.lostTicket;
  const proven = lost?.kind === "true_time" && stay.lostTicket === "proven";
  if (lost !== null && !proven) return settle(tariff, plan, stay, lost.flatMinor, fines);
  const sure = fines + (proven ? lost.feeMinor : 0);
  const { turnaroundMs } = parts[0].tariff.graces;
  if (turnaroundMs > 0 && length <= turnaroundMs) return settle(tariff, plan, stay, 0, sure);

  const { pieces, timeMinor } = timeOf(parts, stay);
  const base = baseOf(plan, timeMinor);
  const { early, overstay } = tariff.reservation;
  const fees = fee(early, pieces, "early") + fee(overstay, pieces, "overstay");
  const kind = stay.right?.kind;
  const rightMs = lengthOf(pieces, "right");
  return {
    ...settle(tariff, plan, stay, base, fees + sure),
    passMinutes: kind === "pass" ? Math.ceil(rightMs / MINUTE_MS) : 0,
    subscriptionUsed: (kind === "pass" || kind === "covered") && rightMs > 0,
  };
}

/** Every part is a stay of its own, but for what was free or used up before. */
function timeOf(parts: readonly [ReferencePart, ...ReferencePart[]], stay: StayToPrice) {
  const exitMs = Math.max(stay.entryMs, stay.exitMs);
  const freeUntilMs = stay.entryMs + graceMs(parts[0].tariff, stay);
  const pieces: Piece[] = [];
  let timeMinor = 0;
  let right = stay.right ?? null;
  let entryMs = stay.entryMs;
  for (const { tariff, untilMs } of parts) {
    const part = { ...stay, entryMs, exitMs: Math.min(exitMs, untilMs), right };
    const plan = planOf(tariff, part);
    const own = piecesOf(tariff, plan, part, freeUntilMs);
    timeMinor += timeMinorOf(plan, own, stay.occupancyPercent ?? null);
    pieces.push(...own);
    entryMs = part.exitMs;
    if (right?.kind === "pass" && right.remainingMinutes !== null)
      right = { ...right, remainingMinutes: right.remainingMinutes - lengthOf(own, "right") / MINUTE_MS };
  }
  return { pieces, timeMinor };
}

/** From what the time costs to what is paid: surcharges, fees, validations, rounding, tax. */
function settle(tariff: Tariff, plan: Plan, stay: StayToPrice, base: number, fees: number): ReferenceQuote {
  let open = base;
  let [added, rebated] = [0, 0];
  for (const surcharge of base > 0 ? tariff.surcharges : []) {
    if (!applies(surcharge, stay)) continue;
    const { amount } = surcharge;
    const size = amount.kind === "amount" ? Math.abs(amount.minor) : share(base, Math.abs(amount.bps));
    const negative = amount.kind === "amount" ? amount.minor < 0 : amount.bps < 0;
    if (negative) {
      rebated += Math.min(size, open);
      open -= Math.min(size, open);
    } else {
      added += size;
      open += size;
    }
  }
  const before = open;
  const values = (stay.validations ?? []).map(({ value }) => value);
  const price = values.find((value) => value.kind === "price");
  if (price !== undefined) open = Math.min(open, price.minor);
  for (const value of values) if (value.kind === "percent") open -= Math.min(open, share(open, value.bps));
  for (const value of values) if (value.kind === "amount") open -= Math.min(open, value.minor);

  const plain = open + fees;
  const rounded = roundTo(plan.rounding, plain);
  const { tax } = tariff;
  const ppm = BigInt(tax?.ppm ?? 0);
  const contained = tax?.included === true ? 1_000_000n + ppm : 1_000_000n;
  const taxed = Number((BigInt(rounded) * ppm * 2n + contained) / (contained * 2n));
  return {
    base,
    discounts: rebated + before - open,
    validated: before - open,
    penalties: added + fees,
    rounding: rounded - plain,
    tax: taxed,
    total: tax?.included === true ? rounded : rounded + taxed,
    passMinutes: 0,
    subscriptionUsed: false,
  };
}

function planOf(tariff: Tariff, stay: StayToPrice): Plan {
  for (const { value } of stay.validations ?? []) {
    if (value.kind === "plan") return known(tariff.alternativePlans[value.plan]);
  }
  return tariff.vehiclePlans[stay.vehicleType ?? "car"] ?? tariff.plan;
}

function applies({ when }: Surcharge, stay: StayToPrice): boolean {
  const vehicle = stay.vehicleType ?? "car";
  return (
    (when.ev === null || when.ev === (stay.ev ?? false)) &&
    (when.accessible === null || when.accessible === (stay.accessible ?? false)) &&
    (when.vehicleTypes.length === 0 || when.vehicleTypes.includes(vehicle))
  );
}

/** Started units of the time that is marked so. */
function fee(price: UnitPrice | "free" | "plan", pieces: readonly Piece[], mark: Piece["free"]): number {
  if (typeof price === "string") return 0;
  return Math.ceil(lengthOf(pieces, mark) / price.unitMs) * price.priceMinor;
}

function lengthOf(pieces: readonly Piece[], mark: Piece["free"]): number {
  return pieces.reduce((sum, { free, fromMs, toMs }) => sum + (free === mark ? toMs - fromMs : 0), 0);
}

function roundTo(rounding: Plan["rounding"], minor: number): number {
  if (rounding === null) return minor;
  const { stepMinor, mode } = rounding;
  const rest = minor % stepMinor;
  if (rest === 0) return minor;
  const up = mode === "up" || (mode === "nearest" && rest * 2 >= stepMinor);
  return minor - rest + (up ? stepMinor : 0);
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the tariff does not have this plan or penalty");
  return value;
}
