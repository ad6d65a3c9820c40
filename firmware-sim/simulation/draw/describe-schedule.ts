import type { Schedule } from "../schedule.ts";

const HOUR_MS = 3_600_000;

/** A schedule in a few lines for people. */
export function describeSchedule({ seed, lengthMs, site, visits, faults, deeds }: Schedule): string {
  const lanes = (direction: string): number =>
    site.lanes.filter((lane) => lane.direction === direction).length;
  const scripted = visits
    .flatMap(({ entry, exit }) => [entry.kind, exit.kind])
    .filter((kind) => kind !== "normal");
  const start = new Date(site.startMs).toISOString().slice(0, 16).replace("T", " ");
  return [
    `seed ${seed}: ${site.name}, ${site.timeZone}, from ${start} UTC for ${roundedHours(lengthMs)} h`,
    `${counted(lanes("entry"), "entry", "entries")}, ${counted(lanes("exit"), "exit", "exits")}, ` +
      `${site.capacity} spaces, ${counted(site.zones.length, "zone", "zones")}, ` +
      `${counted(site.permits.length, "permit", "permits")}, ${counted(site.tariffs.length, "tariff", "tariffs")}, ` +
      `anti-passback ${site.antiPassback}, ${site.hasCloud ? "with a cloud" : "without a cloud"}`,
    `${counted(visits.length, "visit", "visits")}${listed(", drivers: ", scripted)}`,
    `${counted(faults.length, "fault", "faults")}${listed(
      ": ",
      faults.map(({ kind }) => kind),
    )}`,
    `${counted(deeds.length, "deed", "deeds")}${listed(
      ": ",
      deeds.map(({ kind }) => kind),
    )}`,
  ].join("\n");
}

function roundedHours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 10) / 10;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Each kind once with its number, in the order in which they first come. */
function listed(before: string, kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (counts.size === 0) return "";
  return before + [...counts].map(([kind, count]) => (count === 1 ? kind : `${kind} ${count}`)).join(", ");
}
