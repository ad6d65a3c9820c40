import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { Lane, Step } from "../machine/model.ts";

/**
 * What a step did, in one line: the state it ends in and the timers that run then (`same` = as before), what was
 * written, commanded, ordered and asked, what the attendant was told; and where the state stays, which things of the
 * lane changed and what the driver is told. A movement is the lane's `own` (in by an entry, out by an exit) or the
 * `other` way.
 *
 *     HELD_OPEN [move] write alarm:fire hold:on:fire; command open!
 */
export function outcomeOf(before: Lane, step: Step): string {
  const { lane, records, commands, orders, request, reply } = step;
  const where = placeOf(lane) === placeOf(before) ? "same" : placeOf(lane);
  const stays = lane.state === before.state;
  const changed = stays ? changesOf(before, lane) : [];
  const told = reply === null ? [] : [reply.ok ? "ok" : `refused ${reply.code}`];
  const parts = [
    ...told,
    ...list(
      "write",
      records.map((record) => recordWord(record, before)),
    ),
    ...list(
      "command",
      commands.map(({ action, safety }) => (safety ? `${action}!` : action)),
    ),
    ...list(
      "order",
      orders.map((order) => (order.kind === "indicate" ? order.signal : order.kind)),
    ),
    ...list("ask", request === null ? [] : [request.purpose]),
    ...list("change", changed),
    ...(stays && lane.display !== before.display ? [`say ${lane.display}`] : []),
  ];
  return parts.length === 0 ? where : `${where} ${parts.join("; ")}`;
}

/** The state, and the timers that run. */
function placeOf({ state, timers }: Lane): string {
  const running = Object.keys(timers).toSorted();
  return running.length === 0 ? state : `${state} [${running.join(" ")}]`;
}

function list(word: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${word} ${items.join(" ")}`];
}

function recordWord(record: GateRecord, { direction }: Lane): string {
  switch (record.type) {
    case "alarm":
    case "alarm_over":
      return `${record.type}:${record.kind}`;
    case "movement":
      return `movement:${(record.direction === "in") === (direction === "entry") ? "own" : "other"}:${record.kind}`;
    case "stay_review":
      return `review:${record.review}`;
    case "attempt":
      return `attempt:${record.status}`;
    case "ticket":
      return `ticket:${record.step}`;
    case "payment":
      return `payment:${record.method}`;
    case "hold":
      return `hold:${record.on ? "on" : "off"}:${record.cause}`;
    case "identified":
      return record.type;
    case "turned":
      return `turned:${record.direction}`;
    case "stay_started":
    case "stay_voided":
    case "vend":
    case "reset":
      return record.type;
    default:
      return record satisfies never;
  }
}

const TOLD_OTHERWISE: ReadonlySet<string> = new Set(["timers", "since", "inputs", "display"]);

function changesOf(before: Lane, after: Lane): string[] {
  const names = Object.keys(after) as (keyof Lane)[];
  return names
    .filter((name) => !TOLD_OTHERWISE.has(name) && !same(before[name], after[name]))
    .toSorted((a, b) => a.localeCompare(b));
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
