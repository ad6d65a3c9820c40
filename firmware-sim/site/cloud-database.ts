import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How a client of PostgreSQL reaches a database. */
export type DatabaseAddress = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
};

/**
 * Where the cloud's embedded database is, by its data folder: it tells its port in its lock file, and its password lies
 * beside it.
 */
export function embeddedDatabase(folder: string): DatabaseAddress {
  const lock = join(folder, "postgres", "postmaster.pid");
  if (!existsSync(lock)) throw new Error("the cloud's database is not running");
  const port = Number(readFileSync(lock, "utf8").split("\n")[3]);
  const password = readFileSync(join(folder, "postgres-password"), "utf8").trim();
  return { host: "127.0.0.1", port, user: "parkme", database: "parkme", password };
}
