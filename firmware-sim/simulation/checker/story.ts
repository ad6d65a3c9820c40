import { zoneClockOf } from "@parkme/shared/domain/local-day";
import type { Entry } from "../journal.ts";
import type { Schedule } from "../schedule.ts";
import { createTeller } from "./story-lines.ts";

/** How much before and after a moment the story of a lane tells. */
const AROUND_MS = 10 * 60_000;

/**
 * What became of one vehicle, a line for each thing that happened, by the site's clocks: what it did, and what its lanes
 * did while it was in them.
 */
export function storyOfVisit(schedule: Schedule, journal: readonly Entry[], visit: number): string[] {
  const tell = createTeller(schedule);
  const lines: Line[] = [];
  let lane: string | null = null;
  for (const entry of journal) {
    const isOwn = "visit" in entry && entry.visit === visit;
    if (isOwn && "lane" in entry) lane = entry.lane;
    const isAtItsLane = lane !== null && laneOf(entry) === lane && !isOthers(entry, visit);
    if (isOwn || isAtItsLane || (lane !== null && concernsAll(entry))) push(lines, entry, tell(entry));
    if (isOwn && isOver(entry)) lane = null;
  }
  return written(lines, schedule);
}

/** What happened at one lane around a moment, ms from the beginning. */
export function storyOfLane(
  schedule: Schedule,
  journal: readonly Entry[],
  lane: string,
  aroundMs: number,
): string[] {
  const tell = createTeller(schedule);
  const lines: Line[] = [];
  for (const entry of journal) {
    if (Math.abs(entry.atMs - aroundMs) > AROUND_MS) continue;
    if (laneOf(entry) === lane || concernsAll(entry)) push(lines, entry, tell(entry));
  }
  return written(lines, schedule);
}

type Line = { readonly atMs: number; readonly step: number; readonly text: string };

function push(lines: Line[], { atMs, step }: Entry, text: string | null): void {
  if (text !== null) lines.push({ atMs, step, text });
}

function laneOf(entry: Entry): string | null {
  if ("lane" in entry) return entry.lane;
  if ("place" in entry) return entry.place;
  return entry.kind === "fault" ? entry.target : null;
}

/** Of the same lane, and of another vehicle. */
function isOthers(entry: Entry, visit: number): boolean {
  return "visit" in entry && entry.visit !== visit;
}

/** A program that stops, and what is broken everywhere. */
function concernsAll(entry: Entry): boolean {
  return entry.kind === "agent" || (entry.kind === "fault" && entry.target === "");
}

function isOver({ kind }: Entry): boolean {
  return kind === "passed" || kind === "backed_out" || kind === "drove_on";
}

function written(lines: readonly Line[], { site: { timeZone, startMs } }: Schedule): string[] {
  const clock = zoneClockOf(timeZone);
  const local = (atMs: number): string =>
    new Date(startMs + atMs + clock.spanAt(startMs + atMs).offsetMs).toISOString();
  let day = "";
  return lines.flatMap(({ atMs, step, text }) => {
    const time = local(atMs);
    const line = `${time.slice(11, 19)} ${text} [${step}]`;
    if (time.slice(0, 10) === day) return [line];
    day = time.slice(0, 10);
    return [`${day}, ${timeZone}`, line];
  });
}
