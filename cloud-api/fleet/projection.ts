import type { EventKind, EventPayload, SyncFact } from "@parkme/shared/protocol/sync";
import type { AppliedEvent } from "./rules.ts";
import { asStayFact, type StayFact } from "./stay-projection.ts";

/**
 * The rows that a run of events adds up to: one list for each table, keys in snake_case because these objects are
 * read by PostgreSQL as JSON.
 */
export type Projection = {
  /** Those that change stays, in their order: see stay-projection.ts. */
  readonly stays: readonly StayFact[];
  readonly movements: readonly MovementRow[];
  readonly payments: readonly EventPayload<"payment.taken">[];
  readonly ledger: readonly EventPayload<"ledger.entry">[];
  readonly shifts: readonly ShiftPatch[];
  readonly receipts: readonly EventPayload<"receipt.issued">[];
  readonly vends: readonly EventPayload<"vend.granted">[];
  /** As they began. */
  readonly alarms: readonly AlarmRow[];
  /** Their ends and who has seen them, one of each for an alarm; alarms that are not known have none. */
  readonly alarmsEnded: readonly AlarmEnd[];
  readonly alarmsSeen: readonly AlarmSeen[];
  readonly count: CountChange;
};

/**
 * What becomes of the vehicles inside. A correction that the edge was told sets the count, so only the movements
 * after the last one change it; movements within the facility never do.
 */
export type CountChange = {
  /** Null = the events hold no correction. */
  readonly setTo: number | null;
  /** Movements that count from there. */
  readonly movementIds: readonly string[];
};

export type AlarmRow = Omit<EventPayload<"alarm.raised">, "alarm_id" | "lasting"> & {
  readonly alarm_id: string;
  readonly ended_at: string | null;
};
export type AlarmEnd = { readonly alarm_id: string; readonly ended_at: string };
export type AlarmSeen = {
  readonly alarm_id: string;
  readonly acknowledged_at: string;
  readonly acknowledged_by: string;
};

/** What is newly known of one shift; null is unknown. */
export type ShiftPatch = {
  readonly shift_id: string;
  readonly currency: string;
  readonly attendant: string | null;
  readonly opened_at: string | null;
  readonly float_minor: number | null;
  readonly closed_at: string | null;
  readonly z_number: number | null;
  readonly expected_minor: number | null;
  readonly counted_minor: number | null;
};

export type MovementRow = Omit<EventPayload<"movement.recorded">, "fee" | "zones"> & {
  readonly fee_minor: number | null;
  readonly fee_currency: string | null;
};

/** Adds up events, in their order, so that one large batch and many small ones end in the same rows. */
export function project(events: readonly AppliedEvent[]): Projection {
  const lists = createLists();
  for (const event of events) take(lists, event);
  const { stays, movements, money, vends, alarms, count } = lists;
  return {
    stays,
    movements,
    ...money.lists(),
    vends,
    ...alarms.lists(),
    count: count.change(),
  };
}

type Lists = ReturnType<typeof createLists>;

function createLists() {
  const stays: StayFact[] = [];
  const movements: MovementRow[] = [];
  const vends: EventPayload<"vend.granted">[] = [];
  const [money, alarms, count] = [createMoneyLists(), createAlarmLists(), createCountList()];
  return { stays, movements, money, vends, alarms, count };
}

function take(lists: Lists, { event, fact }: AppliedEvent): void {
  const stay = asStayFact(fact);
  if (stay !== null) lists.stays.push(stay);
  switch (fact.kind) {
    case "movement.recorded":
      lists.movements.push(movementRow(fact.payload));
      lists.count.moved(fact.payload);
      break;
    case "payment.taken":
    case "ledger.entry":
    case "shift.opened":
    case "shift.closed":
    case "receipt.issued":
      lists.money.take(fact);
      break;
    case "vend.granted":
      lists.vends.push(fact.payload);
      break;
    case "alarm.raised":
    case "alarm.ended":
    case "alarm.acknowledged":
      lists.alarms.take(fact, event.event_id);
      break;
    case "count.corrected":
      lists.count.corrected(fact.payload);
      break;
    case "stay.started":
    case "stay.voided":
    case "stay.flagged":
    case "attempt.changed":
    case "ticket.step":
    case "lane.reset":
    case "hold.changed":
    case "lane.turned":
    case "mode.changed":
    case "passback.reset":
    case "shift.moved":
    case "validation.given":
    case "stay.amended":
    case "stay.identified":
    case "ticket.replaced":
    case "tariff.taken":
    case "tariff.refused":
    case "rows.changed":
    case "command.answered":
    case "manifest.taken":
    case "manifest.refused":
    case "rights.given":
    case "rights.taken":
    case "rights.wanted":
    case "equality.reported":
    case "ticket_key.made":
    case "log.restored":
      // Stays took what they need, and effects.ts takes what it knows; else the event's own row is the record.
      break;
    default:
      fact satisfies never;
  }
}

/** The facts of these kinds. */
type FactOf<K extends EventKind> = Extract<SyncFact, { kind: K }>;

type MoneyFact = FactOf<
  "payment.taken" | "ledger.entry" | "shift.opened" | "shift.closed" | "receipt.issued"
>;

function createMoneyLists() {
  const payments: EventPayload<"payment.taken">[] = [];
  const ledger: EventPayload<"ledger.entry">[] = [];
  const receipts: EventPayload<"receipt.issued">[] = [];
  const shifts = createShiftList();
  return {
    take: (fact: MoneyFact): void => {
      switch (fact.kind) {
        case "payment.taken":
          payments.push(fact.payload);
          break;
        case "ledger.entry":
          ledger.push(fact.payload);
          break;
        case "shift.opened":
          shifts.opened(fact.payload);
          break;
        case "shift.closed":
          shifts.closed(fact.payload);
          break;
        case "receipt.issued":
          receipts.push(fact.payload);
          break;
        default:
          fact satisfies never;
      }
    },
    lists: () => ({ payments, ledger, receipts, shifts: shifts.list() }),
  };
}

function movementRow(movement: EventPayload<"movement.recorded">): MovementRow {
  const { movement_id, lane, direction, scope, kind, stay_id, plate, at, review, fee } = movement;
  const fee_minor = fee?.amount_minor ?? null;
  const fee_currency = fee?.currency ?? null;
  return { movement_id, lane, direction, scope, kind, stay_id, plate, at, review, fee_minor, fee_currency };
}

/** Ids are compared in lower case, as PostgreSQL writes them; of two ends or two who have seen it, the first holds. */
function createAlarmLists() {
  const raised: AlarmRow[] = [];
  const ended = new Map<string, AlarmEnd>();
  const seen = new Map<string, AlarmSeen>();
  const took = {
    raised: ({ alarm_id, lasting, ...alarm }: EventPayload<"alarm.raised">, eventId: string): void => {
      raised.push({ ...alarm, alarm_id: alarm_id ?? eventId, ended_at: lasting ? null : alarm.at });
    },
    ended: ({ alarm_id, at }: EventPayload<"alarm.ended">): void => {
      const id = alarm_id.toLowerCase();
      if (!ended.has(id)) ended.set(id, { alarm_id: id, ended_at: at });
    },
    seen: ({ alarm_id, actor, at }: EventPayload<"alarm.acknowledged">): void => {
      const id = alarm_id.toLowerCase();
      if (!seen.has(id)) seen.set(id, { alarm_id: id, acknowledged_at: at, acknowledged_by: actor });
    },
  };
  return {
    take: (fact: FactOf<"alarm.raised" | "alarm.ended" | "alarm.acknowledged">, eventId: string): void => {
      if (fact.kind === "alarm.raised") took.raised(fact.payload, eventId);
      else if (fact.kind === "alarm.ended") took.ended(fact.payload);
      else took.seen(fact.payload);
    },
    lists: () => ({ alarms: raised, alarmsEnded: [...ended.values()], alarmsSeen: [...seen.values()] }),
  };
}

/** A shift that is opened and closed in one run is one patch; of two words about one thing, the first holds. */
function createShiftList() {
  const known = new Map<string, ShiftPatch>();
  const patch = (shiftId: string, currency: string, said: Partial<ShiftPatch>): void => {
    const shift_id = shiftId.toLowerCase();
    const empty = {
      shift_id,
      currency,
      attendant: null,
      opened_at: null,
      float_minor: null,
      closed_at: null,
      z_number: null,
      expected_minor: null,
      counted_minor: null,
    };
    const before = Object.entries(known.get(shift_id) ?? {}).filter(([, value]) => value !== null);
    known.set(shift_id, { ...empty, ...said, ...Object.fromEntries(before) });
  };
  return {
    opened: ({ shift_id, currency, attendant, float_minor, at }: EventPayload<"shift.opened">): void =>
      patch(shift_id, currency, { attendant, float_minor, opened_at: at }),
    closed: (closed: EventPayload<"shift.closed">): void => {
      const { shift_id, currency, z_number, expected_minor, counted_minor, at } = closed;
      patch(shift_id, currency, { z_number, expected_minor, counted_minor, closed_at: at });
    },
    list: (): readonly ShiftPatch[] => [...known.values()],
  };
}

function createCountList() {
  let setTo: number | null = null;
  let movementIds: string[] = [];
  return {
    moved: ({ movement_id, scope }: EventPayload<"movement.recorded">): void => {
      if (scope === "facility") movementIds.push(movement_id.toLowerCase());
    },
    corrected: ({ zone, after }: EventPayload<"count.corrected">): void => {
      if (zone !== null) return;
      setTo = after;
      movementIds = [];
    },
    change: (): CountChange => ({ setTo, movementIds }),
  };
}
