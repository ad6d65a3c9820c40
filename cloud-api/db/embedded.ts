import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, open, readFile, realpath, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import pg from "pg";
import { commandLine, findServerCommand, runInitdb, type ServerCommand } from "./embedded-command.ts";

/** A PostgreSQL server of our own: a child process on a data folder, reachable from this machine only. */
export type EmbeddedDatabase = {
  readonly connection: DatabaseConnection;
  /** Settles when the server ended without {@link stop} being called. */
  readonly died: Promise<string>;
  /** Ends all sessions, writes a checkpoint, waits for the process. Calling it again waits for the same end. */
  readonly stop: () => Promise<void>;
};

export type DatabaseConnection = {
  /** An address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

/** What the server writes about itself, line by line, for our log. */
export type ServerLog = (line: string) => void;

const HOST = "127.0.0.1";
const USER = "parkme";
const DATABASE = "parkme";
const MAJOR_VERSION = "18";
/** Held on the server by the program that started it, on one connection: it vanishes with that program. */
const OWNER_LOCK = 4_711_001;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;
/** How long the lock of a program that was just killed may outlive it. */
const LOCK_GRACE_MS = 3_000;
/** How long a server that ends at its start is started again. */
const RETRY_MS = 10_000;
const RETRY_PAUSE_MS = 500;
const POLL_MS = 50;

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, making the cluster at the first start (UTF-8, locale C, a random
 * password kept in `<dataDir>/postgres-password`, readable by its owner only). A server that a killed program
 * left running on the folder is stopped first; after a crash the server recovers from its log by itself.
 *
 * @throws when another running program uses the folder, when the folder belongs to another major version, or
 * when the server does not start; the message says what to do.
 */
export async function startEmbeddedDatabase(dataDir: string, log: ServerLog): Promise<EmbeddedDatabase> {
  await mkdir(dataDir, { recursive: true });
  // One spelling: the server tells its folder, and a left-over server is recognised by it.
  const home = await realpath(dataDir);
  const folder = join(home, "postgres");
  const passwordFile = join(home, "postgres-password");
  const server = await findServerCommand(home);
  const password = await initialise(server, folder, passwordFile);

  const firstTryMs = Date.now();
  for (;;) {
    await stopLeftOver(folder, password);
    const connection = { host: HOST, port: await freePort(), user: USER, password, database: DATABASE };
    const child = startServer(server, folder, connection.port, log);
    if (await becomesReady(child, folder)) {
      try {
        const near = { ...connection, host: socketFolder(folder, connection.port) ?? HOST };
        return running(child, await becomeOwner(connection, folder), near);
      } catch (error) {
        await stopServer(child);
        throw error;
      }
    }
    await stopServer(child);
    // Helpers of a server that was killed may outlive it for a moment; and somebody may have taken the free port.
    if (Date.now() - firstTryMs > RETRY_MS)
      throw new Error(`PostgreSQL on ${folder} does not start; its log says why`);
    await delay(RETRY_PAUSE_MS);
  }
}

/**
 * Where the server is that another program runs on `<dataDir>/postgres`, for whoever may read its password.
 *
 * @returns null when none runs there.
 * @throws when the password cannot be read.
 */
export async function findEmbeddedDatabase(dataDir: string): Promise<DatabaseConnection | null> {
  const home = await realpath(dataDir).catch(() => null);
  if (home === null) return null;
  const folder = join(home, "postgres");
  const running = await readPidFile(folder);
  if (running === null || !running.isReady || !(await isServerOf(folder, running.pid))) return null;
  const password = await readIfThere(join(home, "postgres-password"));
  if (password === null) return null;
  return { host: HOST, port: running.port, user: USER, password: password.trim(), database: DATABASE };
}

/** Makes the cluster unless there is one; returns its superuser's password. A half-made cluster is made again. */
async function initialise(server: ServerCommand, folder: string, passwordFile: string): Promise<string> {
  const version = await readIfThere(join(folder, "PG_VERSION"));
  if (version !== null) {
    if (version.trim() !== MAJOR_VERSION) {
      throw new Error(
        `${folder} was made by PostgreSQL ${version.trim()}; this program brings ${MAJOR_VERSION}`,
      );
    }
    const password = await readIfThere(passwordFile);
    if (password === null) throw new Error(`${passwordFile} is missing: the database's password is in it`);
    return password.trim();
  }

  const password = randomBytes(24).toString("base64url");
  await writeSecret(passwordFile, password, server);
  // Made beside its place and renamed, so that a start which was cut short leaves nothing that looks finished.
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (server.account !== null) await chown(unfinished, server.account.uid, server.account.gid);
  await runInitdb(server, [
    `--pgdata=${unfinished}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
  ]);
  await rename(unfinished, folder);
  return password;
}

async function writeSecret(path: string, secret: string, server: ServerCommand): Promise<void> {
  await rm(path, { force: true });
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    // initdb reads it as the server's account.
    if (server.account !== null) await file.chown(server.account.uid, server.account.gid);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * A program killed with SIGKILL leaves its server running. Whoever can take the owner's lock on that server knows
 * that its program is gone, and stops it.
 *
 * After a power cut there is no server, but its postmaster.pid, with a number that may belong to anything by now:
 * PostgreSQL would refuse to start next to it. It has a second guard against two servers on a folder, the shared
 * memory, so the file can go.
 */
async function stopLeftOver(folder: string, password: string): Promise<void> {
  const startedMs = Date.now();
  while (Date.now() - startedMs < STOP_TIMEOUT_MS) {
    const server = await readPidFile(folder);
    if (server === null) return;
    if (!(await isServerOf(folder, server.pid)))
      return await rm(join(folder, "postmaster.pid"), { force: true });
    if (server.isReady) {
      const stopped = await stopIfOrphaned(
        { host: HOST, port: server.port, user: USER, password, database: "postgres" },
        server.pid,
        folder,
      );
      if (!stopped && Date.now() - startedMs > LOCK_GRACE_MS) throw new Error(inUse(folder));
    }
    await delay(POLL_MS);
  }
  throw new Error(`a PostgreSQL server on ${folder} is running and does not stop; see its postmaster.pid`);
}

/** Tells the server to stop when its owner is gone. It may also end on its own while it is asked. */
async function stopIfOrphaned(connection: DatabaseConnection, pid: number, folder: string): Promise<boolean> {
  const client = await connect(connection).catch(() => null);
  if (client === null) return true;
  try {
    const orphaned = await takeOwnerLock(client, folder);
    if (orphaned) process.kill(pid, "SIGINT");
    return orphaned;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server's own note of itself: process, port and state by line (PostgreSQL's utils/pidfile.h). */
async function readPidFile(folder: string): Promise<{ pid: number; port: number; isReady: boolean } | null> {
  const lines = (await readIfThere(join(folder, "postmaster.pid")))?.split("\n");
  if (lines === undefined) return null;
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return Number.isSafeInteger(pid) && pid > 0 ? { pid, port, isReady: lines[7]?.trim() === "ready" } : null;
}

function inUse(folder: string): string {
  return `another running program uses the database in ${folder}; stop it, or set PARKME_DATA_DIR to another folder`;
}

/** Whether a process is a live server of this folder: another program, or a dead one not yet collected, is not. */
async function isServerOf(folder: string, pid: number): Promise<boolean> {
  const commandLine = await readIfThere(`/proc/${pid}/cmdline`);
  if (commandLine !== null) return commandLine.split("\0").includes(folder);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A socket's address holds 107 bytes (unix(7)): null where the file's name would be longer. */
const MAX_SOCKET_PATH = 107;

/** Where the server's socket file lies: through it, a query takes a tenth less time than over TCP. */
function socketFolder(folder: string, port: number): string | null {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) > MAX_SOCKET_PATH ? null : folder;
}

function startServer(server: ServerCommand, folder: string, port: number, log: ServerLog): ChildProcess {
  const settings = {
    port,
    listen_addresses: HOST,
    // In its own folder, which is the server's account's anyway, and nobody else's.
    unix_socket_directories: socketFolder(folder, port) ?? "",
    timezone: "UTC",
    log_timezone: "UTC",
    fsync: "on",
    // Rows hold plates: an error is told without the row and without the statement.
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command, args] = commandLine(server, join(server.binaries, "postgres"), ["-D", folder, ...flags]);
  // A session of its own: Ctrl-C in a terminal reaches us first, and we stop it when we are done with it.
  const child = spawn(command, args, {
    ...server.options,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.on("error", (error) => log(error.message));
  // However this process ends short of SIGKILL, the server ends with it.
  const endWithUs = () => child.kill("SIGINT");
  process.once("exit", endWithUs);
  child.once("exit", () => process.removeListener("exit", endWithUs));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n")) if (line.trim() !== "") log(line);
  });
  return child;
}

/** @returns false when it ended instead, or took too long. */
async function becomesReady(child: ChildProcess, folder: string): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!hasEnded(child) && Date.now() < deadline) {
    const server = await readPidFile(folder);
    // The note may still be that of the server before.
    if (server !== null && server.isReady && server.pid === child.pid) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** Takes the owner's lock, and makes our database when the server has none. */
async function becomeOwner(connection: DatabaseConnection, folder: string): Promise<pg.Client> {
  const owner = await connect({ ...connection, database: "postgres" });
  if (!(await takeOwnerLock(owner, folder))) throw new Error(inUse(folder));
  const { rowCount } = await owner.query("select 1 from pg_database where datname = $1", [DATABASE]);
  if (rowCount === 0) await owner.query(`create database ${DATABASE}`);
  return owner;
}

async function connect(connection: DatabaseConnection): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000, keepAlive: true });
  // A lost connection shows in the next query, or in the child's end.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function takeOwnerLock(client: pg.Client, folder: string): Promise<boolean> {
  const { rows } = await client.query<{ folder: string; locked: boolean }>(
    "select current_setting('data_directory') as folder, pg_try_advisory_lock($1) as locked",
    [OWNER_LOCK],
  );
  return rows[0]?.folder === folder && rows[0].locked;
}

function running(child: ChildProcess, owner: pg.Client, connection: DatabaseConnection): EmbeddedDatabase {
  let stopping: Promise<void> | null = null;
  const died = new Promise<string>((settle) => {
    child.once("exit", (code, signal) => {
      if (stopping === null) settle(`PostgreSQL ended by itself (${signal ?? `code ${code}`})`);
    });
  });
  const stop = async () => {
    await owner.end().catch(() => undefined);
    await stopServer(child);
  };
  return { connection, died, stop: () => (stopping ??= stop()) };
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** SIGINT is PostgreSQL's fast shutdown; SIGQUIT, after the deadline, leaves the rest to crash recovery. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGINT");
  const impatience = setTimeout(() => child.kill("SIGQUIT"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(impatience);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on this machine");
  return address.port;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return null;
    throw error;
  }
}
