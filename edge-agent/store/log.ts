import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { Currency } from "@parkme/shared/domain/money";
import type { SyncFact } from "@parkme/shared/protocol/sync";

/** Adds a row to the log; inside the transaction of what it reports. */
export type LogWriter = (fact: SyncFact, wallMs: number) => void;

/** RFC 3339 in UTC. */
export function instantOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

const MAX_DETAIL = 200;
/** A terminal's or a bank's own number, as the cloud takes it. */
export const MAX_REFERENCE = 80;

/** What a device says may be longer than the cloud takes. */
export function detailOf(text: string): string {
  // Half of a character that was cut in two is none that the cloud takes.
  return text.slice(0, MAX_DETAIL).replace(/[\uD800-\uDBFF]$/, "");
}

/**
 * Alarms are told of by their own writer: whether one begins or ends depends on those that last. So are payments, with
 * all that belongs to them.
 */
export type PlainRecord = Exclude<
  GateRecord,
  { type: "alarm" } | { type: "alarm_over" } | { type: "payment" }
>;

export type FactContext = { readonly lane: string; readonly wallMs: number; readonly currency: Currency };

/** What the cloud is told of a record. */
export function factOf(record: PlainRecord, { lane, wallMs, currency }: FactContext): SyncFact {
  const at = instantOf(wallMs);
  switch (record.type) {
    case "stay_started":
      return startedFact(record, lane);
    case "stay_voided":
      return { kind: "stay.voided", payload: { stay_id: record.stayId, lane, at, reason: record.reason } };
    case "stay_review":
      return { kind: "stay.flagged", payload: { stay_id: record.stayId, lane, at, review: record.review } };
    case "identified": {
      const { stayId: stay_id, actor, reason } = record;
      return { kind: "stay.identified", payload: { stay_id, lane, actor, reason: detailOf(reason), at } };
    }
    case "movement":
      return { kind: "movement.recorded", payload: movementPayload(record, lane, at) };
    case "attempt":
      return { kind: "attempt.changed", payload: attemptPayload(record, { lane, at, currency }) };
    case "ticket": {
      const { jobId: job_id, stayId: stay_id, step } = record;
      const detail = detailOf(record.detail);
      return { kind: "ticket.step", payload: { job_id, stay_id, lane, step, detail, at } };
    }
    case "vend": {
      const { commandId: command_id, actor, reason } = record;
      return { kind: "vend.granted", payload: { command_id, lane, actor, reason, at } };
    }
    case "reset":
      return { kind: "lane.reset", payload: { lane, actor: record.actor, reason: record.reason, at } };
    case "hold": {
      const { on, cause, actor } = record;
      return {
        kind: "hold.changed",
        payload: { lane, on, cause, actor, reason: detailOf(record.reason), at },
      };
    }
    case "turned":
      return { kind: "lane.turned", payload: { lane, direction: record.direction, actor: record.actor, at } };
    default:
      return record satisfies never;
  }
}

type RecordOf<K extends PlainRecord["type"]> = Extract<PlainRecord, { type: K }>;

function startedFact({ stay, zone }: RecordOf<"stay_started">, lane: string): SyncFact {
  const { stayId: stay_id, ticketNumber: ticket_number, plate, right } = stay;
  const entry_at = instantOf(stay.entryWallMs);
  const payload = { stay_id, lane, ticket_number, plate, entry_at, right, zone, inside: false };
  return { kind: "stay.started", payload };
}

function movementPayload(record: RecordOf<"movement">, lane: string, at: string) {
  const { movementId: movement_id, direction, kind, scope, stayId: stay_id, plate, review, quote } = record;
  const fee = quote && {
    amount_minor: quote.total.amountMinor,
    currency: quote.total.currency,
    applied_rule: quote.appliedRule,
    tariff_version: quote.tariffVersion,
  };
  const zones = record.zones.map(({ zone, by }) => ({ zone, by }));
  return { movement_id, lane, direction, kind, scope, zones, stay_id, plate, at, review, fee };
}

function attemptPayload(
  {
    attemptId: attempt_id,
    stayId: stay_id,
    amountMinor: amount_minor,
    status,
    receipt,
    detail,
  }: RecordOf<"attempt">,
  common: { readonly lane: string; readonly at: string; readonly currency: Currency },
) {
  return {
    attempt_id,
    stay_id,
    amount_minor,
    status,
    receipt: receipt?.slice(0, MAX_REFERENCE) ?? null,
    detail: detailOf(detail),
    ...common,
  };
}
