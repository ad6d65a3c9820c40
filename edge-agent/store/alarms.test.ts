import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ALARM_KINDS, isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import { alarmViewSchema } from "@parkme/shared/protocol/kiosk";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let store: Store;
beforeEach(() => {
  folder = newFolder();
  ({ store } = openStore(folder.path("gate.db")));
});
afterEach(() => {
  store.close();
  folder.remove();
});

function raise(kind: AlarmKind, atMs = 0, lane = "entry", detail = "so it is"): void {
  store.commit(turn([{ type: "alarm", kind, detail }], { lane, now: now(atMs) }));
}
function over(kind: AlarmKind, atMs = 0, lane = "entry"): void {
  store.commit(turn([{ type: "alarm_over", kind }], { lane, now: now(atMs) }));
}
const now = (atMs: number) => ({ wallMs: START_MS + atMs, monotonicMs: atMs });
const instant = (atMs: number): string => new Date(START_MS + atMs).toISOString();
const told = (): [string, unknown][] =>
  store.logAfter(0, 1_000).map(({ kind, payload }) => [kind, payload["kind"] ?? payload["actor"]]);

describe("a lasting alarm", () => {
  it("begins once, lasts, and ends once", () => {
    raise("stuck", 1);
    raise("stuck", 2, "entry", "again");
    expect(store.openAlarms("entry")).toEqual([
      {
        alarm_id: expect.any(String),
        lane: "entry",
        kind: "stuck",
        detail: "so it is",
        started_at: instant(1),
        ended_at: null,
        acknowledged_at: null,
        acknowledged_by: null,
      },
    ]);
    over("stuck", 3);
    over("stuck", 4);
    expect(store.openAlarms()).toEqual([]);
    expect(store.recentAlarms(10)).toMatchObject([{ started_at: instant(1), ended_at: instant(3) }]);
    expect(told()).toEqual([
      ["alarm.raised", "stuck"],
      ["alarm.ended", "stuck"],
    ]);
    raise("stuck", 5);
    expect(store.recentAlarms(10)).toHaveLength(2);
  });

  it("is its lane's own, and survives a restart", () => {
    raise("printer", 1, "entry");
    raise("printer", 2, "exit");
    over("printer", 3, "entry");
    store.close();
    ({ store } = openStore(folder.path("gate.db")));
    expect(store.openAlarms("entry")).toEqual([]);
    expect(store.openAlarms().map(({ lane }) => lane)).toEqual(["exit"]);
  });

  it("that never began does not end", () => {
    over("fire");
    expect(store.recentAlarms(10)).toEqual([]);
    expect(told()).toEqual([]);
  });
});

describe("a momentary alarm", () => {
  it("is over when it begins, every time", () => {
    raise("tailgate", 1);
    raise("tailgate", 1);
    expect(store.openAlarms()).toEqual([]);
    expect(store.recentAlarms(10)).toMatchObject([
      { kind: "tailgate", started_at: instant(1), ended_at: instant(1) },
      { kind: "tailgate", started_at: instant(1), ended_at: instant(1) },
    ]);
    expect(told()).toHaveLength(2);
  });
});

describe("an acknowledgement", () => {
  it("names the first who has seen it, once, and lets the alarm go on", () => {
    raise("fire", 1);
    const id = store.openAlarms()[0]?.alarm_id ?? "";
    expect(store.acknowledgeAlarm(id, "alex", START_MS + 2)).toBe(true);
    expect(store.acknowledgeAlarm(id, "kim", START_MS + 3)).toBe(true);
    expect(store.openAlarms()[0]).toMatchObject({
      acknowledged_at: instant(2),
      acknowledged_by: "alex",
      ended_at: null,
    });
    expect(told()).toEqual([
      ["alarm.raised", "fire"],
      ["alarm.acknowledged", "alex"],
    ]);
  });

  it("of no alarm is refused, and told to nobody", () => {
    expect(store.acknowledgeAlarm("019ab3c4-0000-7000-8000-000000000001", "alex", START_MS)).toBe(false);
    expect(store.acknowledgeAlarm("' or 1=1 --", "alex", START_MS)).toBe(false);
    expect(told()).toEqual([]);
  });
});

describe("what somebody should look at", () => {
  it("are first the alarms that last, then those that wait, each newest first, and no others", () => {
    raise("stuck", 1);
    raise("tailgate", 2);
    raise("wrong_way", 3);
    raise("printer", 4);
    raise("blocked", 5);
    const blocked = store.recentAlarms(1)[0]?.alarm_id ?? "";
    store.acknowledgeAlarm(blocked, "alex", START_MS + 6);
    const stuck = store.openAlarms().find(({ kind }) => kind === "stuck")?.alarm_id ?? "";
    store.acknowledgeAlarm(stuck, "alex", START_MS + 6);
    const kinds = (limit: number) => store.alarmsToSee(limit).map(({ kind }) => kind);
    expect(kinds(10)).toEqual(["printer", "stuck", "wrong_way", "tailgate"]);
    expect(kinds(3)).toEqual(["printer", "stuck", "wrong_way"]);
    expect(kinds(1)).toEqual(["printer"]);
    expect(store.alarmsWaiting()).toBe(3);
  });

  it("is as a page expects it", () => {
    raise("stuck", 1);
    raise("tailgate", 2);
    for (const alarm of store.recentAlarms(10)) expect(alarmViewSchema.parse(alarm)).toEqual(alarm);
  });
});

it("at most one alarm of a kind lasts at a lane, whatever begins and ends", () => {
  const step = fc.record({
    kind: fc.constantFrom(...ALARM_KINDS),
    lane: fc.constantFrom("a", "b"),
    what: fc.constantFrom("raise", "over"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store: own } = openStore(folder.path(`alarms-${Math.random()}.db`), newMint());
      const lasting = new Set<string>();
      let momentary = 0;
      for (const { kind, lane, what } of steps) {
        const record = what === "raise" ? { type: "alarm", kind, detail: "" } : { type: "alarm_over", kind };
        own.commit(turn([record as Parameters<typeof turn>[0][number]], { lane }));
        if (what === "over") lasting.delete(`${lane} ${kind}`);
        else if (isLasting(kind)) lasting.add(`${lane} ${kind}`);
        else momentary += 1;
      }
      const open = own.openAlarms().map(({ lane, kind }) => `${lane} ${kind}`);
      expect(open.toSorted()).toEqual([...lasting].toSorted());
      const over = own.recentAlarms(1_000).filter(({ kind }) => !isLasting(kind));
      expect(over).toHaveLength(momentary);
      own.close();
    }),
    { numRuns: 15 },
  );
});
