import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  digestBook,
  equalityPostSchema,
  inOrder,
  MAX_DIFFERENCES,
  ROW_HASH_LENGTH,
  type BookEntry,
  type BookPage,
} from "@parkme/shared/protocol/equality";
import { EQUALITY_SUBJECTS, type DayDigest } from "@parkme/shared/protocol/link-facts";
import type { StayId } from "@parkme/shared/domain/ids";
import { BookStory } from "../store/testing/book-story.ts";
import { newFolder, recordsOf, turn, newMint, type Folder } from "../store/testing/gate-db.ts";
import { createEquality, type Equality, type EqualityOptions } from "./equality.ts";
import { daysDue, reportPages, sha256 } from "./equality-report.ts";
import type { Timers } from "./nap.ts";

let folder: Folder;
let story: BookStory;
beforeEach(() => {
  folder = newFolder();
  story = new BookStory(folder.path("gate.db"), 7);
});
afterEach(() => {
  story.store.close();
  folder.remove();
});

const pause = async (): Promise<void> => {};
const signal = new AbortController().signal;

function reporting(more: { readonly pause?: () => Promise<void> } = {}) {
  const { store } = story;
  const headSeq = () => store.logHead().seq;
  return { books: store, headSeq, wallMs: () => story.nowMs, pause, stopping: signal, ...more };
}

function reports(after = 0): { readonly seq: number; readonly days: DayDigest[] }[] {
  return story.store.logLines(after, 10_000).flatMap(({ seq, line }) => {
    const { kind, payload } = JSON.parse(line.split("\t")[0] ?? "") as {
      kind: string;
      payload: { days: DayDigest[] };
    };
    return kind === "equality.reported" ? [{ seq, days: payload.days }] : [];
  });
}

/** All rows of the books of some days. */
function rowsOf(page: BookPage): readonly BookEntry[] {
  return story.store.bookRows(page, null, 100_000).entries;
}

describe("a report", () => {
  it("says what the books are at its own place, though the gate writes while they are read", async () => {
    story.tell(60);
    const days = [...story.store.daysTouched(0).days];
    const pages = days.flatMap((day) => EQUALITY_SUBJECTS.map((subject) => ({ day, subject })));
    let writes = 9;
    const busy = async (): Promise<void> => {
      if (writes > 0) story.tell(1);
      writes -= 1;
    };
    const seq = await reportPages(reporting({ pause: busy }), pages);
    const told = reports();
    expect(told.at(-1)?.seq).toBe(seq);
    expect(told.flatMap((report) => report.days).map(({ day, subject }) => ({ day, subject }))).toEqual(
      pages,
    );
    // Nothing was written after the last of them: what it says is what there is.
    for (const digest of told.at(-1)?.days ?? [])
      expect(digestBook(digest, rowsOf(digest), sha256)).toEqual(digest);
  });

  it("comes through at a gate that never rests", async () => {
    story.tell(40);
    const [day = ""] = [...story.store.daysTouched(0).days];
    const pages = EQUALITY_SUBJECTS.map((subject) => ({ day, subject }));
    const restless = async (): Promise<void> => void story.tell(1);
    await reportPages(reporting({ pause: restless }), pages);
    expect(reports().flatMap(({ days }) => days.map(({ subject }) => subject))).toEqual([
      ...EQUALITY_SUBJECTS,
    ]);
  });

  it("reads a day of any number of rows, some of them of the same moment, each once", () => {
    const make = recordsOf(newMint());
    const records = Array.from({ length: 700 }, () => make.moved("out", null));
    story.store.commit(turn(records.slice(0, 400), { now: { wallMs: story.nowMs, monotonicMs: 0 } }));
    story.store.commit(turn(records.slice(400), { now: { wallMs: story.nowMs + 1, monotonicMs: 0 } }));
    const page = { day: "2026-02-28", subject: "movements" } as const;
    const ids: string[] = [];
    let part = story.store.bookRows(page, null, 7);
    for (; part.next !== null; part = story.store.bookRows(page, part.next, 7))
      ids.push(...part.entries.map(({ id }) => id));
    ids.push(...part.entries.map(({ id }) => id));
    expect(ids).toHaveLength(700);
    expect(new Set(ids).size).toBe(700);
  });
});

describe("the days to tell of", () => {
  it("are those of every row that changed since, and those that a row has left", async () => {
    const make = recordsOf(newMint());
    const at = (day: string) => ({ wallMs: Date.parse(`${day}T12:00:00Z`), monotonicMs: 0 });
    const stay = make.stay("BAB1234", at("2026-01-10").wallMs);
    story.nowMs = at("2026-01-20").wallMs;
    story.store.commit(turn([make.started(stay), make.moved("in", stay.stayId)], { now: at("2026-01-10") }));
    const since = story.store.logHead().seq;
    expect([...story.store.daysTouched(since).days]).toEqual([]);

    const by = { place: "desk", actor: "alex", reason: "r", stayId: stay.stayId };
    story.store.setEntryTime({ ...by, entryWallMs: at("2026-01-08").wallMs }, at("2026-01-11"));
    expect([...story.store.daysTouched(since).days].toSorted()).toEqual(["2026-01-08", "2026-01-10"]);
    story.store.commit(turn([make.moved("out", stay.stayId)], { now: at("2026-01-19") }));
    const days = await daysDue(reporting(), since);
    expect(days.filter((day) => day !== "2026-01-10")).toEqual(["2026-01-19", "2026-01-08"]);
    expect(days).toContain("2026-01-10");
  });

  it("are the last forty when it is not known what changed, and the farthest that a wrong clock wrote", async () => {
    const make = recordsOf(newMint());
    for (const wallMs of [Date.UTC(2025, 6, 1), Date.UTC(2036, 6, 1)])
      story.store.commit(turn([make.moved("out", null)], { now: { wallMs, monotonicMs: 0 } }));
    const days = await daysDue(reporting(), null);
    expect(days).toHaveLength(41);
    expect(days[0]).toBe("2036-07-01");
    expect(days.at(-1)).toBe("2026-01-20");
  });

  it("are those that there were, at a gate that is new", async () => {
    const make = recordsOf(newMint());
    const now = { wallMs: story.nowMs - 86_400_000, monotonicMs: 0 };
    expect(await daysDue(reporting(), null)).toHaveLength(1);
    story.store.commit(turn([make.moved("out", null)], { now }));
    expect(await daysDue(reporting(), null)).toHaveLength(2);
  });

  it("take every day in its turn", async () => {
    const make = recordsOf(newMint());
    const ofDay = (day: number) => Date.UTC(2025, 0, day, 23, 59);
    for (const day of [1, 2, 3, 9])
      story.store.commit(turn([make.moved("out", null)], { now: { wallMs: ofDay(day), monotonicMs: 0 } }));
    const seen = new Set<string>();
    for (let hour = 0; hour < 9; hour += 1) {
      story.nowMs = Date.UTC(2026, 2, 1, hour);
      for (const day of await daysDue(reporting(), story.store.logHead().seq)) seen.add(day);
    }
    expect([...seen].toSorted()).toEqual(["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-09"]);
  });

  it("begin after those of an older version", async () => {
    story.store.commit(
      turn([recordsOf(newMint()).moved("out", null)], { now: { wallMs: story.nowMs, monotonicMs: 0 } }),
    );
    story.db.$client.exec("update log set boot_id = '-', hash = null");
    const next = new BookStory(folder.path("gate.db"), 8);
    const days = await daysDue(
      { ...reporting(), books: next.store, wallMs: () => story.nowMs + 86_400_000 },
      null,
    );
    next.store.close();
    expect(next.nowMs).toBe(Date.UTC(2026, 1, 28, 23, 40));
    expect(days).toEqual(["2026-03-01"]);
  });
});

/** The cloud, as far as it matters here: it has rows of its own, and compares them with those that it is told of. */
class OtherSide {
  readonly rows = new Map<string, Map<string, BookEntry>>();
  readonly alarms: (string | null)[] = [];
  /** As the cloud keeps them. */
  readonly kept = new Map<string, readonly (readonly [string, string | null])[]>();
  unequal: BookPage[] = [];
  cursor = 0;
  down = false;
  posts = 0;

  /** Takes what the edge has, and what it says of it. */
  takeLog(): void {
    const now = reports(this.cursor);
    this.cursor = story.store.logHead().seq;
    for (const digest of now.flatMap(({ days }) => days)) {
      const cloud = digestBook(digest, [...this.book(digest).values()], sha256);
      const equal = cloud.digest === digest.digest && cloud.count === digest.count;
      this.unequal = this.unequal.filter(
        ({ day, subject }) => day !== digest.day || subject !== digest.subject,
      );
      const { day, subject } = digest;
      if (!equal) this.unequal.push({ day, subject });
    }
  }

  book({ day, subject }: BookPage): Map<string, BookEntry> {
    const key = `${day} ${subject}`;
    const book = this.rows.get(key) ?? new Map(rowsOf({ day, subject }).map((entry) => [entry.id, entry]));
    this.rows.set(key, book);
    return book;
  }

  readonly ask: EqualityOptions["ask"] = async (path, _stopping, post) => {
    if (this.down) throw new Error("away");
    expect(path).toBe("/api/edge/equality");
    if (post === undefined) return { status: 200, body: { pages: this.unequal, total: this.unequal.length } };
    this.posts += 1;
    const body = equalityPostSchema.parse(JSON.parse(JSON.stringify(post)));
    const ours = this.book(body);
    if (body.step === "rows") {
      const theirs = new Map(body.rows);
      const mine = inOrder([...ours.values()]).filter(
        ({ id }) => (body.after === null || id > body.after) && (body.until === null || id <= body.until),
      );
      const wrong = mine.filter(({ id, text }) => theirs.get(id) !== sha256(text).slice(0, ROW_HASH_LENGTH));
      const missing = body.rows.filter(([id]) => !ours.has(id)).map(([id]) => id);
      const differ = [...missing, ...wrong.map(({ id }) => id)].slice(0, MAX_DIFFERENCES);
      return { status: 200, body: { differ } };
    }
    if (body.seq !== this.cursor) return { status: 200, body: { verdict: "moved_on", seq: this.cursor } };
    const differing = body.rows.filter(([id, text]) => (ours.get(id)?.text ?? null) !== text);
    this.kept.set(`${body.day} ${body.subject}`, differing);
    return { status: 200, body: { verdict: "kept", differences: differing.length } };
  };
}

/** Time that passes when somebody waits for it. */
function virtualTime() {
  let nowMs = 0;
  const timers: Timers = {
    after: (ms, work) => {
      const handle = setImmediate(() => {
        nowMs += ms;
        work();
      });
      return () => clearImmediate(handle);
    },
  };
  return { timers, monotonicMs: () => nowMs };
}

describe("the whole of it", () => {
  let cloud: OtherSide;
  let time: ReturnType<typeof virtualTime>;
  let equality: Equality;
  let ready: boolean;
  beforeEach(() => {
    story.tell(80);
    cloud = new OtherSide();
    time = virtualTime();
    ready = true;
    equality = createEquality({
      books: story.store,
      head: story.store.logHead,
      acked: () => {
        if (ready) cloud.takeLog();
        return cloud.cursor;
      },
      ready: () => ready,
      ask: cloud.ask,
      alarm: (detail) => void cloud.alarms.push(detail),
      written: () => undefined,
      clock: { wallMs: () => story.nowMs + time.monotonicMs(), monotonicMs: time.monotonicMs },
      timers: time.timers,
      note: { info: () => undefined, warn: () => undefined },
    });
  });
  afterEach(() => equality.stop());

  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((resolve) => setImmediate(resolve));
  };

  it("finds a row that the cloud lost, one that it changed and one that it made up, and then that all is well", async () => {
    const day = "2026-03-01";
    const [ledger, movements] = [
      cloud.book({ day, subject: "ledger" }),
      cloud.book({ day, subject: "movements" }),
    ];
    const [lost, changed] = inOrder([...ledger.values()]);
    const extra = { id: "ffffffff-0000-7000-8000-000000000000", text: "[]", amountMinor: 0 };
    if (lost === undefined || changed === undefined) throw new Error("no entries on that day");
    ledger.delete(lost.id);
    ledger.set(changed.id, { ...changed, text: changed.text.replace("EUR", "JPY") });
    movements.set(extra.id, extra);

    equality.start();
    await until(() => cloud.alarms.length > 0);
    expect(cloud.alarms[0]).toContain("2026-03-01 ledger (2)");
    expect(cloud.alarms[0]).toContain("2026-03-01 movements (1)");
    expect(new Map(cloud.kept.get(`${day} ledger`))).toEqual(
      new Map([
        [lost.id, lost.text],
        [changed.id, changed.text],
      ]),
    );
    expect(cloud.kept.get(`${day} movements`)).toEqual([[extra.id, null]]);

    for (const [book, was] of [[ledger, lost] as const, [ledger, changed] as const]) book.set(was.id, was);
    movements.delete(extra.id);
    // The day is long over, and nothing of it changes: it is told of again because it did not agree.
    await until(() => cloud.alarms.includes(null));
    expect(cloud.unequal).toEqual([]);
  });

  it("finds what somebody changed by hand at the gate", async () => {
    equality.start();
    await until(() => cloud.alarms.length > 0);
    expect(cloud.alarms[0]).toBeNull();
    const { day } = story.falsify();
    await until(() => cloud.alarms.some((detail) => detail !== null));
    expect(cloud.alarms.find((detail) => detail !== null)).toBe(
      `not the same as in the cloud: ${day} ledger (1)`,
    );
  });

  it("reports nothing while the link is down, and at once when it is back", async () => {
    ready = false;
    equality.start();
    await until(() => time.monotonicMs() > 10 * 3_600_000);
    expect(reports()).toEqual([]);
    ready = true;
    await until(() => cloud.alarms.length > 0);
    const before = reports().length;
    expect(before).toBeGreaterThan(0);
    ready = false;
    const left = time.monotonicMs();
    await until(() => time.monotonicMs() > left + 60_000);
    ready = true;
    await until(() => cloud.alarms.length > 1);
    expect(reports().length).toBeGreaterThan(before);
    expect(time.monotonicMs()).toBeLessThan(left + 600_000);
  });

  it("reports all recent days again when both have said anew where they are: the cloud may have been put back", async () => {
    const pagesOf = (some: ReturnType<typeof reports>) =>
      some.flatMap(({ days }) => days.map(({ day, subject }) => `${day} ${subject}`)).toSorted();
    equality.start();
    await until(() => cloud.alarms.length > 0);
    const first = reports();
    const head = story.store.logHead().seq;
    const left = time.monotonicMs();
    equality.agreed();
    await until(() => cloud.alarms.length > 1);
    expect(time.monotonicMs()).toBeLessThan(left + 60_000);
    expect(pagesOf(reports(head))).toEqual(pagesOf(first));
  });

  it("tries again when the cloud gives no answer, and says nothing wrong meanwhile", async () => {
    cloud.down = true;
    equality.start();
    await until(() => time.monotonicMs() > 600_000);
    expect(cloud.alarms).toEqual([]);
    cloud.down = false;
    await until(() => cloud.alarms.length > 0);
    expect(cloud.alarms).toEqual([null]);
  });

  it("goes through a day that is missing altogether in pages, as far as differences are kept", async () => {
    const make = recordsOf(newMint());
    const now = { wallMs: story.nowMs, monotonicMs: 0 };
    story.store.commit(
      turn(
        Array.from({ length: 2_500 }, () => make.moved("out", null as StayId | null)),
        { now },
      ),
    );
    const day = new Date(story.nowMs).toISOString().slice(0, 10);
    cloud.book({ day, subject: "movements" }).clear();
    equality.start();
    await until(() => cloud.alarms.length > 0);
    expect(cloud.alarms[0]).toContain(`${day} movements (${MAX_DIFFERENCES})`);
    expect(cloud.posts).toBe(2);
  });
});
