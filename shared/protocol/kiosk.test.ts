import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALARM_KINDS } from "../domain/alarm.ts";
import { LANE_INPUTS, LANE_STATES } from "../domain/lane.ts";
import { LANE_MODES } from "../domain/lane-mode.ts";
import {
  alarmsSchema,
  alarmViewSchema,
  cashSchema,
  cashTakenSchema,
  countSchema,
  holdSchema,
  kioskSnapshotSchema,
  laneViewSchema,
  MAX_ALARMS_ASKED,
  MAX_ALARMS_SHOWN,
  passbackSchema,
  resetSchema,
  setModeSchema,
  signInSchema,
  turnSchema,
  vendSchema,
  type AlarmView,
  type KioskSnapshot,
  type LaneView,
  type MovementView,
} from "./kiosk.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";
const AT = "2026-03-01T10:00:00.000Z";

const lane: LaneView = {
  lane: "exit",
  name: "Exit 1",
  kind: "reversible",
  direction: "exit",
  turn_to: "entry",
  mode: "open",
  state: "PAYING",
  held_by: null,
  since: AT,
  health: "ok",
  troubles: [],
  inputs: {
    arming: "on",
    safety: "off",
    closing: "unknown",
    photocell: "absent",
    open_limit: "absent",
    closed_limit: "on",
    button: "absent",
    fire: "off",
    stop: "off",
    key_switch: "absent",
  },
  display: "Please pay 12.00 EUR",
  read: { plate: "BAB123", confidence: null, at: AT, camera: "exit-cam", image_url: `/api/images/${ID}` },
  stay: {
    stay_id: ID,
    ticket_number: "PKM-0123456Z",
    plate: "BAB123",
    entry_at: AT,
    right: "permit",
    fee: { amount_minor: 1200, applied_rule: "Slab Rate", duration_minutes: 90, trace: ["..."] },
  },
  ticket: null,
  card: { status: "under_way", amount_minor: 1200 },
  cards_left_open: 0,
};
const alarm: AlarmView = {
  alarm_id: ID,
  lane: "exit",
  kind: "stuck",
  detail: "",
  started_at: AT,
  ended_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
};
const movement: MovementView = {
  movement_id: ID,
  lane: "exit",
  direction: "out",
  kind: "normal",
  plate: null,
  ticket_number: null,
  at: AT,
  fee_minor: 1200,
  review: null,
};
const snapshot: KioskSnapshot = {
  at: AT,
  facility: { slug: "demo", name: "Demo", time_zone: "UTC", currency: "EUR", minor_digits: 2, capacity: 10 },
  inside: 0,
  held: 0,
  today: { in: 1, out: 1, cash_minor: 1200, card_minor: 0 },
  cloud: {
    connected: false,
    pending_events: 3,
    last_ack_at: null,
    state: "linked",
    detail: null,
    manifest: null,
    manifest_refused: null,
  },
  lanes: [lane],
  alarms: [alarm],
  alarms_waiting: 1,
  modes: [{ scope: "zone", name: "level-1", mode: "full", since: AT, actor: "alex", reason: "event" }],
  zones: [{ name: "level-1", title: "Level 1", parent: null, capacity: 5, inside: 0, held: 0 }],
  devices: [{ name: "exit-cam", kind: "camera", driver: "mqtt", ok: true, reason: "" }],
  lists: { as_of: AT, permits: 1, reservations: 0, blocked: 0, watched: 0 },
  movements: [movement],
};

const MODE = { scope: "zone", name: "level-1", mode: "full", reason: "no space left" };
const COUNT = { zone: null, count: 47, reason: "counted by hand", idempotency_key: ID };
const BODIES = [
  signInSchema,
  cashSchema,
  vendSchema,
  resetSchema,
  holdSchema,
  turnSchema,
  setModeSchema,
  countSchema,
  passbackSchema,
];

describe("what an attendant sends", () => {
  const cash = { stay_id: ID, amount_minor: 1200, tendered_minor: 2000, idempotency_key: ID };

  it("is read as it was written", () => {
    expect(cashSchema.parse(cash)).toEqual(cash);
    expect(signInSchema.parse({ name: "alex", pin: "1234" })).toEqual({ name: "alex", pin: "1234" });
    expect(vendSchema.parse({ reason: "  lost ticket ", idempotency_key: ID }).reason).toBe("lost ticket");
    expect(resetSchema.parse({ reason: "arm checked" })).toEqual({ reason: "arm checked" });
    expect(holdSchema.parse({ reason: " queue " })).toEqual({ reason: "queue" });
    expect(turnSchema.parse({ direction: "exit" })).toEqual({ direction: "exit" });
    for (const mode of LANE_MODES) expect(setModeSchema.parse({ ...MODE, mode })).toEqual({ ...MODE, mode });
    for (const zone of [null, "ev"])
      expect(countSchema.parse({ ...COUNT, zone })).toEqual({ ...COUNT, zone });
    expect(passbackSchema.parse({ reason: "event", idempotency_key: ID }).reason).toBe("event");
  });

  it.each([
    [cashSchema, { ...cash, tendered_minor: -1 }],
    [cashSchema, { ...cash, tendered_minor: 0.5 }],
    [cashSchema, { ...cash, tendered_minor: 100_000_001 }],
    [cashSchema, { ...cash, tendered_minor: "2000" }],
    [cashSchema, { ...cash, stay_id: "1" }],
    [cashSchema, { ...cash, idempotency_key: "" }],
    [signInSchema, { name: "", pin: "1234" }],
    [signInSchema, { name: "alex", pin: 1234 }],
    [signInSchema, { name: "alex", pin: "x".repeat(61) }],
    [vendSchema, { reason: "   ", idempotency_key: ID }],
    [vendSchema, { reason: "x ", idempotency_key: ID }],
    [vendSchema, { reason: "x".repeat(201), idempotency_key: ID }],
    [vendSchema, { reason: "lost ticket" }],
    [resetSchema, { reason: "" }],
    [resetSchema, {}],
    [holdSchema, { reason: "ok" }],
    [turnSchema, { direction: "in" }],
    [setModeSchema, { ...MODE, mode: "shut" }],
    [setModeSchema, { ...MODE, scope: "floor" }],
    [setModeSchema, { ...MODE, name: "" }],
    [setModeSchema, { ...MODE, reason: "  x  " }],
    [countSchema, { ...COUNT, count: -1 }],
    [countSchema, { ...COUNT, count: 1.5 }],
    [countSchema, { ...COUNT, count: 1_000_001 }],
    [countSchema, { ...COUNT, zone: "" }],
    [countSchema, { ...COUNT, zone: undefined }],
    [countSchema, { ...COUNT, idempotency_key: undefined }],
    [passbackSchema, { reason: "after an event" }],
    [cashTakenSchema, { payment_id: ID, change_minor: -1 }],
  ])("is refused out of bounds (%#)", (schema, body) => {
    expect(schema.safeParse(body).success).toBe(false);
  });

  it("is never read out of garbage", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => BODIES.every((schema) => !schema.safeParse(value).success)),
    );
  });
});

describe("what an attendant sees", () => {
  it("survives the wire unchanged", () => {
    expect(kioskSnapshotSchema.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot);
  });

  it("shows every state, and a lane with nothing in it", () => {
    for (const state of LANE_STATES) expect(laneViewSchema.safeParse({ ...lane, state }).success).toBe(true);
    expect(laneViewSchema.safeParse({ ...lane, read: null, stay: null }).success).toBe(true);
    expect(laneViewSchema.safeParse({ ...lane, state: "DANCING" }).success).toBe(false);
    expect(laneViewSchema.safeParse({ ...lane, card: null, ticket: "to_take" }).success).toBe(true);
    expect(laneViewSchema.safeParse({ ...lane, inputs: { ...lane.inputs, safety: "clear" } }).success).toBe(
      false,
    );
  });

  it("tells of every input, and of no other", () => {
    for (const input of LANE_INPUTS) {
      const { [input]: _left, ...others } = lane.inputs;
      expect(laneViewSchema.safeParse({ ...lane, inputs: others }).success).toBe(false);
    }
    expect(laneViewSchema.safeParse({ ...lane, inputs: { ...lane.inputs, horn: "on" } }).success).toBe(false);
  });

  it("knows every kind of alarm", () => {
    for (const kind of ALARM_KINDS) expect(alarmViewSchema.safeParse({ ...alarm, kind }).success).toBe(true);
    expect(alarmViewSchema.safeParse({ ...alarm, kind: "ufo" }).success).toBe(false);
  });

  it("is at most 50 alarms, and 200 on request", () => {
    const many = (n: number) => Array.from({ length: n }, () => alarm);
    const shown = (n: number) => kioskSnapshotSchema.safeParse({ ...snapshot, alarms: many(n) }).success;
    expect([shown(MAX_ALARMS_SHOWN), shown(MAX_ALARMS_SHOWN + 1)]).toEqual([true, false]);
    const asked = (n: number) => alarmsSchema.safeParse({ alarms: many(n) }).success;
    expect([asked(MAX_ALARMS_ASKED), asked(MAX_ALARMS_ASKED + 1)]).toEqual([true, false]);
  });

  it("lists 20 movements at most", () => {
    const movements = Array.from({ length: 20 }, () => movement);
    expect(kioskSnapshotSchema.safeParse({ ...snapshot, movements }).success).toBe(true);
    expect(kioskSnapshotSchema.safeParse({ ...snapshot, movements: [...movements, movement] }).success).toBe(
      false,
    );
  });
});
