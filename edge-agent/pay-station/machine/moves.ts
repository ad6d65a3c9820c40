import type { Lines, Shown, Station, StationContext, StationState, StationStep } from "./model.ts";
import * as words from "./words.ts";

/** The vocabulary of the pay station's table: small pure moves that its cells are written in. */

/** Who was here is gone. */
export const NOBODY = { asked: null, ticket: null, stayId: null, again: false, next: null } as const;

export function stay(station: Station, more: Partial<Omit<StationStep, "station">> = {}): StationStep {
  return { station, records: [], settled: [], orders: [], request: null, ...more };
}

export function enter(
  station: Station,
  state: StationState,
  lines: Lines,
  forMs: number | null,
  { now }: StationContext,
): Station {
  return { ...station, state, since: now, lines, dueMs: forMs === null ? null : now.monotonicMs + forMs };
}

export function andThen(first: StationStep, next: (station: Station) => StationStep): StationStep {
  const second = next(first.station);
  return {
    station: second.station,
    records: [...first.records, ...second.records],
    settled: [...first.settled, ...second.settled],
    orders: [...first.orders, ...second.orders],
    request: second.request ?? first.request,
  };
}

export function rest(station: Station, ctx: StationContext): StationStep {
  const empty = { ...station, ...NOBODY };
  if (station.works.reader === false)
    return stay(enter(empty, "OUT_OF_ORDER", words.OUT_OF_ORDER, null, ctx));
  return stay(enter(empty, "IDLE", welcome(station), null, ctx));
}

function welcome({ works }: Station): Lines {
  return works.terminal === true ? words.WELCOME : words.WELCOME_WITHOUT_CARD;
}

/** Something is shown while no payment is under way: what stands behind it is asked for. */
export function lookUp(station: Station, { shown }: { readonly shown: Shown }): StationStep {
  const asked = { ...station, asked: shown, again: false, next: null };
  return stay(asked, { request: { shown, stayId: station.stayId } });
}
