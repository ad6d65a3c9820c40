import { err, ok, type Result } from "../../domain/result.ts";
import { refusal } from "../../domain/errors.ts";
import type { PricingRefusal, StayToPrice, Validation } from "../quote-model.ts";
import { Bill } from "./bill.ts";
import { chargeTime } from "./charge.ts";
import { bandsAt, type CompiledPlan, type CompiledTariff, type Parts } from "./compiled.ts";
import { chargeablePieces, RightUse } from "./free-time.ts";
import { noteFreeTime, noteRight, noteVersion } from "./notes.ts";
import { describeDuration } from "./texts.ts";
import { TimeLog } from "./time-log.ts";
import type { TraceLog } from "./trace-log.ts";

const MIN_MS = 60_000;
/** A clock that was never set, 1970, is well within: a longer time is not one that a vehicle stood. */
const LONGEST_STAY_MS = 100 * 366 * 24 * 60 * MIN_MS;
const NO_VALIDATIONS: readonly Validation[] = [];

export type PricedStay = {
  readonly bill: Bill;
  readonly rule: string;
  readonly use: RightUse | null;
};

/** The order of a quote; see `quote`. The log, if there is one, hears of everything that adds to the total. */
export function priceStay(
  parts: Parts,
  stay: StayToPrice,
  log: TraceLog | null,
): Result<PricedStay, PricingRefusal> {
  const lengthMs = lengthOf(stay);
  if (lengthMs > LONGEST_STAY_MS) return err(tooLarge("A stay of a hundred years has no price."));
  const problem = unknownName(parts, stay);
  if (problem !== null) return err(problem);
  const [first] = parts;
  const { tariff } = parts.at(-1) ?? first;
  const plan = planOf(tariff, stay) ?? tariff.plan;
  const bill = new Bill(tariff.tariff, stay, log);
  const lostMinor = lostTicketPrice(tariff, stay);
  let use: RightUse | null = null;
  const { turnaroundMs } = first.tariff.tariff.graces;
  if (lostMinor !== null) {
    bill.lostTicket(lostMinor);
  } else if (turnaroundMs > 0 && lengthMs <= turnaroundMs) {
    log?.add(`Left within ${describeDuration(turnaroundMs)}: free`, 0);
    bill.fees(null);
    bill.fines();
    return closed(bill, plan, null, "Free of charge");
  } else {
    use = stay.right == null ? null : new RightUse();
    const minor = chargeParts(parts, stay, lengthMs, use, log);
    if (minor > Number.MAX_SAFE_INTEGER) return err(tooLarge());
    bill.time(minor, plan.plan);
  }
  bill.surcharges();
  bill.fees(use);
  bill.fines();
  bill.validations(stay.validations ?? NO_VALIDATIONS);
  return closed(bill, plan, use, lostMinor === null ? plan.plan.name : "Lost ticket");
}

function closed(
  bill: Bill,
  plan: CompiledPlan,
  use: RightUse | null,
  rule: string,
): Result<PricedStay, PricingRefusal> {
  bill.close(plan.plan);
  return bill.exact() ? ok({ bill, rule, use }) : err(tooLarge());
}

/** A clock that stepped back makes a stay of no length. */
export function lengthOf({ entryMs, exitMs }: StayToPrice): number {
  const lengthMs = exitMs - entryMs;
  if (!Number.isFinite(lengthMs)) throw new RangeError(`not a stay: from ${entryMs} to ${exitMs}`);
  return Math.max(0, lengthMs);
}

/** What the time of a stay costs: each version of the tariff prices its part. */
function chargeParts(
  parts: Parts,
  stay: StayToPrice,
  lengthMs: number,
  use: RightUse | null,
  log: TraceLog | null,
): number {
  const exitMs = stay.entryMs + lengthMs;
  const freeMs = parts[0].tariff.tariff.graces.continuousMs + freeMinutes(stay) * MIN_MS;
  const freeUntilMs = stay.entryMs + freeMs;
  if (log !== null) noteFreeTime(parts, stay, log);
  let sum = 0;
  let beganMs = stay.entryMs;
  for (const part of parts) {
    const toMs = Math.min(part.untilMs, exitMs);
    if (log !== null && parts.length > 1) noteVersion(part, beganMs, toMs, log);
    const fromMs = Math.max(beganMs, freeUntilMs);
    if (fromMs < toMs || (lengthMs === 0 && freeMs === 0))
      sum += chargePart(part.tariff, stay, [beganMs, fromMs, toMs], use, log);
    beganMs = toMs;
  }
  if (log !== null && use !== null) noteRight(parts, stay, use, log);
  return sum;
}

function chargePart(
  tariff: CompiledTariff,
  stay: StayToPrice,
  [beganMs, fromMs, toMs]: readonly [number, number, number],
  use: RightUse | null,
  log: TraceLog | null,
): number {
  const pieces =
    stay.right == null || use === null
      ? [fromMs, toMs]
      : chargeablePieces(tariff, stay.right, fromMs, toMs, use);
  if (pieces.length === 0) return 0;
  const plan = planOf(tariff, stay) ?? tariff.plan;
  const bands = bandsAt(plan, stay.occupancyPercent ?? null);
  const timeLog = log === null ? null : new TimeLog(log, plan, fromMs, toMs);
  const minor = chargeTime(plan, bands, beganMs, pieces, timeLog);
  timeLog?.tell();
  return minor;
}

/** Null = a validation names a plan that the tariff does not have. */
function planOf(tariff: CompiledTariff, { vehicleType, validations }: StayToPrice): CompiledPlan | null {
  if (validations !== undefined)
    for (const { value } of validations)
      if (value.kind === "plan") return tariff.alternativePlans.get(value.plan) ?? null;
  return tariff.vehiclePlans.get(vehicleType ?? "car") ?? tariff.plan;
}

function freeMinutes({ validations }: StayToPrice): number {
  let minutes = 0;
  if (validations !== undefined)
    for (const { value } of validations) if (value.kind === "minutes") minutes += Math.max(0, value.minutes);
  return minutes;
}

/** Null = the ticket is not lost, or the true time is known and charged. */
function lostTicketPrice({ tariff }: CompiledTariff, { lostTicket = "no" }: StayToPrice): number | null {
  if (lostTicket === "no" || tariff.lostTicket === null) return null;
  const { kind, flatMinor } = tariff.lostTicket;
  return kind === "flat" || lostTicket === "unproven" ? flatMinor : null;
}

/** Names that were given for a tariff that has them no more: refused, as leaving them out would be a price nobody named. */
function unknownName(parts: Parts, stay: StayToPrice): PricingRefusal | null {
  for (const { tariff } of parts) {
    const where = `tariff ${tariff.tariff.id} version ${tariff.tariff.version}`;
    if (planOf(tariff, stay) === null)
      return refusal("plan_unknown", "operator", `A validation names a plan that ${where} does not have.`);
    if (stay.right?.kind === "pass" && !tariff.passes.has(stay.right.pass))
      return refusal("pass_unknown", "operator", `There is no pass "${stay.right.pass}" in ${where}.`);
    for (const name of stay.penalties ?? [])
      if (!Object.hasOwn(tariff.tariff.penalties, name))
        return refusal("penalty_unknown", "operator", `There is no penalty "${name}" in ${where}.`);
  }
  return null;
}

function tooLarge(message = "The amount is too large to be exact; look at the tariff."): PricingRefusal {
  return refusal("amount_too_large", "operator", message);
}
