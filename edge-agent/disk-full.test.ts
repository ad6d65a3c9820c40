import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createBook } from "./lanes/testing/book.ts";
import { arrives, CLOSED, closing, createRig, OPEN, START_MS, type Rig } from "./lanes/testing/runner-rig.ts";
import type { GateDatabase } from "./store/open.ts";
import type { Store } from "./store/store.ts";
import { newFolder, newMint, openStore, turn, type Folder } from "./store/testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let rigs: Rig[];
beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
  folder = newFolder();
  ({ db, store } = openStore(folder.path("gate.db"), newMint()));
  rigs = [];
});
afterEach(() => {
  for (const { runner } of rigs) runner.stop();
  store.close();
  folder.remove();
  vi.useRealTimers();
});

/** The database takes no page more than it has: what needs one is refused, as a full disk refuses it. */
function fillTheDisk(): void {
  const pages = Number(db.$client.pragma("page_count", { simple: true }));
  db.$client.pragma(`max_page_count = ${pages}`);
  const alarm = { type: "alarm", kind: "tailgate", detail: "x".repeat(40) } as const;
  expect(() => {
    for (let i = 0; i < 10_000; i++) store.commit(turn([alarm]));
  }).toThrow(/database or disk is full/);
}

it("a full disk keeps the exits working, loses nothing that was written, and the log goes on when there is room", () => {
  const book = createBook();
  const common = { book, write: store.commit };
  const entry = createRig(common);
  const exit = createRig({ ...common, direction: "exit", storeFailure: "open" });
  rigs.push(entry, exit);
  closing(entry);
  entry.see(CLOSED);
  expect([store.inside(), book.inside()]).toEqual([1, 1]);

  fillTheDisk();
  const { seq } = store.logHead();
  const lines = store.logLines(0, seq);
  arrives(exit);
  // There may be room yet for a read, but not for many.
  for (let i = 0; i < 1_000 && exit.sent.length === 0; i++) exit.read("BAB1234");
  // What it decided could not be written: it opens all the same, and stays open.
  expect(exit.sent).toMatchObject([{ action: "open", safety: true }]);
  expect(exit.runner.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
  for (const levels of [{ arming: true }, { safety: true }, { closing: true }, {}])
    exit.see({ ...OPEN, ...levels });
  vi.advanceTimersByTime(60_000);
  expect(exit.runner.lane().state).toBe("HELD_OPEN");
  // Whoever is refused at the entry finds it closed, and everything that was there is there.
  arrives(entry);
  entry.read("HHCD77");
  vi.advanceTimersByTime(5_000);
  expect(entry.sent.map(({ action }) => action)).toEqual(["open", "close"]);
  expect([store.logHead().seq, store.inside()]).toEqual([seq, 1]);
  expect(store.logLines(0, seq)).toEqual(lines);

  db.$client.pragma("max_page_count = 1000000");
  // What was seen while nothing could be written is written now; then a person looks.
  vi.advanceTimersByTime(2_000);
  exit.see(OPEN);
  expect(exit.runner.ask({ kind: "reset", actor: "alex", reason: "there is room" })).toMatchObject({
    ok: true,
  });
  vi.advanceTimersByTime(5_000);
  exit.see(CLOSED);
  expect(exit.sent.map(({ action }) => action)).toEqual(["open", "close"]);
  const head = store.logHead();
  expect(head.seq).toBeGreaterThan(seq);
  expect(store.logLines(0, seq)).toEqual(lines);
  expect(store.damagedLine(1, head.seq)).toBeNull();
  expect(db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
});
