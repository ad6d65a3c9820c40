import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANE_STATES } from "../domain/lane.ts";
import {
  cashSchema,
  cashTakenSchema,
  kioskSnapshotSchema,
  laneViewSchema,
  resetSchema,
  signInSchema,
  vendSchema,
  type KioskSnapshot,
  type LaneView,
  type MovementView,
} from "./kiosk.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";
const AT = "2026-03-01T10:00:00.000Z";

const lane: LaneView = {
  lane: "exit",
  name: "Exit 1",
  direction: "exit",
  state: "PAYING",
  since: AT,
  troubles: [],
  inputs: {
    arming: "on",
    safety: "off",
    closing: "unknown",
    photocell: "absent",
    open_limit: "absent",
    closed_limit: "on",
  },
  display: "Please pay 12.00 EUR",
  read: { plate: "BAB123", confidence: null, at: AT, camera: "exit-cam", image_url: `/api/images/${ID}` },
  stay: {
    stay_id: ID,
    ticket_number: "PKM-0123456Z",
    plate: "BAB123",
    entry_at: AT,
    fee: { amount_minor: 1200, applied_rule: "Slab Rate", duration_minutes: 90, trace: ["..."] },
  },
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
  today: { in: 1, out: 1, cash_minor: 1200 },
  cloud: { connected: false, pending_events: 3, last_ack_at: null },
  lanes: [lane],
  movements: [movement],
};

describe("what an attendant sends", () => {
  const cash = { stay_id: ID, amount_minor: 1200, tendered_minor: 2000, idempotency_key: ID };

  it("is read as it was written", () => {
    expect(cashSchema.parse(cash)).toEqual(cash);
    expect(signInSchema.parse({ name: "alex", pin: "1234" })).toEqual({ name: "alex", pin: "1234" });
    expect(vendSchema.parse({ reason: "  lost ticket ", idempotency_key: ID }).reason).toBe("lost ticket");
    expect(resetSchema.parse({ reason: "arm checked" })).toEqual({ reason: "arm checked" });
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
    [cashTakenSchema, { payment_id: ID, change_minor: -1 }],
  ])("is refused out of bounds (%#)", (schema, body) => {
    expect(schema.safeParse(body).success).toBe(false);
  });

  it("is never read out of garbage", () => {
    fc.assert(
      fc.property(fc.anything(), (value) =>
        [signInSchema, cashSchema, vendSchema, resetSchema].every(
          (schema) => !schema.safeParse(value).success,
        ),
      ),
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
    expect(laneViewSchema.safeParse({ ...lane, state: "PRINTING" }).success).toBe(false);
    expect(laneViewSchema.safeParse({ ...lane, inputs: { ...lane.inputs, safety: "clear" } }).success).toBe(
      false,
    );
  });

  it("lists 20 movements at most", () => {
    const movements = Array.from({ length: 20 }, () => movement);
    expect(kioskSnapshotSchema.safeParse({ ...snapshot, movements }).success).toBe(true);
    expect(kioskSnapshotSchema.safeParse({ ...snapshot, movements: [...movements, movement] }).success).toBe(
      false,
    );
  });
});
