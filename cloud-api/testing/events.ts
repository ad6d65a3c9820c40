import {
  SYNC_SCHEMA_VERSION,
  type EventPayload,
  type SyncEvent,
  type SyncFact,
} from "@parkme/shared/protocol/sync";
import { isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import type { CloudApp } from "../app.ts";
import { EDGE_ID, EDGE_TOKEN } from "./cloud.ts";

/** An id that looks like the edge's and is the same in every run. */
export function testId(kind: number, number: number): string {
  return `0192b000-${kind.toString(16).padStart(4, "0")}-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** Numbers facts from `firstSeq`, as an edge's log does. */
export function asEvents(facts: readonly SyncFact[], firstSeq = 1): SyncEvent[] {
  return facts.map((fact, index) => ({
    seq: firstSeq + index,
    event_id: testId(0xe, firstSeq + index),
    kind: fact.kind,
    schema_version: SYNC_SCHEMA_VERSION,
    wall_time: "at" in fact.payload ? fact.payload.at : fact.payload.entry_at,
    payload: fact.payload,
  }));
}

export function started(stay: number, at: string, plate: string | null = `B AB ${stay}`): SyncFact {
  const ticket_number = `PKM-${stay.toString().padStart(8, "0")}`;
  return {
    kind: "stay.started",
    payload: {
      stay_id: testId(1, stay),
      lane: "entry",
      ticket_number,
      plate,
      entry_at: at,
      right: null,
      zone: null,
      inside: false,
    },
  };
}

export function voided(stay: number, at: string): SyncFact {
  return {
    kind: "stay.voided",
    payload: { stay_id: testId(1, stay), lane: "entry", at, reason: "backed out" },
  };
}

export function moved(
  direction: "in" | "out",
  stay: number | null,
  at: string,
  change: Partial<EventPayload<"movement.recorded">> = {},
): SyncFact {
  return {
    kind: "movement.recorded",
    payload: {
      movement_id: testId(direction === "in" ? 2 : 3, stay ?? Date.parse(at) % 1_000_000),
      lane: direction === "in" ? "entry" : "exit",
      direction,
      kind: "normal",
      scope: "facility",
      zones: [],
      stay_id: stay === null ? null : testId(1, stay),
      plate: null,
      at,
      review: null,
      fee: null,
      ...change,
    },
  };
}

/** An alarm at the exit; of a lasting kind, it lasts. */
export function raised(alarm: number, kind: AlarmKind, at: string, detail = ""): SyncFact {
  const alarm_id = testId(6, alarm);
  return {
    kind: "alarm.raised",
    payload: { alarm_id, lane: "exit", kind, detail, lasting: isLasting(kind), at },
  };
}

export function ended(alarm: number, kind: AlarmKind, at: string): SyncFact {
  return { kind: "alarm.ended", payload: { alarm_id: testId(6, alarm), lane: "exit", kind, at } };
}

export function acknowledged(alarm: number, at: string, actor = "alex"): SyncFact {
  return { kind: "alarm.acknowledged", payload: { alarm_id: testId(6, alarm), lane: "exit", actor, at } };
}

export function corrected(zone: string | null, before: number, after: number, at: string): SyncFact {
  const by = { cause: "attendant", actor: "alex", reason: "counted by hand" } as const;
  return { kind: "count.corrected", payload: { zone, before, after, ...by, at } };
}

export function paid(stay: number, amountMinor: number, at: string, currency = "EUR"): SyncFact {
  return {
    kind: "payment.taken",
    payload: {
      payment_id: testId(4, stay),
      stay_id: testId(1, stay),
      lane: "exit",
      method: "cash",
      amount_minor: amountMinor,
      currency,
      actor: "alex",
      at,
      change_minor: 0,
      reference: null,
      shift_id: null,
      receipt_number: null,
    },
  };
}

export function fee(amountMinor: number, currency = "EUR"): EventPayload<"movement.recorded">["fee"] {
  return { amount_minor: amountMinor, currency, applied_rule: "Up to 3 h", tariff_version: 1 };
}

/** Sends a batch as an edge does. */
export async function send(
  app: CloudApp,
  events: readonly unknown[],
  { edgeId = EDGE_ID, token = EDGE_TOKEN }: { edgeId?: string; token?: string } = {},
): Promise<Response> {
  return await sendText(app, JSON.stringify({ edge_id: edgeId, events }), { token });
}

/** Sends any text to where batches go; an empty token sends none. */
export async function sendText(
  app: CloudApp,
  body: string,
  { token = EDGE_TOKEN, headers = {} }: { token?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const authorization: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  return await app.request("/api/edge/events", {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization, ...headers },
    body,
  });
}
