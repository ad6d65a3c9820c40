/**
 * What must be true of a car park, whoever shares out its spaces: written apart from the rules, and knowing nothing of
 * rights. It is told who was admitted and what was sold, and says what cannot have been.
 */

const HOUR = 3_600_000;

type Vehicle = { readonly deck: boolean; readonly slot: number; readonly blind: boolean };
type Sale = {
  readonly deck: boolean;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly amount: number;
  /** Sold by a restored cloud that could not know what it had given back: not held against the edge. */
  blind: boolean;
};

export class RightsModel {
  readonly wrongs: string[] = [];
  private readonly inside = new Map<number, Vehicle>();
  private readonly sales = new Map<string, Sale>();
  /** Spaces that may be used: those of the whole, and those of the deck in it. */
  private readonly usable: { readonly all: number; readonly deck: number };

  constructor(usable: { readonly all: number; readonly deck: number }) {
    this.usable = usable;
  }

  /** @param blind by an edge that was restored and has not heard of it yet. */
  admitted(id: number, deck: boolean, atMs: number, blind: boolean): void {
    const slot = Math.floor(atMs / HOUR) * HOUR;
    this.inside.set(id, { deck, slot, blind });
    if (blind) return;
    const vehicles = [...this.inside.values()];
    this.check("admitted", vehicles.length + this.soldIn(slot, false), this.usable.all, atMs);
    if (deck)
      this.check(
        "admitted to the deck",
        vehicles.filter((its) => its.deck).length + this.soldIn(slot, true),
        this.usable.deck,
        atMs,
      );
  }

  left(id: number): void {
    this.inside.delete(id);
  }

  ids(): readonly number[] {
    return [...this.inside.keys()];
  }

  /** Nobody has any record of them any more. */
  forgotten(ids: Iterable<number>): void {
    for (const id of ids) this.inside.delete(id);
  }

  sold(id: string, sale: Omit<Sale, "blind">, atMs: number, blind: boolean): void {
    this.sales.set(id, { ...sale, blind });
    if (blind) return;
    for (let slot = sale.fromMs; slot < sale.untilMs; slot += HOUR) {
      // Whoever came in earlier may overstay; whoever came in during this hour came in on this hour's rights.
      const came = [...this.inside.values()].filter((its) => its.slot === slot && !its.blind);
      this.check("sold", came.length + this.soldIn(slot, false), this.usable.all, atMs);
      if (sale.deck)
        this.check(
          "sold of the deck",
          came.filter((its) => its.deck).length + this.soldIn(slot, true),
          this.usable.deck,
          atMs,
        );
    }
  }

  released(id: string): void {
    this.sales.delete(id);
  }

  /** The cloud was restored: what it knows of now is sold. What had been released since then is a mistake of its own. */
  cloudRestored(known: ReadonlyMap<string, Omit<Sale, "blind">>): void {
    for (const id of this.sales.keys()) if (!known.has(id)) this.sales.delete(id);
    for (const [id, sale] of known) if (!this.sales.has(id)) this.sales.set(id, { ...sale, blind: true });
  }

  private soldIn(slot: number, deckOnly: boolean): number {
    let sum = 0;
    for (const { deck, fromMs, untilMs, amount, blind } of this.sales.values())
      if (!blind && fromMs <= slot && slot < untilMs && (deck || !deckOnly)) sum += amount;
    return sum;
  }

  private check(what: string, used: number, usable: number, atMs: number): void {
    if (used > usable) this.wrongs.push(`${what}: ${used} of ${usable} at ${new Date(atMs).toISOString()}`);
  }
}
