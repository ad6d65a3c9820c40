import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digestBook, inOrder, type BookPage } from "@parkme/shared/protocol/equality";
import type { DayDigest, EqualitySubject } from "@parkme/shared/protocol/link-facts";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import {
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { asEvents, send } from "../testing/events.ts";
import { emptyTables, rowsOf } from "../testing/tables.ts";
import type { EqualityView } from "./equality-contract.ts";
import { readBook } from "./equality-book.queries.ts";

/** Facts of an edge with reports of its books among them, and the rows it had in the end: recorded at the edge. */
const RECORDED = readFileSync(join(import.meta.dirname, "../../shared/protocol/testing/books.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as SyncFact | (DayDigest & { readonly rows: readonly string[] }));
const FACTS = RECORDED.filter((line) => "kind" in line);
const BOOKS = RECORDED.filter((line) => "rows" in line);
const LOG = asEvents(FACTS);

let cloud: TestCloud;
let cookie: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  cookie = await signIn(cloud.app);
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  await emptyTables(cloud.db);
  await cloud.db.execute(
    sql.raw("truncate validations, equality_checks, equality_differences, sync_incidents, downlink"),
  );
  await cloud.db.execute(sql.raw("update facilities set downlink_seq = 0, downlink_hash = null"));
});

const rows = (query: string) => rowsOf(cloud.db, query);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function sendAll(events = LOG, step = 400): Promise<void> {
  for (let at = 0; at < events.length; at += step) {
    const response = await send(cloud.app, events.slice(at, at + step));
    expect(response.status).toBe(200);
  }
}

/** The edge says once more what its books were in the end; `seq` goes on. */
async function reportAgain(
  change: (digest: DayDigest) => DayDigest = (digest) => digest,
  times = 1,
): Promise<void> {
  const days = BOOKS.map(({ rows: _rows, ...digest }) => change(digest));
  const fact: SyncFact = { kind: "equality.reported", payload: { days, at: "2026-04-01T00:00:00Z" } };
  await send(cloud.app, asEvents([fact], LOG.length + times));
}

describe("the cloud's books", () => {
  it("have the same rows as the edge's, whatever came together", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 6 }),
        async (steps) => {
          await emptyTables(cloud.db);
          await cloud.db.execute(sql.raw("truncate validations, equality_checks"));
          for (let at = 0, turn = 0; at < LOG.length; turn += 1) {
            const step = steps[turn % steps.length] ?? 1;
            await send(cloud.app, LOG.slice(at, at + step));
            at += step;
          }
          for (const { rows: theirs, ...digest } of BOOKS) {
            const ours = await readBook(cloud.db, FACILITY_ID, digest);
            expect(inOrder(ours).map(({ text }) => text)).toEqual(theirs);
            expect(digestBook(digest, ours, sha256)).toEqual(digest);
          }
          // Each of the reports was right at its own place, in the midst of a batch or at its end.
          expect(await rows("select count(*)::int as n from equality_checks where not equal")).toEqual([
            { n: 0 },
          ]);
          expect(await rows("select seq from edge_events where outcome <> 'applied'")).toEqual([]);
        },
      ),
      { numRuns: 4 },
    );
    expect(await rows("select detail from sync_incidents")).toEqual([]);
  });

  it("have days of their own, whatever time it is where the database is", async () => {
    await sendAll();
    for (const zone of ["Pacific/Kiritimati", "Etc/GMT+12"]) {
      await cloud.db.transaction(async (tx) => {
        await tx.execute(sql.raw(`set local time zone '${zone}'`));
        for (const { rows: theirs, ...page } of BOOKS)
          expect(inOrder(await readBook(tx, FACILITY_ID, page)).map(({ text }) => text)).toEqual(theirs);
      });
    }
  });

  it("are read in parts, and rows of one moment are not read twice", async () => {
    await cloud.db.execute(sql`insert into movements (facility_id, movement_id, lane, direction, kind, at)
      select ${FACILITY_ID}, gen_random_uuid(), 'exit', 'out', 'normal', '2026-05-01T23:59:59.999Z'
      from generate_series(1, 4500)`);
    const entries = await readBook(cloud.db, FACILITY_ID, { day: "2026-05-01", subject: "movements" });
    expect(new Set(entries.map(({ id }) => id)).size).toBe(4_500);
    expect(entries).toHaveLength(4_500);
    expect(await readBook(cloud.db, FACILITY_ID, { day: "2026-05-02", subject: "movements" })).toEqual([]);
  });
});

/** A row of the recorded books. */
function rowOf(
  subject: EqualitySubject,
  index = 0,
): { readonly page: BookPage; readonly id: string; readonly text: string } {
  const book = BOOKS.filter((one) => one.subject === subject && one.rows.length > index).at(-1);
  const text = book?.rows[index];
  if (book === undefined || text === undefined) throw new Error(`no such row of ${subject}`);
  return { page: { day: book.day, subject }, id: String((JSON.parse(text) as unknown[])[0]), text };
}

async function ask(post?: unknown, token = EDGE_TOKEN): Promise<{ status: number; body: unknown }> {
  const response = await cloud.app.request("/api/edge/equality", {
    method: post === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(post === undefined ? {} : { body: typeof post === "string" ? post : JSON.stringify(post) }),
  });
  return { status: response.status, body: await response.json() };
}

async function view(query = "?from=2026-02-01&to=2026-04-01"): Promise<EqualityView> {
  const path = `/api/facilities/${FACILITY_ID}/equality${query}`;
  const response = await cloud.app.request(path, { headers: { cookie } });
  expect(response.status).toBe(200);
  return (await response.json()) as EqualityView;
}

/** What the edge does when it is asked for a day: its rows by hash, then the texts of those that seem to differ. */
async function drill(
  page: BookPage,
  seq: number,
): Promise<{ readonly differ: string[]; readonly answer: unknown }> {
  const book = BOOKS.find(({ day, subject }) => day === page.day && subject === page.subject);
  const texts = new Map((book?.rows ?? []).map((text) => [String((JSON.parse(text) as unknown[])[0]), text]));
  const hashes = [...texts].map(([id, text]) => [id, sha256(text).slice(0, 32)]);
  const found = await ask({ step: "rows", ...page, after: null, until: null, rows: hashes });
  const { differ } = found.body as { differ: string[] };
  const answer = await ask({
    step: "texts",
    ...page,
    seq,
    rows: differ.map((id) => [id, texts.get(id) ?? null]),
  });
  return { differ, answer: answer.body };
}

describe("damage", () => {
  beforeEach(() => sendAll());

  const damages: readonly {
    readonly name: string;
    readonly subject: EqualitySubject;
    readonly damage: (id: string) => string;
    readonly only: "edge" | "cloud" | null;
    readonly field: string;
  }[] = [
    {
      name: "a row that is missing",
      subject: "payments",
      damage: (id) => `delete from payments where payment_id = '${id}'`,
      only: "edge",
      field: "amount_minor",
    },
    {
      name: "an amount that is another",
      subject: "ledger",
      damage: (id) => `update ledger set amount_minor = amount_minor + 1 where entry_id = '${id}'`,
      only: null,
      field: "amount_minor",
    },
    {
      name: "a stay that is not what it was",
      subject: "stays",
      damage: (id) => `update stays set plate = 'BZZ999' where stay_id = '${id}'`,
      only: null,
      field: "plate",
    },
    {
      name: "a receipt whose hash is another",
      subject: "receipts",
      damage: (id) => `update receipts set hash = repeat('0', 64) where number = ${id}`,
      only: null,
      field: "hash",
    },
    {
      name: "a shift with another count",
      subject: "shifts",
      damage: (id) => `update shifts set counted_minor = 1 where shift_id = '${id}'`,
      only: null,
      field: "counted_minor",
    },
    {
      name: "a discount of another merchant",
      subject: "validations",
      damage: (id) => `update validations set merchant = 'other' where validation_id = '${id}'`,
      only: null,
      field: "merchant",
    },
    {
      name: "a movement that was moved to another day",
      subject: "movements",
      damage: (id) => `update movements set at = at - interval '400 days' where movement_id = '${id}'`,
      only: "edge",
      field: "at",
    },
  ];

  it("is found and named, whatever it is", async () => {
    const found = damages.map((damage) => ({ ...damage, ...rowOf(damage.subject) }));
    for (const { damage, id } of found) await cloud.db.execute(sql.raw(damage(id)));
    await reportAgain();
    expect(await rows("select detail from sync_incidents where kind = 'unequal'")).toHaveLength(found.length);
    const pages = found.map(({ page }) => page);
    expect(new Set((await rows("select body from downlink")).map(({ body }) => body))).toEqual(
      new Set(pages.map((page) => JSON.stringify(page))),
    );
    const asked = await ask();
    expect(asked.body).toMatchObject({ total: pages.length });
    expect((asked.body as { pages: unknown[] }).pages).toEqual(expect.arrayContaining(pages));
    for (const { page, id } of found)
      expect(await drill(page, LOG.length + 1)).toEqual({
        differ: [id],
        answer: { verdict: "kept", differences: 1 },
      });

    const seen = await view();
    expect(seen.equal).toBe(false);
    expect(seen.checks.filter(({ equal }) => !equal)).toHaveLength(found.length);
    for (const { name, page, id, text, only, field } of found) {
      const check = seen.checks.find(({ day, subject }) => day === page.day && subject === page.subject);
      expect(check).toMatchObject({ equal: false, seq: LOG.length + 1 });
      const [difference] = check?.differences ?? [];
      expect({ name, ...difference }).toMatchObject({ name, row_id: id, only, quarantined_seq: null });
      expect(difference?.fields.map((one) => one.field)).toContain(field);
      expect(await rows(`select edge_row from equality_differences where row_id = '${id}'`)).toEqual([
        { edge_row: text },
      ]);
    }
  });

  it("is found where the cloud has a row too many", async () => {
    const { page } = rowOf("payments");
    const id = "ffffffff-0000-7000-8000-000000000000";
    await cloud.db.execute(sql`insert into payments
      (facility_id, payment_id, stay_id, lane, method, amount_minor, currency, actor, at)
      values (${FACILITY_ID}, ${id}, ${id}, 'exit', 'cash', 250, 'EUR', 'alex', ${`${page.day}T12:00:00Z`})`);
    await reportAgain();
    expect(await rows("select detail from sync_incidents")).toEqual([
      {
        detail: `payments of ${page.day}: the gate has 1 row less and 250 minor units less than headquarters`,
      },
    ]);
    expect(await drill(page, LOG.length + 1)).toMatchObject({ differ: [id] });
    const check = (await view()).checks.find(({ equal }) => !equal);
    expect(check?.differences).toMatchObject([{ row_id: id, only: "cloud" }]);
    expect(check?.cloud.rows).toBe((check?.edge.rows ?? 0) + 1);
  });

  it("is found where the edge's own rows were changed", async () => {
    const { page } = rowOf("ledger");
    const isIt = (digest: DayDigest): boolean => digest.day === page.day && digest.subject === page.subject;
    await reportAgain((digest) => (isIt(digest) ? { ...digest, digest: sha256("another") } : digest));
    expect(await rows("select detail from sync_incidents")).toEqual([
      { detail: `ledger of ${page.day}: as many rows and as much money on both sides, but not the same` },
    ]);
    expect((await ask()).body).toEqual({ pages: [page], total: 1 });
  });

  it("is one incident and one question as long as nothing changes, and over when all is well", async () => {
    const { page, id } = rowOf("payments");
    const count = `select count(*)::int as n, coalesce(max(count), 0) as times from sync_incidents`;
    await cloud.db.execute(sql`update payments set actor = 'nobody' where payment_id = ${id}`);
    await reportAgain();
    await reportAgain(undefined, 2);
    expect(await rows(count)).toEqual([{ n: 1, times: 2 }]);
    expect(await rows("select count(*)::int as n from downlink")).toEqual([{ n: 1 }]);
    await drill(page, LOG.length + 2);
    expect((await view()).checks.flatMap(({ differences }) => differences)).toHaveLength(1);

    const actor = String((JSON.parse(rowOf("payments").text) as unknown[])[8]);
    await cloud.db.execute(sql`update payments set actor = ${actor} where payment_id = ${id}`);
    await reportAgain(undefined, 3);
    expect((await ask()).body).toEqual({ pages: [], total: 0 });
    const after = await view();
    expect(after.equal).toBe(true);
    expect(after.checks.flatMap(({ differences }) => differences)).toEqual([]);
  });

  it("is not looked into at another place of the log than where both are", async () => {
    const { page, id, text } = rowOf("payments");
    await cloud.db.execute(sql`delete from payments where payment_id = ${id}`);
    await reportAgain();
    for (const seq of [LOG.length, LOG.length + 2])
      expect(await ask({ step: "texts", ...page, seq, rows: [[id, text]] })).toEqual({
        status: 200,
        body: { verdict: "moved_on", seq: LOG.length + 1 },
      });
    expect(await rows("select row_id from equality_differences")).toEqual([]);
  });

  it("shows as a table, in which nothing is a formula", async () => {
    const { page, id, text } = rowOf("payments");
    await cloud.db.execute(sql`update payments set actor = '=1+1, "x"' where payment_id = ${id}`);
    await reportAgain();
    await ask({ step: "texts", ...page, seq: LOG.length + 1, rows: [[id, text]] });
    const path = `/api/facilities/${FACILITY_ID}/equality?from=2026-02-01&to=2026-04-01&format=csv`;
    const response = await cloud.app.request(path, { headers: { cookie } });
    expect(response.headers.get("content-type")).toContain("text/csv");
    const lines = (await response.text()).split("\r\n");
    expect(lines[0]).toMatch(/^day,subject,equal,/);
    expect(lines.filter((line) => line.includes(",no,"))).toHaveLength(2);
    expect(lines.find((line) => line.includes(id))).toContain(`,actor,${JSON.parse(text)[8]},"'=1+1, ""x"""`);
    expect(lines).toHaveLength(1 + BOOKS.length + 1 + 1);
  });
});

describe("an event in quarantine", () => {
  const makers = [
    { subject: "payments", kind: "payment.taken", key: "payment_id" },
    { subject: "receipts", kind: "receipt.issued", key: "number" },
    { subject: "stays", kind: "stay.started", key: "stay_id" },
    { subject: "validations", kind: "validation.given", key: "validation_id" },
  ] as const;

  it("is named where its row differs", async () => {
    const broken = makers.map(({ subject, kind, key }) => {
      const row = rowOf(subject);
      const event = LOG.find((one) => one.kind === kind && String(one.payload[key]) === row.id);
      if (event === undefined) throw new Error(`nothing in the log makes ${row.id}`);
      return { ...row, event };
    });
    const events = new Set(broken.map(({ event }) => event));
    const damaged = LOG.map((event) =>
      events.has(event) ? { ...event, payload: { ...event.payload, at: "noon", entry_at: "noon" } } : event,
    );
    await sendAll(damaged);
    await reportAgain();
    for (const { page } of broken) await drill(page, LOG.length + 1);
    const seen = (await view()).checks.flatMap(({ differences }) => differences);
    for (const { id, event } of broken)
      expect(seen.find((one) => one.row_id === id)).toMatchObject({ quarantined_seq: event.seq });
  });
});

describe("bad input", () => {
  const rowsOfDay = {
    step: "rows",
    day: "2026-02-01",
    subject: "payments",
    after: null,
    until: null,
    rows: [],
  };
  const textsOfDay = { step: "texts", day: "2026-02-01", subject: "payments", seq: 0, rows: [] };
  it.each([
    ["no JSON", "{"],
    ["nothing", {}],
    ["no day", { ...rowsOfDay, day: "2026-02-30" }],
    ["no subject", { ...rowsOfDay, subject: "secrets" }],
    ["no id", { ...rowsOfDay, after: "'; --" }],
    ["no hash", { ...rowsOfDay, rows: [["a", "zz"]] }],
    ["too many rows", { ...rowsOfDay, rows: Array.from({ length: 1_001 }, () => ["a", "0".repeat(32)]) }],
    ["no place", { ...textsOfDay, seq: -1 }],
    ["a pattern", { ...textsOfDay, subject: "receipts", rows: [["[0-9]+", null]] }],
    ["too long a row", { ...textsOfDay, rows: [["a", "x".repeat(9_000)]] }],
  ])("of an edge is refused, and changes nothing: %s", async (_name, post) => {
    expect(await ask(post)).toMatchObject({ status: 400, body: { code: "invalid" } });
  });

  it("that means nothing is answered with nothing", async () => {
    const page = { day: "0001-01-01", subject: "receipts" };
    const post = { step: "rows", ...page, after: "f", until: "0", rows: [["999", "0".repeat(32)]] };
    expect(await ask(post)).toEqual({ status: 200, body: { differ: ["999"] } });
    const texts = { step: "texts", ...page, seq: 0, rows: [["999", "\u0000 not JSON"]] };
    expect(await ask(texts)).toEqual({ status: 200, body: { verdict: "kept", differences: 1 } });
    await reportAgain();
    expect((await view("?from=0001-01-01&to=0001-01-02")).checks).toEqual([]);
  });

  it("is only taken from an edge, about its own facility", async () => {
    expect(await ask(undefined, "somebody else's token")).toMatchObject({ status: 401 });
    await sendAll();
    await cloud.db.execute(sql`delete from payments`);
    await reportAgain();
    expect(await ask(undefined, OTHER_EDGE_TOKEN)).toEqual({ status: 200, body: { pages: [], total: 0 } });
  });

  it.each([
    "?from=yesterday",
    "?from=2026-04-02&to=2026-04-01",
    "?from=2024-01-01&to=2026-01-01",
    "?format=xml",
  ])("of people is refused: %s", async (query) => {
    const path = `/api/facilities/${FACILITY_ID}/equality${query}`;
    const response = await cloud.app.request(path, { headers: { cookie } });
    expect(response.status).toBe(400);
    expect(await cloud.app.request(path)).toMatchObject({ status: 401 });
  });
});
