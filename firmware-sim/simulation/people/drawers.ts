import type { Tell } from "../journal.ts";

/** The notes and coins in the attendants' drawers, minor units: what is really there, whatever anybody books. */
export function createDrawers(tell: Tell) {
  const held = new Map<string, number>();
  return {
    move(
      actor: string,
      amountMinor: number,
      why: "payment" | "change" | "refund" | "float" | "skim",
      visit: number | null = null,
    ): void {
      if (amountMinor === 0) return;
      held.set(actor, (held.get(actor) ?? 0) + amountMinor);
      tell({ kind: "cash", actor, visit, amountMinor, for: why });
    },
    count: (actor: string): number => held.get(actor) ?? 0,
  };
}
export type Drawers = ReturnType<typeof createDrawers>;
