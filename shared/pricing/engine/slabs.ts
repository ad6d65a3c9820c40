import type { Rate, Slab, UnitPrice } from "../tariff-model.ts";

export type SlabRate = Rate & { kind: "slab" };

export function slabPrice({ slabs, beyond }: SlabRate, lengthMs: number): number {
  const index = slabIndex(slabs, lengthMs);
  const slab = slabs[index];
  if (slab !== undefined && (beyond === null || slab.maxMs !== null)) return slab.priceMinor;
  if (beyond === null) throw new Error("the last slab of a tariff has a limit");
  const base = slabs[index - 1];
  return (base?.priceMinor ?? 0) + unitsBeyond(base, beyond, lengthMs) * beyond.priceMinor;
}

/** The slab that a length falls in; the one after the last where all have limits. */
export function slabIndex(slabs: readonly Slab[], lengthMs: number): number {
  let index = 0;
  while (index < slabs.length && lengthMs > (slabs[index]?.maxMs ?? Infinity)) index++;
  return index;
}

/** The length from which units are counted; infinite where the last slab is for any length. */
export function slabsEndMs({ slabs, beyond }: SlabRate): number {
  return beyond === null ? Infinity : (slabs.findLast(({ maxMs }) => maxMs !== null)?.maxMs ?? 0);
}

/** Started units of what exceeds the last limit. */
export function unitsBeyond(base: Slab | undefined, beyond: UnitPrice, lengthMs: number): number {
  return Math.ceil((lengthMs - (base?.maxMs ?? 0)) / beyond.unitMs);
}

/** Whether a longer time never costs less by this rate. */
export function slabsRise(rate: Rate): boolean {
  if (rate.kind !== "slab") return true;
  const used = rate.beyond === null ? rate.slabs : rate.slabs.filter(({ maxMs }) => maxMs !== null);
  return used.every((slab, i) => slab.priceMinor >= (used[i - 1]?.priceMinor ?? 0));
}
