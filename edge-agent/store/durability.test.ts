import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ledger, moneyActs, payments, shifts } from "./money-schema.ts";
import { log } from "./link-schema.ts";
import { movements, stays, tickets } from "./schema.ts";
import { newFolder, open, type Folder } from "./testing/gate-db.ts";

const WRITER = fileURLToPath(new URL("./testing/writer.ts", import.meta.url));
const ROUNDS = 5;

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

/** Lets the writer write, kills it in the middle, and returns what it had acknowledged. */
async function writeUntilKilled(path: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", WRITER, path], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > acknowledgements) child.kill("SIGKILL");
  });
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal, `the writer: ${complaint}`).toBe("SIGKILL");
  // The last line may have been cut off by the kill: it acknowledges nothing.
  return said.split("\n").slice(0, -1);
}

describe("a process that is killed", () => {
  it(
    "loses nothing that it acknowledged, and leaves nothing half written",
    { timeout: 120_000 },
    async () => {
      const path = folder.path("gate.db");
      const acknowledged: string[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        acknowledged.push(...(await writeUntilKilled(path, 1 + Math.floor(Math.random() * 200))));
        const db = open(path);
        expect(db.$client.pragma("integrity_check", { simple: true })).toBe("ok");
        const whole = db
          .select({ id: stays.id, status: stays.status, paid: payments.amountMinor })
          .from(stays)
          .innerJoin(tickets, eq(tickets.stayId, stays.id))
          .innerJoin(movements, eq(movements.stayId, stays.id))
          .innerJoin(payments, eq(payments.stayId, stays.id))
          .all();
        const ids = new Set(whole.map(({ id }) => id));
        expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
        for (const table of [stays, tickets, movements, payments, ledger, moneyActs])
          expect(await db.$count(table)).toBe(ids.size);
        // The first cash has opened the shift that all of it belongs to.
        expect([await db.$count(shifts), await db.$count(log)]).toEqual([1, 4 * ids.size + 1]);
        expect(whole.every(({ status, paid }) => status === "open" && paid === 500)).toBe(true);
        const state = db.$client.prepare("select epoch, inside from agent_state").get();
        expect(state).toEqual({ epoch: round + 1, inside: ids.size });
        db.$client.close();
      }
      expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS);
    },
  );
});
