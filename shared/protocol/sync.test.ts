import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALARM_KINDS } from "../domain/alarm.ts";
import { HOLD_CAUSES } from "../domain/gate-record.ts";
import { LANE_MODES } from "../domain/lane-mode.ts";
import { DRAWER_MOVES, LEDGER_KINDS } from "../domain/ledger.ts";
import { AMENDMENTS } from "../domain/stay-account.ts";
import {
  ATTEMPT_STATUSES,
  MOVEMENT_KINDS,
  PAYMENT_METHODS,
  REVIEW_REASONS,
  TICKET_STEPS,
} from "../domain/stay.ts";
import { eventPayloads, type EventKind, type EventPayload } from "./sync.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";
const AT = "2026-03-01T10:00:00.000Z";
const SLOTS = { from: AT, until: "2026-03-01T12:00:00.000Z" };

const payloads: { readonly [K in EventKind]: EventPayload<K> } = {
  "stay.started": {
    stay_id: ID,
    lane: "entry",
    ticket_number: "PKM-0123456Z",
    plate: "BAB123",
    entry_at: AT,
    right: { kind: "permit", id: "P-1" },
    zone: "level-2",
    inside: true,
  },
  "stay.voided": { stay_id: ID, lane: "entry", at: AT, reason: "backed out" },
  "stay.flagged": { stay_id: ID, lane: "exit", at: AT, review: "missed_exit" },
  "stay.identified": { stay_id: ID, lane: "exit", actor: "alex", reason: "no plate", at: AT },
  "movement.recorded": {
    movement_id: ID,
    lane: "exit",
    direction: "out",
    kind: "normal",
    scope: "facility",
    zones: [{ zone: "level-2", by: -1 }],
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
    change_minor: 500,
    reference: "0042",
    shift_id: ID,
    receipt_number: 7,
  },
  "attempt.changed": {
    attempt_id: ID,
    stay_id: ID,
    lane: "exit",
    amount_minor: 500,
    currency: "EUR",
    status: "approved",
    receipt: "0042",
    detail: "",
    at: AT,
  },
  "ticket.step": { job_id: ID, stay_id: ID, lane: "entry", step: "taken", detail: "", at: AT },
  "vend.granted": { command_id: ID, lane: "exit", actor: "alex", reason: "lost ticket", at: AT },
  "lane.reset": { lane: "exit", actor: "alex", reason: "looked at the lane", at: AT },
  "hold.changed": { lane: "exit", on: true, cause: "fire", actor: null, reason: "", at: AT },
  "lane.turned": { lane: "exit", direction: "entry", actor: null, at: AT },
  "alarm.raised": { alarm_id: ID, lane: "exit", kind: "stuck", detail: "", lasting: true, at: AT },
  "alarm.ended": { alarm_id: ID, lane: "exit", kind: "stuck", at: AT },
  "alarm.acknowledged": { alarm_id: ID, lane: "exit", actor: "alex", at: AT },
  "mode.changed": { scope: "lane", name: "exit", mode: "closed", actor: "alex", reason: "works", at: AT },
  "count.corrected": {
    zone: null,
    before: -1,
    after: 7,
    cause: "attendant",
    actor: "alex",
    reason: "counted",
    at: AT,
  },
  "passback.reset": { actor: "alex", reason: "event", stays: 3, at: AT },
  "ledger.entry": {
    entry_id: ID,
    stay_id: ID,
    kind: "payment",
    side: "credited",
    amount_minor: -500,
    currency: "EUR",
    method: "cash",
    payment_id: ID,
    shift_id: ID,
    place: "desk",
    actor: "alex",
    reason: "",
    debtor: null,
    at: AT,
  },
  "shift.opened": {
    shift_id: ID,
    attendant: "alex",
    float_minor: 10_000,
    currency: "EUR",
    opened_by_payment: false,
    at: AT,
  },
  "shift.moved": {
    shift_id: ID,
    kind: "drop",
    amount_minor: 5_000,
    currency: "EUR",
    actor: "alex",
    reason: "to the safe",
    at: AT,
  },
  "shift.closed": {
    shift_id: ID,
    z_number: 1,
    expected_minor: 10_500,
    counted_minor: 10_400,
    currency: "EUR",
    note: "",
    at: AT,
  },
  "receipt.issued": {
    number: 1,
    kind: "payment",
    payment_id: ID,
    stay_id: ID,
    amount_minor: 500,
    currency: "EUR",
    hash: "a".repeat(64),
    previous_hash: null,
    key_id: 1,
    signature: "c2lnbmVk",
    at: AT,
  },
  "validation.given": {
    validation_id: ID,
    stay_id: ID,
    merchant: "bakery",
    name: "one hour free",
    value: { kind: "minutes", minutes: 60 },
    serial: "S-1",
    actor: "bakery",
    at: AT,
  },
  "stay.amended": {
    stay_id: ID,
    what: "entry_time",
    before: AT,
    after: AT,
    actor: "alex",
    reason: "clock was wrong",
    at: AT,
  },
  "ticket.replaced": {
    stay_id: ID,
    old_number: "PKM-0123456Z",
    new_number: "PKM-11111111",
    actor: "alex",
    reason: "lost",
    at: AT,
  },
  "tariff.taken": { tariff_id: "standard", version: 2, from: AT, source: "file", at: AT },
  "tariff.refused": { tariff_id: null, version: null, source: "file", problem: "is not JSON", at: AT },
  "rows.changed": {},
  "command.answered": { command_id: ID, outcome: "done", detail: "", at: AT },
  "manifest.taken": { version: 3, digest: "0".repeat(64), at: AT },
  "manifest.refused": { version: null, problem: "signature", at: AT },
  "rights.given": { transfer_id: ID, class: "standard", ...SLOTS, amount: 2, at: AT },
  "rights.taken": { transfer_id: ID, class: "standard", ...SLOTS, amount: 2, at: AT },
  "rights.wanted": { request_id: ID, class: "standard", ...SLOTS, amount: 2, at: AT },
  "equality.reported": {
    days: [{ day: "2026-07-15", subject: "ledger", count: 2, amount_minor: 450, digest: "0".repeat(64) }],
    at: AT,
  },
  "ticket_key.made": { key_id: 7, public_key: "MCowBQYDK2VwAyEA", at: AT },
  "log.restored": { common_seq: 4, adopted: 12, conflicts: 0, at: AT },
};

/** What versions 2 and 3 added to payloads of the version before, and what that meant by leaving it out. */
const ADDED: { readonly [K in EventKind]?: Partial<EventPayload<K>> } = {
  "stay.started": { right: null, zone: null, inside: false },
  "payment.taken": { change_minor: 0, reference: null, shift_id: null, receipt_number: null },
  "movement.recorded": { scope: "facility", zones: [] },
  "alarm.raised": { alarm_id: null, lasting: false },
};
const kinds = Object.keys(eventPayloads) as EventKind[];

describe("event payloads", () => {
  it.each(kinds)("%s survives the wire unchanged", (kind) => {
    const sent = JSON.parse(JSON.stringify(payloads[kind])) as unknown;
    expect(eventPayloads[kind].parse(sent)).toEqual(payloads[kind]);
  });

  it.each(kinds)("%s needs each of its fields, but for those that an older agent does not know", (kind) => {
    for (const field of Object.keys(payloads[kind])) {
      const { [field]: _left, ...rest } = payloads[kind] as Record<string, unknown>;
      expect(eventPayloads[kind].safeParse(rest).success).toBe(field in (ADDED[kind] ?? {}));
    }
  });

  it.each(Object.keys(ADDED) as EventKind[])("%s of an older agent means what it meant", (kind) => {
    const payload: Record<string, unknown> = { ...payloads[kind] };
    for (const field of Object.keys(ADDED[kind] ?? {})) delete payload[field];
    expect(eventPayloads[kind].parse(payload)).toEqual({ ...payload, ...ADDED[kind] });
  });

  it.each(kinds.filter((kind) => kind !== "rows.changed"))(
    "%s is never read out of garbage, nor throws on it",
    (kind) => {
      const fields = Object.keys(payloads[kind]);
      fc.assert(
        fc.property(fc.constantFrom(...fields), fc.anything(), (field, value) => {
          const parsed = eventPayloads[kind].safeParse({ ...payloads[kind], [field]: value });
          const meant = value === undefined ? { ...ADDED[kind] } : { [field]: value };
          if (parsed.success) expect(parsed.data).toHaveProperty(field, meant[field as keyof typeof meant]);
        }),
      );
      fc.assert(fc.property(fc.anything(), (value) => !eventPayloads[kind].safeParse(value).success));
    },
  );

  it.each<readonly [EventKind, string, readonly string[]]>([
    ["movement.recorded", "kind", MOVEMENT_KINDS],
    ["alarm.raised", "kind", ALARM_KINDS],
    ["alarm.ended", "kind", ALARM_KINDS],
    ["stay.flagged", "review", REVIEW_REASONS],
    ["payment.taken", "method", PAYMENT_METHODS],
    ["attempt.changed", "status", ATTEMPT_STATUSES],
    ["ticket.step", "step", TICKET_STEPS],
    ["hold.changed", "cause", HOLD_CAUSES],
    ["mode.changed", "mode", LANE_MODES],
    ["ledger.entry", "kind", LEDGER_KINDS],
    ["shift.moved", "kind", DRAWER_MOVES],
    ["stay.amended", "what", AMENDMENTS],
  ])("%s knows every %s that the gate knows", (kind, field, values) => {
    for (const value of values)
      expect(eventPayloads[kind].safeParse({ ...payloads[kind], [field]: value }).success).toBe(true);
    expect(eventPayloads[kind].safeParse({ ...payloads[kind], [field]: "else" }).success).toBe(false);
  });

  it.each([
    ["payment.taken", { amount_minor: 0.5 }],
    ["payment.taken", { amount_minor: 2 ** 53 }],
    ["payment.taken", { currency: "eur" }],
    ["payment.taken", { method: "cheque" }],
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
    ["movement.recorded", { scope: "street" }],
    ["movement.recorded", { zones: [{ zone: "level-2", by: 2 }] }],
    ["movement.recorded", { zones: [{ zone: "Level 2", by: 1 }] }],
    ["movement.recorded", { zones: Array(65).fill({ zone: "level-2", by: 1 }) }],
    ["stay.started", { right: { kind: "wish", id: "1" } }],
    ["stay.started", { right: { kind: "permit", id: "" } }],
    ["alarm.raised", { detail: "x".repeat(201) }],
    ["alarm.raised", { alarm_id: "7" }],
    ["attempt.changed", { receipt: "7".repeat(81) }],
    ["attempt.changed", { amount_minor: 0.5 }],
    ["lane.turned", { direction: "in" }],
    ["mode.changed", { scope: "spot" }],
    ["count.corrected", { after: -1 }],
    ["count.corrected", { after: 0.5 }],
    ["passback.reset", { stays: -1 }],
    ["ledger.entry", { amount_minor: 0.5 }],
    ["ledger.entry", { side: "left" }],
    ["ledger.entry", { reason: "x".repeat(201) }],
    ["shift.closed", { z_number: 0 }],
    ["receipt.issued", { number: 0 }],
    ["receipt.issued", { hash: "a".repeat(63) }],
    ["validation.given", { value: { kind: "wish" } }],
    ["ticket.replaced", { new_number: "PKM-123" }],
  ] as const)("%s refuses %j", (kind, over) => {
    expect(eventPayloads[kind].safeParse({ ...payloads[kind], ...over }).success).toBe(false);
  });
});
