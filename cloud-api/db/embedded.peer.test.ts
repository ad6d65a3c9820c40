import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withClient } from "./connection.ts";
import { startEmbeddedDatabase } from "./embedded.ts";

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-embedded-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  const leftOver = await serverPid().catch(() => null);
  if (leftOver !== null && isRunning(leftOver)) process.kill(leftOver, "SIGQUIT");
  await rm(folder, { recursive: true, maxRetries: 50, retryDelay: 100 });
});

const start = () => startEmbeddedDatabase(folder, () => undefined);

const PROGRAM = `
  const { startEmbeddedDatabase } = await import(process.argv[1]);
  const server = await startEmbeddedDatabase(process.argv[2], () => undefined);
  console.log(server.connection.port);
  process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
  setInterval(() => undefined, 1000);
`;

/** A program with its own server on the folder. */
async function startProgram(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const module = join(import.meta.dirname, "embedded.ts");
  const args = ["--import", "tsx", "--input-type=module", "-e", PROGRAM, module, folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, port: Number(line) };
}

/** Of the server that says it has the folder. */
async function serverPid(): Promise<number> {
  return Number((await readFile(join(folder, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("startEmbeddedDatabase", () => {
  it("makes a cluster at the first start and finds its data at the next", async () => {
    const first = await start();
    await withClient(first.connection, (client) => client.query("create table kept as select 42 as answer"));
    await first.stop();
    const second = await start();
    const { rows } = await withClient(second.connection, (client) =>
      client.query("select answer, current_setting('server_encoding') as encoding from kept"),
    );
    expect(rows).toEqual([{ answer: 42, encoding: "UTF8" }]);
    await second.stop();
  });

  it("lets nobody in without the password, which only its owner can read", async () => {
    const server = await start();
    await expect(
      withClient({ ...server.connection, password: "postgres" }, (client) => client.query("select 1")),
    ).rejects.toThrow(/password/);
    expect((await stat(join(folder, "postgres-password"))).mode & 0o777).toBe(0o600);
    expect(server.connection.password.length).toBeGreaterThanOrEqual(32);
    await server.stop();
  });

  it("writes durably and listens on this machine only", async () => {
    const server = await start();
    const { rows } = await withClient(server.connection, (client) =>
      client.query(`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
        current_setting('full_page_writes') as pages, current_setting('listen_addresses') as addresses`),
    );
    expect(rows).toEqual([{ fsync: "on", commit: "on", pages: "on", addresses: "127.0.0.1" }]);
    await server.stop();
  });

  it("takes over after a program that was killed and left its server running", async () => {
    const { child, port } = await startProgram();
    const address = { ...(await connectionOf(port)), port };
    await withClient(address, (client) => client.query("create table kept as select 1 as one"));
    const orphan = await serverPid();
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isRunning(orphan)).toBe(true);

    const server = await start();
    expect(await serverPid()).not.toBe(orphan);
    const { rows } = await withClient(server.connection, (client) => client.query("select one from kept"));
    expect(rows).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it("starts after a power cut: program and server gone at once, postmaster.pid left behind", async () => {
    const { child, port } = await startProgram();
    const address = { ...(await connectionOf(port)), port };
    await withClient(address, (client) => client.query("create table kept as select 1 as one"));
    const pid = await serverPid();
    process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await serverPid()).toBe(pid);

    const server = await start();
    const { rows } = await withClient(server.connection, (client) => client.query("select one from kept"));
    expect(rows).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it("is not misled when the number in a stale postmaster.pid belongs to another program by now", async () => {
    const server = await start();
    const pidFile = await readFile(join(folder, "postgres/postmaster.pid"), "utf8");
    await server.stop();
    await writeFile(join(folder, "postgres/postmaster.pid"), pidFile.replace(/^\d+/, String(process.pid)));
    await (await start()).stop();
  });

  it("refuses a folder that another running program uses, and does it no harm", async () => {
    const { child, port } = await startProgram();
    await expect(start()).rejects.toThrow(/another running program/);
    await withClient({ ...(await connectionOf(port)), port }, (client) => client.query("select 1"));
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("begins again when the first start was cut short", async () => {
    await writeFile(join(folder, "postgres.new"), "half of a cluster");
    await writeFile(join(folder, "postgres-password"), "half");
    await (await start()).stop();
  });

  it("refuses a cluster of another major version, and one whose password is lost", async () => {
    await (await start()).stop();
    const passwordFile = join(folder, "postgres-password");
    const password = await readFile(passwordFile, "utf8");
    await rm(passwordFile);
    await expect(start()).rejects.toThrow(/postgres-password is missing/);
    await writeFile(passwordFile, password);
    await chmod(passwordFile, 0o600);

    const versionFile = join(folder, "postgres/PG_VERSION");
    await writeFile(versionFile, "17\n");
    await expect(start()).rejects.toThrow(/made by PostgreSQL 17/);
    await writeFile(versionFile, "18\n");
  });

  it("tells when the server ends by itself", async () => {
    const server = await start();
    process.kill(await serverPid(), "SIGKILL");
    expect(await server.died).toContain("SIGKILL");
    await server.stop();
  });
});

async function connectionOf(port: number) {
  const password = (await readFile(join(folder, "postgres-password"), "utf8")).trim();
  return { host: "127.0.0.1", port, user: "parkme", password, database: "parkme" };
}
