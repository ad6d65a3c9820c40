import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { chainEntries, verifyChain } from "./chain.queries.ts";
import { writeAudit } from "./entries.queries.ts";
import { FIRST_PREVIOUS, follow, hashEntry, type ChainedEntry, type ChainState } from "./rules.ts";

let cloud: TestCloud;
let owner: Person;
let organisationId: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  const [row] = (await cloud.db.execute<{ id: string }>(sql`select id from organisations`)).rows;
  organisationId = row?.id ?? "";
});
afterAll(() => cloud.stop());

async function write(action: string, of = organisationId): Promise<void> {
  const principal = {
    actorId: randomUUID(),
    name: "kim@example.test",
    role: "owner",
    organisationId: of,
  } as const;
  const actor = { principal, requestId: "r", now: cloud.clock.now };
  await writeAudit(cloud.db, actor, { action, subject: "a:1", detail: { b: 1, a: [null, "ü"] } });
}

/** As somebody with the keys of the database would: past the trigger. */
async function tamper(statement: string): Promise<void> {
  await cloud.db.execute(sql.raw("alter table audit_entries disable trigger all"));
  await cloud.db.execute(sql.raw(statement));
  await cloud.db.execute(sql.raw("alter table audit_entries enable trigger all"));
}

describe("the audit log", () => {
  it("is chained by tenant, in the order of writing, once", async () => {
    const foreign = await foreignOrganisation(cloud);
    for (const action of ["one", "two", "three"]) await write(action);
    await write("elsewhere", foreign);
    expect(await chainEntries(cloud.db)).toBe(4);
    expect(await chainEntries(cloud.db)).toBe(0);
    await write("four");
    expect(await chainEntries(cloud.db)).toBe(1);
    expect(await verifyChain(cloud.db, organisationId)).toMatchObject({ length: 4, fault: null });
    expect(await verifyChain(cloud.db, foreign)).toMatchObject({ length: 1, fault: null });
  });

  it("is chained once when two processes do it at the same time", async () => {
    for (let n = 0; n < 50; n += 1) await write(`n${n}`);
    const before = (await verifyChain(cloud.db, organisationId)).length;
    await Promise.all([chainEntries(cloud.db), chainEntries(cloud.db), chainEntries(cloud.db)]);
    expect(await verifyChain(cloud.db, organisationId)).toMatchObject({ length: before + 50, fault: null });
  });

  it("cannot be changed nor deleted", async () => {
    await expect(cloud.db.execute(sql`update audit_entries set actor = 'nobody'`)).rejects.toThrow(
      "Failed query",
    );
    await expect(cloud.db.execute(sql`delete from audit_entries`)).rejects.toThrow("Failed query");
  });

  it("is read by its tenant alone, page by page", async () => {
    const stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    type Page = { items: { action: string }[]; next_cursor: string | null };
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = cursor === "" ? "?limit=20" : `?limit=20&cursor=${cursor}`;
      const page = (await (await owner.ask("GET", `/api/audit${query}`)).json()) as Page;
      seen.push(...page.items.map(({ action }) => action));
      cursor = page.next_cursor;
    }
    expect(seen).toHaveLength(54);
    expect(seen.at(-1)).toBe("one");
    expect(await (await stranger.ask("GET", "/api/audit/")).json()).toEqual({ items: [], next_cursor: null });
    expect((await stranger.ask("GET", `/api/audit/?organisation_id=${organisationId}`)).status).toBe(404);
    expect((await (await signedIn(cloud, "staff")).ask("GET", "/api/audit/")).status).toBe(403);
  });

  it("shows what was changed past the database's own guard", async () => {
    const report = async () => await (await owner.ask("GET", "/api/audit/verify/")).json();
    expect(await report()).toMatchObject({ intact: true, length: 54 });
    await tamper("update audit_entries set actor = 'nobody' where seq = 3");
    expect(await report()).toMatchObject({ intact: false, fault: { seq: 3, why: "changed" } });
    await tamper("update audit_entries set actor = 'kim@example.test' where seq = 3");
    expect(await report()).toMatchObject({ intact: true });
    await tamper(`delete from audit_entries where seq = 2 and organisation_id = '${organisationId}'`);
    expect(await report()).toMatchObject({ intact: false, fault: { seq: 2, why: "missing" } });
  });
});

describe("a chain", () => {
  const entries = fc.array(
    fc.record({ actor: fc.string(), action: fc.string(), subject: fc.string(), detail: fc.jsonValue() }),
    { minLength: 2, maxLength: 12 },
  );

  it("shows any change of any entry", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.constantFrom("actor", "action", "subject"), (said, at, member) => {
        let hash: Buffer = FIRST_PREVIOUS;
        const chain = said.map((words, i) => {
          const entry: ChainedEntry = {
            ...words,
            seq: i + 1,
            id: String(i),
            at: new Date(i),
            role: "owner",
            facilityId: null,
            requestId: "r",
          };
          const previousHash = hash;
          hash = hashEntry(hash, entry);
          return { ...entry, previousHash, hash };
        });
        const walk = (read: typeof chain) => {
          let state: ChainState = { seq: 0, hash: FIRST_PREVIOUS };
          for (const entry of read) {
            const next = follow(state, entry);
            if ("why" in next) return next.seq;
            state = next;
          }
          return null;
        };
        expect(walk(chain)).toBeNull();
        const wrong = at % chain.length;
        const changed = chain.map((entry, i) =>
          i === wrong ? { ...entry, [member]: `${entry[member]}!` } : entry,
        );
        expect(walk(changed)).toBe(wrong + 1);
        expect(walk(chain.filter((_, i) => i !== wrong || i === chain.length - 1)) !== null).toBe(
          wrong < chain.length - 1,
        );
      }),
    );
  });
});
