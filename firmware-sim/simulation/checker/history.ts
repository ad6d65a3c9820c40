import type { Schedule, Visit } from "../schedule.ts";
import { matchPassages, type Matching } from "./matching.ts";
import type { Listeners } from "./listeners.ts";
import type { BackedOut, Moved, Passage } from "./passage.ts";
import { Troubles } from "./troubles.ts";

/** What several rules want to know of what has happened so far. */
export class History {
  readonly troubles = new Troubles();
  readonly visits: ReadonlyMap<number, Visit>;
  readonly passages: Passage[] = [];
  readonly moved: Moved[] = [];
  readonly backedOut: BackedOut[] = [];
  /** What cameras took each vehicle for, and the tickets that its driver showed, by visit. */
  readonly seenAs = new Map<number, Set<string>>();
  /** By visit: when it came to which line, in order. */
  private readonly atLines = new Map<number, { readonly lane: string; readonly atMs: number }[]>();
  private matching: Matching | null = null;

  readonly schedule: Schedule;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
    this.visits = new Map(schedule.visits.map((visit) => [visit.id, visit]));
  }

  readonly listeners: Listeners = {
    at_line: ({ visit, lane, atMs }) => {
      const stands = this.atLines.get(visit);
      if (stands === undefined) this.atLines.set(visit, [{ lane, atMs }]);
      else stands.push({ lane, atMs });
    },
    passed: ({ visit, lane, direction, atMs, step }) => {
      this.passages.push({ visit, lane, way: direction === "entry" ? "in" : "out", atMs, step });
    },
    backed_out: ({ visit, lane, atMs }) => void this.backedOut.push({ visit, lane, atMs }),
    record: ({ lane, record, atMs, step }) => {
      if (record.type === "movement") this.moved.push({ lane, atMs, step, movement: record });
    },
    read: ({ visit, plate }) => {
      if (plate !== null) this.note(visit, plate);
    },
    ticket_shown: ({ visit, number }) => this.note(visit, number),
  };

  private note(visit: number, text: string): void {
    const texts = this.seenAs.get(visit);
    if (texts === undefined) this.seenAs.set(visit, new Set([text]));
    else texts.add(text);
  }

  /** Which recorded movement is which true passage; once the history is over. */
  matched(): Matching {
    this.matching ??= matchPassages(this);
    return this.matching;
  }

  /** When a vehicle came to the line of a lane that it passed then; null = it never stood there. */
  lastAtLine(visit: number, lane: string, beforeMs: number): number | null {
    const own = (this.atLines.get(visit) ?? []).filter((one) => one.lane === lane && one.atMs <= beforeMs);
    return own[0]?.atMs ?? null;
  }

  /** The vehicles that are truly inside at the end. */
  inside(): ReadonlySet<number> {
    const inside = new Set<number>();
    for (const { visit, way } of this.passages) {
      if (way === "in") inside.add(visit);
      else inside.delete(visit);
    }
    return inside;
  }

  /** What a person calls a vehicle. */
  nameOf(visit: number): string {
    const plan = this.visits.get(visit);
    return plan === undefined ? `vehicle ${visit}` : `vehicle ${visit} (${plan.vehicle.plate.painted})`;
  }
}
