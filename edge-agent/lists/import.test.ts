import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  HOUSE,
  MIGRATIONS,
  newFolder,
  newMint,
  openStore,
  START_MS,
  type Folder,
} from "../store/testing/gate-db.ts";
import { importLists } from "./import.ts";

const GATE = fileURLToPath(new URL("./testing/writing-gate.ts", import.meta.url));

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

function fileOf(permits: number, more: object = {}): string {
  const of = (i: number) => ({
    id: `P-${i}`,
    plates: [`B AB ${i}`],
    account: "Acme",
    valid_from: "2026-01-01T00:00:00Z",
    valid_until: "2027-01-01T00:00:00Z",
    ...more,
  });
  return JSON.stringify({ version: "v1", permits: Array.from({ length: permits }, (_, i) => of(i)) });
}

const importing = (text: string, database = folder.path("gate.db")) =>
  importLists({ database, migrationsFolder: MIGRATIONS, text, zones: HOUSE.zones, nowMs: START_MS });

describe("an import", () => {
  it("puts a file in force, and says what was in it", async () => {
    expect(await importing(fileOf(3, { zone: "staff" }))).toEqual({
      ok: true,
      value: { version: "v1", permits: 3, reservations: 0, blocked: 0, watched: 0 },
    });
    const { store } = openStore(folder.path("gate.db"));
    expect(store.listsAsOf()?.permits).toBe(3);
    expect(store.rightsFor({ medium: "plate", text: "BAB2" }, START_MS, null)).toHaveLength(1);
    store.close();
  });

  it("is no start of the agent: its epoch stays", async () => {
    openStore(folder.path("gate.db")).store.close();
    await importing(fileOf(1));
    const { store } = openStore(folder.path("gate.db"));
    expect(store.epoch).toBe(2);
    store.close();
  });

  it("of a file with any problem changes nothing", async () => {
    await importing(fileOf(1));
    const refused = await importing(fileOf(2, { zone: "attic" }));
    expect(refused).toMatchObject({
      ok: false,
      error: [{ path: "permits.0.zone" }, { path: "permits.1.zone" }],
    });
    expect(await importing("not a list")).toMatchObject({ ok: false, error: [{ message: "is not JSON" }] });
    const { store } = openStore(folder.path("gate.db"));
    expect(store.listsAsOf()?.permits).toBe(1);
    store.close();
  });

  it("beside the lists of headquarters is refused, and possible again when those are empty", async () => {
    const { db, store } = openStore(folder.path("gate.db"));
    const ofManifest = (permits: number): void =>
      void db.$client
        .prepare(
          `insert into lists (version, as_of, imported_at, permits, reservations, blocked, watched, longest_hold_ms, complete, source)
          values ('manifest 3', 0, 0, ?, 0, 0, 0, 0, 1, 'manifest')`,
        )
        .run(permits);
    ofManifest(1);
    const refused = await importing(fileOf(1));
    expect(refused).toMatchObject({
      ok: false,
      error: [{ message: expect.stringContaining("headquarters") }],
    });
    expect(store.listsAsOf()?.version).toBe("manifest 3");
    ofManifest(0);
    expect(await importing(fileOf(1))).toMatchObject({ ok: true });
    expect(store.listsAsOf()?.version).toBe("v1");
    store.close();
  });

  it("into a database that cannot be used says why", async () => {
    const refused = await importing(fileOf(1), folder.path("nowhere/gate.db"));
    expect(refused).toMatchObject({ ok: false, error: [{ message: expect.stringContaining("nowhere") }] });
  });

  it("into a database that somebody holds says so, and changes nothing", async () => {
    const { db, store } = openStore(folder.path("gate.db"));
    db.$client.exec("begin immediate");
    const refused = await importing(fileOf(1));
    expect(refused).toMatchObject({ ok: false, error: [{ message: expect.stringContaining("locked") }] });
    db.$client.exec("rollback");
    expect(store.listsAsOf()).toBeNull();
    store.close();
  });

  it("while a gate takes its turns stops neither", { timeout: 120_000 }, async () => {
    const path = folder.path("gate.db");
    const gate = spawn(process.execPath, ["--import", "tsx", GATE, path], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let [said, complaint] = ["", ""];
    const exited = once(gate, "exit");
    gate.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    const ready = new Promise<void>((resolve) => {
      gate.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        resolve();
      });
    });
    await Promise.race([ready, exited]);
    expect([said, complaint]).toEqual(["ready\n", ""]);
    expect(await importing(fileOf(3_000))).toMatchObject({ ok: true });
    gate.stdin.end();
    await exited;
    const { written, refused } = JSON.parse(said.slice("ready\n".length)) as {
      written: number;
      refused: number;
    };
    expect(complaint).toBe("");
    expect(written).toBeGreaterThan(10);
    // Nearly none; but a machine may stop either program in the middle of its turn.
    expect(refused).toBeLessThan(written);
    const { store } = openStore(path, newMint());
    expect([store.listsAsOf()?.permits, store.inside()]).toEqual([3_000, written]);
    store.close();
  });
});
