import type { RightsMove } from "../capacity-rights.ts";

/** What the two sides of the schedules say to each other: lines of the edge's log, and items of the downlink. */

/** The facility, or its one zone. */
export type TestPlace = "standard" | "deck";

/** A class lies in these places. */
export function placesOf(name: string): readonly TestPlace[] {
  return name === "deck" ? ["deck", "standard"] : ["standard"];
}

export type Fact = { readonly kind: "given" | "taken" | "wanted"; readonly move: RightsMove };

/** Rows as a transaction left them. */
export type Row =
  | { readonly table: "given"; readonly key: string; readonly given: number }
  | { readonly table: "transfers"; readonly id: string }
  | { readonly table: "inside"; readonly vehicle: number; readonly place: TestPlace | null };

/** Two lines are the same line when they are the same object. */
export type Line = { readonly fact: Fact | null; readonly rows: readonly Row[] };

export type Item =
  | { readonly kind: "request"; readonly request: RightsMove; readonly expiresMs: number }
  | { readonly kind: "transfer"; readonly transfer: RightsMove };

export function slotKey(name: string, slot: number): string {
  return `${name} ${slot}`;
}
