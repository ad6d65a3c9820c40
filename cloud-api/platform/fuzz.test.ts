import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEY_SCOPES, type Role } from "../accounts/principal.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn } from "../testing/people.ts";
import { layOut } from "../bookings/testing/ground.ts";
import { ENDS_PEOPLE, operationsOf, type ApiDocument, type Operation } from "../testing/api-operations.ts";
import type { JsonSchema } from "../testing/json-schema.ts";
import { createSamples, seeded, type Samples } from "../testing/schema-samples.ts";
import { NASTY_TEXTS, withNasty, wrongValues } from "../testing/schema-wrongs.ts";

/**
 * Every call of the OpenAPI document, as everybody, with what it asks for and with what it does not: whatever is sent,
 * the answer is of the call or a problem document that names the field, and never tells of the inside.
 */

/** PARKME_SEED=N repeats what a run said that failed. */
const SEED = Number(process.env["PARKME_SEED"] ?? 6);
/** Of each call. */
const MAX_WRONG = 10;
const MAX_IDS = 60;
type Asker = {
  readonly name: string;
  readonly role: Role | null;
  readonly ask: (method: string, path: string, init: { body?: string; type?: string }) => Promise<Response>;
};

let cloud: TestCloud;
let document: ApiDocument;
let samples: Samples;
const random = seeded(SEED);
const failures: string[] = [];
/** Of whatever is there, by kind: answers are read for them. */
const ids = new Map<string, string[]>([["facilities", [FACILITY_ID]]]);
/** Calls that were answered with what they were asked for, once at least. */
const answered = new Set<string>();

beforeAll(async () => {
  cloud = await startTestCloud();
  ids.set("spots", [...(await layOut(cloud, { spots: 40 }))]);
  document = (await (await cloud.app.request("/api/schema/")).json()) as ApiDocument;
  samples = createSamples({
    random,
    nowMs: cloud.clock.now.getTime(),
    resolve,
    idFor: (name) => {
      const known = ids.get(kindOf(name)) ?? [];
      if (kindOf(name) === "facilities" && random() < 0.9) return FACILITY_ID;
      return known.length > 0 && random() < 0.9 ? samples.pick(known) : randomUUID();
    },
  });
});
afterAll(() => cloud.stop());

/** `spots` of spotId, spot_id, spot_ids, and of spots. */
function kindOf(name: string): string {
  const kind = name.replace(/(_ids?|Id)$/, "");
  if (kind === "facility") return "facilities";
  return kind.endsWith("s") ? kind : `${kind}s`;
}

function resolve(ref: string): JsonSchema {
  return document.components.schemas[ref.replace("#/components/schemas/", "")] ?? {};
}

function asker(name: string, role: Role | null, token: string | null): Asker {
  return {
    name,
    role,
    ask: async (method, path, { body, type = "application/json" }) =>
      await cloud.app.request(path, {
        method: method.toUpperCase(),
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body }),
      }),
  };
}

let foreign: string | null = null;

let people: readonly Asker[] = [];

async function everybody({ path }: Operation): Promise<readonly Asker[]> {
  if (people.length === 0 || ENDS_PEOPLE.test(path)) people = await makePeople();
  return people;
}

async function makePeople(): Promise<readonly Asker[]> {
  foreign ??= await foreignOrganisation(cloud);
  const roles: readonly (readonly [string, Role, string?])[] = [
    ["a driver", "driver"],
    ["staff", "staff"],
    ["an owner", "owner"],
    ["a foreign owner", "owner", foreign],
    ["an admin", "admin"],
  ];
  const askers = [asker("nobody", null, null)];
  for (const [name, role, organisationId] of roles) {
    const { token } = await signedIn(cloud, role, organisationId === undefined ? {} : { organisationId });
    askers.push(asker(name, role, token));
  }
  return [...askers, await makeKey()];
}

async function makeKey(): Promise<Asker> {
  const owner = await signedIn(cloud, "owner");
  const body = { name: "a key", scopes: KEY_SCOPES, facility_ids: [FACILITY_ID] };
  const made = await owner.ask("POST", "/api/api-keys/", body);
  const { key: token } = (await made.json()) as { key?: string };
  if (token === undefined) throw new Error(`no key was made: ${made.status}`);
  return asker("a key", "staff", token);
}

function addressOf({ path, parameters }: Operation, query: Readonly<Record<string, string>> = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const schema = parameters.find((one) => one.in === "path" && one.name === name)?.schema ?? {
      format: "uuid",
    };
    const of = name === "id" ? (/([\w-]+)\/\{id\}/.exec(path)?.[1] ?? name) : name;
    return encodeURIComponent(String(samples.valid({ type: "string", ...schema }, of)));
  });
  return Object.keys(query).length === 0 ? filled : `${filled}?${new URLSearchParams(query).toString()}`;
}

function queryOf(operation: Operation): Record<string, string> {
  const asked = operation.parameters.filter(
    (one) => one.in === "query" && one.name !== "cursor" && (one.required === true || random() < 0.4),
  );
  return Object.fromEntries(asked.map(({ name, schema }) => [name, String(samples.valid(schema, name))]));
}

/** @param wants what the answer must be; null = anything but a failure of ours. */
async function check(
  { name, ask }: Asker,
  operation: Operation,
  sent: { address: string; body?: string; type?: string; what: string },
  wants: { status: readonly number[]; field?: readonly string[] } | null = null,
): Promise<void> {
  const { address, what } = sent;
  const response = await ask(operation.method, address, sent);
  const text = response.status === 204 ? "" : await response.text();
  const fail = (why: string) => {
    const about = `${operation.method} ${operation.path} as ${name}, ${what}`;
    failures.push(
      `${about}: ${why}\n    sent ${address} ${sent.body?.slice(0, 200) ?? ""}\n    got ${response.status} ${text.slice(0, 300)}`,
    );
  };
  if (response.status < 300) answered.add(`${operation.method} ${operation.path}`);
  if (response.status >= 500) return fail("failed");
  if (response.status >= 400) {
    if (response.headers.get("content-type") !== "application/problem+json")
      return fail("no problem document");
    const { code, status, field, errors = [] } = JSON.parse(text) as Told;
    if (code === undefined || !/^[a-z0-9_]+$/.test(code) || status !== response.status)
      return fail("no code");
    if (
      /node_modules|\bat \S+ \(|\.ts:\d+|ZodError|\bselect\b.+\bfrom\b|insert into|parkme_tenant/i.test(text)
    )
      return fail("tells of the inside");
    if (
      wants?.field !== undefined &&
      response.status === 400 &&
      !isNamed([field, ...errors.map((one) => one.field)], wants.field)
    )
      return fail(`names ${field ?? "no field"}, not ${wants.field.join(".")}`);
  } else if (response.headers.get("content-type")?.includes("json") === true) {
    keepIds(operation, text);
  }
  if (wants !== null && !wants.status.includes(response.status)) fail(`wanted ${wants.status.join(" or ")}`);
}

type Told = {
  readonly code?: string;
  readonly status?: number;
  readonly field?: string;
  readonly errors?: readonly { readonly field: string }[];
};

/** The member that is wrong, or what it is part of; other members may be wrong as well, by rules that no schema has. */
function isNamed(fields: readonly (string | undefined)[], path: readonly string[]): boolean {
  const place = path.join(".");
  return fields.some((field) => {
    if (field === undefined || field === "") return false;
    return place === "" || field === place || field.startsWith(`${place}.`) || place.startsWith(`${field}.`);
  });
}

function keepIds({ path }: Operation, text: string): void {
  const kind = /\/([\w-]+)\/(?:reserve|drive_in|bulk|\{\w+\})?\/?$/.exec(path)?.[1] ?? "";
  const known = ids.get(kind) ?? [];
  ids.set(kind, known);
  for (const [, found] of text.matchAll(/"id":"([0-9a-f-]{36})"/g))
    if (found !== undefined && known.length < MAX_IDS && !known.includes(found)) known.push(found);
}

/** What everybody may not: a call answers them before it looks at what they sent. */
function refusedBy({ call }: Operation, { role, name }: Asker): readonly number[] | null {
  if (call === null || call.access === "anyone") return null;
  if (role === null) return [401];
  if (name === "a key") return call.keyScope === undefined ? [403] : null;
  return call.access.includes(role) ? null : [403];
}

async function asEverybody(operation: Operation, askers: readonly Asker[]): Promise<void> {
  for (const who of askers) {
    const refused = refusedBy(operation, who);
    // Who is refused what is for accounts/access.test.ts: here it is whether garbage changes that.
    if (refused !== null && random() < 0.6) continue;
    const wants = refused === null ? null : { status: refused };
    // What is made is what later calls are about.
    const tries = operation.method === "post" && refused === null ? 2 : 1;
    for (let time = 0; time < tries; time += 1)
      await check(who, operation, { ...rightly(operation), what: "as it asks" }, wants);
    const { body, query } = parts(operation);
    const address = addressOf(operation, withNasty(query, samples.pick) as Record<string, string>);
    const nasty = body === null ? {} : { body: JSON.stringify(withNasty(body, samples.pick)) };
    await check(who, operation, { address, ...nasty, what: "something nasty" }, wants);
  }
}

function parts(operation: Operation): { readonly body: unknown; readonly query: Record<string, string> } {
  return { body: operation.body === null ? null : samples.valid(operation.body), query: queryOf(operation) };
}

function rightly(operation: Operation): { readonly address: string; readonly body?: string } {
  const { body, query } = parts(operation);
  return { address: addressOf(operation, query), ...(body === null ? {} : { body: JSON.stringify(body) }) };
}

async function withWrongBodies(operation: Operation, who: Asker): Promise<void> {
  const { body } = operation;
  if (body === null) return;
  const address = addressOf(operation, Object.fromEntries(requiredQuery(operation)));
  const send = async (
    text: string,
    what: string,
    status: readonly number[],
    field?: readonly string[],
    type?: string,
  ) =>
    await check(
      who,
      operation,
      { address, body: text, what, ...(type === undefined ? {} : { type }) },
      { status, ...(field === undefined ? {} : { field }) },
    );
  for (const wrong of some(wrongValues(body, { samples, resolve }), MAX_WRONG))
    await send(JSON.stringify(wrong.value) ?? "", `${wrong.path.join(".")} ${wrong.what}`, [400], wrong.path);
  const right = JSON.stringify(samples.valid(body));
  await send(`${right.slice(0, -1)}`, "cut off", [400], ["body"]);
  await send("[".repeat(9_000) + "]".repeat(9_000), "very deep", [400], []);
  await send(`{"a":"${"x".repeat(8_000_000)}"}`, "very long", [413]);
  await send(right, "as text", [415], ["content-type"], "text/plain");
  await send(right, "as a form", [415], ["content-type"], "multipart/form-data; boundary=x");
}

async function withWrongQueries(operation: Operation, who: Asker): Promise<void> {
  if (operation.call === null) return;
  const required = requiredQuery(operation);
  const body = operation.body === null ? {} : { body: JSON.stringify(samples.valid(operation.body)) };
  const send = async (query: readonly (readonly [string, string])[], field: string, what: string) => {
    const asked = new URLSearchParams(
      query.map(([name, value]): [string, string] => [name, value]),
    ).toString();
    const address = `${addressOf(operation)}?${asked}`;
    await check(who, operation, { address, ...body, what }, { status: [400], field: [field] });
  };
  if (operation.call.query === undefined) return;
  await send([...required, ["no_such_member", "1"]], "no_such_member", "unknown in the query");
  for (const { name, schema } of operation.parameters.filter((one) => one.in === "query")) {
    const others = required.filter(([other]) => other !== name);
    const good = String(samples.valid(schema, name));
    await send([...others, [name, good], [name, good]], name, "twice in the query");
    const texts = wrongValues(schema, { samples, resolve })
      .map(({ value, what }) => ({ value: String(value), what, isText: typeof value === "string" }))
      .filter(({ value, isText }) => isText && value !== "text" && !/\p{Cs}/u.test(value));
    for (const { value, what } of some(texts, 3))
      await send([...others, [name, value]], name, `${what} in the query`);
    if (required.length !== others.length) await send(others, name, "missing in the query");
  }
}

async function withWrongIds(operation: Operation, who: Asker): Promise<void> {
  if (operation.call?.params === undefined) return;
  const body = operation.body === null ? {} : { body: JSON.stringify(samples.valid(operation.body)) };
  for (const id of ["nope", "0", "%00", "..%2f", "'", `${randomUUID()}0`, "%F0%9F%85%BF"]) {
    const address = operation.path.replaceAll(/\{\w+\}/g, id);
    await check(who, operation, { address, ...body, what: "no id" }, { status: [400, 404] });
  }
  const address = operation.path.replaceAll(/\{\w+\}/g, () => randomUUID());
  const wants =
    operation.body === null && operation.parameters.every(({ in: at }) => at === "path")
      ? [403, 404]
      : [400, 403, 404];
  await check(
    who,
    operation,
    { address, ...body, what: "nobody's id" },
    { status: [...wants, 405, 409, 422] },
  );
}

async function withGarbage(operation: Operation, who: Asker): Promise<void> {
  if (operation.call !== null || operation.method === "get") return;
  for (const body of ["", "{", "null", "[]", "5", '"x"', '{"__proto__":{"a":1}}', ...some(NASTY_TEXTS, 3)]) {
    const address = addressOf(operation);
    await check(who, operation, { address, body: body.replaceAll(/\p{Cs}/gu, "?"), what: "garbage" });
  }
}

function requiredQuery({ parameters }: Operation): readonly (readonly [string, string])[] {
  return parameters
    .filter((one) => one.in === "query" && one.required === true)
    .map(({ name, schema }) => [name, String(samples.valid(schema, name))] as const);
}

function some<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, most)
    .map(({ item }) => item);
}

describe(`every call (PARKME_SEED=${SEED})`, () => {
  it("answers whatever it is asked, and names what is wrong", { timeout: 240_000 }, async () => {
    const operations = operationsOf(document, cloud.app.api.calls);
    for (const operation of operations) {
      const askers = await everybody(operation);
      await asEverybody(operation, askers);
      const fresh = await everybody(operation);
      const who = fresh.find((one) => refusedBy(operation, one) === null && one.role !== null) ?? fresh[0];
      if (who === undefined) continue;
      await withWrongBodies(operation, who);
      await withWrongQueries(operation, who);
      await withWrongIds(operation, who);
      await withGarbage(operation, who);
    }
    expect(failures.join("\n")).toBe("");
    // Else it asks in vain, and finds nothing.
    expect(answered.size / operations.length).toBeGreaterThan(0.5);
  });
});
