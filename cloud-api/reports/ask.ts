import { daysOf, hoursOf, type LocalHour } from "./range.ts";
import type { FacilitySpans, Placed, ReportedFacility } from "./spans.queries.ts";
import type { Column, Row } from "./table.ts";

/** What a report is asked: of which facilities, from which date to which, both of them too. */
export type Ask = {
  readonly facilities: readonly ReportedFacility[];
  readonly from: string;
  readonly until: string;
  /** Revenue by how it was paid, or by the tariff's rule. */
  readonly by: "method" | "rule";
  /** The lines say of which facility they are. */
  readonly several: boolean;
  readonly now: Date;
};

/** Each day of each facility, by its date. */
export function daySpans({ facilities, from, until }: Ask): FacilitySpans[] {
  return facilities.map(({ id, timeZone }) => {
    const days = daysOf(from, until, timeZone);
    return {
      facilityId: id,
      names: days.map(({ date }) => date),
      startsMs: days.map(({ startsMs }) => startsMs),
      endMs: days.at(-1)?.endsMs ?? 0,
    };
  });
}

/** All of it in one, of each facility. */
export function wholeSpans(ask: Ask): FacilitySpans[] {
  return daySpans(ask).map(({ facilityId, startsMs, endMs }) => ({
    facilityId,
    names: [`${ask.from}/${ask.until}`],
    startsMs: startsMs.slice(0, 1),
    endMs,
  }));
}

/** The hours of each facility that have begun. */
export function pastHours({ from, until, now }: Ask, { timeZone }: ReportedFacility): LocalHour[] {
  return daysOf(from, until, timeZone)
    .flatMap((day) => hoursOf(day, timeZone))
    .filter(({ startsMs }) => startsMs <= now.getTime());
}

/** The name of the span that a row of the database is of. */
export function nameOf(spans: readonly FacilitySpans[], { facility_id, place }: Placed): string {
  return spans.find(({ facilityId }) => facilityId === facility_id)?.names[place] ?? "";
}

/** The columns that say of which facility a line is, where there are several. */
export function facilityColumns({ several }: Ask): Column[] {
  if (!several) return [];
  return [
    { key: "facility_id", label: "Facility id", kind: "id" },
    { key: "facility", label: "Facility", kind: "text" },
  ];
}

/** A facility of the report as the beginning of a line. */
export function facilityCells({ several, facilities }: Ask, facilityId: string): Row {
  if (!several) return {};
  return { facility_id: facilityId, facility: facilities.find(({ id }) => id === facilityId)?.name ?? null };
}

/** The name of a facility for a figure of its own; null where the report is of one. */
export function facilityLabel({ several }: Ask, facility: ReportedFacility): string | null {
  return several ? facility.name : null;
}
