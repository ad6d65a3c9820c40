import { slotsOf, SLOT_MS } from "../capacity-rights.ts";
import {
  answerRequest,
  keptSpaces,
  shortageOf,
  slotsThatCount,
  takenBack,
  type PlaceInSlot,
  type RightsPolicy,
} from "../capacity-rights-edge.ts";
import {
  placesOf,
  slotKey,
  type Fact,
  type Item,
  type Line,
  type Row,
  type TestPlace,
} from "./rights-log.ts";

type Book = {
  readonly log: Line[];
  readonly given: Map<string, number>;
  readonly transfers: Set<string>;
  readonly inside: Map<number, TestPlace>;
  downlink: number;
};

export type EdgeBackup = Readonly<Book>;

/** An edge whose store is maps: every public call is one transaction, with its line of the log. */
export class TestEdge {
  private book: Book = { log: [], given: new Map(), transfers: new Set(), inside: new Map(), downlink: 0 };
  boot = 1;
  /** The cloud has said since the program started that the logs agree. */
  agreed = false;
  acked = 0;
  private readonly spaces: Readonly<Record<TestPlace, number>>;
  private readonly policy: RightsPolicy;

  constructor(spaces: Readonly<Record<TestPlace, number>>, policy: RightsPolicy) {
    this.spaces = spaces;
    this.policy = policy;
  }

  get log(): readonly Line[] {
    return this.book.log;
  }

  get inside(): ReadonlyMap<number, TestPlace> {
    return this.book.inside;
  }

  get downlink(): number {
    return this.book.downlink;
  }

  given(name: string, slot: number): number {
    return this.book.given.get(slotKey(name, slot)) ?? 0;
  }

  admit(vehicle: number, place: TestPlace, nowMs: number): boolean {
    const full = placesOf(place).some((name) => {
      const given = slotsThatCount(nowMs).map((slot) => this.givenIn(name, slot));
      const kept = keptSpaces(this.spaces[name], given, 0, this.policy);
      return this.insideOf(name) + kept >= this.spaces[name];
    });
    if (full) return false;
    this.write(null, [{ table: "inside", vehicle, place }]);
    return true;
  }

  exit(vehicle: number): void {
    this.write(null, [{ table: "inside", vehicle, place: null }]);
  }

  /** @returns false = later: the item must be brought again. */
  take(item: Item, nowMs: number): boolean {
    if (!this.agreed) return false;
    const move = item.kind === "transfer" ? item.transfer : item.request;
    if (this.book.transfers.has(move.id)) return true;
    if (item.kind === "transfer") {
      const amount = takenBack(move, (slot) => this.given(move.class, slot));
      this.writeMove({ kind: "taken", move: { ...move, amount } }, (given) => given - amount);
      return true;
    }
    if (nowMs >= item.expiresMs) return true;
    const places = (slot: number) => placesOf(move.class).map((name) => this.placeIn(name, slot));
    const gift = answerRequest(move, nowMs, places, this.policy);
    if (gift !== null) this.writeMove({ kind: "given", move: gift }, (given) => given + gift.amount);
    return true;
  }

  want(id: string, nowMs: number): void {
    if (!this.agreed) return;
    for (const slot of slotsThatCount(nowMs)) {
      for (const name of ["deck", "standard"]) {
        const missing = placesOf(name).map((place) => shortageOf(this.placeIn(place, slot), this.policy));
        const amount = Math.min(this.given(name, slot), Math.max(...missing));
        const range = { fromMs: slot, untilMs: slot + SLOT_MS };
        if (amount > 0)
          this.write(
            { kind: "wanted", move: { id: `${id}-${name}-${slot}`, class: name, ...range, amount } },
            [],
          );
      }
    }
  }

  moveDownlink(to: number): void {
    this.book.downlink = to;
  }

  backup(): EdgeBackup {
    const { log, given, transfers, inside, downlink } = this.book;
    return {
      log: [...log],
      given: new Map(given),
      transfers: new Set(transfers),
      inside: new Map(inside),
      downlink,
    };
  }

  /** The program starts again, perhaps on an older database. */
  restart(backup: EdgeBackup = this.book): void {
    const { log, given, transfers, inside, downlink } = backup;
    this.book = {
      log: [...log],
      given: new Map(given),
      transfers: new Set(transfers),
      inside: new Map(inside),
      downlink,
    };
    this.boot++;
    this.agreed = false;
  }

  /** Takes over what the cloud knows beyond what both have; the own lines since then come behind it. */
  adopt(common: number, missing: readonly Line[]): void {
    const own = this.book.log.splice(common);
    for (const line of own)
      if (line.rows.some(({ table }) => table !== "inside"))
        throw new Error("rights were moved while restored");
    for (const line of missing) this.append(line);
    for (const line of own) this.book.log.push({ ...line });
  }

  private writeMove(fact: Fact, change: (given: number) => number): void {
    const { move } = fact;
    const rows = slotsOf(move).map((slot): Row => {
      const key = slotKey(move.class, slot);
      return { table: "given", key, given: change(this.book.given.get(key) ?? 0) };
    });
    this.write(fact, [...rows, { table: "transfers", id: move.id }]);
  }

  private write(fact: Fact | null, rows: readonly Row[]): void {
    this.append({ fact, rows });
  }

  private append(line: Line): void {
    this.book.log.push(line);
    for (const row of line.rows) {
      if (row.table === "given") this.book.given.set(row.key, row.given);
      else if (row.table === "transfers") this.book.transfers.add(row.id);
      else if (row.place === null) this.book.inside.delete(row.vehicle);
      else this.book.inside.set(row.vehicle, row.place);
    }
  }

  private givenIn(place: TestPlace, slot: number): number {
    return place === "deck"
      ? this.given("deck", slot)
      : this.given("deck", slot) + this.given("standard", slot);
  }

  private insideOf(place: TestPlace): number {
    if (place === "standard") return this.book.inside.size;
    return [...this.book.inside.values()].filter((its) => its === "deck").length;
  }

  private placeIn(place: TestPlace, slot: number): PlaceInSlot {
    return { capacity: this.spaces[place], given: this.givenIn(place, slot), driveIns: this.insideOf(place) };
  }
}
