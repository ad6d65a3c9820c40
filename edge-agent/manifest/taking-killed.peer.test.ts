import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newFolder, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { openGate, permit, removed } from "./testing/gate.ts";
import { createPaperCloud } from "./testing/paper-cloud.ts";

const GATE = fileURLToPath(new URL("./testing/pulling-gate.ts", import.meta.url));

let folder: Folder;
const cloud = createPaperCloud(100);
let asked = 0;
/** Kills the gate when it asks for this page. */
let deadly = Infinity;
let gate: ChildProcess | null = null;
const server = createServer((request, response) => {
  asked += 1;
  if (asked === deadly) return void gate?.kill("SIGKILL");
  const { status, bytes } = cloud.answer(request.url ?? "");
  response.writeHead(status).end(bytes);
});
beforeAll(async () => {
  folder = newFolder();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  folder.remove();
});

/** Runs the gate to its end, or to where it is killed. @returns what it said, and how often it asked. */
async function run(killAt: number): Promise<{ readonly said: string; readonly asked: number }> {
  const { port } = server.address() as AddressInfo;
  [asked, deadly] = [0, killAt];
  const args = ["--import", "tsx", GATE, folder.path("gate.db"), String(port), cloud.signingKey];
  gate = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  gate.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
  await once(gate, "close");
  return { said, asked };
}

describe("a gate that is killed while it takes a manifest", () => {
  it("goes on where it was, and has all of it in the end", async () => {
    cloud.publish(Array.from({ length: 2_000 }, (_, n) => permit(n)));
    for (const page of [3, 8, 9]) expect((await run(page)).said).toBe("");
    // 20 pages, of which 2, 7 and 8 were kept; and the question whether there is more.
    expect(await run(Infinity)).toEqual({ said: "nothing_newer", asked: 4 });
    cloud.publish(Array.from({ length: 500 }, (_, n) => removed(permit(n))));
    expect((await run(4)).said).toBe("");
    cloud.publish([permit(1)]);
    expect((await run(Infinity)).said).toBe("nothing_newer");
    const { store, entries, db } = openGate(folder.path("gate.db"), () => Promise.reject(new Error("asked")));
    expect(entries()).toEqual(cloud.inForce());
    expect(store.listsAsOf()?.permits).toBe(1_501);
    const plates = ["BAB1", "BAB2", "BAB500"].map(
      (text) => store.rightsFor({ medium: "plate", text }, START_MS, null).length,
    );
    expect(plates).toEqual([1, 0, 1]);
    expect(db.$client.prepare("select count(*) from rights").pluck().get()).toBe(1_501);
    store.close();
  });
});
