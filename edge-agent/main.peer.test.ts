import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./devices/testing/until.ts";

/** A start compiles the sources, which takes seconds on a busy machine. */
const START_MS = 60_000;
const PIN = "481516-hunter2";

let folder = "";
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-agent-"));
  writeFileSync(join(folder, "pin"), PIN, { mode: 0o600 });
  writeConfig();
});
afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
  children = [];
  rmSync(folder, { recursive: true });
});

const config = () => join(folder, "edge.yaml");

/** A small gate whose broker is not there: port 1 answers nobody. */
function writeConfig(change: (text: string) => string = (text) => text): void {
  const text = `facility:
  id: 019ab3c4-0000-7000-8000-000000000001
  slug: demo
  name: Demo
  time_zone: Europe/Berlin
  currency: EUR
  capacity: 10
data_dir: ./data
http: { port: 0 }
mqtt: { url: "mqtt://127.0.0.1:1" }
attendants: [{ name: alex, pin_file: ./pin }]
boards: [{ name: board, driver: mqtt }]
lanes:
  - { name: entry, title: Entry 1, direction: entry, barrier: { board: board }, inputs: { arming: in1, safety: in2, closed_limit: in3 } }
`;
  writeFileSync(config(), change(text));
}

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "main.ts"), ...args], {
    cwd: join(import.meta.dirname, ".."),
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  let closed = false;
  child.on("close", () => (closed = true));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exit: async () => {
      await until(() => closed, `the program to end (${args.join(" ")})`, START_MS);
      return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
    },
    /** The line that says that the program serves. */
    ready: async () => {
      await until(() => closed || stdout.includes('"event":"ready"'), "the program to be ready", START_MS);
      if (closed) throw new Error(`ended instead: ${stderr}`);
      const line = stdout.split("\n").find((text) => text.includes('"event":"ready"')) ?? "{}";
      return JSON.parse(line) as { event: string; port: number; facility: string };
    },
  };
}

describe("the program", () => {
  it("tells how it is used", async () => {
    const { code, stdout, stderr } = await run(["--help"]).exit();
    expect(code).toBe(0);
    for (const word of ["--config", "--check", "PARKME_EDGE_PORT", "PARKME_CONFIG"])
      expect(stdout).toContain(word);
    expect(stderr).toBe("");
  });

  it("refuses what it does not know, without a stack trace", async () => {
    const wrong = [["--confg", "x"], ["edge.yaml"], ["--config"]];
    for (const { code, stderr } of await Promise.all(wrong.map((args) => run(args).exit()))) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^parkme-edge: /);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });

  it("checks a configuration and starts nothing", async () => {
    const valid = await run(["--check", "--config", config()]).exit();
    expect(valid).toMatchObject({ code: 0, stderr: "", stdout: `${config()} is valid\n` });
    const byEnvironment = await run(["--check"], { PARKME_CONFIG: config() }).exit();
    expect(byEnvironment.code).toBe(0);
    expect(() => readFileSync(join(folder, "data", "gate.db"))).toThrow("ENOENT");
  });

  it.each([["--check"], []])(
    "names every problem of a configuration and ends with 1 (%s)",
    async (...flags) => {
      writeConfig((text) =>
        text
          .replace("slug: demo", "slug: Demo!")
          .replace("capacity: 10", "capacity: many")
          .replace("port: 0", `port: ${PIN}`)
          .replace("./pin", "./nowhere")
          .replace("board: board", "board: roof"),
      );
      const { code, stdout, stderr } = await run([...flags, "--config", config()]).exit();
      expect(code).toBe(1);
      expect(stdout).toBe("");
      const lines = stderr.trimEnd().split("\n");
      expect(lines.map((line) => line.slice(config().length).split(" ").slice(0, 2).join(" "))).toEqual([
        ":3: facility.slug",
        ":7: facility.capacity",
        ":9: http.port",
        ":11: attendants.0.pin_file",
        ":14: lanes.0.barrier.board",
      ]);
      expect(stderr).not.toContain("hunter2");
    },
  );

  it("ends with 1 when the configuration is not there", async () => {
    const { code, stderr } = await run(["--config", join(folder, "absent.yaml")]).exit();
    expect(code).toBe(1);
    expect(stderr).toBe(`${join(folder, "absent.yaml")}: cannot be read: ENOENT\n`);
  });

  it("ends with 1 when its port is taken, and names the variable to set", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const { code, stderr } = await run(["--config", config()], { PARKME_EDGE_PORT: `${port}` }).exit();
      expect(code).toBe(1);
      expect(stderr).toBe(
        `Port ${port} on 127.0.0.1 is in use: set PARKME_EDGE_PORT or http.port to another one.\n`,
      );
    } finally {
      taken.close();
    }
  });

  it("ends with 1 when a port is none", async () => {
    const ports = ["http", "70000", "-1", "1e3", " 80"];
    const ends = ports.map((port) => run(["--config", config()], { PARKME_EDGE_PORT: port }).exit());
    for (const { code, stderr } of await Promise.all(ends)) {
      expect(code).toBe(1);
      expect(stderr).toMatch(/^PARKME_EDGE_PORT must be a number/);
    }
  });

  it("ends with 1 when its folder or its database cannot be used, and leaves them alone", async () => {
    writeFileSync(join(folder, "data"), "a file");
    const noFolder = await run(["--config", config()]).exit();
    expect(noFolder.code).toBe(1);
    expect(noFolder.stderr).toMatch(/cannot be made .*data_dir/);
    expect(noFolder.stderr).not.toMatch(/\n\s+at /);

    writeConfig((text) => text.replace("./data", "./other"));
    mkdirSync(join(folder, "other"));
    const garbage = "this is no database. ".repeat(500);
    writeFileSync(join(folder, "other", "gate.db"), garbage);
    const noDatabase = await run(["--config", config()]).exit();
    expect(noDatabase.code).toBe(1);
    expect(noDatabase.stderr).toMatch(/gate\.db cannot be opened as a database/);
    expect(readFileSync(join(folder, "other", "gate.db"), "utf8")).toBe(garbage);
  });
});

describe("the running program", () => {
  it("serves without a broker, is unready, and ends with 0 though a page is open", async () => {
    const program = run(["--config", config()]);
    const ready = await program.ready();
    expect(ready).toMatchObject({ event: "ready", facility: "demo", port: expect.any(Number) });
    const url = `http://127.0.0.1:${ready.port}`;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const readyz = await fetch(`${url}/readyz`);
    expect(readyz.status).toBe(503);
    expect(await readyz.json()).toMatchObject({ detail: "the MQTT broker is not connected" });
    // The sources are not the page.
    for (const path of ["/app.ts", "/web/index.html"]) expect((await fetch(url + path)).status).toBe(404);

    const signIn = await fetch(`${url}/api/session`, {
      method: "POST",
      headers: { "x-parkme": "1" },
      body: JSON.stringify({ name: "alex", pin: PIN }),
    });
    expect(signIn.status).toBe(204);
    const cookie = signIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const live = await fetch(`${url}/api/live`, { headers: { cookie } });
    const reader = live.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);

    program.child.kill("SIGTERM");
    expect(await program.exit()).toMatchObject({ code: 0, signal: null, stderr: "" });
    await reader?.cancel().catch(() => undefined);
    for (const line of program.stdout().trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
    expect(program.stdout()).not.toContain("hunter2");
  });

  it("starts again over its own data, and ends with 0 on an interrupt, even twice", async () => {
    for (let start = 0; start < 2; start++) {
      const program = run(["--config", config()]);
      const { port } = await program.ready();
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(metrics).toContain("parkme_inside 0");
      program.child.kill("SIGINT");
      program.child.kill("SIGINT");
      expect(await program.exit()).toMatchObject({ code: 0, signal: null, stderr: "" });
    }
  });

  it("is ended by kill -9 without harm to its data", async () => {
    const first = run(["--config", config()]);
    await first.ready();
    first.child.kill("SIGKILL");
    expect((await first.exit()).signal).toBe("SIGKILL");
    const second = run(["--config", config()]);
    const { port } = await second.ready();
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    second.child.kill("SIGTERM");
    expect((await second.exit()).code).toBe(0);
  });
});
