import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { digestBook, inOrder } from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS } from "@parkme/shared/protocol/link-facts";
import { digestNow, sha256 } from "../sync/equality-report.ts";
import { BookStory } from "./testing/book-story.ts";
import { newFolder, type Folder } from "./testing/gate-db.ts";

/** What both sides must make of the same days; the cloud's tests read it as well. */
const RECORDED = join(import.meta.dirname, "../../shared/protocol/testing/books.ndjson");

let folder: Folder;
beforeAll(() => {
  folder = newFolder();
});
afterAll(() => folder.remove());

/** Everything that the story has books of. */
function pagesOfStory({ store }: BookStory) {
  const days = [...store.daysTouched(0).days].toSorted();
  return days.flatMap((day) => EQUALITY_SUBJECTS.map((subject) => ({ day, subject })));
}

it("has the rows that the cloud must have by the facts alone: recorded, and the same on both sides", async () => {
  const story = new BookStory(folder.path("story.db"), 20_260_228);
  const { store } = story;
  for (let chapter = 0; chapter < 5; chapter += 1) {
    story.tell(34);
    const digests = pagesOfStory(story).map((page) => digestNow(store, page));
    expect(store.reportBooks(digests, store.logHead().seq, story.nowMs)).toBe(store.logHead().seq);
  }
  const facts = store.logLines(0, 10_000).map(({ line }) => {
    const { kind, payload, wall_time } = JSON.parse(line.split("\t")[0] ?? "") as Record<string, unknown>;
    return { kind, payload, wall_time };
  });
  const books = pagesOfStory(story).map((page) => {
    const { entries } = store.bookRows(page, null, 1_000);
    return { ...digestBook(page, entries, sha256), rows: inOrder(entries).map(({ text }) => text) };
  });
  store.close();
  const text = [...facts, ...books].map((line) => `${JSON.stringify(line)}\n`).join("");
  await expect(text).toMatchFileSnapshot(RECORDED);
});

it("reports nothing when the log has gone on since the books were read", () => {
  const story = new BookStory(folder.path("late.db"), 1).tell(3);
  const { store } = story;
  const readAt = store.logHead().seq;
  const [page] = pagesOfStory(story);
  if (page === undefined) throw new Error("a story without rows");
  const digests = [digestNow(store, page)];
  story.tell(6);
  const head = store.logHead();
  expect(head.seq).toBeGreaterThan(readAt);
  expect(store.reportBooks(digests, readAt, story.nowMs)).toBeNull();
  expect(store.logHead()).toEqual(head);
  store.close();
});

it("has one row of a day by its id, and none of another day", () => {
  const story = new BookStory(folder.path("one.db"), 2).tell(60);
  const { store } = story;
  for (const page of pagesOfStory(story))
    for (const entry of store.bookRows(page, null, 1_000).entries) {
      expect(store.bookRow(page, entry.id)).toEqual(entry);
      expect(store.bookRow({ ...page, day: "2020-01-01" }, entry.id)).toBeNull();
      expect(store.bookRow(page, "f")).toBeNull();
    }
  store.close();
});

it("has no shift that a restore has ended without a count: nobody was told of it", () => {
  const path = folder.path("ended.db");
  const { store, nowMs } = new BookStory(path, 3).tell(1);
  const now = { wallMs: nowMs, monotonicMs: 0 };
  store.openShift({ actor: "somebody", floatMinor: 100 }, now);
  const file = new Database(path);
  const ended = file.prepare("update shifts set closed_at = ? where attendant = 'somebody'").run(nowMs);
  file.close();
  expect(ended.changes).toBe(1);
  const page = { day: new Date(nowMs).toISOString().slice(0, 10), subject: "shifts" } as const;
  const rows = () =>
    store.bookRows(page, null, 1_000).entries.filter(({ text }) => text.includes("somebody"));
  expect(rows()).toEqual([]);
  store.openShift({ actor: "somebody", floatMinor: 100 }, now);
  store.closeShift({ actor: "somebody", countedMinor: 90, note: "" }, now);
  expect(rows()).toHaveLength(1);
  store.close();
});
