import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EQUALITY_SUBJECTS } from "@parkme/shared/protocol/link-facts";
import { BookStory } from "../store/testing/book-story.ts";
import { newFolder, type Folder } from "../store/testing/gate-db.ts";
import { digestNow } from "./equality-report.ts";
import { runSync } from "./program.ts";

const config = (dataFolder: string): string => `facility:
  { id: 019ab3c4-0000-7000-8000-000000000001, slug: demo, name: Demo, time_zone: Europe/Berlin, currency: EUR, capacity: 9 }
data_dir: ${dataFolder}
mqtt: { url: "mqtt://127.0.0.1:1883" }
boards: [{ name: board, driver: mqtt }]
lanes:
  - name: entry
    title: Entry
    direction: entry
    barrier: { board: board, number: 1, pulse_ms: 500, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closed_limit: in4 }
`;

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
  mkdirSync(folder.path("data"));
  writeFileSync(folder.path("edge.yaml"), config(folder.path("data")));
});
afterEach(() => folder.remove());

function run(...args: readonly string[]) {
  let [out, complaint] = ["", ""];
  const code = runSync(args, folder.path("edge.yaml"), {
    out: (text) => (out += text),
    complain: (text) => (complaint += text),
  });
  return { code, out, complaint };
}

describe("parkme-edge sync", () => {
  it("says what the books of a day add up to, while the gate runs", () => {
    const story = new BookStory(join(folder.path("data"), "gate.db"), 3).tell(80);
    const { store } = story;
    const day = "2026-03-01";
    const books = EQUALITY_SUBJECTS.map((subject) => digestNow(store, { day, subject }));
    expect(books.some(({ count }) => count > 0)).toBe(true);
    const { code, out } = run("equality", "--day", day, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ day, currency: "EUR", books });
    const text = run("equality", "--day", day).out.split("\n");
    expect(text).toHaveLength(EQUALITY_SUBJECTS.length + 1);
    for (const [line, { subject, digest }] of books.map((book, at) => [text[at], book] as const)) {
      expect(line).toContain(subject);
      expect(line).toContain(digest);
    }
    const newest = new Date(store.lastBookMs() ?? 0).toISOString().slice(0, 10);
    expect(JSON.parse(run("equality", "--json").out)).toMatchObject({ day: newest });
    story.store.close();
  });

  it("says how the log stands, and changes nothing", () => {
    const story = new BookStory(join(folder.path("data"), "gate.db"), 4).tell(20);
    const head = story.store.logHead();
    story.store.setUploadCursor(head.seq - 2);
    expect(JSON.parse(run("status", "--json").out)).toMatchObject({
      epoch: head.epoch,
      head: head.seq,
      head_hash: head.hash,
      committed: head.seq - 2,
      waiting: 2,
      fenced: null,
      restoring: null,
      restore_conflicts: 0,
      manifest: 0,
      books_from: null,
    });
    const { code, out } = run("status");
    expect(code).toBe(0);
    expect(out).toContain(`epoch ${head.epoch}, row ${head.seq}`);
    expect(out).toContain("2 wait");
    expect(story.store.logHead()).toEqual(head);
    story.store.setLinkState({ fenced: "another program", restoredSeq: 3 });
    expect(run("status").out).toMatch(/fenced +another program\nrestoring +rows after 3 come from the cloud/);
    story.store.close();
  });

  it("says so when there is nothing to look at, and asks for words that it knows", () => {
    for (const word of ["status", "equality"])
      expect(run(word)).toMatchObject({
        code: 1,
        out: "",
        complaint: expect.stringContaining("is not there"),
      });
    expect(run("status", "--config", folder.path("none.yaml"))).toMatchObject({ code: 1, out: "" });
    for (const words of [
      [],
      ["everything"],
      ["status", "--day", "2026-01-01"],
      ["equality", "--day", "x"],
      ["status", "now"],
    ])
      expect(run(...words)).toMatchObject({
        code: 1,
        complaint: expect.stringContaining("parkme-edge sync status"),
      });
    expect(run("--help")).toMatchObject({ code: 0, complaint: "" });
  });

  it("says that a file which is no database cannot be read", () => {
    writeFileSync(
      join(folder.path("data"), "gate.db"),
      "no database, but long enough to be looked at as one".repeat(40),
    );
    expect(run("status")).toMatchObject({ code: 1, complaint: expect.stringContaining("cannot be read") });
  });

  it("has no books of a gate that never saw a vehicle", () => {
    new BookStory(join(folder.path("data"), "gate.db"), 5).store.close();
    expect(run("equality")).toMatchObject({ code: 0, out: "there are no rows yet\n" });
    expect(JSON.parse(run("equality", "--json").out)).toEqual({ day: null, currency: "EUR", books: [] });
  });
});
