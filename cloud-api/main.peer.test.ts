import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withClient } from "./db/connection.ts";
import { EDGE_ID, EDGE_TOKEN, FACILITY_ID } from "./testing/cloud.ts";
import { asEvents, moved, send, started } from "./testing/events.ts";

const PROVISION = `organisation: { slug: demo, name: Demo Parking }
facilities:
  - id: ${FACILITY_ID}
    slug: demo
    name: Harbour Square
    time_zone: Europe/Berlin
    currency: EUR
    capacity: 120
    lanes: [{ slug: entry, name: Entry 1, direction: entry }]
    edge: { id: ${EDGE_ID}, token_file: ./secrets/edge-token }
users: []
`;

let folder: string;
const programs: Program[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-cloud-main-"));
  await mkdir(join(folder, "secrets"));
  await writeFile(join(folder, "secrets/edge-token"), EDGE_TOKEN, { mode: 0o600 });
  await writeFile(join(folder, "provision.yaml"), PROVISION);
});
afterEach(async () => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
  const server = await serverPid();
  if (server !== null) process.kill(server, "SIGQUIT");
  await rm(folder, { recursive: true, maxRetries: 50, retryDelay: 100 });
});

type Program = {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Its log, line by line. */
  readonly log: Record<string, unknown>[];
  readonly ended: Promise<number | null>;
};

function run(environment: Record<string, string> = {}, args: readonly string[] = []): Program {
  const env = {
    PATH: process.env["PATH"],
    PARKME_CLOUD_PORT: "0",
    PARKME_DATA_DIR: join(folder, "data"),
    PARKME_PROVISION: join(folder, "provision.yaml"),
    ...environment,
  };
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", main, ...args], {
    env,
    cwd: import.meta.dirname,
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const log: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) log.push(JSON.parse(line) as Record<string, unknown>);
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const program = { child, stderr: () => stderr, log, ended };
  programs.push(program);
  return program;
}

/** Waits for the line that says so. @returns the address to talk to. */
async function untilReady({ child, log, stderr }: Program): Promise<string> {
  const ready = await expect
    .poll(
      () => {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stderr()}`);
        return log.find((line) => line["event"] === "ready");
      },
      { timeout: 60_000 },
    )
    .toBeDefined()
    .then(() => log.find((line) => line["event"] === "ready"));
  return `http://127.0.0.1:${String(ready?.["port"])}`;
}

async function serverPid(): Promise<number | null> {
  const path = join(folder, "data/postgres/postmaster.pid");
  return existsSync(path) ? Number((await readFile(path, "utf8")).split("\n")[0]) : null;
}

async function sendStay(url: string, firstSeq: number, stay: number): Promise<number> {
  const at = "2026-07-15T08:00:00Z";
  const program = { request: (path: string, init: RequestInit) => fetch(url + path, init) };
  const response = await send(program, asEvents([started(stay, at), moved("in", stay, at)], firstSeq));
  return response.status;
}

async function movementsIn(url: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /^parkme_movements_total\{.*\} (\d+)$/m.exec(text)?.[1];
}

describe("the program", () => {
  it("serves, stops cleanly with its database, and goes on where it was", async () => {
    const first = run();
    const url = await untilReady(first);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await sendStay(url, 1, 1)).toBe(200);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(await serverPid()).toBeNull();
    expect(JSON.stringify(first.log)).not.toContain(EDGE_TOKEN);

    const second = run();
    const again = await untilReady(second);
    expect(await movementsIn(again)).toBe("1");
    expect(await sendStay(again, 3, 2)).toBe(200);
    second.child.kill("SIGINT");
    expect(await second.ended).toBe(0);
  });

  it("loses nothing that it acknowledged when it is killed", async () => {
    const first = run();
    const url = await untilReady(first);
    for (let stay = 1; stay <= 20; stay++) expect(await sendStay(url, stay * 2 - 1, stay)).toBe(200);
    first.child.kill("SIGKILL");
    await first.ended;

    const second = run();
    expect(await movementsIn(await untilReady(second))).toBe("20");
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });

  it("says which variable to set when its port is in use, before it touches any data", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const program = run({ PARKME_CLOUD_PORT: String(port) });
    expect(await program.ended).toBe(1);
    expect(program.stderr()).toContain(`port ${port} on 127.0.0.1 is in use: set PARKME_CLOUD_PORT`);
    expect(existsSync(join(folder, "data"))).toBe(false);
    other.close();
  });

  it("tells all that is wrong with its configuration, and with its provisioning file", async () => {
    const environment = run({ PARKME_CLOUD_PORT: "http", PARKME_LOG_LEVEL: "loud" });
    expect(await environment.ended).toBe(1);
    expect(environment.stderr()).toMatch(/PARKME_CLOUD_PORT: .*\n.*PARKME_LOG_LEVEL: /);

    await writeFile(
      join(folder, "provision.yaml"),
      PROVISION.replace("EUR", "euro").replace("capacity: 120", "capacity: many"),
    );
    const file = run();
    expect(await file.ended).toBe(1);
    expect(file.stderr()).toMatch(
      /provision.yaml:7: facilities.0.currency .*\n.*provision.yaml:8: .*capacity /,
    );
  });

  it("refuses a database of a newer version", async () => {
    const first = run();
    await untilReady(first);
    const port = Number(
      (await readFile(join(folder, "data/postgres/postmaster.pid"), "utf8")).split("\n")[3],
    );
    const password = (await readFile(join(folder, "data/postgres-password"), "utf8")).trim();
    const address = { host: "127.0.0.1", port, user: "parkme", password, database: "parkme" };
    await withClient(address, (client) =>
      client.query(
        `insert into drizzle.__drizzle_migrations (hash, created_at) values ('from-the-future', 9e12)`,
      ),
    );
    first.child.kill("SIGTERM");
    await first.ended;
    const second = run();
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain("newer version");
    expect(await serverPid()).toBeNull();
  });

  it("explains itself", async () => {
    const program = run({}, ["--help"]);
    let text = "";
    program.child.stdout?.on("data", (chunk) => (text += String(chunk)));
    expect(await program.ended).toBe(0);
    for (const name of ["PARKME_CLOUD_PORT", "PARKME_DATA_DIR", "PARKME_DATABASE_URL", "PARKME_PROVISION"]) {
      expect(text).toContain(name);
    }
  });
});
