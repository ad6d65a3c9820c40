import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALARM_KINDS, MOVEMENT_KINDS, REVIEW_REASONS } from "../domain/stay.ts";
import {
  eventPayloads,
  MAX_BATCH_EVENTS,
  syncAckSchema,
  syncBatchSchema,
  syncEventSchema,
  syncGapSchema,
  type EventKind,
  type EventPayload,
} from "./sync.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";
const AT = "2026-03-01T10:00:00.000Z";

const payloads: { readonly [K in EventKind]: EventPayload<K> } = {
  "stay.started": {
    stay_id: ID,
    lane: "entry",
    ticket_number: "PKM-0123456Z",
    plate: "BAB123",
    entry_at: AT,
  },
  "stay.voided": { stay_id: ID, lane: "entry", at: AT, reason: "backed out" },
  "stay.flagged": { stay_id: ID, lane: "exit", at: AT, review: "missed_exit" },
  "movement.recorded": {
    movement_id: ID,
    lane: "exit",
    direction: "out",
    kind: "normal",
    stay_id: ID,
    plate: null,
    at: AT,
    review: null,
    fee: { amount_minor: 500, currency: "EUR", applied_rule: "Slab Rate", tariff_version: 1 },
  },
  "payment.taken": {
    payment_id: ID,
    stay_id: ID,
    lane: "exit",
    method: "cash",
    amount_minor: 500,
    currency: "EUR",
    actor: "alex",
    at: AT,
  },
  "vend.granted": { command_id: ID, lane: "exit", actor: "alex", reason: "lost ticket", at: AT },
  "lane.reset": { lane: "exit", actor: "alex", reason: "looked at the lane", at: AT },
  "alarm.raised": { lane: "exit", kind: "tailgate", detail: "", at: AT },
};
const kinds = Object.keys(eventPayloads) as EventKind[];

const event = (seq: number, over: object = {}) => ({
  seq,
  event_id: ID,
  kind: "alarm.raised",
  schema_version: 1,
  wall_time: AT,
  payload: payloads["alarm.raised"],
  ...over,
});

describe("event payloads", () => {
  it.each(kinds)("%s survives the wire unchanged", (kind) => {
    const sent = JSON.parse(JSON.stringify(payloads[kind])) as unknown;
    expect(eventPayloads[kind].parse(sent)).toEqual(payloads[kind]);
  });

  it.each(kinds)("%s needs each of its fields", (kind) => {
    for (const field of Object.keys(payloads[kind])) {
      const { [field]: _left, ...rest } = payloads[kind] as Record<string, unknown>;
      expect(eventPayloads[kind].safeParse(rest).success).toBe(false);
    }
  });

  it.each(kinds)("%s is never read out of garbage, nor throws on it", (kind) => {
    const fields = Object.keys(payloads[kind]);
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.anything(), (field, value) => {
        const parsed = eventPayloads[kind].safeParse({ ...payloads[kind], [field]: value });
        if (parsed.success) expect(parsed.data).toHaveProperty(field, value);
      }),
    );
    fc.assert(fc.property(fc.anything(), (value) => !eventPayloads[kind].safeParse(value).success));
  });

  it("know every kind of movement, alarm and review", () => {
    for (const kind of MOVEMENT_KINDS)
      expect(
        eventPayloads["movement.recorded"].safeParse({ ...payloads["movement.recorded"], kind }).success,
      ).toBe(true);
    for (const kind of ALARM_KINDS)
      expect(eventPayloads["alarm.raised"].safeParse({ ...payloads["alarm.raised"], kind }).success).toBe(
        true,
      );
    for (const review of REVIEW_REASONS)
      expect(eventPayloads["stay.flagged"].safeParse({ ...payloads["stay.flagged"], review }).success).toBe(
        true,
      );
  });

  it.each([
    ["payment.taken", { amount_minor: 0.5 }],
    ["payment.taken", { amount_minor: 2 ** 53 }],
    ["payment.taken", { currency: "eur" }],
    ["payment.taken", { method: "card" }],
    ["payment.taken", { actor: "x".repeat(61) }],
    ["vend.granted", { reason: "" }],
    ["vend.granted", { reason: "x".repeat(201) }],
    ["stay.started", { ticket_number: "PKM-123" }],
    ["stay.started", { plate: "A" }],
    ["stay.started", { plate: "ABCDEFGHIJKLM" }],
    ["stay.started", { lane: "Entry 1" }],
    ["stay.started", { entry_at: "yesterday" }],
    ["stay.started", { entry_at: "2026-03-01T10:00:00" }],
    ["movement.recorded", { direction: "sideways" }],
    ["movement.recorded", { fee: { amount_minor: 1 } }],
    ["alarm.raised", { detail: "x".repeat(201) }],
  ] as const)("%s refuses %j", (kind, over) => {
    expect(eventPayloads[kind].safeParse({ ...payloads[kind], ...over }).success).toBe(false);
  });
});

describe("batches", () => {
  const batch = (events: readonly object[]) => ({ edge_id: ID, events });

  it("carry up to 500 events", () => {
    const events = Array.from({ length: MAX_BATCH_EVENTS }, (_, i) => event(i + 1));
    expect(syncBatchSchema.safeParse(batch(events)).success).toBe(true);
    expect(syncBatchSchema.safeParse(batch([...events, event(501)])).success).toBe(false);
    expect(syncBatchSchema.safeParse(batch([])).success, "a heartbeat").toBe(true);
  });

  it("carry kinds and payloads that nobody knows yet", () => {
    const unknown = event(1, { kind: "spot.repainted", schema_version: 9, payload: { any: ["thing", 1] } });
    expect(syncEventSchema.parse(unknown)).toEqual(unknown);
  });

  it.each([
    { seq: 0 },
    { seq: 1.5 },
    { seq: -1 },
    { seq: 2 ** 53 },
    { seq: "1" },
    { event_id: "1" },
    { kind: "" },
    { kind: "x".repeat(61) },
    { schema_version: 0 },
    { wall_time: "2026-03-01 10:00" },
    { payload: [] },
    { payload: "{}" },
    { payload: null },
  ])("refuse an event with %j", (over) => {
    expect(syncEventSchema.safeParse(event(1, over)).success).toBe(false);
  });

  it("take the wall clock of any decade", () => {
    for (const wall_time of ["2016-01-01T00:00:00Z", "2036-12-31T23:59:59.999Z", "2026-03-01T10:00:00+05:45"])
      expect(syncEventSchema.safeParse(event(1, { wall_time })).success).toBe(true);
  });
});

describe("answers", () => {
  it("are an acknowledgement or a gap, and nothing in between", () => {
    expect(syncAckSchema.parse({ cursor: 0 })).toEqual({ cursor: 0 });
    for (const cursor of [-1, 0.5, "1", null, 2 ** 53])
      expect(syncAckSchema.safeParse({ cursor }).success).toBe(false);
    expect(syncGapSchema.parse({ code: "sync_gap", expected: 1 })).toEqual({ code: "sync_gap", expected: 1 });
    for (const gap of [
      { code: "sync_gap", expected: 0 },
      { expected: 3 },
      { code: "gap", expected: 3 },
      null,
    ])
      expect(syncGapSchema.safeParse(gap).success).toBe(false);
  });

  it("are never read out of garbage", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(syncAckSchema.safeParse(value).success).toBe(false);
        expect(syncGapSchema.safeParse(value).success).toBe(false);
        expect(syncBatchSchema.safeParse(value).success).toBe(false);
      }),
    );
  });
});
