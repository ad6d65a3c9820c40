import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { type Clock, readClock } from "@parkme/shared/domain/clock";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { RemotePayment } from "@parkme/shared/protocol/remote-payments";
import { placeAfter } from "../../../edge-agent/store/downlink-place.ts";
import { openDatabase, type GateDatabase } from "../../../edge-agent/store/open.ts";
import type { ReceiptOptions } from "../../../edge-agent/store/receipts.ts";
import { isStoreTrouble } from "../../../edge-agent/store/store-trouble.ts";
import { createStore, type Store } from "../../../edge-agent/store/store.ts";
import { EUR, HOUSE, MIGRATIONS, START_MS } from "../../../edge-agent/store/testing/gate-db.ts";
import type { Random } from "../../../edge-agent/store/testing/random-gate.ts";
import { askCloud, type CloudAddress } from "../../../edge-agent/sync/cloud-request.ts";
import { createCloudTime } from "../../../edge-agent/sync/cloud-time.ts";
import { staticCredential } from "../../../edge-agent/sync/credential.ts";
import { createDownlink } from "../../../edge-agent/sync/downlink.ts";
import { noticeRestore, openHighWater, type HighWaterFile } from "../../../edge-agent/sync/high-water.ts";
import type { Timers } from "../../../edge-agent/sync/nap.ts";
import { createRestore } from "../../../edge-agent/sync/restore.ts";
import { createUplink, type Uplink } from "../../../edge-agent/sync/uplink.ts";
import type { Life, VirtualTime } from "../../simulation/time/virtual-time.ts";

/** The gate's computer: its disk, and the program that runs on it, if one does. */

export type EdgeParts = {
  readonly folder: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly mint: IdMint;
  readonly receipts: ReceiptOptions;
  readonly edgeId: string;
  readonly token: string;
  readonly fetchOf: (life: Life) => typeof fetch;
  /** Money that was paid elsewhere comes down to the gate; null = nothing does. */
  readonly book: ((running: Pick<Running, "store" | "db" | "clock">, payment: RemotePayment) => void) | null;
  readonly note: (line: string) => void;
};

/** What a backup holds. */
export type Backup = { readonly database: Buffer; readonly mark: Buffer | null };

/** What becomes of the high-water file when a backup is put in the database's place. */
export type MarkFate = "kept" | "gone" | "as in the backup";

/** The program as it runs. */
export type Running = {
  readonly life: Life;
  readonly db: GateDatabase;
  readonly store: Store;
  readonly address: CloudAddress & { readonly timers: Timers };
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly mark: HighWaterFile;
};

/** Receipts whose tokens follow from a seed. */
export const receiptsOf = (random: Random): ReceiptOptions => ({
  facility: { id: "019ab3c4-0000-7000-8000-00000000f001", name: "House", timeZone: "Europe/Berlin" },
  issuer: { name: "Acme Parking", address: ["1 Main Street"], taxNumber: "DE123" },
  sign: (text) => ({ keyId: 7, signature: createHash("sha256").update(text).digest("base64url") }),
  token: () => `token-of-a-receipt-${random.below(2 ** 31)}-${random.below(2 ** 31)}`,
});

/** A database that was just made: migrating takes longer than a whole schedule. */
export function emptyDatabase(folder: string): Buffer {
  const path = join(folder, "empty.db");
  const db = opened(path);
  const bytes = db.$client.serialize();
  db.$client.close();
  return bytes;
}

export class EdgeBox {
  running: Running | null = null;
  boots = 0;
  /** By how much its wall clock is wrong. */
  offsetMs = 0;
  private readonly parts: EdgeParts;
  private readonly empty: Buffer;

  constructor(parts: EdgeParts, empty: Buffer) {
    [this.parts, this.empty] = [parts, empty];
    mkdirSync(parts.folder, { recursive: true });
    writeFileSync(this.path("gate.db"), empty);
  }

  /** The program that must be running. */
  now(): Running {
    if (this.running === null) throw new Error("the gate's program does not run");
    return this.running;
  }

  start(): void {
    if (this.running !== null) return;
    const { time, mint, note } = this.parts;
    const life: Life = { alive: true };
    const bootMs = time.nowMs;
    const bootId = `boot-${(this.boots += 1)}`;
    const clock: Clock = {
      wallMs: () => START_MS + time.nowMs + this.offsetMs,
      monotonicMs: () => time.nowMs - bootMs,
    };
    const mark = openHighWater(this.path("high-water.json"), { warn: (_fields, line) => note(line) });
    const db = opened(this.path("gate.db"));
    const store = createStore(db, {
      currency: EUR,
      mint,
      ...HOUSE,
      receipts: this.parts.receipts,
      startedAtMs: clock.wallMs(),
      bootId,
      monotonicMs: clock.monotonicMs,
      committed: (place) => {
        mark.write(place);
        uplink?.poke();
      },
    });
    if (noticeRestore(mark.read(), store)) note("the database knows that it was restored");
    const { fetchOf, edgeId, token } = this.parts;
    const address = {
      url: "http://cloud.test",
      credential: staticCredential(edgeId, token),
      fetch: fetchOf(life),
      timers: time.timersOf(life),
    };
    const uplink: Uplink | undefined = this.uplinkOf({ address, store, clock, bootId });
    this.running = { life, db, store, address, uplink, clock, mark };
    uplink.start();
    this.takeDownlink(this.running);
    note(`${bootId} starts`);
  }

  /** At whatever it waits for. */
  kill(): void {
    if (this.running === null) return;
    const { life, store, mark } = this.running;
    life.alive = false;
    store.close();
    mark.close();
    this.running = null;
    this.parts.note("the gate's program is killed");
  }

  backUp(): Backup {
    const mark = this.path("high-water.json");
    return {
      database: this.now().db.$client.serialize(),
      mark: existsSync(mark) ? readFileSync(mark) : null,
    };
  }

  /** @param backup null = a new disk. */
  putBack(backup: Backup | null, fate: MarkFate): void {
    if (this.running !== null) throw new Error("not under a running program");
    for (const end of ["-wal", "-shm"]) rmSync(this.path(`gate.db${end}`), { force: true });
    writeFileSync(this.path("gate.db"), backup?.database ?? this.empty);
    const mark = this.path("high-water.json");
    if (fate === "kept") return;
    rmSync(mark, { force: true });
    if (fate === "as in the backup" && backup?.mark) writeFileSync(mark, backup.mark);
  }

  /** The events on its disk, which nobody writes to now. */
  eventsOnDisk(): Set<string> {
    if (this.running !== null) return eventsOf(this.running.db.$client);
    const file = new Database(this.path("gate.db"), { readonly: true });
    try {
      return eventsOf(file);
    } finally {
      file.close();
    }
  }

  private path(name: string): string {
    return join(this.parts.folder, name);
  }

  private uplinkOf({
    address,
    store,
    clock,
    bootId,
  }: Pick<Running, "address" | "store" | "clock"> & { readonly bootId: string }): Uplink {
    const { random } = this.parts;
    const shared = { ...address, bootId, clock, log: store, note: this.notes() };
    return createUplink({
      ...shared,
      restoring: createRestore({ ...shared, alarm: alarmOf(store, clock, "restored") }),
      taken: () => ({ downlink: store.downlinkPlace().seq, manifest: 0 }),
      version: "0.0.0",
      random: () => random.below(1_000) / 1_000,
      alarm: alarmOf(store, clock, "cloud_fenced"),
      compress: (text) => Promise.resolve(gzipSync(text, { level: 1 })),
    });
  }

  private takeDownlink(running: Running): void {
    const { book, random, note } = this.parts;
    if (book === null) return;
    const { store, uplink, clock, address } = running;
    const notForUs = (): void => note("something came down that nobody sent");
    createDownlink({
      ask: (path, stopping) => askCloud(address, path, stopping),
      place: store.downlinkPlace,
      setPlace: store.setDownlinkPlace,
      placeAfter,
      isStoreTrouble,
      ready: () => uplink.agreed() && store.restoring.place() === null,
      hinted: () => false,
      cloudTime: createCloudTime(clock),
      manifest: () => undefined,
      setAside: ({ kind }, problem) => note(`${kind} is set aside: ${problem}`),
      clock,
      random: () => random.below(1_000) / 1_000,
      timers: address.timers,
      note: this.notes(),
      handlers: {
        payment: (payment) => book(running, payment),
        command: notForUs,
        rights_transfer: notForUs,
        rights_request: notForUs,
        equality_drill: () => undefined,
        manifest: notForUs,
      },
    }).start();
  }

  private notes() {
    const tell = (_fields: object, line: string): void => this.parts.note(line);
    return { info: tell, warn: tell };
  }
}

/** As the agent raises it. */
function alarmOf(store: Store, clock: Clock, kind: AlarmKind) {
  const tell = (record: Parameters<Store["record"]>[0]["records"][number]): void =>
    store.record({ place: "harbour", records: [record] }, readClock(clock));
  return {
    begin: (detail: string) => tell({ type: "alarm", kind, detail }),
    over: () => tell({ type: "alarm_over", kind }),
  };
}

function opened(path: string): GateDatabase {
  // No power fails here: a program that is killed has written what it has written.
  const db = openDatabase({ path, migrationsFolder: MIGRATIONS, durability: "OFF" });
  if (!db.ok) throw new Error(db.error.message);
  return db.value;
}

function eventsOf(file: Database.Database): Set<string> {
  return new Set(file.prepare<[], string>("select event_id from log").pluck().all());
}
