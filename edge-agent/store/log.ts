import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { Currency } from "@parkme/shared/domain/money";
import type { SyncFact } from "@parkme/shared/protocol/sync";

/** Version of every payload this agent writes into its log. */
export const SCHEMA_VERSION = 1;

export type FactContext = { readonly lane: string; readonly wallMs: number; readonly currency: Currency };

/** What the cloud is told of a record. */
export function factsOf(record: GateRecord, { lane, wallMs, currency }: FactContext): readonly SyncFact[] {
  const at = new Date(wallMs).toISOString();
  switch (record.type) {
    case "stay_started": {
      const { stayId, ticketNumber, plate, entryWallMs } = record.stay;
      const entryAt = new Date(entryWallMs).toISOString();
      return [
        {
          kind: "stay.started",
          payload: { stay_id: stayId, lane, ticket_number: ticketNumber, plate, entry_at: entryAt },
        },
      ];
    }
    case "stay_voided":
      return [{ kind: "stay.voided", payload: { stay_id: record.stayId, lane, at, reason: record.reason } }];
    case "stay_review":
      return [{ kind: "stay.flagged", payload: { stay_id: record.stayId, lane, at, review: record.review } }];
    case "movement":
      return [{ kind: "movement.recorded", payload: movementPayload(record, lane, at) }];
    case "payment": {
      const { paymentId, stayId, method, amountMinor, actor } = record;
      const amount = { amount_minor: amountMinor, currency };
      return [
        {
          kind: "payment.taken",
          payload: { payment_id: paymentId, stay_id: stayId, lane, method, ...amount, actor, at },
        },
      ];
    }
    case "vend": {
      const { commandId, actor, reason } = record;
      return [{ kind: "vend.granted", payload: { command_id: commandId, lane, actor, reason, at } }];
    }
    case "reset":
      return [{ kind: "lane.reset", payload: { lane, actor: record.actor, reason: record.reason, at } }];
    case "alarm":
      return [
        {
          kind: "alarm.raised",
          payload: { lane, kind: record.kind, detail: record.detail.slice(0, 200), at },
        },
      ];
    default:
      return record satisfies never;
  }
}

function movementPayload(record: Extract<GateRecord, { type: "movement" }>, lane: string, at: string) {
  const { movementId, direction, kind, stayId, plate, review, quote } = record;
  const fee = quote && {
    amount_minor: quote.total.amountMinor,
    currency: quote.total.currency,
    applied_rule: quote.appliedRule,
    tariff_version: quote.tariffVersion,
  };
  return { movement_id: movementId, lane, direction, kind, stay_id: stayId, plate, at, review, fee };
}
