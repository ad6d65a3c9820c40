import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SLOT_MS, slotsOf, type RightsMove } from "@parkme/shared/domain/capacity-rights";
import { DEFAULT_RIGHTS_POLICY, type RightsPolicy } from "@parkme/shared/domain/capacity-rights-edge";
import type { IdMint } from "@parkme/shared/domain/ids";
import { TestEdge } from "@parkme/shared/domain/testing/rights-edge";
import { seeded } from "@parkme/shared/domain/testing/rights-world";
import { parseLists } from "../lists/list-file.ts";
import type { GateDatabase } from "./open.ts";
import { linkState } from "./link-schema.ts";
import { createStore, type Store } from "./store.ts";
import { EUR, newFolder, newMint, open, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

const ZONES = [{ name: "deck", title: "Deck", parent: null, capacity: 8 }] as const;
const PLAIN: RightsPolicy = { ...DEFAULT_RIGHTS_POLICY, reservePercent: 0 };

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  start();
});
afterEach(() => {
  store.close();
  folder.remove();
});

/** Twenty spaces, eight of them on the deck. */
function start(rights = PLAIN, capacity = 20, name = "gate.db"): void {
  db = open(folder.path(name));
  mint = newMint();
  store = createStore(db, { currency: EUR, mint, zones: ZONES, capacity, rights });
  make = recordsOf(mint);
}

const now = (hours = 0) => ({ wallMs: START_MS + hours * SLOT_MS, monotonicMs: 0 });

function move(amount: number, from = 0, hours = 2, name = "standard"): RightsMove {
  const fromMs = START_MS + from * SLOT_MS;
  return { id: randomUUID(), class: name, fromMs, untilMs: fromMs + hours * SLOT_MS, amount };
}

/** As the lanes ask: whether there is no room for one more drive-in. */
function full(zone: "deck" | null = null, at = now()): boolean {
  const places = store.occupancy(at.wallMs);
  const isFull = (place: string | null, capacity: number): boolean => {
    const { inside = 0, admitted = 0, held = 0 } = places.get(place) ?? {};
    return inside + admitted + held >= capacity;
  };
  return isFull(null, 20) || (zone !== null && isFull(zone, 8));
}

function comesIn(zone: "deck" | null = null, right: { kind: "reservation"; id: string } | null = null) {
  const stay = { ...make.stay(null), right };
  const zones = zone === null ? [] : ([{ zone, by: 1 }] as const);
  store.commit(turn([make.started(stay, { zone }), make.moved("in", stay.stayId, { zones })]));
  return stay.stayId;
}

function fill(n: number, zone: "deck" | null = null): void {
  for (let i = 0; i < n; i++) comesIn(zone);
}

async function reserve(ids: readonly string[], hours = 2): Promise<void> {
  const [from, until] = [now(), now(hours)].map(({ wallMs }) => new Date(wallMs).toISOString());
  const reservations = ids.map((id) => ({ id, codes: [`QR-${id}`], from, until }));
  const lists = parseLists(JSON.stringify({ version: ids.join(), reservations }), ["deck"]);
  if (!lists.ok) throw new Error(JSON.stringify(lists.error));
  await store.replaceLists(lists.value, START_MS);
}

/** What the log tells of rights, newest last. */
function told(): unknown[] {
  const events = store
    .logLines(0, 1_000)
    .map(
      ({ line }) =>
        JSON.parse(line.split("\t")[0] ?? "") as { kind: string; payload: Record<string, unknown> },
    );
  return events
    .filter(({ kind }) => kind.startsWith("rights."))
    .map(({ kind, payload }) => [kind, payload["transfer_id"] ?? payload["class"], payload["amount"]]);
}

describe("rights to spaces", () => {
  it("that were given are no drive-in's, from an hour before until they are over", () => {
    fill(10);
    const request = move(6, 3, 2);
    expect(store.answerRightsRequest(request, now())).toBe("done");
    expect(told()).toEqual([["rights.given", request.id, 6]]);
    fill(4);
    const fullAt = [0, 1, 2, 3, 4, 5].map((hours) => full(null, now(hours)));
    expect(fullAt).toEqual([false, false, true, true, true, false]);
  });

  it("are given once for each request, with what is expected to be needed left", () => {
    store.close();
    start({ ...PLAIN, reservePercent: 10 }, 20, "reserve.db");
    fill(5);
    const request = move(50, 0, 1);
    expect([store.answerRightsRequest(request, now()), store.answerRightsRequest(request, now())]).toEqual([
      "done",
      "known",
    ]);
    expect(told()).toEqual([["rights.given", request.id, 13]]);
    expect(store.answerRightsRequest(move(1, 0, 1), now())).toBe("nothing");
    const farAway = move(50, 24, 1);
    store.answerRightsRequest(farAway, now());
    expect(told().at(-1)).toEqual(["rights.given", farAway.id, 18]);
  });

  it("of a zone are also the facility's, and a class that there is not has none", () => {
    store.answerRightsRequest(move(3, 0, 1, "deck"), now());
    fill(5, "deck");
    expect([full("deck"), full()]).toEqual([true, false]);
    fill(12);
    expect(full()).toBe(true);
    expect(store.answerRightsRequest(move(3, 0, 1, "roof"), now())).toBe("nothing");
    expect(store.answerRightsRequest(move(3, -5, 2), now())).toBe("nothing");
  });

  it("come back once, and never more than were given", () => {
    store.answerRightsRequest(move(6, 0, 2), now());
    const back = move(4, 0, 1);
    expect([store.takeRightsTransfer(back, now()), store.takeRightsTransfer(back, now())]).toEqual([
      "done",
      "known",
    ]);
    const tooMany = move(4, 0, 2);
    store.takeRightsTransfer(tooMany, now());
    expect(told().slice(1)).toEqual([
      ["rights.taken", back.id, 4],
      ["rights.taken", tooMany.id, 2],
    ]);
    expect(store.rightsView(now())[0]?.given).toBe(0);
    expect(store.rightsView(now(1))[0]?.given).toBe(4);
  });

  it("of those who have arrived on a reservation are not kept a second time", async () => {
    await reserve(["R-1", "R-2", "R-3"]);
    store.answerRightsRequest(move(5, 0, 2), now());
    fill(14);
    comesIn(null, { kind: "reservation", id: "R-1" });
    expect(full()).toBe(false);
    fill(1);
    expect(full()).toBe(true);
    comesIn(null, { kind: "reservation", id: "R-2" });
    expect(store.occupancy(START_MS).get(null)).toEqual({ inside: 17, admitted: 0, held: 3 });
  });

  it("of a reservation that is over are the edge's again; whoever stays is an overstayer", async () => {
    await reserve(["R-1", "R-2"], 1);
    store.answerRightsRequest(move(2, 0, 1), now());
    comesIn(null, { kind: "reservation", id: "R-1" });
    fill(18);
    const [before, after] = [store.rightsView(now())[0], store.rightsView(now(1))[0]];
    expect(before).toMatchObject({ rights: 18, driveIns: 18, overstayers: { driveIns: 0, reservations: 0 } });
    expect(after).toMatchObject({ rights: 20, driveIns: 19, overstayers: { driveIns: 0, reservations: 1 } });
  });

  it("leave a buffer to nobody, and a capacity that was lowered admits nobody", () => {
    store.answerRightsRequest(move(12, 0, 4), now());
    store.close();
    start({ ...PLAIN, bufferPercent: 10 });
    fill(6);
    expect(full()).toBe(true);
    expect(store.rightsView(now())[0]).toMatchObject({
      capacity: 20,
      blocked: 2,
      given: 12,
      rights: 6,
      driveIns: 6,
    });
    store.close();
    start(PLAIN, 10);
    expect(store.rightsView(now())[0]).toMatchObject({
      capacity: 10,
      given: 12,
      rights: -2,
      overstayers: { driveIns: 6 },
    });
    expect(store.occupancy(START_MS).get(null)?.held).toBe(12);
    expect(store.answerRightsRequest(move(1), now())).toBe("nothing");
  });

  it("are asked back before drive-ins are turned away, as far as they were given", () => {
    store.close();
    start({ ...PLAIN, reservePercent: 20 }, 20, "short.db");
    store.answerRightsRequest(move(10, 0, 1), now());
    expect(store.rightsShortages(now())).toEqual([]);
    fill(9);
    const [shortage] = store.rightsShortages(now());
    expect(shortage).toEqual({ class: "standard", fromMs: START_MS, untilMs: START_MS + SLOT_MS, amount: 1 });
    store.wantRights({ ...move(1), ...shortage }, now());
    expect(told().at(-1)).toEqual(["rights.wanted", "standard", 1]);
  });

  it("are by the cloud's clock", () => {
    db.update(linkState)
      .set({ clockOffsetMs: 2 * SLOT_MS })
      .run();
    store.answerRightsRequest(move(20, 2, 1), now());
    expect([full(null, now(-3)), full(null, now(-1)), full(), full(null, now(1))]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("a database that was restored", () => {
  it("gives and takes nothing, and keeps what its lists say is reserved, until it is whole", async () => {
    store.answerRightsRequest(move(2), now());
    await reserve(["R-1", "R-2", "R-3", "R-4", "R-5"]);
    db.update(linkState).set({ restoredSeq: 1 }).run();
    expect(store.answerRightsRequest(move(1), now())).toBe("later");
    expect(store.takeRightsTransfer(move(1), now())).toBe("later");
    comesIn(null, { kind: "reservation", id: "R-1" });
    fill(15);
    expect([store.occupancy(START_MS).get(null)?.held, full()]).toEqual([4, true]);
    expect(store.rightsShortages(now())).toEqual([]);
    db.update(linkState).set({ restoredSeq: null }).run();
    expect(store.takeRightsTransfer(move(1), now())).toBe("done");
  });
});

it("the book on the disk is the book that the rules say, whatever happens", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seeded(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const policy = { reservePercent: below(3) * 10, insideHours: below(9), bufferPercent: below(2) * 10 };
    store.close();
    start(policy, 20, `${seed}.db`);
    const rules = new TestEdge({ standard: 20, deck: 8 }, policy);
    rules.agreed = true;
    let hour = 0;
    for (let step = 0; step < 60; step++) {
      const deck = random() < 0.3;
      const item = move(1 + below(6), hour + below(4), 1 + below(3), random() < 0.4 ? "deck" : "standard");
      const at = now(hour);
      const what = below(10);
      if (what < 5) {
        const turnedAway = full(deck ? "deck" : null, at);
        expect(rules.admit(step, deck ? "deck" : "standard", at.wallMs)).toBe(!turnedAway);
        if (!turnedAway) comesIn(deck ? "deck" : null);
      } else if (what < 8) {
        store.answerRightsRequest(item, at);
        rules.take({ kind: "request", request: item, expiresMs: Infinity }, at.wallMs);
      } else if (what < 9) {
        store.takeRightsTransfer(item, at);
        rules.take({ kind: "transfer", transfer: item }, at.wallMs);
      } else hour += below(2);
    }
    const kept = db.$client
      .prepare("select given from capacity_rights where class = ? and slot_at = ?")
      .pluck();
    for (const slot of slotsOf({ fromMs: START_MS, untilMs: START_MS + 40 * SLOT_MS }))
      for (const name of ["standard", "deck"])
        expect(kept.get(name, slot) ?? 0).toBe(rules.given(name, slot));
  }
});
