import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewTariff } from "./tariffs.ts";
import { newFolder, openStore, START_MS, type Folder } from "./testing/gate-db.ts";
import type { Store } from "./store.ts";

const DAY_MS = 86_400_000;

let folder: Folder;
let store: Store;
beforeEach(() => {
  folder = newFolder();
  store = openStore(folder.path("gate.db")).store;
});
afterEach(() => {
  store.close();
  folder.remove();
});

const given = (version: number, more: Partial<NewTariff> = {}): NewTariff => ({
  id: "standard",
  version,
  fromMs: null,
  document: '{"flat":{"price":5}}',
  source: "file",
  ...more,
});
const fromOf = (tariff: NewTariff, nowMs = START_MS) => {
  const taken = store.takeTariff(tariff, nowMs);
  return taken.ok ? taken.value.row.fromMs : taken.error.code;
};

describe("a version of a tariff", () => {
  it("comes into force when it says, but never before it was taken; only the first does", () => {
    expect(fromOf(given(1))).toBe(0);
    expect(fromOf(given(2, { fromMs: START_MS - DAY_MS }))).toBe(START_MS);
    expect(fromOf(given(3, { fromMs: START_MS + DAY_MS }))).toBe(START_MS + DAY_MS);
    expect(fromOf(given(4), START_MS + 5)).toBe(START_MS + 5);
    expect(store.tariffVersions().map(({ version }) => version)).toEqual([1, 2, 4, 3]);
  });

  it("is told to the cloud once, however often it comes", () => {
    store.takeTariff(given(1), START_MS);
    const again = store.takeTariff(given(1, { document: '{ "flat" : {"price":5} }' }), START_MS + 1);
    expect(again).toMatchObject({ ok: true, value: { again: true, row: { takenMs: START_MS } } });
    expect(store.logAfter(0, 10)).toMatchObject([
      { kind: "tariff.taken", payload: { tariff_id: "standard", version: 1, source: "file" } },
    ]);
  });

  it("that says when it is valid is the same when it comes again, whether it was late or not", () => {
    store.takeTariff(given(1), START_MS);
    for (const fromMs of [START_MS - DAY_MS, START_MS + DAY_MS]) {
      const version = fromMs < START_MS ? 2 : 3;
      store.takeTariff(given(version, { fromMs }), START_MS);
      expect(store.takeTariff(given(version, { fromMs }), START_MS + 2 * DAY_MS)).toMatchObject({
        value: { again: true },
      });
    }
    expect(fromOf(given(3, { fromMs: START_MS + 9 * DAY_MS }))).toBe("version_changed");
  });

  it("never changes, and is never followed by an older one", () => {
    store.takeTariff(given(2), START_MS);
    expect(fromOf(given(2, { document: '{"flat":{"price":6}}' }))).toBe("version_changed");
    expect(fromOf(given(1))).toBe("version_old");
    expect(fromOf(given(1, { id: "summer" }))).toBe(START_MS);
    expect(store.tariffDocument("standard", 2)).toBe('{"flat":{"price":5}}');
    expect(store.tariffDocument("standard", 9)).toBeNull();
  });
});
