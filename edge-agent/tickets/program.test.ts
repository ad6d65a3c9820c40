import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publicTextOf } from "./key-files.ts";
import { runTickets } from "./program.ts";
import { keyFolder } from "./testing/key-folder.ts";

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const MIGRATIONS = join(import.meta.dirname, "../store/migrations");

const CONFIG = `facility:
  { id: 019ab3c4-0000-7000-8000-000000000001, slug: demo, name: Demo, time_zone: Europe/Berlin, currency: EUR, capacity: 9 }
mqtt: { url: "mqtt://127.0.0.1:1883" }
merchants:
  - name: cafe
    title: Café <Sole>
    pin_file: ./pin
    offers: [{ name: one-hour, title: One hour, minutes: 60 }]
boards: [{ name: board, driver: mqtt }]
lanes:
  - name: entry
    title: Entry
    direction: entry
    barrier: { board: board, number: 1, pulse_ms: 500, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closed_limit: in4 }
`;

/** The program in a folder of its own, as an operator runs it. */
function startDesk() {
  const folder = keyFolder();
  mkdirSync(folder);
  const config = join(folder, "edge.yaml");
  writeFileSync(config, CONFIG);
  writeFileSync(join(folder, "pin"), "481516\n");
  return {
    folder,
    run(...args: readonly string[]) {
      let [out, complaint] = ["", ""];
      const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0 };
      const code = runTickets(args, config, clock, MIGRATIONS, {
        out: (text) => (out += text),
        complain: (text) => (complaint += text),
      });
      return { code, out, complaint };
    },
  };
}

describe("parkme-edge tickets", () => {
  it("shows, rotates and takes keys, and never a private half", () => {
    const { run, folder } = startDesk();
    expect(run("keys").out).toMatch(/^[0-9a-f]{4} {2}signs {4}[\w-]{43} /);
    expect(run("rotate").code).toBe(0);
    const publicText = publicTextOf(generateKeyPairSync("ed25519").publicKey);
    const trusted = run("trust", "--title", "cloud", "--until", "2027-01-01T00:00:00Z", "--", publicText);
    expect(trusted).toMatchObject({ code: 0, complaint: "" });
    const { out } = run("keys");
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/)[1]),
    ).toEqual(expect.arrayContaining(["signs", "retired", "trusted"]));
    const keys = join(folder, "data", "keys");
    const files = readdirSync(keys).map((name) => readFileSync(join(keys, name), "utf8"));
    const secrets = files.flatMap((text) => /"private_key": "([^"]+)"/.exec(text)?.[1] ?? []);
    expect(secrets).toHaveLength(1);
    expect(out).not.toContain(secrets[0]);
  });

  it("makes codes that it says are good, as lines and as sheets of 24", () => {
    const { run, folder } = startDesk();
    const svg = join(folder, "sheet.svg");
    const made = run("codes", "--merchant", "cafe", "--offer", "one-hour", "--count", "30", "--svg", svg);
    expect(made).toMatchObject({ code: 0, complaint: "" });
    const lines = made.out.split("\n").filter((line) => line !== "");
    expect(lines).toHaveLength(30);
    for (const line of lines.slice(0, 3)) {
      const [serial, text = ""] = line.split("\t");
      const { code, out } = run("verify", "--", text);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toEqual({ kind: "validation", merchant: "cafe", offer: "one-hour", serial });
    }
    const pages = ["sheet.svg", "sheet-2.svg"].map((name) => readFileSync(join(folder, name), "utf8"));
    expect(pages.map((page) => page.split("<path ").length - 1)).toEqual([24, 6]);
    expect(pages[0]).toContain("Café &lt;Sole&gt;: One hour");
    expect(pages[0]).toContain("until 2026-07-30");
  });

  it("says why a code is refused", () => {
    const { run } = startDesk();
    const { code, out } = run("verify", "A".repeat(132));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ kind: "refused", code: "not_ours" });
  });

  it.each([
    [["codes", "--merchant", "kiosk", "--offer", "one-hour", "--count", "1"], "one of: cafe one-hour"],
    [["codes", "--merchant", "cafe", "--offer", "one-hour", "--count", "0"], "--count must be 1 to 1000"],
    [["codes", "--merchant", "cafe", "--offer", "one-hour", "--count", "1", "--days", "x"], "--days"],
    [["trust", "nonsense", "--title", "cloud"], "no Ed25519 public key"],
    [["trust", "nonsense"], "--title"],
    [["verify"], "needs a code"],
    [["nonsense"], "parkme-edge tickets keys"],
  ])("complains of %j", (args, words) => {
    const { code, out, complaint } = startDesk().run(...args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(complaint).toContain(words);
  });

  it("refuses to go on with a damaged key", () => {
    const { run, folder } = startDesk();
    run("keys");
    const keys = join(folder, "data", "keys");
    const [name = ""] = readdirSync(keys);
    writeFileSync(join(keys, name), "{");
    expect(run("rotate")).toMatchObject({ code: 1, complaint: expect.stringContaining(name) });
    expect(readdirSync(keys)).toEqual([name]);
  });
});
