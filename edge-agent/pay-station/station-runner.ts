import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint, StayId } from "@parkme/shared/domain/ids";
import type {
  Attempt,
  Found,
  LookUp,
  Station,
  StationContext,
  StationEvent,
  StationOrder,
  StationStep,
} from "./machine/model.ts";
import { newStation, nextOf, outage, step } from "./machine/table.ts";

/** What a pay station needs of the world. */
export type StationWorld = {
  readonly clock: Clock;
  readonly mint: IdMint;
  readonly lookUp: (request: LookUp) => Found;
  /** Writes durably, in one transaction, or throws. */
  readonly record: (records: readonly GateRecord[], settled: StationStep["settled"]) => void;
  /** Never throws; answers come back as events. */
  readonly order: (order: StationOrder) => void;
  readonly show: (station: Station) => void;
  /** Tells lanes and pages that something about these stays was written. */
  readonly stayChanged: (stayId: StayId) => void;
  readonly log: {
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
};

export type StationRunner = {
  readonly station: () => Station;
  readonly tell: (event: StationEvent) => void;
  readonly start: () => void;
  readonly stop: () => void;
};

export type StationSettings = Pick<StationContext, "currency" | "timeZone" | "payMs" | "showMs"> & {
  readonly name: string;
};

/** Events wait here only while a turn is under way. */
const MAX_MAILBOX = 64;
/** One look is asked for by what is shown, at most one more by what it leads to. */
const MAX_REQUESTS = 4;

/**
 * Runs one pay station: one event at a time through the pure table, then one durable write, and only then the card
 * terminal is asked. Nothing is charged that is not written down before.
 */
export function createStationRunner(
  settings: StationSettings,
  open: readonly Attempt[],
  world: StationWorld,
): StationRunner {
  let station = newStation(readClock(world.clock), open);
  let busy = false;
  let isStopped = false;
  const ownWork = createOwnWork();
  const alarm = createAlarm(world.clock, wake);
  const mailbox: StationEvent[] = [];

  function post(event: StationEvent): void {
    // What devices still say is taken up by the next run: the store may be closed.
    if (isStopped) return;
    // What is changed by the station itself is no news to it.
    if (event.kind === "stay_changed" && ownWork.isUnderWay()) return;
    if (mailbox.length >= MAX_MAILBOX) throw new Error(`pay station ${settings.name}: mailbox overrun`);
    mailbox.push(event);
    if (busy) return;
    busy = true;
    try {
      for (let next = mailbox.shift(); next !== undefined; next = mailbox.shift()) turn(next);
    } finally {
      busy = false;
    }
    setAlarm();
  }

  function turn(event: StationEvent): void {
    const before = station;
    const ctx = { ...settings, now: readClock(world.clock), mint: world.mint };
    let played: StationStep;
    try {
      played = play(before, event, ctx, { ...world, lookUp, name: settings.name });
      if (played.records.length + played.settled.length > 0) world.record(played.records, played.settled);
    } catch (error) {
      world.log.error(
        { station: settings.name, err: error },
        "the pay station could not write; nothing was done",
      );
      station = outage(before, event, ctx);
      world.show(station);
      return;
    }
    station = played.station;
    for (const order of played.orders) world.order(order);
    if (station !== before) world.show(station);
    ownWork.during(() => {
      for (const stayId of changedBy(played)) world.stayChanged(stayId);
    });
  }

  const lookUp = (request: LookUp): Found => ownWork.during(() => world.lookUp(request));

  function wake(): void {
    const next = nextOf(station);
    // A timer may come a little early.
    if (next !== null && next.atMs <= world.clock.monotonicMs()) post({ kind: next.kind });
    else setAlarm();
  }

  function setAlarm(): void {
    alarm.set(nextOf(station)?.atMs ?? null);
  }

  return {
    station: () => station,
    tell: post,
    start: () => {
      world.show(station);
      setAlarm();
    },
    stop: () => {
      isStopped = true;
      alarm.set(null);
    },
  };
}

/** Paid, settled, or a card is asked for or no more: what others may do for these stays depends on it. */
function changedBy({ records, settled }: StationStep): StayId[] {
  const written = records.flatMap((record) =>
    record.type === "payment" || record.type === "attempt" ? [record.stayId] : [],
  );
  return [...new Set([...written, ...settled.map(({ stayId }) => stayId)])];
}

function createOwnWork() {
  let depth = 0;
  return {
    isUnderWay: (): boolean => depth > 0,
    during: <T>(work: () => T): T => {
      depth += 1;
      try {
        return work();
      } finally {
        depth -= 1;
      }
    },
  };
}

/** Wakes at a monotonic time; the last one that was set counts, and null is none. */
function createAlarm(clock: Clock, wake: () => void): { readonly set: (atMs: number | null) => void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  return {
    set: (atMs) => {
      if (timer !== null) clearTimeout(timer);
      timer = atMs === null ? null : setTimeout(wake, Math.max(0, Math.ceil(atMs - clock.monotonicMs())));
    },
  };
}

/** Applies an event with all that it asks for, and adds up what is to be written and done. */
function play(
  before: Station,
  first: StationEvent,
  ctx: StationContext,
  { name, lookUp, log }: Pick<StationWorld, "lookUp" | "log"> & { readonly name: string },
): StationStep {
  let total: StationStep = { station: before, records: [], settled: [], orders: [], request: null };
  let event: StationEvent | null = first;
  for (let asked = 0; event !== null; asked++) {
    if (asked > MAX_REQUESTS) throw new Error(`pay station ${name} keeps asking`);
    const { state } = total.station;
    const { unexpected, ...done } = step(total.station, event, ctx);
    if (unexpected) log.warn({ station: name, state, event: event.kind }, "unexpected event");
    total = {
      station: done.station,
      records: [...total.records, ...done.records],
      settled: [...total.settled, ...done.settled],
      orders: [...total.orders, ...done.orders],
      request: done.request,
    };
    event = done.request === null ? null : { kind: "found", found: lookUp(done.request) };
  }
  return total;
}
