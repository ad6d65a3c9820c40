import type { StayToPrice } from "../quote-model.ts";
import type { Part, Parts } from "./compiled.ts";
import type { RightUse } from "./free-time.ts";

import { describeDuration, TimeTexts } from "./texts.ts";
import type { TraceLog } from "./trace-log.ts";

/** Lines that say what was free, and why: they add nothing. */
export function noteFreeTime([{ tariff }]: Parts, { validations = [] }: StayToPrice, log: TraceLog): void {
  const plan = validations.find(({ value }) => value.kind === "plan");
  if (plan?.value.kind === "plan")
    log.note(`${plan.name}: priced by ${tariff.alternativePlans.get(plan.value.plan)?.plan.name ?? ""}`);
  const { continuousMs } = tariff.tariff.graces;
  if (continuousMs > 0) log.note(`The first ${describeDuration(continuousMs)} are free`);
  for (const { name, value } of validations)
    if (value.kind === "minutes") log.note(`${name}: ${Math.max(0, value.minutes)} min free`);
}

export function noteVersion({ tariff }: Part, fromMs: number, toMs: number, log: TraceLog): void {
  const when = new TimeTexts(tariff.clock, fromMs, toMs).range(fromMs, toMs);
  log.note(`${when} by version ${tariff.tariff.version} of the tariff`);
}

export function noteRight([{ tariff }]: Parts, { right }: StayToPrice, use: RightUse, log: TraceLog): void {
  if (right?.kind === "covered" && use.used) log.note(`Permit: ${describeDuration(use.coveredMs)} covered`);
  if (right?.kind === "pass" && use.used)
    log.note(`${tariff.passes.get(right.pass)?.pass.name ?? ""}: ${describeDuration(use.passMs)} covered`);
  if (right?.kind === "reservation" && use.coveredMs > 0)
    log.note(`Reserved: ${describeDuration(use.coveredMs)} paid in advance`);
}
