import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { quote } from "@parkme/shared/pricing/quote";
import type { Quote, StayToPrice } from "@parkme/shared/pricing/quote-model";
import { percentile, report, type Figure } from "./report.ts";
import { pricingCases, type PricingCase } from "./tariff-cases.ts";

/**
 * Quotes a second on one core: a flat price, slabs, a week of peak and off-peak hours, and 30 days under day caps;
 * each as the gate asks for it (the amount) and with the whole trace read, as a receipt does. Beside each, in the
 * same run, a floor that does the same sum by hand. The two take turns, and must come to the same amounts.
 */
const HELP = `bench tariff: quotes a second on one core
  --rounds N    rounds of each measure, of which the median counts (9)
  --ms N        processor time of a round in milliseconds (300)
`;

type Measure = { readonly name: string; readonly run: (stay: number) => number };

function main(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "9" },
      ms: { type: "string", default: "300" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const [rounds, roundMs] = [Number(values.rounds), Number(values.ms)];
  const cases = pricingCases();
  for (const priced of cases) checkFloor(priced);
  const collect = garbageCollector();
  let quotes = 0;
  const figures: Figure[] = [];
  const measureAll = (kept: boolean): void => {
    for (const priced of cases) {
      process.stderr.write(`tariff: ${priced.name} ...\n`);
      for (const [engine, floor] of pairsOf(priced)) {
        const { value, floorValue, done } = race(engine, floor, priced.stays.length, rounds, roundMs);
        quotes += done;
        if (kept) figures.push({ figure: `quotes_per_s_${engine.name}`, value, floor: floorValue });
      }
    }
  };
  // The first pass is the warm-up: it also fills whatever the engine keeps.
  measureAll(false);
  const before = memoryMb(collect);
  quotes = 0;
  measureAll(true);
  const after = memoryMb(collect);
  report("tariff", `quotes a second on one core, median of ${rounds} rounds; MB over ${quotes} quotes`, [
    ...figures,
    { figure: "rss_growth_mb", value: after.rss - before.rss, floor: null },
    { figure: "heap_growth_mb", value: after.heap - before.heap, floor: null },
  ]);
}

/** What is measured of a case, each beside its floor. */
function pairsOf({ name, tariff, stays, floor, floorTraced }: PricingCase) {
  const quoteOf = (i: number): Quote => {
    const quoted = quote(tariff, at(stays, i));
    if (!quoted.ok) throw new Error(quoted.error.message);
    return quoted.value;
  };
  const amount: Measure = { name, run: (i) => quoteOf(i).total.amountMinor };
  const traced: Measure = {
    name: `${name}_traced`,
    run: (i) => quoteOf(i).trace.reduce((sum, line) => sum + line.text.length, 0),
  };
  return [
    [amount, { name, run: (i: number) => floor(i).totalMinor }],
    [traced, { name, run: (i: number) => floorTraced(i).text.length }],
  ] as const;
}

/** Quotes a second of both, the median of rounds in which they take turns. */
function race(engine: Measure, floor: Measure, stays: number, rounds: number, roundMs: number) {
  const [values, floors]: [number[], number[]] = [[], []];
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    floors.push(perSecond(floor, stays, roundMs).rate);
    const { rate, count } = perSecond(engine, stays, roundMs);
    values.push(rate);
    done += count;
  }
  return { value: percentile(values, 0.5), floorValue: percentile(floors, 0.5), done };
}

/** Results end up here, so that no compiler may leave the work out. */
let sink = 0;

/**
 * By processor time, that of collector and compiler threads included: what one core does in a second that is all its
 * own, whatever else the machine is busy with.
 */
function perSecond({ run }: Measure, stays: number, roundMs: number) {
  const start = process.cpuUsage();
  let [count, spentMs] = [0, 0];
  while (spentMs < roundMs) {
    for (let i = 0; i < stays; i++) sink = (sink + run(i)) | 0;
    count += stays;
    const { user, system } = process.cpuUsage(start);
    spentMs = (user + system) / 1_000;
  }
  return { rate: Math.round((count * 1_000) / spentMs), count };
}

/** @throws when the floor does not come to the engine's amounts: it would be the floor of something else. */
function checkFloor({ name, tariff, stays, floor }: PricingCase): void {
  for (const [i, stay] of stays.entries()) {
    const quoted = quote(tariff, stay);
    const total = quoted.ok ? quoted.value.total.amountMinor : quoted.error.message;
    if (total !== floor(i).totalMinor) {
      throw new Error(`${name}: the engine says ${total}, the floor ${floor(i).totalMinor}`);
    }
  }
}

function at(stays: readonly StayToPrice[], i: number): StayToPrice {
  const stay = stays[i];
  if (stay === undefined) throw new RangeError(`no stay ${i}`);
  return stay;
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function memoryMb(collect: () => void): { readonly rss: number; readonly heap: number } {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 };
}

main();
