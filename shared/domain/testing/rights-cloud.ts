import { slotsOf, stillToCome, type RightsMove } from "../capacity-rights.ts";
import {
  freeOf,
  giveBack,
  isOversold,
  NO_RIGHTS,
  release,
  sell,
  settleMove,
  type CloudSlot,
  type RightsMoved,
} from "../capacity-rights-cloud.ts";
import { slotKey, type Fact, type Item, type Line } from "./rights-log.ts";

type Book = {
  readonly archive: Line[];
  readonly slots: Map<string, CloudSlot>;
  readonly moves: Map<string, RightsMoved>;
  readonly sales: Map<string, RightsMove>;
  /** By their place in the downlink. */
  readonly items: Map<number, Item>;
  readonly oversold: Set<string>;
  downlink: number;
  boot: number;
};

export type CloudBackup = Readonly<Book>;
export type Hello = { readonly common: number; readonly missing: readonly Line[]; readonly cursor: number };

function copyOf(book: CloudBackup): Book {
  return {
    archive: [...book.archive],
    slots: new Map(book.slots),
    moves: new Map(book.moves),
    sales: new Map(book.sales),
    items: new Map(book.items),
    oversold: new Set(book.oversold),
    downlink: book.downlink,
    boot: book.boot,
  };
}

/** A cloud whose tables are maps: every public call is one transaction. */
export class TestCloud {
  private book: Book = copyOf({
    archive: [],
    slots: new Map(),
    moves: new Map(),
    sales: new Map(),
    items: new Map(),
    oversold: new Set(),
    downlink: 0,
    boot: 0,
  });

  get archive(): readonly Line[] {
    return this.book.archive;
  }

  get sales(): ReadonlyMap<string, RightsMove> {
    return this.book.sales;
  }

  get slots(): ReadonlyMap<string, CloudSlot> {
    return this.book.slots;
  }

  get downlink(): number {
    return this.book.downlink;
  }

  hasToldOf(key: string): boolean {
    return this.book.oversold.has(key);
  }

  itemsAfter(seq: number): readonly (readonly [number, Item])[] {
    return [...this.book.items].filter(([at]) => at > seq);
  }

  hello(log: readonly Line[], downlink: number, boot: number): Hello {
    this.book.boot = Math.max(this.book.boot, boot);
    this.book.downlink = Math.max(this.book.downlink, downlink);
    let common = 0;
    while (common < log.length && common < this.archive.length && log[common] === this.archive[common])
      common++;
    return { common, missing: this.archive.slice(common), cursor: this.archive.length };
  }

  /** @returns where the log ends now, or that it was not taken. */
  batch(
    lines: readonly Line[],
    first: number,
    boot: number,
    nowMs: number,
  ): number | "gap" | "fork" | "fenced" {
    const { archive } = this.book;
    if (boot !== this.book.boot) return "fenced";
    if (first > archive.length) return "gap";
    if (lines.some((line, at) => first + at < archive.length && archive[first + at] !== line)) return "fork";
    for (const line of lines.slice(archive.length - first)) {
      archive.push(line);
      if (line.fact !== null) this.apply(line.fact, nowMs);
    }
    return archive.length;
  }

  sell(sale: RightsMove): boolean {
    const after = slotsOf(sale).map(
      (slot) => [slot, sell(this.slot(sale.class, slot), sale.amount)] as const,
    );
    if (this.sales.has(sale.id) || after.some(([, sold]) => sold === null)) return false;
    for (const [slot, sold] of after) if (sold !== null) this.set(sale.class, slot, sold);
    this.book.sales.set(sale.id, sale);
    return true;
  }

  release(id: string): void {
    const sale = this.book.sales.get(id);
    if (sale === undefined) return;
    for (const slot of slotsOf(sale))
      this.set(sale.class, slot, release(this.slot(sale.class, slot), sale.amount));
    this.book.sales.delete(id);
  }

  ask(request: RightsMove, expiresMs: number): void {
    this.append({ kind: "request", request, expiresMs });
  }

  backup(): CloudBackup {
    return copyOf(this.book);
  }

  restore(backup: CloudBackup): void {
    this.book = copyOf(backup);
  }

  private apply({ kind, move }: Fact, nowMs: number): void {
    if (kind === "wanted") return this.answer(move, nowMs);
    const told: RightsMoved = { ...move, to: kind === "given" ? "cloud" : "edge" };
    const after = settleMove(
      (slot) => this.slot(move.class, slot),
      this.book.moves.get(move.id) ?? null,
      told,
    );
    for (const [slot, its] of after) {
      this.set(move.class, slot, its);
      if (isOversold(its)) this.book.oversold.add(slotKey(move.class, slot));
    }
    this.book.moves.set(move.id, told);
  }

  private answer(wanted: RightsMove, nowMs: number): void {
    const range = stillToCome(wanted, nowMs);
    if (range === null || this.book.moves.has(wanted.id)) return;
    const slots = slotsOf(range);
    const free = slots.map((slot) => freeOf(this.slot(wanted.class, slot)));
    const amount = Math.min(wanted.amount, ...free);
    if (amount <= 0) return;
    for (const slot of slots) this.set(wanted.class, slot, giveBack(this.slot(wanted.class, slot), amount));
    const transfer = { ...wanted, ...range, amount };
    this.book.moves.set(transfer.id, { ...transfer, to: "edge" });
    this.append({ kind: "transfer", transfer });
  }

  private append(item: Item): void {
    this.book.items.set(++this.book.downlink, item);
  }

  private slot(name: string, slot: number): CloudSlot {
    return this.book.slots.get(slotKey(name, slot)) ?? NO_RIGHTS;
  }

  private set(name: string, slot: number, its: CloudSlot): void {
    this.book.slots.set(slotKey(name, slot), its);
  }
}
