import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import type { Entry } from "../journal.ts";
import type { Schedule } from "../schedule.ts";
import type { EntryOf } from "./listeners.ts";
import type { Violation } from "./violation.ts";

/** One run, so far as a report is made of it. */
export type Reported = {
  readonly schedule: Schedule;
  readonly violations: readonly Violation[];
  readonly journal: readonly Entry[];
};

/** Sums over runs. Money is by currency, minor units; nothing in it follows from the machine or from chance. */
export type Sums = {
  runs: number;
  /** Of the facility's own time. */
  days: number;
  visits: number;
  passagesIn: number;
  passagesOut: number;
  backedOut: number;
  droveOn: number;
  stays: number;
  tickets: number;
  openings: number;
  helped: number;
  agentStarts: number;
  agentKills: number;
  cloudKills: number;
  operatorActs: number;
  remoteCommands: number;
  entries: number;
  cashMinor: Record<string, number>;
  cardMinor: Record<string, number>;
  faults: Record<string, number>;
  violations: Record<string, number>;
};

type Failure = { readonly seed: number } & Violation;

/** So many violations are told of; the sums have them all. */
const MOST_TOLD = 50;

/** Adds runs up. The same runs in the same order are the same report, byte for byte. */
export function createReport() {
  const sums = nothing();
  const failures: Failure[] = [];
  return {
    add({ schedule, violations, journal }: Reported): void {
      sums.runs += 1;
      sums.days += schedule.lengthMs / DAY_MS;
      sums.visits += schedule.visits.length;
      sums.entries += journal.length;
      for (const entry of journal) ADDERS.get(entry.kind)?.(sums, entry, schedule.site.currency);
      for (const violation of violations) {
        bump(sums.violations, violation.rule, 1);
        failures.push({ seed: schedule.seed, ...violation });
      }
    },
    /** Whether no rule was broken. */
    isClean: (): boolean => failures.length === 0,
    json: (): object => ({ ...sorted(sums), failures: failures.slice(0, MOST_TOLD) }),
    text: (): string => textOf(sums, failures),
  };
}

const DAY_MS = 86_400_000;

function nothing(): Sums {
  return {
    runs: 0,
    days: 0,
    visits: 0,
    passagesIn: 0,
    passagesOut: 0,
    backedOut: 0,
    droveOn: 0,
    stays: 0,
    tickets: 0,
    openings: 0,
    helped: 0,
    agentStarts: 0,
    agentKills: 0,
    cloudKills: 0,
    operatorActs: 0,
    remoteCommands: 0,
    entries: 0,
    cashMinor: {},
    cardMinor: {},
    faults: {},
    violations: {},
  };
}

function bump(counts: Record<string, number>, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}

function addCard(sums: Sums, { kind, amountMinor }: EntryOf<"charged">, currency: string): void {
  bump(sums.cardMinor, currency, kind === "charged" ? amountMinor : -amountMinor);
}

/** What each kind of entry adds. */
const ADDS: { readonly [K in Entry["kind"]]?: (sums: Sums, entry: EntryOf<K>, currency: string) => void } = {
  passed: (sums, { direction }) => void (sums[direction === "entry" ? "passagesIn" : "passagesOut"] += 1),
  backed_out: (sums) => void (sums.backedOut += 1),
  drove_on: (sums) => void (sums.droveOn += 1),
  record: (sums, { record }) => void (sums.stays += record.type === "stay_started" ? 1 : 0),
  ticket_out: (sums) => void (sums.tickets += 1),
  pulsed: (sums, { action }) => void (sums.openings += action === "open" ? 1 : 0),
  helped: (sums) => void (sums.helped += 1),
  cash: (sums, { for: why, amountMinor }, currency) => {
    if (why === "payment" || why === "change" || why === "refund")
      bump(sums.cashMinor, currency, amountMinor);
  },
  charged: addCard,
  reversed: addCard,
  agent: (sums, { what }) => {
    if (what === "started") sums.agentStarts += 1;
    if (what === "killed") sums.agentKills += 1;
  },
  cloud: (sums, { what }) => void (sums.cloudKills += what === "killed" ? 1 : 0),
  operator: (sums) => void (sums.operatorActs += 1),
  remote: (sums) => void (sums.remoteCommands += 1),
  fault: (sums, { fault, on }) => {
    if (on) bump(sums.faults, fault, 1);
  },
};
type Add = (sums: Sums, entry: Entry, currency: string) => void;
const ADDERS: ReadonlyMap<Entry["kind"], Add> = new Map(Object.entries(ADDS) as [Entry["kind"], Add][]);

/** Keys by name, so that it does not show which run came first. */
function sorted(sums: Sums): Sums {
  const byName = (counts: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const { cashMinor, cardMinor, faults, violations } = sums;
  return {
    ...sums,
    cashMinor: byName(cashMinor),
    cardMinor: byName(cardMinor),
    faults: byName(faults),
    violations: byName(violations),
  };
}

const TITLES: readonly (readonly [string, (sums: Sums) => string])[] = [
  ["Runs", ({ runs }) => String(runs)],
  ["Facility days", ({ days }) => days.toFixed(2).replace(/\.?0+$/, "")],
  ["Visits", ({ visits }) => String(visits)],
  ["Passages in, out", ({ passagesIn, passagesOut }) => `${passagesIn}, ${passagesOut}`],
  ["Backed out, drove on", ({ backedOut, droveOn }) => `${backedOut}, ${droveOn}`],
  ["Stays begun", ({ stays }) => String(stays)],
  ["Tickets printed", ({ tickets }) => String(tickets)],
  ["Openings", ({ openings }) => String(openings)],
  ["Helped by a person", ({ helped }) => String(helped)],
  ["Cash kept", ({ cashMinor }) => amounts(cashMinor)],
  ["Charged to cards", ({ cardMinor }) => amounts(cardMinor)],
  ["Agent started, killed", ({ agentStarts, agentKills }) => `${agentStarts}, ${agentKills}`],
  ["Cloud killed", ({ cloudKills }) => String(cloudKills)],
  ["Acts of operators", ({ operatorActs }) => String(operatorActs)],
  ["Remote commands", ({ remoteCommands }) => String(remoteCommands)],
  ["Journal entries", ({ entries }) => String(entries)],
];

function amounts(byCurrency: Record<string, number>): string {
  const told = Object.entries(byCurrency).map(
    ([currency, minor]) => `${formatDecimal(money(minor, asCurrency(currency)))} ${currency}`,
  );
  return told.length === 0 ? "nothing" : told.join(", ");
}

function textOf(sums: Sums, failures: readonly Failure[]): string {
  const all = sorted(sums);
  const rows = [
    ...TITLES.map(([title, of]) => [title, of(all)] as const),
    ...Object.entries(all.faults).map(([kind, count]) => [`Fault ${kind}`, String(count)] as const),
    ["Violations", String(failures.length)] as const,
    ...Object.entries(all.violations).map(([rule, count]) => [`  ${rule}`, String(count)] as const),
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  const told = failures
    .slice(0, MOST_TOLD)
    .map(({ seed, step, rule, message }) => `${seed}:${step} ${rule}: ${message}`);
  return [...rows.map(([title, value]) => `${title.padEnd(width)}  ${value}`), ...told].join("\n");
}
