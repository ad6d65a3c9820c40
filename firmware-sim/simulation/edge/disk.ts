import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { join } from "node:path";
import { type GateDatabase, openDatabase } from "../../../edge-agent/store/open.ts";
import { keyIdOf, publicTextOf, writeKey } from "../../../edge-agent/tickets/key-files.ts";
import { EDGE_MIGRATIONS } from "../migrations.ts";

/** What a backup holds. */
export type Backup = { readonly database: Buffer; readonly mark: Buffer | null };

/** What becomes of the high-water file when a backup is put in the database's place. */
export type MarkFate = "kept" | "gone" | "as in the backup";

/** SQLite's own limit of pages, which no disk of a simulation reaches. */
const NO_LIMIT = 4_294_967_294;
/** PKCS #8 of an Ed25519 key, before its 32 bytes (RFC 8410, section 7). */
const ED25519_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

let empty: Buffer | null = null;

/** A database that was just made: migrating takes longer than many boots. */
function emptyDatabase(folder: string): Buffer {
  if (empty !== null) return empty;
  const path = join(folder, "empty.db");
  const db = openDatabase({ path, migrationsFolder: EDGE_MIGRATIONS, durability: "OFF" });
  if (!db.ok) throw new Error(db.error.message);
  empty = db.value.$client.serialize();
  db.value.$client.close();
  rmSync(path);
  return empty;
}

/** The gate's disk: the database, the high-water file beside it, and the keys of its tickets. */
export class Disk {
  readonly migrationsFolder = EDGE_MIGRATIONS;
  readonly databasePath: string;
  private isFull = false;
  private live: GateDatabase | null = null;
  private readonly folder: string;

  /** @param folder the program's `data_dir`. */
  constructor(folder: string) {
    this.folder = folder;
    this.databasePath = join(folder, "gate.db");
  }

  /** Makes it new. The key in force follows from `seed`, so that the same history has the same codes. */
  format(seed: Buffer, nowMs: number): void {
    const keys = join(this.folder, "keys");
    mkdirSync(keys, { recursive: true });
    writeFileSync(this.databasePath, emptyDatabase(this.folder));
    const der = Buffer.concat([ED25519_HEAD, seed]);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey);
    const publicText = publicTextOf(publicKey);
    const its = { id: keyIdOf(publicText), publicText, publicKey, privateKey };
    writeKey(keys, { ...its, origin: "own", title: "this gate", fromMs: nowMs, untilMs: null });
  }

  copyTo(other: Disk): void {
    const backup = this.backUp();
    cpSync(this.folder, other.folder, { recursive: true });
    other.putBack(backup, "kept");
  }

  /**
   * As the program opens its database. No power fails here: what a program has written when it is killed is written.
   */
  readonly open: typeof openDatabase = (options) => {
    const opened = openDatabase({ ...options, durability: "OFF" });
    this.live = opened.ok ? opened.value : null;
    this.limit();
    return opened;
  };

  /** The program is gone, and holds no file any more. */
  closed(): void {
    if (this.live?.$client.open === true) this.live.$client.close();
    this.live = null;
  }

  /** While it is full, no file on it can grow. */
  setFull(on: boolean): void {
    this.isFull = on;
    this.limit();
  }

  backUp(): Backup {
    return {
      database: this.live?.$client.serialize() ?? readFileSync(this.databasePath),
      mark: existsSync(this.markPath) ? readFileSync(this.markPath) : null,
    };
  }

  /** @param backup null = a new disk. */
  putBack(backup: Backup | null, fate: MarkFate): void {
    if (this.live !== null) throw new Error("not under a running program");
    for (const end of ["-wal", "-shm"]) rmSync(`${this.databasePath}${end}`, { force: true });
    writeFileSync(this.databasePath, backup?.database ?? emptyDatabase(this.folder));
    if (fate === "kept") return;
    rmSync(this.markPath, { force: true });
    if (fate === "as in the backup" && backup?.mark) writeFileSync(this.markPath, backup.mark);
  }

  private get markPath(): string {
    return join(this.folder, "high-water.json");
  }

  private limit(): void {
    const pages = this.isFull ? this.live?.$client.pragma("page_count", { simple: true }) : NO_LIMIT;
    this.live?.$client.pragma(`max_page_count = ${Number(pages)}`);
  }
}
