import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { GateDatabase } from "./open.ts";
import { holds, lanes, stays, ticketPrints } from "./schema.ts";
import type { Store } from "./store.ts";
import {
  HOUSE,
  newFolder,
  newMint,
  openStore,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint, HOUSE));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

const rowOf = (stay: StayInHand) => db.select().from(stays).where(eq(stays.id, stay.stayId)).get();

describe("a stay", () => {
  it("is found by its ticket while it may be inside", () => {
    const stay = make.stay(null);
    store.commit(turn([make.started(stay)]));
    expect(store.stayByTicket(stay.ticketNumber)).toMatchObject({ stayId: stay.stayId, plate: null });
    store.commit(turn([make.moved("in", stay.stayId)]));
    expect(store.stayByTicket(stay.ticketNumber)?.status).toBe("open");
    store.commit(turn([make.moved("out", stay.stayId)]));
    expect(store.stayByTicket(stay.ticketNumber)).toBeNull();
    expect(store.stayByTicket(mint.ticketNumber())).toBeNull();
  });

  it("is found by the card or the code it was begun with, and by no other that reads the same", () => {
    const [carded, coded] = [make.stay(null), make.stay(null)];
    store.commit(
      turn([
        make.started(carded, { credential: { kind: "card", text: "0815" } }),
        make.started(coded, { credential: { kind: "code", text: "0815" } }),
      ]),
    );
    const withCard = store.insideWith({ kind: "card", text: "0815" });
    expect(withCard.map(({ stayId }) => stayId)).toEqual([carded.stayId]);
    expect(store.insideWith({ kind: "code", text: "0815" })[0]?.stayId).toBe(coded.stayId);
    expect(store.insideWith({ kind: "card", text: "0816" })).toEqual([]);
    store.commit(turn([make.voided(carded.stayId)]));
    expect(store.insideWith({ kind: "card", text: "0815" })).toEqual([]);
  });

  it("keeps no credential where its own ticket was shown", () => {
    const stay = make.stay(null);
    store.commit(turn([make.started(stay, { credential: { kind: "ticket", text: stay.ticketNumber } })]));
    expect(rowOf(stay)).toMatchObject({ credentialKind: null, credential: null });
  });

  it("remembers the right it was begun under", () => {
    const right = { kind: "permit", id: "P-1" } as const;
    const stay = { ...make.stay("BAB1234"), right };
    store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
    expect(store.insideLike("BAB1234")[0]?.right).toEqual(right);
    expect(store.stayByTicket(stay.ticketNumber)?.right).toEqual(right);
  });

  it("keeps what else there is to look at when it is seen to come in", () => {
    const flag = (stay: StayInHand, review: "passback" | "passage_unproven"): GateRecord => ({
      type: "stay_review",
      stayId: stay.stayId,
      review,
    });
    const [again, lost] = [make.stay("BAB1234"), make.stay("HHCD77")];
    store.commit(turn([make.started(again), flag(again, "passback")]));
    store.commit(turn([make.started(lost), flag(lost, "passage_unproven")]));
    // Only the one whose passage nobody could prove takes no space.
    expect(store.admitted()).toBe(1);
    store.commit(turn([make.moved("in", again.stayId), make.moved("in", lost.stayId)]));
    expect([rowOf(again)?.review, rowOf(lost)?.review]).toEqual(["passback", null]);
  });
});

describe("a stay's zone", () => {
  const inOf = (stay: StayInHand, zones: Extract<GateRecord, { type: "movement" }>["zones"]) =>
    make.moved("in", stay.stayId, { zones });
  const within = (
    stay: StayInHand,
    direction: "in" | "out",
    zones: Extract<GateRecord, { type: "movement" }>["zones"],
  ) => make.moved(direction, stay.stayId, { scope: "zone", zones });

  it("is where its entry leads, then where it drives, until it leaves", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay, { zone: "house" })]));
    expect(rowOf(stay)?.zone).toBe("house");
    store.commit(turn([inOf(stay, [{ zone: "house", by: 1 }])]));
    expect(rowOf(stay)).toMatchObject({ zone: "house", status: "open" });
    store.commit(turn([within(stay, "in", [{ zone: "level-2", by: 1 }])]));
    expect(rowOf(stay)?.zone).toBe("level-2");
    store.commit(
      turn([
        within(stay, "in", [
          { zone: "level-1", by: 1 },
          { zone: "level-2", by: -1 },
        ]),
      ]),
    );
    expect(rowOf(stay)?.zone).toBe("level-1");
    store.commit(turn([within(stay, "out", [{ zone: "level-1", by: -1 }])]));
    expect(rowOf(stay)).toMatchObject({ zone: "house", status: "open", exitAt: null });
    store.commit(turn([make.moved("out", stay.stayId, { zones: [{ zone: "house", by: -1 }] })]));
    expect(rowOf(stay)).toMatchObject({ zone: "house", status: "closed" });
  });

  it("is made out where nobody knew it: what it left lies in the next", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
    expect(rowOf(stay)?.zone).toBeNull();
    store.commit(turn([within(stay, "out", [{ zone: "level-2", by: -1 }])]));
    expect(rowOf(stay)?.zone).toBe("house");
  });

  it("is counted where it was headed when it leaves though nobody saw it come in", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay, { zone: "level-2" })]));
    const inferred = make.moved("in", stay.stayId, { kind: "inferred" });
    const out = make.moved("out", stay.stayId, {
      zones: [
        { zone: "level-2", by: -1 },
        { zone: "house", by: -1 },
      ],
    });
    store.commit(turn([inferred, out], { lane: "exit" }));
    const counts = [null, "house", "level-2"].map((zone) => store.occupancy(START_MS).get(zone)?.inside);
    expect([counts, rowOf(stay)?.status]).toEqual([[0, 0, 0], "closed"]);
    const [told] = store.logAfter(1, 1);
    expect(told?.payload["zones"]).toEqual([
      { zone: "level-2", by: 1 },
      { zone: "house", by: 1 },
    ]);
    // Of those that came in next, each is counted: nothing was left below none.
    const next = make.stay("HHCD77");
    store.commit(turn([make.started(next), inOf(next, [{ zone: "house", by: 1 }])]));
    expect(store.occupancy(START_MS).get("house")?.inside).toBe(1);
  });

  it("is the innermost of those it enters, in whatever order they are named", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay)]));
    const zones = [
      { zone: "house", by: 1 },
      { zone: "level-2", by: 1 },
    ] as const;
    store.commit(turn([inOf(stay, zones)]));
    expect(rowOf(stay)?.zone).toBe("level-2");
  });
});

describe("beside stays", () => {
  it("every step of a ticket is kept", () => {
    const stay = make.stay(null);
    const jobId = mint.next<Extract<GateRecord, { type: "ticket" }>["jobId"]>(START_MS);
    const steps = ["begun", "printed", "taken"] as const;
    store.commit(turn([make.started(stay)]));
    for (const step of steps)
      store.commit(turn([{ type: "ticket", jobId, stayId: stay.stayId, step, detail: step }]));
    const kept = db.select().from(ticketPrints).all();
    expect(kept.map(({ step, jobId: job, lane }) => [step, job, lane])).toEqual(
      steps.map((step) => [step, jobId, "entry"]),
    );
  });

  it("an arm that was held open, and who held it, is kept", () => {
    const hold = (on: boolean, actor: string | null, cause: "operator" | "fire"): GateRecord => ({
      type: "hold",
      on,
      cause,
      actor,
      reason: "market day",
    });
    store.commit(turn([hold(true, "alex", "operator")]));
    store.commit(turn([hold(false, null, "fire")]));
    expect(db.select().from(holds).all()).toMatchObject([
      { on: true, cause: "operator", actor: "alex", reason: "market day", lane: "entry" },
      { on: false, cause: "fire", actor: null },
    ]);
  });

  it("a lane that was turned goes that way after a restart, and its credit is another matter", () => {
    const turned = (direction: "entry" | "exit"): GateRecord => ({ type: "turned", direction, actor: null });
    expect([store.directionOf("entry"), store.turnedAtMs("entry")]).toEqual([null, null]);
    store.commit(turn([turned("exit")]));
    const stay = make.stay("BAB1234");
    const credit = { kind: "stay", stay, plate: stay.plate, countsAtGrant: null } as const;
    store.commit(turn([make.started(stay)], { credit }));
    store.close();
    ({ db, store } = openStore(folder.path("gate.db"), mint, HOUSE));
    expect([store.directionOf("entry"), store.turnedAtMs("entry")]).toEqual(["exit", START_MS]);
    expect(store.creditInDoubt("entry")).toEqual(credit);
    const later = { now: { wallMs: START_MS + 5, monotonicMs: 5 }, credit };
    store.commit(turn([turned("entry")], later));
    expect([store.directionOf("entry"), store.turnedAtMs("entry")]).toEqual(["entry", START_MS + 5]);
    expect(db.select().from(lanes).all()).toHaveLength(1);
  });
});
