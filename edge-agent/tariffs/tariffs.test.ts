import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { OfferedTariff } from "../config/load.ts";
import { until } from "../devices/testing/until.ts";
import {
  EUR,
  newFolder,
  newMint,
  openStore,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { createTariffs, type Tariffs } from "./tariffs.ts";
import { parseTariffFile } from "./tariff-file.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const PLACE = { currency: EUR, timeZone: "Europe/Berlin" };

let folder: Folder;
let running: { readonly stop: () => void }[];
beforeEach(() => {
  folder = newFolder();
  running = [];
});
afterEach(() => {
  for (const it of running) it.stop();
  folder.remove();
});

const file = (version: number, document: unknown, more: object = {}) =>
  JSON.stringify({ id: "standard", version, document, ...more });
const flat = (price: unknown) => ({ flat: { price } });

function inline(version: number, document: unknown, more: object = {}): OfferedTariff {
  const offer = parseTariffFile(file(version, document, more), PLACE);
  if (!offer.ok) throw new Error(offer.error[0]?.message);
  return { kind: "inline", offer: offer.value };
}

/** A start of the agent, as far as tariffs go, at a time; the database stays the same. */
function begin(offered: OfferedTariff | null, at = START_MS) {
  const mint = newMint();
  const { db, store } = openStore(folder.path("gate.db"), mint);
  const alarms: string[] = [];
  const warned: string[] = [];
  let nowMs = at;
  const tariffs = createTariffs({
    store,
    facility: PLACE,
    offered,
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    log: { debug: () => undefined, info: () => undefined, warn: (_, message) => void warned.push(message) },
    alarm: { begin: (detail) => void alarms.push(detail), over: () => void alarms.push("over") },
    lookEveryMs: 10,
  });
  const records = recordsOf(mint);
  const started = {
    db,
    store,
    tariffs,
    alarms,
    warned,
    setClock: (ms: number) => {
      nowMs = ms;
    },
    /** A vehicle comes in; what is known of its stay. */
    enter: (entryMs: number): StayId => {
      const stay = records.stay("BAB1234", entryMs);
      store.commit(turn([records.started(stay), records.moved("in", stay.stayId)]));
      return stay.stayId;
    },
    account: (id: StayId): StayAccount => {
      const account = store.stayAccount(id);
      if (account === null) throw new Error("no such stay");
      return account;
    },
    facts: () => store.logAfter(0, 100).filter(({ kind }) => kind.startsWith("tariff.")),
    stop: () => {
      tariffs.stop();
      if (db.$client.open) store.close();
    },
  };
  running.push(started);
  return started;
}

const inForce = (tariffs: Tariffs, at = START_MS) => tariffs.inForce(at)?.version ?? null;

/** The tariff file, of which half a text is never seen. */
const write = (text: string) => writeFileSync(folder.path("tariff.json"), text);
const watched = (): OfferedTariff => ({ kind: "file", path: folder.path("tariff.json") });

describe("a tariff of the configuration", () => {
  it("is in force after the start, and prices the stays that nothing else does", async () => {
    const { tariffs, enter, account, alarms } = begin(inline(1, { hourly: { price: 2 } }));
    expect(inForce(tariffs)).toBeNull();
    const early = enter(START_MS - 10 * HOUR_MS);
    await tariffs.start();
    expect(inForce(tariffs)).toBe(1);
    expect(tariffs.due(account(early), START_MS)).toMatchObject({ value: { amountMinor: 2_000 } });
    expect(alarms).toEqual(["over"]);
  });

  it("is the same after a restart, and a new version comes into force then, not before", async () => {
    const first = begin(inline(1, flat(5)));
    await first.tariffs.start();
    const stay = first.enter(START_MS);
    first.stop();
    const again = begin(inline(1, { flat: { price: 5 } }), START_MS + HOUR_MS);
    await again.tariffs.start();
    expect(again.facts()).toHaveLength(1);
    again.stop();
    const next = begin(inline(2, flat(9)), START_MS + 2 * HOUR_MS);
    await next.tariffs.start();
    expect(inForce(next.tariffs, START_MS + 2 * HOUR_MS - 1)).toBe(1);
    expect(inForce(next.tariffs, START_MS + 2 * HOUR_MS)).toBe(2);
    // The version at entry prices the stay.
    expect(next.tariffs.due(next.account(stay), START_MS + 3 * HOUR_MS)).toMatchObject({
      value: { amountMinor: 500, quote: { tariffVersion: 1 } },
    });
    const later = next.enter(START_MS + 2 * HOUR_MS);
    expect(next.tariffs.quote(next.account(later), START_MS + 3 * HOUR_MS)).toMatchObject({
      value: { tariffVersion: 2, total: { amountMinor: 900 } },
    });
  });

  it("with another text under the same version is refused: versions never change", async () => {
    const first = begin(inline(1, flat(5)));
    await first.tariffs.start();
    first.stop();
    const changed = begin(inline(1, flat(6)));
    await changed.tariffs.start();
    expect(changed.alarms).toEqual([
      expect.stringMatching(/versions never change, give this one a higher number/),
    ]);
    expect(changed.tariffs.inForce(START_MS)?.plan.bands[0].rate).toEqual({ kind: "flat", priceMinor: 500 });
    expect(changed.facts().at(-1)).toMatchObject({
      kind: "tariff.refused",
      payload: { tariff_id: "standard", version: 1, source: "configuration" },
    });
    changed.stop();
    const mended = begin(inline(2, flat(6)));
    await mended.tariffs.start();
    expect(mended.alarms).toEqual(["over"]);
  });

  it("that is older than what is here is refused", async () => {
    const first = begin(inline(3, flat(5)));
    await first.tariffs.start();
    first.stop();
    const older = begin(inline(2, flat(4)));
    await older.tariffs.start();
    expect(older.alarms).toEqual([expect.stringMatching(/older than version 3/)]);
    expect(inForce(older.tariffs)).toBe(3);
  });
});

describe("a stay", () => {
  it("is split at the change where its tariff says so", async () => {
    const { tariffs, enter, account } = begin(inline(1, { hourly: { price: 2 }, on_change: "split" }));
    await tariffs.start();
    const stay = enter(START_MS);
    const at = new Date(START_MS + 2 * HOUR_MS).toISOString();
    expect(
      tariffs.offer(file(2, { hourly: { price: 5 } }, { valid_from: at }), "manifest", START_MS),
    ).toMatchObject({
      value: { again: false },
    });
    const due = tariffs.due(account(stay), START_MS + 3 * HOUR_MS);
    expect(due).toMatchObject({ value: { amountMinor: 2 * 200 + 500 } });
  });

  it("that is paid for has its time to leave, and after it pays only the difference", async () => {
    const { tariffs, enter, account } = begin(inline(1, { hourly: { price: 2 } }));
    await tariffs.start();
    const id = enter(START_MS);
    const paid = {
      ...account(id),
      chargedMinor: 200,
      creditedMinor: 200,
      settledWallMs: START_MS + 50 * MINUTE_MS,
    };
    const due = (minutes: number) => tariffs.due(paid, START_MS + minutes * MINUTE_MS);
    expect(due(65)).toMatchObject({ value: { amountMinor: 0, leaveByMs: START_MS + 65 * MINUTE_MS } });
    expect(due(66)).toMatchObject({ value: { amountMinor: 200, leaveByMs: null } });
    // A clock that stepped back asks for nothing.
    expect(due(-600)).toMatchObject({ value: { amountMinor: 0 } });
  });

  it("has what the desk knows of it: vehicle, validations, penalties, a lost ticket", async () => {
    const document = {
      hourly: { price: 2 },
      vehicle_types: { motorcycle: { percent: 50 } },
      penalties: { bay: { title: "Wrong bay", price: 25 } },
      lost_ticket: { true_time: { fee: 10, otherwise: 40 } },
    };
    const { tariffs, enter, account } = begin(inline(1, document));
    await tariffs.start();
    const known = account(enter(START_MS));
    const due = (more: Partial<StayAccount>) => {
      const priced = tariffs.due({ ...known, ...more }, START_MS + 3 * HOUR_MS);
      return priced.ok ? priced.value.amountMinor : priced.error.code;
    };
    expect(due({})).toBe(600);
    expect(due({ vehicleType: "motorcycle" })).toBe(300);
    expect(due({ penalties: ["bay"] })).toBe(3_100);
    expect(due({ lostTicket: "proven" })).toBe(1_600);
    expect(due({ lostTicket: "unproven" })).toBe(4_000);
    expect(due({ right: { kind: "permit", id: "P-1" } }), "what the lists know no more covers it").toBe(0);
  });

  it("without any tariff is refused, never free", () => {
    const { tariffs, enter, account } = begin(null);
    expect(tariffs.due(account(enter(START_MS)), START_MS + HOUR_MS)).toMatchObject({
      error: { code: "tariff_missing" },
    });
    expect(tariffs.view(START_MS)).toEqual({ in_force: null, coming: [], refused: null, preview: [] });
  });

  it("of a version that is not readable any more is priced by the one before, with an alarm", async () => {
    const first = begin(inline(1, flat(5)));
    await first.tariffs.start();
    first.tariffs.offer(file(2, flat(9)), "manifest", START_MS);
    const stay = first.enter(START_MS);
    expect(first.account(stay).tariff).toEqual({ id: "standard", version: 2 });
    first.db.$client.exec("update tariffs set document = '{\"flat\":' where version = 2");
    first.stop();
    const again = begin(null);
    await again.tariffs.start();
    expect(again.tariffs.due(again.account(stay), START_MS)).toMatchObject({ value: { amountMinor: 500 } });
    expect(again.alarms).toContainEqual(expect.stringMatching(/standard 2 cannot be read any more/));
  });
});

describe("a tariff in a file of its own", () => {
  it("is taken whenever it has a new version, and comes into force at its time", async () => {
    write(file(1, flat(5)));
    const { tariffs } = begin(watched());
    await tariffs.start();
    expect(inForce(tariffs)).toBe(1);
    write(file(2, flat(7), { valid_from: "2026-04-01 00:00" }));
    await until(() => tariffs.view(START_MS).coming.length === 1, "the second version");
    const from = Date.UTC(2026, 2, 31, 22);
    expect([inForce(tariffs), inForce(tariffs, from - 1), inForce(tariffs, from)]).toEqual([1, 1, 2]);
    expect(tariffs.view(START_MS)).toMatchObject({
      in_force: { id: "standard", version: 1, document: flat(5) },
      coming: [{ version: 2, from: new Date(from).toISOString() }],
      preview: expect.arrayContaining([{ minutes: 60, total_minor: 500 }]),
    });
  });

  it("that is corrupt leaves the last good one in force, with an alarm until it is mended, over a restart too", async () => {
    write(file(1, flat(5)));
    const first = begin(watched());
    await first.tariffs.start();
    expect(first.alarms).toEqual(["over"]);
    write(file(2, flat("5.005")));
    await until(() => first.alarms.length === 2, "the alarm");
    expect(first.alarms[1]).toBe("line 1: document.flat.price has more decimals than EUR allows");
    expect(inForce(first.tariffs)).toBe(1);
    expect(first.tariffs.view(START_MS).refused).toBe(first.alarms[1]);
    first.stop();
    const second = begin(watched());
    await second.tariffs.start();
    expect([inForce(second.tariffs), second.alarms]).toEqual([1, [first.alarms[1]]]);
    write(file(2, flat("5.50")));
    await until(() => second.alarms.length === 2, "the end of the alarm");
    expect([second.alarms[1], inForce(second.tariffs)]).toEqual(["over", 2]);
    expect(second.warned, "each outage is complained about once").toHaveLength(1);
  });

  it.each<[string, () => void, RegExp]>([
    ["is gone", () => rmSync(folder.path("tariff.json")), /cannot be read: ENOENT/],
    ["is no text at all", () => write("\u0000\u0001{{{"), /./],
    ["is far too long", () => write(" ".repeat(300_000)), /is longer than/],
    [
      "is in another currency",
      () => write(file(2, { currency: "CHF", flat: { price: 5 } })),
      /is not the currency of this facility, which is EUR/,
    ],
  ])("that %s leaves the last good one in force", async (_what, damage, expected) => {
    write(file(1, flat(5)));
    const { tariffs, alarms } = begin(watched());
    await tariffs.start();
    damage();
    await until(() => alarms.length === 2, "the alarm");
    expect(alarms[1]).toMatch(expected);
    expect(inForce(tariffs)).toBe(1);
  });
});
