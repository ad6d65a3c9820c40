import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { GateDatabase } from "./open.ts";
import { passbackResets } from "./schema.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

const now = (atMs = 0) => ({ wallMs: START_MS + atMs, monotonicMs: atMs });
const told = () => store.logAfter(0, 100).map(({ kind, payload }) => ({ kind, ...payload }));

describe("a mode", () => {
  it("is the last one set, over a restart, and everyone who set one is told of", () => {
    const change = { scope: "lane", name: "entry", actor: "alex", reason: "works on the road" } as const;
    store.setMode({ ...change, mode: "closed" }, now(1));
    store.setMode(
      { scope: "facility", name: "harbour", mode: "full", actor: null, reason: "at six" },
      now(2),
    );
    store.setMode({ ...change, mode: "open", reason: "works are over" }, now(3));
    store.close();
    ({ db, store } = openStore(folder.path("gate.db"), mint));
    expect(store.modes()).toEqual([
      {
        scope: "facility",
        name: "harbour",
        mode: "full",
        actor: null,
        reason: "at six",
        since: START_MS + 2,
      },
      { ...change, mode: "open", reason: "works are over", since: START_MS + 3 },
    ]);
    expect(told()).toMatchObject([
      { kind: "mode.changed", scope: "lane", name: "entry", mode: "closed", actor: "alex" },
      { kind: "mode.changed", scope: "facility", mode: "full", actor: null },
      { kind: "mode.changed", mode: "open", reason: "works are over" },
    ]);
  });

  it("of one scope is not that of another of the same name", () => {
    store.setMode({ scope: "zone", name: "p1", mode: "full", actor: "alex", reason: "r" }, now());
    store.setMode({ scope: "lane", name: "p1", mode: "closed", actor: "alex", reason: "r" }, now());
    expect(store.modes().map(({ scope, mode }) => [scope, mode])).toEqual([
      ["lane", "closed"],
      ["zone", "full"],
    ]);
  });
});

describe("a reset of anti-passback", () => {
  const reset = { actor: "alex", reason: "after the event", idempotencyKey: "k1" };

  it("makes every stay inside one that nobody minds, and those that begin later are minded again", () => {
    const [before, left, after] = [make.stay("BAB1234"), make.stay("HHCD77"), make.stay("MUC007")];
    for (const stay of [before, left])
      store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
    store.commit(turn([make.moved("out", left.stayId)]));
    expect(store.neutralReset(reset, now())).toBe(1);
    store.commit(turn([make.started(after), make.moved("in", after.stayId)]));
    expect(store.insideLike("BAB1234")[0]?.neutral).toBe(true);
    expect(store.insideLike("MUC007")[0]?.neutral).toBe(false);
  });

  it("is made once for each key, and written down with who made it", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay)]));
    expect(store.neutralReset(reset, now(1))).toBe(1);
    const later = make.stay("HHCD77");
    store.commit(turn([make.started(later)]));
    expect(store.neutralReset(reset, now(2)), "the same again").toBe(1);
    expect(store.insideLike("HHCD77")[0]?.neutral).toBe(false);
    expect(store.neutralReset({ ...reset, idempotencyKey: "k2" }, now(3))).toBe(1);
    expect(db.select().from(passbackResets).all()).toMatchObject([
      { actor: "alex", reason: "after the event", stays: 1, at: START_MS + 1 },
      { stays: 1, at: START_MS + 3 },
    ]);
    expect(told().filter(({ kind }) => kind === "passback.reset")).toMatchObject([
      { actor: "alex", reason: "after the event", stays: 1 },
      { stays: 1 },
    ]);
  });
});
