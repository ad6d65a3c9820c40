import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import type { Lists } from "../lists/list-file.ts";
import type { GateDatabase } from "./open.ts";
import { listedPlates, lists, rightKeys, rights } from "./list-schema.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
beforeEach(() => {
  folder = newFolder();
  ({ db, store } = openStore(folder.path("gate.db")));
});
afterEach(() => {
  store.close();
  folder.remove();
});

const validity = { fromMs: START_MS, untilMs: START_MS + 1_000 };

/** So many permits, of which each has a plate, and one blocked plate. */
function listOf(version: string, permits: number, more: Partial<Lists> = {}): Lists {
  return {
    version,
    asOfMs: null,
    permits: Array.from({ length: permits }, (_, i) => ({
      id: `P-${i}`,
      plates: [`B${version}${i}`],
      cards: [],
      account: "Acme",
      spaces: null,
      zone: null,
      pass: null,
      ...validity,
    })),
    reservations: [],
    blocked: [{ plate: `X${version}`, reason: "ban" }],
    watched: [],
    ...more,
  };
}

const known = (plate: string) => store.rightsFor({ medium: "plate", text: plate }, START_MS, null).length;
async function sizes(): Promise<number[]> {
  return await Promise.all([lists, rights, rightKeys, listedPlates].map((table) => db.$count(table)));
}

describe("lists", () => {
  it("that never were are none, and have no age", () => {
    expect([store.listsAsOf(), known("B1"), store.listed("B1")]).toEqual([null, 0, null]);
  });

  it("tell how old they are by their maker's clock, else by when they came", async () => {
    await store.replaceLists(listOf("1", 2), START_MS + 5);
    expect(store.listsAsOf()).toEqual({
      version: "1",
      asOfMs: START_MS + 5,
      importedAtMs: START_MS + 5,
      permits: 2,
      reservations: 0,
      blocked: 1,
      watched: 0,
    });
    await store.replaceLists(listOf("2", 0, { asOfMs: START_MS - 9_000 }), START_MS + 6);
    expect(store.listsAsOf()).toMatchObject({
      version: "2",
      asOfMs: START_MS - 9_000,
      importedAtMs: START_MS + 6,
    });
  });

  it("are replaced as a whole, survive a restart, and leave nothing behind", async () => {
    await store.replaceLists(listOf("1", 450), START_MS);
    expect(await sizes()).toEqual([1, 450, 450, 1]);
    await store.replaceLists(listOf("2", 3), START_MS);
    store.close();
    ({ db, store } = openStore(folder.path("gate.db")));
    expect([known("B10"), known("B22"), store.listed("X1"), store.listed("X2")]).toEqual([
      0,
      1,
      null,
      "blocked",
    ]);
    expect(await sizes()).toEqual([1, 3, 3, 1]);
    expect(
      store.pricedRight(
        { right: { kind: "permit", id: "P-2" }, stayId: newMint().next<StayId>(0) },
        () => null,
      ),
    ).toEqual({
      kind: "covered",
      untilMs: validity.untilMs,
    });
  });

  it("are the old ones to everybody until the new ones are complete", async () => {
    await store.replaceLists(listOf("1", 450), START_MS);
    let over = false;
    const replacing = store.replaceLists(listOf("2", 450), START_MS).finally(() => {
      over = true;
    });
    const seen = new Set<string>();
    while (!over) {
      seen.add(
        [known("B10"), known("B1449"), known("B20"), known("B2449"), store.listsAsOf()?.version].join(),
      );
      await new Promise(setImmediate);
    }
    expect(await replacing).toBe(true);
    expect([...seen]).toEqual(["1,1,0,0,1", "0,0,1,1,2"]);
  });

  it("take turns with lanes: a turn in the middle of an import is written", async () => {
    const make = recordsOf(newMint());
    let turns = 0;
    let over = false;
    const replacing = store.replaceLists(listOf("1", 2_000), START_MS).finally(() => {
      over = true;
    });
    while (!over) {
      store.commit(turn([make.vended()]));
      turns += 1;
      await new Promise(setImmediate);
    }
    await replacing;
    expect([store.lastLogSeq(), known("B11999")]).toEqual([turns, 1]);
    expect(turns).toBeGreaterThan(5);
  });

  it("that were interrupted are not in force, and are cleared away by the next", async () => {
    await store.replaceLists(listOf("1", 2), START_MS);
    const half = {
      version: "half",
      asOf: 1,
      importedAt: 1,
      permits: 9,
      reservations: 0,
      blocked: 0,
      watched: 0,
    };
    const { id: listId } = db
      .insert(lists)
      .values({ ...half, longestHoldMs: 0, complete: false })
      .returning({ id: lists.id })
      .get();
    db.insert(rights)
      .values({ listId, kind: "permit", id: "P-9", validFrom: 0, validUntil: START_MS * 2 })
      .run();
    db.insert(rightKeys)
      .values({ listId, medium: "plate", text: "HALF", kind: "permit", rightId: "P-9" })
      .run();
    expect([known("HALF"), known("B10"), store.listsAsOf()?.version]).toEqual([0, 1, "1"]);
    expect(await store.replaceLists(listOf("2", 1), START_MS)).toBe(true);
    expect(await sizes()).toEqual([1, 1, 1, 1]);
  });

  it("of two imports at once are those of the later one, whole, and the other says that it was overtaken", async () => {
    const results = await Promise.all([
      store.replaceLists(listOf("1", 2_000), START_MS),
      store.replaceLists(listOf("2", 300), START_MS),
    ]);
    expect(results).toEqual([false, true]);
    expect([store.listsAsOf()?.version, known("B2299"), known("B10")]).toEqual(["2", 1, 0]);
    await store.replaceLists(listOf("3", 1), START_MS);
    expect(await sizes()).toEqual([1, 1, 1, 1]);
  });

  it("may name a plate twice, in one permit or on one list", async () => {
    const [permit] = listOf("1", 1).permits;
    if (permit === undefined) throw new Error("no permit");
    const ban = { plate: "X1", reason: "ban" };
    const twice = listOf("1", 0, {
      permits: [{ ...permit, plates: ["B1", "B1"] }],
      blocked: [ban, ban],
      watched: [ban],
    });
    expect(await store.replaceLists(twice, START_MS)).toBe(true);
    expect([known("B1"), store.listed("X1")]).toEqual([1, "blocked"]);
  });

  it("give a plate that is in many rights the ten that are nearest", async () => {
    const [permit] = listOf("1", 1).permits;
    if (permit === undefined) throw new Error("no permit");
    const many = Array.from({ length: 30 }, (_, i) => ({
      ...permit,
      id: `P-${i}`,
      plates: ["B1"],
      fromMs: START_MS + i * 10,
      untilMs: START_MS + i * 10 + 5,
    }));
    await store.replaceLists(listOf("1", 0, { permits: many }), START_MS);
    const ids = store.rightsFor({ medium: "plate", text: "B1" }, START_MS + 151, null).map(({ id }) => id);
    expect(ids[0]).toBe("P-15");
    expect(ids).toHaveLength(10);
    expect(ids.slice(1, 3)).toEqual(["P-16", "P-14"]);
  });
});
