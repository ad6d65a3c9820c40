import { z } from "zod";
import type { EventKind, EventPayload, SyncFact } from "@parkme/shared/protocol/sync";
import type { StayStatus } from "@parkme/shared/domain/stay";

/**
 * What becomes of stays, event by event, as it does at the edge: the books of both are compared row by row. Keys are in
 * snake_case because these objects are read by PostgreSQL as JSON; times are RFC 3339.
 */
export type StayRow = {
  readonly stay_id: string;
  readonly status: StayStatus;
  readonly ticket_number: string | null;
  readonly plate: string | null;
  readonly entry_lane: string | null;
  readonly entry_at: string | null;
  readonly exit_lane: string | null;
  readonly exit_at: string | null;
  readonly fee_minor: number | null;
  readonly fee_currency: string | null;
  readonly applied_rule: string | null;
  readonly tariff_version: number | null;
  readonly void_reason: string | null;
  readonly review: string | null;
  readonly right_kind: string | null;
  readonly right_id: string | null;
  readonly vehicle_type: string;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly lost_ticket: "no" | "proven" | "unproven";
};

type FactOf<K extends EventKind> = Extract<SyncFact, { kind: K }>;
export type StayFact = FactOf<
  "stay.started" | "stay.voided" | "stay.flagged" | "stay.amended" | "ticket.replaced" | "movement.recorded"
>;

const KINDS: ReadonlySet<EventKind> = new Set<StayFact["kind"]>([
  "stay.started",
  "stay.voided",
  "stay.flagged",
  "stay.amended",
  "ticket.replaced",
  "movement.recorded",
]);

function isStayFact(fact: SyncFact): fact is StayFact {
  return KINDS.has(fact.kind);
}

/** The fact changes a stay, or may; null = it does not. */
export function asStayFact(fact: SyncFact): StayFact | null {
  if (!isStayFact(fact)) return null;
  if (fact.kind !== "movement.recorded") return fact;
  // Without a stay it is only counted; within the facility it changes nothing of where the stay is for us.
  return fact.payload.stay_id === null || fact.payload.scope === "zone" ? null : fact;
}

/** In lower case, as PostgreSQL writes it: two spellings are one stay. */
export function stayIdOf(fact: StayFact): string {
  return (fact.payload.stay_id ?? "").toLowerCase();
}

/**
 * Does to stays what the facts say, one after another. A stay that was never heard of (its beginning is in quarantine)
 * begins with what is known of it.
 *
 * @param known the stays that the facts speak of, as they are.
 * @returns those that are not what they were, whole.
 */
export function foldStays(known: ReadonlyMap<string, StayRow>, facts: readonly StayFact[]): StayRow[] {
  const now = new Map<string, StayRow>();
  for (const fact of facts) {
    const id = stayIdOf(fact);
    const before = now.get(id) ?? known.get(id);
    const after = afterFact(before ?? unknownStay(id), fact, before === undefined);
    if (after !== null) now.set(id, after);
  }
  return [...now.values()];
}

/** Null = it changes nothing. */
function afterFact(stay: StayRow, fact: StayFact, isNew: boolean): StayRow | null {
  switch (fact.kind) {
    case "stay.started":
      return started(stay, fact.payload);
    case "stay.voided":
      // One that has left stays so: that was decided by what passed, not by what was said.
      return stay.status === "closed" ? null : { ...stay, status: "void", void_reason: fact.payload.reason };
    case "stay.flagged":
      return { ...stay, review: fact.payload.review };
    case "stay.amended":
      return amended(stay, fact.payload);
    case "ticket.replaced":
      return { ...stay, ticket_number: fact.payload.new_number };
    case "movement.recorded":
      return fact.payload.direction === "out"
        ? wentOut(stay, fact.payload)
        : cameIn(stay, fact.payload, isNew);
    default:
      return fact satisfies never;
  }
}

/** Says nothing of where the vehicle is: the least is assumed. */
function unknownStay(stayId: string): StayRow {
  return {
    stay_id: stayId,
    status: "provisional",
    ticket_number: null,
    plate: null,
    entry_lane: null,
    entry_at: null,
    exit_lane: null,
    exit_at: null,
    fee_minor: null,
    fee_currency: null,
    applied_rule: null,
    tariff_version: null,
    void_reason: null,
    review: null,
    right_kind: null,
    right_id: null,
    vehicle_type: "car",
    ev: false,
    accessible: false,
    lost_ticket: "no",
  };
}

/** A beginning that comes late says what nobody knew, and takes nothing back. */
function started(stay: StayRow, payload: EventPayload<"stay.started">): StayRow {
  const { lane, ticket_number, plate, entry_at, right, inside } = payload;
  return {
    ...stay,
    status: inside && stay.status === "provisional" ? "open" : stay.status,
    ticket_number: stay.ticket_number ?? ticket_number,
    plate: stay.plate ?? plate,
    entry_lane: lane,
    entry_at,
    right_kind: right?.kind ?? null,
    right_id: right?.id ?? null,
  };
}

/** Opens the stay that was waiting for it. Seen to come in, it is in doubt no more. */
function cameIn(
  stay: StayRow,
  { lane, at, review }: EventPayload<"movement.recorded">,
  isNew: boolean,
): StayRow | null {
  if (stay.status !== "provisional") return null;
  const doubt = stay.review === "passage_unproven" ? null : stay.review;
  const entry = isNew ? { entry_lane: lane, entry_at: at } : {};
  return { ...stay, ...entry, status: "open", review: review ?? doubt };
}

/** Closes the stay with its fee; seen to leave twice, it left the last time. */
function wentOut(stay: StayRow, payload: EventPayload<"movement.recorded">): StayRow {
  const { lane, at, fee, review } = payload;
  return {
    ...stay,
    status: "closed",
    exit_lane: lane,
    exit_at: at,
    fee_minor: fee?.amount_minor ?? null,
    fee_currency: fee?.currency ?? null,
    applied_rule: fee?.applied_rule ?? null,
    tariff_version: fee?.tariff_version ?? null,
    review: review ?? stay.review,
  };
}

const vehicleSchema = z.object({
  vehicleType: z.string().max(80),
  ev: z.boolean(),
  accessible: z.boolean(),
});
const lostTicketSchema = z.enum(["no", "proven", "unproven"]);
const instantSchema = z.iso.datetime({ offset: true });

/** What the edge wrote as text; what is none of it changes nothing, and shows when the books are compared. */
function amended(stay: StayRow, { what, after }: EventPayload<"stay.amended">): StayRow | null {
  switch (what) {
    case "entry_time":
      return instantSchema.safeParse(after).success ? { ...stay, entry_at: after } : null;
    case "vehicle": {
      const vehicle = vehicleSchema.safeParse(jsonOf(after));
      if (!vehicle.success) return null;
      const { vehicleType: vehicle_type, ev, accessible } = vehicle.data;
      return { ...stay, vehicle_type, ev, accessible };
    }
    case "lost_ticket": {
      const lost = lostTicketSchema.safeParse(after);
      return lost.success ? { ...stay, lost_ticket: lost.data } : null;
    }
    case "penalty":
    case "begun_by_hand":
    case "void":
      // Their own events say it: entries of the ledger, a stay that began, one that is void.
      return null;
    default:
      return what satisfies never;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
