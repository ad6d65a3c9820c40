import { execFile } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";

/** What people do with the files of programs: copies that are made, and put back. */

/** A copy of the gate's database, made while it is written to. */
export async function copyGate(dataFolder: string, copy: string): Promise<void> {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    await db.backup(copy);
  } finally {
    db.close();
  }
}

/** Of a gate that does not run: everything else in its folder stays. */
export function putGateBack(dataFolder: string, copy: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(join(dataFolder, `gate.db${end}`), { force: true });
  copyFileSync(copy, join(dataFolder, "gate.db"));
}

/** A folder with everything in it, with whose it is: nobody may be writing to it. */
export async function copyFolder(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  await promisify(execFile)("cp", ["-a", from, to]);
}
