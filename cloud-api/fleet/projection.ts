import type { EventKind, EventPayload, SyncFact } from "@parkme/shared/protocol/sync";
import type { StayStatus } from "@parkme/shared/domain/stay";
import type { AppliedEvent } from "./rules.ts";

/**
 * The rows that a run of events adds up to: one list for each table, keys in snake_case because these objects are
 * read by PostgreSQL as JSON.
 */
export type Projection = {
  readonly stays: readonly StayPatch[];
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

/** What is newly known of one stay; null is unknown. */
export type StayPatch = {
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

/**
 * Adds up events, in their order. A stay that several of them speak of becomes one patch, by the same rule by which
 * patches are merged into the table: so one large batch and many small ones end in the same rows.
 */
export function project(events: readonly AppliedEvent[]): Projection {
  const stays = createStayList();
  const movements: MovementRow[] = [];
  const money = createMoneyLists();
  const vends: EventPayload<"vend.granted">[] = [];
  const alarms = createAlarmLists();
  const count = createCountList();

  for (const { event, fact } of events) {
    switch (fact.kind) {
      case "stay.started":
        stays.patch(startedStay(fact.payload));
        break;
      case "stay.voided":
        stays.patch(voidedStay(fact.payload));
        break;
      case "stay.flagged":
        stays.patch(flaggedStay(fact.payload));
        break;
      case "movement.recorded":
        movements.push(movementRow(fact.payload));
        count.moved(fact.payload);
        stays.patch(movedStay(fact.payload));
        break;
      case "payment.taken":
      case "ledger.entry":
      case "shift.opened":
      case "shift.closed":
      case "receipt.issued":
        money.take(fact);
        break;
      case "vend.granted":
        vends.push(fact.payload);
        break;
      case "alarm.raised":
      case "alarm.ended":
      case "alarm.acknowledged":
        alarms.take(fact, event.event_id);
        break;
      case "count.corrected":
        count.corrected(fact.payload);
        break;
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
        // The event's own row is the record; no report asks for more yet.
        break;
      default:
        fact satisfies never;
    }
  }
  return {
    stays: stays.list(),
    movements,
    ...money.lists(),
    vends,
    ...alarms.lists(),
    count: count.change(),
  };
}

/** The facts of these kinds. */
type FactOf<K extends EventKind> = Extract<SyncFact, { kind: K }>;

function createStayList() {
  const stays = new Map<string, StayPatch>();
  return {
    patch: (patch: StayPatch | null): void => {
      if (patch === null) return;
      const known = stays.get(patch.stay_id);
      stays.set(patch.stay_id, known === undefined ? patch : mergeStay(known, patch));
    },
    list: (): readonly StayPatch[] => [...stays.values()],
  };
}

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

function movementRow({ fee, zones: _zones, ...movement }: EventPayload<"movement.recorded">): MovementRow {
  return { ...movement, fee_minor: fee?.amount_minor ?? null, fee_currency: fee?.currency ?? null };
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

/**
 * Of two claims about a status the later in this order holds: a stay that was open is not void, and a closed one
 * stays closed. The type in the database has the same order, so a child that arrives before its parent, or twice,
 * changes nothing for the worse.
 */
const STATUS_ORDER: readonly StayStatus[] = ["provisional", "void", "open", "closed"];

/** The status goes forward only; the latest review holds, and of everything else what was known first. */
function mergeStay(known: StayPatch, patch: StayPatch): StayPatch {
  const later = STATUS_ORDER.indexOf(patch.status) > STATUS_ORDER.indexOf(known.status);
  return {
    stay_id: known.stay_id,
    status: later ? patch.status : known.status,
    ticket_number: known.ticket_number ?? patch.ticket_number,
    plate: known.plate ?? patch.plate,
    entry_lane: known.entry_lane ?? patch.entry_lane,
    entry_at: known.entry_at ?? patch.entry_at,
    exit_lane: known.exit_lane ?? patch.exit_lane,
    exit_at: known.exit_at ?? patch.exit_at,
    fee_minor: known.fee_minor ?? patch.fee_minor,
    fee_currency: known.fee_currency ?? patch.fee_currency,
    applied_rule: known.applied_rule ?? patch.applied_rule,
    tariff_version: known.tariff_version ?? patch.tariff_version,
    void_reason: known.void_reason ?? patch.void_reason,
    review: patch.review ?? known.review,
    right_kind: known.right_kind ?? patch.right_kind,
    right_id: known.right_id ?? patch.right_id,
  };
}

/** A stay of which nothing is known but its id, in lower case as PostgreSQL writes it: two spellings are one stay. */
function emptyPatch(stayId: string, status: StayStatus): StayPatch {
  return {
    stay_id: stayId.toLowerCase(),
    status,
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
  };
}

function startedStay({
  stay_id,
  lane,
  ticket_number,
  plate,
  entry_at,
  right,
  inside,
}: EventPayload<"stay.started">): StayPatch {
  const known = { ticket_number, plate, entry_lane: lane, entry_at };
  return {
    ...emptyPatch(stay_id, inside ? "open" : "provisional"),
    ...known,
    right_kind: right?.kind ?? null,
    right_id: right?.id ?? null,
  };
}

function voidedStay({ stay_id, reason }: EventPayload<"stay.voided">): StayPatch {
  return { ...emptyPatch(stay_id, "void"), void_reason: reason };
}

/** Says nothing of where the vehicle is: of a stay never heard of, the least is assumed. */
function flaggedStay({ stay_id, review }: EventPayload<"stay.flagged">): StayPatch {
  return { ...emptyPatch(stay_id, "provisional"), review };
}

/**
 * A way in opens the stay, a way out closes it with its fee. A movement without a stay is only counted, and one
 * within the facility changes nothing of where the stay is for us.
 */
function movedStay({
  stay_id,
  direction,
  scope,
  lane,
  plate,
  at,
  fee,
}: EventPayload<"movement.recorded">): StayPatch | null {
  if (stay_id === null || scope === "zone") return null;
  if (direction === "in") return { ...emptyPatch(stay_id, "open"), plate, entry_lane: lane, entry_at: at };
  return {
    ...emptyPatch(stay_id, "closed"),
    plate,
    exit_lane: lane,
    exit_at: at,
    fee_minor: fee?.amount_minor ?? null,
    fee_currency: fee?.currency ?? null,
    applied_rule: fee?.applied_rule ?? null,
    tariff_version: fee?.tariff_version ?? null,
  };
}
