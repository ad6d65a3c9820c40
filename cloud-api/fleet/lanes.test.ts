import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventPayloads, type SyncFact } from "@parkme/shared/protocol/sync";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import {
  acknowledged,
  ackedBy,
  asEvents,
  corrected,
  ended,
  moved,
  raised,
  send,
  started,
  testId,
} from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);
const AT = "2026-07-15T08:00:00Z";
const LATER = "2026-07-15T08:10:00Z";
const LATEST = "2026-07-15T08:20:00Z";
const instant = (text: string): string => text.replace("T", " ").replace("Z", "+00");

const alarms = () =>
  rows(`select alarm_id, kind, detail, at::text, ended_at::text, acknowledged_at::text, acknowledged_by
    from alarms order by alarm_id`);
async function inside(): Promise<unknown> {
  return (await rows(`select inside from facilities where id = '${FACILITY_ID}'`))[0]?.["inside"];
}

describe("alarms", () => {
  it("begin, are seen and end, in one batch as in several", async () => {
    const facts = [
      raised(1, "stuck", AT, "a lorry"),
      raised(2, "tailgate", AT),
      acknowledged(1, LATER),
      ended(1, "stuck", LATEST),
    ];
    const expected = [
      {
        alarm_id: testId(6, 1),
        kind: "stuck",
        detail: "a lorry",
        at: instant(AT),
        ended_at: instant(LATEST),
        acknowledged_at: instant(LATER),
        acknowledged_by: "alex",
      },
      {
        alarm_id: testId(6, 2),
        kind: "tailgate",
        detail: "",
        at: instant(AT),
        ended_at: instant(AT),
        acknowledged_at: null,
        acknowledged_by: null,
      },
    ];
    await send(cloud.app, asEvents(facts));
    expect(await alarms()).toEqual(expected);
    await emptyTables(cloud.db);
    for (const event of asEvents(facts)) await send(cloud.app, [event]);
    expect(await alarms()).toEqual(expected);
  });

  it("that last have no end until they have", async () => {
    await send(cloud.app, asEvents([raised(1, "fire", AT)]));
    expect(await alarms()).toMatchObject([{ ended_at: null }]);
    await send(cloud.app, asEvents([ended(1, "fire", LATER)], 2));
    expect(await alarms()).toMatchObject([{ ended_at: instant(LATER) }]);
  });

  it("end once and are seen once, whoever says so again", async () => {
    const again = [
      ended(1, "fire", LATEST),
      acknowledged(1, LATEST, "kim"),
      raised(1, "fire", LATEST, "again"),
    ];
    await send(
      cloud.app,
      asEvents([
        raised(1, "fire", AT),
        ended(1, "fire", LATER),
        acknowledged(1, LATER),
        ended(1, "fire", LATEST),
        acknowledged(1, LATEST, "kim"),
      ]),
    );
    const before = await alarms();
    expect(before).toMatchObject([
      { ended_at: instant(LATER), acknowledged_at: instant(LATER), acknowledged_by: "alex" },
    ]);
    await send(cloud.app, asEvents(again, 6));
    expect(await alarms()).toEqual(before);
  });

  it("whose beginning is in quarantine end without harm to what comes after them", async () => {
    const events = asEvents([
      raised(1, "fire", AT),
      ended(1, "fire", LATER),
      acknowledged(1, LATER),
      raised(2, "printer", LATER),
    ]);
    const poisoned = events.map((event, i) => (i === 0 ? { ...event, payload: { lane: 7 } } : event));
    const response = await send(cloud.app, poisoned);
    expect(await ackedBy(response)).toBe(4);
    expect(await alarms()).toMatchObject([{ alarm_id: testId(6, 2), ended_at: null }]);
    expect(await rows("select outcome from edge_events order by seq")).toEqual(
      ["quarantined", "applied", "applied", "applied"].map((outcome) => ({ outcome })),
    );
  });

  it("of an older agent are known by their events, and were over when they began", async () => {
    const payload = { lane: "exit", kind: "stuck", detail: "old", at: AT };
    const [event] = asEvents([raised(1, "stuck", AT)]);
    await send(cloud.app, [{ ...event!, schema_version: 1, payload }]);
    expect(await alarms()).toMatchObject([
      { alarm_id: event?.event_id, detail: "old", at: instant(AT), ended_at: instant(AT) },
    ]);
  });
});

describe("movements", () => {
  it("from one zone into another change neither the count nor the stay", async () => {
    const ramp = { scope: "zone", lane: "ramp", zones: [{ zone: "level-2", by: 1 }] } as const;
    const up = moved("in", 1, LATER, { ...ramp, zones: [...ramp.zones], movement_id: testId(7, 1) });
    const down = moved("out", 1, LATEST, { ...ramp, zones: [], movement_id: testId(7, 2) });
    await send(cloud.app, asEvents([started(1, AT), moved("in", 1, AT), up]));
    expect(await inside()).toBe(1);
    await send(cloud.app, asEvents([down], 4));
    expect(await inside()).toBe(1);
    expect(await rows("select status, entry_lane, exit_at from stays")).toEqual([
      { status: "open", entry_lane: "entry", exit_at: null },
    ]);
    expect(await rows("select scope, direction from movements order by at")).toEqual([
      { scope: "facility", direction: "in" },
      { scope: "zone", direction: "in" },
      { scope: "zone", direction: "out" },
    ]);
  });

  it("of an older agent are those of the facility", async () => {
    const [event] = asEvents([moved("in", 1, AT)]);
    const { scope: _scope, zones: _zones, ...payload } = event?.payload ?? {};
    await send(cloud.app, [{ ...event!, schema_version: 1, payload }]);
    expect(await inside()).toBe(1);
    expect(await rows("select outcome from edge_events")).toEqual([{ outcome: "applied" }]);
  });
});

describe("a stay", () => {
  it("keeps the right it was begun under, whatever comes first", async () => {
    const begun = started(1, AT);
    if (begun.kind !== "stay.started") throw new Error("not a start");
    const right = { kind: "permit", id: "P-1" } as const;
    const facts: SyncFact[] = [moved("in", 1, AT), { ...begun, payload: { ...begun.payload, right } }];
    await send(cloud.app, asEvents(facts));
    expect(await rows("select status, right_kind, right_id from stays")).toEqual([
      { status: "open", right_kind: "permit", right_id: "P-1" },
    ]);
  });
});

describe("a corrected count", () => {
  const facts = [
    moved("in", 1, AT),
    moved("in", 2, AT),
    corrected(null, 2, 40, LATER),
    moved("out", 1, LATER),
    corrected("level-2", 9, 3, LATER),
    moved("in", 3, LATEST),
    moved("in", 4, LATEST),
  ];

  it("counts from there, in one batch as in several, and in a batch that is sent again", async () => {
    await send(cloud.app, asEvents(facts));
    expect(await inside()).toBe(41);
    const whole = await everything(cloud.db);
    await send(cloud.app, asEvents(facts));
    expect(await everything(cloud.db)).toEqual(whole);
    for (const size of [1, 2, 3, 5]) {
      await emptyTables(cloud.db);
      const events = asEvents(facts);
      for (let from = 0; from < events.length; from += size)
        await send(cloud.app, events.slice(from, from + size));
      expect(await everything(cloud.db)).toEqual(whole);
    }
  });

  it("puts right what went into quarantine before it", async () => {
    const events = asEvents(facts).map((event, i) => (i === 1 ? { ...event, payload: {} } : event));
    await send(cloud.app, events.slice(0, 2));
    expect(await inside()).toBe(1);
    await send(cloud.app, events.slice(2));
    expect(await inside()).toBe(41);
  });

  it("is right when PostgreSQL refuses another event of its batch", async () => {
    const unstorable = moved("in", 9, "0000-01-01T00:00:00Z");
    await send(cloud.app, asEvents([...facts.slice(0, 3), unstorable, ...facts.slice(3)]));
    expect(await inside()).toBe(41);
  });

  it("of a zone leaves the facility's as it is", async () => {
    await send(cloud.app, asEvents([moved("in", 1, AT), corrected("level-2", 0, 30, LATER)]));
    expect(await inside()).toBe(1);
  });

  it("to none from less than none is right", async () => {
    await send(cloud.app, asEvents([moved("out", null, AT), corrected(null, -1, 0, LATER)]));
    expect(await inside()).toBe(0);
  });
});

it("every kind that an edge tells is understood and kept", async () => {
  const by = { actor: "alex", reason: "r", at: AT };
  const attempt = { attempt_id: testId(8, 1), stay_id: testId(1, 1), lane: "exit", amount_minor: 500 };
  const facts: SyncFact[] = [
    {
      kind: "attempt.changed",
      payload: { ...attempt, currency: "EUR", status: "approved", receipt: "1", detail: "", at: AT },
    },
    {
      kind: "ticket.step",
      payload: {
        job_id: testId(8, 2),
        stay_id: testId(1, 1),
        lane: "entry",
        step: "taken",
        detail: "",
        at: AT,
      },
    },
    { kind: "lane.reset", payload: { lane: "exit", ...by } },
    { kind: "hold.changed", payload: { lane: "exit", on: true, cause: "operator", ...by } },
    { kind: "lane.turned", payload: { lane: "exit", direction: "entry", actor: null, at: AT } },
    { kind: "mode.changed", payload: { scope: "facility", name: "harbour", mode: "full", ...by } },
    { kind: "passback.reset", payload: { ...by, stays: 3 } },
  ];
  for (const { kind, payload } of facts) expect(eventPayloads[kind].parse(payload)).toEqual(payload);
  const events = asEvents(facts);
  await send(cloud.app, events);
  await send(cloud.app, events);
  expect(await rows("select kind, payload, outcome from edge_events order by seq")).toEqual(
    facts.map(({ kind, payload }) => ({ kind, payload, outcome: "applied" })),
  );
});
