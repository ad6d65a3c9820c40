import Database from "better-sqlite3";
import type { Schedule } from "../simulation/schedule.ts";
import { worldOf } from "../simulation/street.ts";
import { createFacilityWorld } from "../world/facility-world.ts";

/** What simulated gates wrote. */
export type Writes = { readonly transactions: number; readonly rows: number };

/** Counts what every connection of this process writes, until it is stopped. */
export function countWrites() {
  const { prototype } = Database;
  const own = Object.getOwnPropertyDescriptors(prototype);
  const transaction = own.transaction.value as Database.Database["transaction"];
  const close = own.close.value as Database.Database["close"];
  let [transactions, rows] = [0, 0];
  const counting = function counting(
    this: Database.Database,
    work: (...args: unknown[]) => unknown,
  ): unknown {
    return transaction.call(this, (...args: unknown[]) => {
      transactions += 1;
      return work(...args);
    });
  };
  const closing = function closing(this: Database.Database): unknown {
    if (this.open) rows += Number(this.prepare("select total_changes()").pluck().get());
    return close.call(this);
  };
  Object.assign(prototype, { transaction: counting, close: closing });
  return {
    counted: (): Writes => ({ transactions, rows }),
    stop: (): void => void Object.assign(prototype, { transaction, close }),
  };
}

/** About as much as a row of the gate's log. */
const TEXT = "x".repeat(300);

/** Processor time of as many transactions with as many rows, by bare prepared INSERTs. */
export function engineMs(path: string, { transactions, rows }: Writes): number {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = OFF");
  db.exec("create table written (id integer primary key, at integer, lane text, body text) strict");
  const insert = db.prepare("insert into written (at, lane, body) values (?, ?, ?)");
  const rowsEach = rows / Math.max(1, transactions);
  const write = db.transaction((from: number, to: number) => {
    for (let row = from; row < to; row += 1) insert.run(row, "entry", TEXT);
  });
  const start = process.cpuUsage();
  for (let at = 0; at < transactions; at += 1)
    write.immediate(Math.round(at * rowsEach), Math.round((at + 1) * rowsEach));
  const { user, system } = process.cpuUsage(start);
  db.close();
  return (user + system) / 1_000;
}

const TICK_MS = 50;
/** In which every arm is up. */
const OPENED_MS = 20_000;

/** Processor time of the world alone: the same vehicles, and arms that stand open. */
export function worldMs(schedules: readonly Schedule[]): number {
  const start = process.cpuUsage();
  for (const schedule of schedules) driveThrough(schedule);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

function driveThrough(schedule: Schedule): void {
  const world = createFacilityWorld(worldOf(schedule));
  const advance = (toMs: number): void => {
    while (world.nowMs() < toMs) {
      const leftMs = toMs - world.nowMs();
      const quietMs = Math.min(leftMs, world.quietMs());
      if (quietMs > 0) world.skip(quietMs);
      else world.step(Math.min(TICK_MS, leftMs));
    }
  };
  for (const gate of world.gates.values()) gate.relay("open", true);
  advance(OPENED_MS);
  for (const gate of world.gates.values()) gate.relay("open", false);
  for (const visit of schedule.visits.toSorted((a, b) => a.atMs - b.atMs)) {
    advance(visit.atMs);
    const { id, vehicle, lane, entry, exit, stayMs } = visit;
    world.arrive({
      visit: id,
      vehicle,
      script: entry,
      exitScript: exit,
      stayMs,
      ...(lane !== null && { lane }),
    });
  }
  advance(schedule.lengthMs);
}
