import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import type { Entry } from "../journal.ts";
import type { Schedule } from "../schedule.ts";
import type { EntryOf } from "./listeners.ts";

/** Says what an entry is, in one line; null = nothing that a reader wants to know. */
export type Teller = (entry: Entry) => string | null;

/** Tells entries of a journal in words, each vehicle with its plate and kind the first time. */
export function createTeller({ visits, site }: Schedule): Teller {
  const vehicles = new Map(visits.map(({ id, vehicle }) => [id, vehicle]));
  const named = new Set<number>();
  const currency = asCurrency(site.currency);
  const amount: Amount = (minor) => `${formatDecimal(money(minor, currency))} ${currency}`;

  function name(visit: number): string {
    const vehicle = vehicles.get(visit);
    if (vehicle === undefined || named.has(visit)) return `vehicle ${visit}`;
    named.add(visit);
    return `vehicle ${visit} (${vehicle.plate.painted}, ${vehicle.kind.replaceAll("_", " ")})`;
  }

  const lines: Lines = { ...worldLines(name), ...deviceLines(name, amount), ...deedLines(name, amount) };
  const tellers = new Map(Object.entries(lines) as [Entry["kind"], Teller][]);
  return (entry) => tellers.get(entry.kind)?.(entry) ?? null;
}

/** A line for every kind of entry. */
type Lines = { readonly [K in Entry["kind"]]: (entry: EntryOf<K>) => string };

type Name = (visit: number) => string;
type Amount = (minor: number) => string;

function worldLines(name: Name) {
  return {
    arrived: (entry: EntryOf<"arrived">) => `${name(entry.visit)} drives up to ${entry.lane}`,
    at_line: (entry: EntryOf<"at_line">) => `${name(entry.visit)} stands at the line of ${entry.lane}`,
    passed: (entry: EntryOf<"passed">) =>
      `${name(entry.visit)} has gone ${entry.direction === "entry" ? "in" : "out"} through ${entry.lane}`,
    backed_out: (entry: EntryOf<"backed_out">) => `${name(entry.visit)} backs out of ${entry.lane}`,
    drove_on: (entry: EntryOf<"drove_on">) =>
      `${name(entry.visit)} drives on: ${entry.reason.replaceAll("_", " ")}`,
    arm_hit: (entry: EntryOf<"arm_hit">) => `THE ARM of ${entry.lane} HITS ${name(entry.visit)}`,
    arm: (entry: EntryOf<"arm">) => armLine(entry, name),
  };
}

function armLine({ lane, motion, position, underneath }: EntryOf<"arm">, name: Name): string {
  const under = underneath.length === 0 ? "" : `, with ${underneath.map(name).join(" and ")} under it`;
  if (motion !== "still")
    return `the arm of ${lane} begins to ${motion === "up" ? "rise" : "come down"}${under}`;
  const where =
    position === 1 ? "is open" : position === 0 ? "is closed" : `stands at ${position.toFixed(2)}`;
  return `the arm of ${lane} ${where}${under}`;
}

function deviceLines(name: Name, amount: Amount) {
  return {
    pulsed: (entry: EntryOf<"pulsed">) =>
      `the board of ${entry.lane} pulses ${entry.action} (${entry.commandId}, epoch ${entry.epoch})`,
    command_dropped: (entry: EntryOf<"command_dropped">) =>
      `the board of ${entry.lane} drops ${entry.commandId}: ${entry.reason}`,
    ticket_out: (entry: EntryOf<"ticket_out">) =>
      `the printer of ${entry.lane} holds out ticket ${entry.number}`,
    ticket_gone: (entry: EntryOf<"ticket_gone">) => `ticket ${entry.number} is ${entry.how} at ${entry.lane}`,
    sensor: (entry: EntryOf<"sensor">) => `from now on ${entry.input} of ${entry.lane} says ${entry.says}`,
    read: (entry: EntryOf<"read">) =>
      entry.plate === null
        ? `the camera of ${entry.lane} sees no plate on ${name(entry.visit)}`
        : `the camera of ${entry.lane} reads ${entry.plate} on ${name(entry.visit)}`,
    charged: (entry: EntryOf<"charged">) =>
      `the terminal at ${entry.place} charges ${amount(entry.amountMinor)} (attempt ${entry.attemptId})`,
    reversed: (entry: EntryOf<"reversed">) =>
      `the terminal at ${entry.place} gives ${amount(entry.amountMinor)} back (attempt ${entry.attemptId})`,
  };
}

function deedLines(name: Name, amount: Amount) {
  return {
    record: (entry: EntryOf<"record">) => `${entry.lane} writes: ${recordLine(entry.record, amount)}`,
    ticket_shown: (entry: EntryOf<"ticket_shown">) =>
      `${name(entry.visit)} shows ticket ${entry.number} at ${entry.lane}`,
    cash: (entry: EntryOf<"cash">) => cashLine(entry, name, amount),
    helped: (entry: EntryOf<"helped">) => `${entry.actor} at ${entry.lane}: ${entry.how}`,
    agent: (entry: EntryOf<"agent">) =>
      `the gate's program is ${entry.what}${entry.epoch === null ? "" : ` (epoch ${entry.epoch})`}${entry.detail === "" ? "" : `: ${entry.detail}`}`,
    cloud: (entry: EntryOf<"cloud">) =>
      `headquarters is ${entry.what}${entry.detail === "" ? "" : `: ${entry.detail}`}`,
    operator: (entry: EntryOf<"operator">) =>
      `operator: ${entry.what.replaceAll("_", " ")}, ${entry.detail}${entry.ok ? "" : " (refused)"}`,
    remote: (entry: EntryOf<"remote">) => `command ${entry.commandId} of headquarters: ${entry.status}`,
    fault: (entry: EntryOf<"fault">) =>
      `${entry.on ? "FAULT" : "mended"}: ${entry.fault.replaceAll("_", " ")}${entry.target === "" ? "" : ` at ${entry.target}`}`,
    note: (entry: EntryOf<"note">) => entry.text,
  };
}

function cashLine(
  { actor, visit, amountMinor, for: why }: EntryOf<"cash">,
  name: Name,
  amount: Amount,
): string {
  const whose = visit === null ? "" : ` of ${name(visit)}`;
  return amountMinor < 0
    ? `${actor} gives ${amount(-amountMinor)} out of the drawer (${why}${whose})`
    : `${actor} puts ${amount(amountMinor)} into the drawer (${why}${whose})`;
}

function recordLine(record: GateRecord, amount: Amount): string {
  switch (record.type) {
    case "stay_started": {
      const { ticketNumber, plate, right } = record.stay;
      return `a stay begins, ticket ${ticketNumber}, ${plate ?? "no plate"}${right === null ? "" : `, by ${right.kind} ${right.id}`}`;
    }
    case "stay_voided":
      return `the stay is void: ${record.reason}`;
    case "stay_review":
      return `a stay is put up for review: ${record.review}`;
    case "movement":
      return movementLine(record, amount);
    case "payment":
      return `${amount(record.amountMinor)} paid by ${record.method}${record.changeMinor === 0 ? "" : `, ${amount(record.changeMinor)} change`}, taken by ${record.actor}`;
    case "attempt":
      return `card payment of ${amount(record.amountMinor)} ${record.status}${detailOf(record.detail)}`;
    case "ticket":
      return `ticket ${record.step}${detailOf(record.detail)}`;
    case "vend":
      return `opened by word of ${record.actor}: ${record.reason}`;
    case "identified":
      return `${record.actor} says which stay it is: ${record.reason}`;
    case "reset":
      return `${record.actor} vouches for the lane: ${record.reason}`;
    case "hold":
      return `the arm is ${record.on ? "held open" : "let go of"} (${record.cause}): ${record.reason}`;
    case "turned":
      return `the lane goes the other way: ${record.direction}`;
    case "alarm":
      return `alarm ${record.kind}${detailOf(record.detail)}`;
    case "alarm_over":
      return `alarm ${record.kind} is over`;
    default:
      return record satisfies never;
  }
}

function movementLine(
  { kind, direction, plate, stayId, review, quote }: Extract<GateRecord, { type: "movement" }>,
  amount: Amount,
): string {
  const whose = stayId === null ? "of nobody's stay" : "of its stay";
  const price = quote === null ? "" : `, for ${amount(quote.total.amountMinor)}`;
  const look = review === null ? "" : `, to be looked at: ${review}`;
  return `a ${kind} movement ${direction} ${whose} (${plate ?? "no plate"})${price}${look}`;
}

const detailOf = (detail: string): string => (detail === "" ? "" : `: ${detail}`);
