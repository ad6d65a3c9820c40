import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKeys } from "../db/accounts-schema.ts";
import { facilities, users } from "../db/schema.ts";
import type { CallInfo } from "../platform/api.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn } from "../testing/people.ts";
import { KEY_SCOPES, type KeyScope, type Role } from "./principal.ts";
import { hashToken, KEY_PREFIX, mintToken } from "./secrets.ts";
import { sampleOf, type IdOf } from "./testing/sample.ts";
import { fillTables, type Side } from "./testing/two-tenants.ts";

/**
 * Every call of the API, asked by everybody: whom it lets in is what it says of itself, and whoever is let in reaches
 * nothing of another tenant. A new call is tested by being there.
 */

let cloud: TestCloud;
let calls: readonly CallInfo[];
let organisation: string;
let foreign: Side;

beforeAll(async () => {
  cloud = await startTestCloud();
  // What ends things comes last.
  const ends = ({ method, path }: CallInfo) =>
    Number(method === "delete") + Number(path.includes("sign-out"));
  calls = [...cloud.app.api.calls].toSorted((one, other) => ends(one) - ends(other));
  const { rows } = await cloud.db.execute<{ id: string }>(
    sql`select organisation_id as id from facilities where id = ${FACILITY_ID}`,
  );
  organisation = rows[0]?.id ?? "";
  foreign = {
    organisation: await foreignOrganisation(cloud),
    facility: randomUUID(),
    driver: randomUUID(),
    row: randomUUID(),
    text: `FOREIGN ${randomUUID()}`,
  };
  await makeForeign();
});
afterAll(() => cloud.stop());

/** Another tenant, whose facility is not listed, with a row in every table: all ids are the same one. */
async function makeForeign(): Promise<void> {
  const { db } = cloud;
  const place = { timeZone: "Europe/Berlin", currency: "EUR", capacity: 1, listed: false };
  await db.insert(facilities).values({
    ...place,
    id: foreign.facility,
    organisationId: foreign.organisation,
    slug: foreign.row,
    name: foreign.text,
  });
  for (const [id, role] of [
    [foreign.driver, "driver"],
    [foreign.row, "staff"],
  ] as const) {
    const names = { name: foreign.text, firstName: foreign.text, lastName: foreign.text };
    const organisationId = role === "staff" ? foreign.organisation : null;
    const user = { id, role, email: `${id}@foreign.test`, passwordHash: "none", organisationId };
    await db.insert(users).values({ ...user, ...names });
  }
  const { rows } = await db.execute<{ name: string }>(sql`
    select distinct table_name as name from information_schema.columns
    where table_schema = 'public' and column_name in ('facility_id', 'organisation_id', 'user_id')`);
  await fillTables(
    db,
    rows.map(({ name }) => name),
    [foreign],
  );
}

type Asker = (call: CallInfo, idOf: IdOf) => Promise<Answer>;
type Answer = { readonly status: number; readonly code: string; readonly text: string };

const ROLES: readonly Role[] = ["admin", "owner", "staff", "driver"];

/** Somebody new of a role. */
async function person(role: Role): Promise<Asker> {
  const { token } = await signedIn(cloud, role);
  return asks(token);
}

async function key(scopes: readonly KeyScope[]): Promise<Asker> {
  const token = KEY_PREFIX + mintToken();
  await cloud.db.insert(apiKeys).values({
    id: randomUUID(),
    organisationId: organisation,
    name: "a program",
    prefix: token.slice(0, 12),
    keyHash: hashToken(token),
    scopes: [...scopes],
    madeBy: randomUUID(),
    madeAt: cloud.clock.now,
  });
  return asks(token);
}

function asks(token: string | null): Asker {
  return async ({ method, path, params, query, body }, idOf) => {
    const place = (params === undefined ? {} : sampleOf(params, idOf)) as Record<string, unknown>;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(String(place[name])),
    );
    const asked = (query === undefined ? {} : sampleOf(query, idOf)) as Record<string, string>;
    const answer = await cloud.app.request(`${filled}?${new URLSearchParams(asked).toString()}`, {
      method: method.toUpperCase(),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(sampleOf(body, idOf)) }),
    });
    const text = await answer.text();
    const problem = answer.status < 400 ? {} : (JSON.parse(text) as { code?: string });
    return { status: answer.status, code: problem.code ?? "", text };
  };
}

const OWN: IdOf = (member) => (/facility_?id/i.test(member) ? FACILITY_ID : randomUUID());
const nameOf = ({ method, path }: CallInfo) => `${method.toUpperCase()} ${path}`;

/** After it, whoever asked may not be signed in any more. */
const mayEnd = ({ path }: CallInfo) => path.startsWith("/api/auth/");

/** Every one of some hundred calls, one after the other. */
const PATIENCE_MS = 90_000;

/** `in`, or how it was kept out. */
function verdict({ status, code }: Answer): string {
  if (status >= 500) return String(status);
  if (status === 401 && code === "not_signed_in") return "not_signed_in";
  return status === 403 && code === "not_allowed" ? "not_allowed" : "in";
}

async function verdicts(asker: () => Promise<Asker>): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  let one = await asker();
  for (const call of calls) {
    found.push([nameOf(call), verdict(await one(call, OWN))]);
    if (mayEnd(call)) one = await asker();
  }
  return Object.fromEntries(found);
}

function expected(of: (call: CallInfo) => string): Record<string, string> {
  return Object.fromEntries(calls.map((call) => [nameOf(call), of(call)]));
}

describe("every call", () => {
  it("is there", () => {
    expect(calls.length).toBeGreaterThan(50);
    expect(new Set(calls.map(nameOf)).size).toBe(calls.length);
    // What is not for everybody names at least one role; each is below /api/ and ends with a slash, but for files.
    for (const { access, path } of calls) {
      expect(access).not.toEqual([]);
      expect(path).toMatch(/^\/api\/.*(\/|\.\w+)$/);
    }
  });

  it(
    "lets nobody in who is not signed in, but where anybody may call",
    async () => {
      const wanted = expected(({ access }) => (access === "anyone" ? "in" : "not_signed_in"));
      expect(await verdicts(async () => asks(null))).toEqual(wanted);
    },
    PATIENCE_MS,
  );

  it.each(ROLES)(
    "lets %ss in where it says so, and nowhere else",
    async (role) => {
      const wanted = expected(({ access }) =>
        access === "anyone" || access.includes(role) ? "in" : "not_allowed",
      );
      expect(await verdicts(() => person(role))).toEqual(wanted);
    },
    PATIENCE_MS,
  );

  it(
    "lets API keys in by their scopes alone",
    async () => {
      const all = await key(KEY_SCOPES);
      // What anybody may call may still be for people alone.
      const found = await verdicts(async () => all);
      const byScope = expected((call) => {
        if (call.access === "anyone") return found[nameOf(call)] ?? "";
        return call.keyScope === undefined ? "not_allowed" : "in";
      });
      expect(found).toEqual(byScope);
      for (const call of calls.filter(
        ({ access, keyScope }) => access !== "anyone" && keyScope !== undefined,
      )) {
        const others = await key(KEY_SCOPES.filter((scope) => scope !== call.keyScope));
        expect({ call: nameOf(call), verdict: verdict(await others(call, OWN)) }).toEqual({
          call: nameOf(call),
          verdict: "not_allowed",
        });
      }
    },
    PATIENCE_MS,
  );
});

describe("what is another tenant's", () => {
  const THEIRS: IdOf = (member) => {
    if (/facility_?ids?$/i.test(member)) return foreign.facility;
    return /organisation_?id/i.test(member) ? foreign.organisation : foreign.row;
  };

  it.each([...ROLES.filter((role) => role !== "admin"), "key", "nobody"])(
    "is not there for a %s, and does not change",
    async (who) => {
      const asker = async (): Promise<Asker> => {
        if (who === "nobody") return asks(null);
        return who === "key" ? await key(KEY_SCOPES) : await person(who as Role);
      };
      const before = await foreignRows();
      let one = await asker();
      const reached: string[] = [];
      const misunderstood: string[] = [];
      for (const call of calls) {
        const { status, text } = await one(call, THEIRS);
        if (mayEnd(call)) one = await asker();
        if (status === 400) misunderstood.push(nameOf(call));
        const shows = text.includes(foreign.text) || text.includes(`${foreign.row}@foreign.test`);
        const takes = call.params !== undefined && status < 400;
        if (shows || takes || status >= 500) reached.push(`${status} ${nameOf(call)} ${text.slice(0, 200)}`);
      }
      expect(reached).toEqual([]);
      expect(await foreignRows()).toEqual(before);
      // Requests that are turned down for what they say have tried nothing.
      expect(misunderstood.length).toBeLessThan(calls.length / 10);
    },
    PATIENCE_MS,
  );

  /** A digest of what there is of the foreign tenant, by table. */
  async function foreignRows(): Promise<Record<string, string>> {
    const { rows } = await cloud.db.execute<{ name: string; column: string }>(sql`
      select distinct on (table_name) table_name as name, column_name as column from information_schema.columns
      where table_schema = 'public' and column_name in ('facility_id', 'organisation_id', 'user_id')
      order by table_name, column_name`);
    const digests: [string, string][] = [];
    for (const { name, column } of rows) {
      const { rows: found } = await cloud.db.execute<{ digest: string }>(
        sql.raw(`select coalesce(string_agg(t::text, chr(10) order by t::text), '') as digest from "${name}" t
          where "${column}" in ('${foreign.facility}', '${foreign.organisation}', '${foreign.driver}', '${foreign.row}')`),
      );
      digests.push([name, found[0]?.digest ?? ""]);
    }
    return Object.fromEntries(digests);
  }
});
