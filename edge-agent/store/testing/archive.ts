import { randomUUID } from "node:crypto";
import { copyFileSync } from "node:fs";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import { GENESIS_HASH, lineOf, type LogPlace } from "@parkme/shared/protocol/log";
import { hashAfter } from "../log-writer.ts";
import type { GateDatabase } from "../open.ts";
import { chainOf, readLine } from "../restore-lines.ts";
import { RECORD_TABLES } from "../row-images.ts";
import type { Store } from "../store.ts";

/** What a cloud has of a gate's log: its lines, and where they end. */
export class Archive {
  readonly lines: string[];
  head: LogPlace;
  private readonly hashes: string[];

  constructor(copied?: Archive) {
    this.lines = [...(copied?.lines ?? [])];
    this.head = copied?.head ?? { epoch: 1, seq: 0, hash: GENESIS_HASH };
    this.hashes = [...(copied?.hashes ?? [GENESIS_HASH])];
  }

  /** Takes what is new in a log, or those of its lines up to a number. */
  take(store: Store, until = Number.MAX_SAFE_INTEGER): void {
    for (const { seq, line, hash } of store.logLines(this.head.seq, 1_000_000)) {
      if (seq > until) return;
      // Each line is read as a cloud reads it, so that the archive is a chain.
      const { row } = readLine(line);
      if (row.seq !== this.head.seq + 1 || hashAfter(this.head.hash, line) !== hash)
        throw new Error(`line ${seq} does not follow`);
      this.lines.push(line);
      this.hashes.push(hash);
      this.head = { epoch: row.epoch, seq, hash };
    }
  }

  /** Adds a line that this version would not write, or not so. */
  add(rows: string | null, kind = "rows.changed"): void {
    const seq = this.head.seq + 1;
    const line = lineOf(
      {
        seq,
        epoch: this.head.epoch,
        event_id: randomUUID(),
        kind,
        schema_version: 4,
        wall_time: "2026-03-01T09:00:00.000Z",
        monotonic_ms: 5,
        boot_id: "b",
        payload: "{}",
      },
      rows,
    );
    const hash = hashAfter(this.head.hash, line);
    this.lines.push(line);
    this.hashes.push(hash);
    this.head = { ...this.head, seq, hash };
  }

  /** The last place that a log has in common with this one. */
  common(store: Store): LogPlace {
    for (let { seq } = this.head; ; seq -= 1) {
      const hash = this.hashes[seq];
      if (hash !== undefined && store.hashAt(seq) === hash) return { epoch: 1, seq, hash };
    }
  }

  after(seq: number, limit = Number.MAX_SAFE_INTEGER): readonly string[] {
    return this.lines.slice(seq, seq + limit);
  }

  hashAt(seq: number): string {
    const hash = this.hashes[seq];
    if (hash === undefined) throw new RangeError(`no line ${seq}`);
    return hash;
  }
}

/** Copies a database as a backup does: whole, and as of one moment. */
export function backUp(db: GateDatabase, to: string): void {
  db.$client.prepare("vacuum into ?").run(to);
}

/** The files of a database as they lie there, as after a power cut. */
export function copyFiles(from: string, to: string): void {
  for (const end of ["", "-wal", "-shm"]) copyFileSync(from + end, to + end);
}

export type RecordRows = Readonly<Record<string, readonly object[]>>;

/** Every row of every table of the record, and the count. */
export function recordRows(db: GateDatabase): RecordRows {
  const tables = RECORD_TABLES.map((table) => getTableConfig(table).name);
  const rows = tables.map((name) => [
    name,
    db.$client.prepare(`select * from "${name}" order by 1, 2`).all(),
  ]);
  const inside = db.$client.prepare("select inside from agent_state").all();
  return Object.fromEntries([...rows, ["agent_state", inside]]) as RecordRows;
}

/** Adopts all that an archive has, as the driver does, a few lines at a time. */
export function adoptAll(
  store: Store,
  archive: Archive,
  {
    wallMs,
    atOnce = 7,
    between = () => undefined,
  }: { readonly wallMs: number; readonly atOnce?: number; readonly between?: () => void },
): void {
  const { restoring } = store;
  if (restoring.place() === null) {
    restoring.begin({ common: archive.common(store), head: archive.head });
    between();
  }
  for (let hole = restoring.place(); hole !== null; hole = restoring.place()) {
    const { adopted, parent } = hole;
    if (adopted.seq === parent.seq) restoring.finish(wallMs);
    else {
      const lines = archive.after(adopted.seq, Math.min(atOnce, parent.seq - adopted.seq));
      restoring.adopt(chainOf(lines, adopted), wallMs);
    }
    between();
  }
}
