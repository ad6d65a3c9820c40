import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zonePath, type Zone } from "@parkme/shared/domain/facility";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import {
  HOUSE,
  newFolder,
  newMint,
  openStore,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { zoneChanges, zoneInto, zoneProblems } from "./zones.ts";

const { zones } = HOUSE;
const NAMES = zones.map(({ name }) => name);

describe("a passage", () => {
  const changes = (from: string | null, to: string | null): string[] =>
    zoneChanges({ from, to }, zones).map(({ zone, by }) => `${by === 1 ? "+" : "-"}${zone}`);

  it("from outside adds to the zone and to all that it lies in, innermost first", () => {
    expect(changes(null, "staff")).toEqual(["+staff", "+level-2", "+house"]);
    expect(changes(null, "yard")).toEqual(["+yard"]);
    expect(changes(null, null)).toEqual([]);
  });

  it("into a nested zone from its parent adds to the nested one alone", () => {
    expect(changes("level-2", "staff")).toEqual(["+staff"]);
    expect(changes("house", "staff")).toEqual(["+staff", "+level-2"]);
  });

  it("between siblings adds to the one and takes from the other", () => {
    expect(changes("level-1", "level-2")).toEqual(["+level-2", "-level-1"]);
    expect(changes("staff", "yard")).toEqual(["+yard", "-staff", "-level-2", "-house"]);
  });

  it("into the facility's own ground takes from all that it leaves", () => {
    expect(changes("staff", null)).toEqual(["-staff", "-level-2", "-house"]);
    expect(changes("yard", "yard")).toEqual([]);
  });

  it("leads into the innermost of the zones it enters", () => {
    expect(zoneInto(zoneChanges({ from: "yard", to: "staff" }, zones))).toBe("staff");
    expect(zoneInto(zoneChanges({ from: "yard", to: null }, zones))).toBeNull();
  });

  it("changes no zone twice, and is undone by its way back", () => {
    const place = fc.constantFrom(null, ...NAMES);
    fc.assert(
      fc.property(place, place, (from, to) => {
        const there = zoneChanges({ from, to }, zones);
        const back = zoneChanges({ from: to, to: from }, zones);
        expect(new Set(there.map(({ zone }) => zone)).size).toBe(there.length);
        const sorted = (list: readonly { zone: string; by: number }[], sign: number): string[] =>
          list.map(({ zone, by }) => `${zone} ${sign * by}`).toSorted();
        expect(sorted(there, 1)).toEqual(sorted(back, -1));
      }),
    );
  });
});

describe("a list of zones", () => {
  const zone = (name: string, parent: string | null): Zone => ({ name, title: name, parent, capacity: 1 });
  const problems = (...list: Zone[]): string[] =>
    zoneProblems(list).map(({ index, field, message }) => `${index} ${field} ${message}`);

  it("of zones that lie in one another is right, whatever their capacities", () => {
    expect(zoneProblems(zones)).toEqual([]);
    expect(problems({ ...zone("a", null), capacity: 1 }, { ...zone("b", "a"), capacity: 99 })).toEqual([]);
  });

  it("has each name once, and parents that there are", () => {
    expect(problems(zone("a", null), zone("a", null), zone("b", "c"))).toEqual([
      "1 name is used twice",
      "2 parent is not one of the zones",
    ]);
  });

  it("has no zone that lies in itself, be it by a detour", () => {
    expect(problems(zone("a", "a"))).toEqual(["0 parent leads back to the zone itself"]);
    expect(problems(zone("a", "b"), zone("b", "c"), zone("c", "a"), zone("d", "a"))).toEqual([
      "0 parent leads back to the zone itself",
      "1 parent leads back to the zone itself",
      "2 parent leads back to the zone itself",
    ]);
  });

  it("of any kind has an end to every path", () => {
    const name = fc.constantFrom("a", "b", "c", "d");
    const list = fc.array(
      fc.tuple(name, fc.option(name)).map(([own, parent]) => zone(own, parent)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(list, (wild) => {
        for (const { name: own } of wild) {
          const path = zonePath(own, wild);
          expect(new Set(path).size).toBe(path.length);
        }
        expect(zoneProblems(wild).every(({ index }) => index < wild.length)).toBe(true);
      }),
    );
  });
});

describe("the counts of zones", () => {
  let folder: Folder;
  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  /** `ground` is inside, but in no zone. */
  type Place = (typeof NAMES)[number] | "ground" | null;
  const zoneOf = (place: Place): string | null => (place === "ground" ? null : place);

  it("are those of the vehicles inside, in whatever order their passages are written", () => {
    const mint = newMint();
    const make = recordsOf(mint);
    let serial = 0;
    const passage = (stay: StayInHand, from: Place, to: Place): GateRecord => {
      const changed = zoneChanges({ from: zoneOf(from), to: zoneOf(to) }, zones);
      if (from === null) return make.moved("in", stay.stayId, { zones: changed });
      if (to === null) return make.moved("out", stay.stayId, { zones: changed });
      return make.moved("in", stay.stayId, { scope: "zone", zones: changed });
    };
    const inside = fc.constantFrom<Place>("ground", ...NAMES);
    const journey = fc.tuple(fc.array(inside, { maxLength: 5 }), fc.boolean());
    const journeys = fc.array(journey, { maxLength: 8 });
    fc.assert(
      fc.property(journeys, fc.infiniteStream(fc.nat()), (vehicles, dice) => {
        const { store } = openStore(folder.path(`zones-${serial++}.db`), mint, HOUSE);
        const passages: { record: GateRecord; dice: number }[] = [];
        const ends = vehicles.map(([visited, leaves]): Place => {
          const stay = make.stay(null);
          store.commit(turn([make.started(stay)]));
          let at: Place = null;
          for (const to of [...visited, ...(leaves && visited.length > 0 ? [null] : [])]) {
            if (to !== at) passages.push({ record: passage(stay, at, to), dice: dice.next().value });
            at = to;
          }
          return at;
        });
        for (const { record } of passages.toSorted((a, b) => a.dice - b.dice)) {
          store.commit(turn([record]));
          for (const place of store.occupancy(START_MS).values())
            expect(place.inside).toBeGreaterThanOrEqual(0);
        }
        const occupancy = store.occupancy(START_MS);
        for (const name of NAMES) {
          const within = ends.filter((at) => at !== null && zonePath(at, zones).includes(name)).length;
          expect(occupancy.get(name)?.inside, "vehicles in the zone").toBe(within);
        }
        expect(occupancy.get(null)?.inside).toBe(ends.filter((at) => at !== null).length);
        store.close();
      }),
      { numRuns: 25 },
    );
  });
});
