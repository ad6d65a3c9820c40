import { createPublicKey, randomUUID, verify } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  commandsSchema,
  commandViewSchema,
  MAX_COMMANDS_SHOWN,
  remoteCommandSchema,
  signedCommandText,
  type CommandView,
  type RemoteCommand,
} from "@parkme/shared/protocol/downlink";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import { EDGE_ID, FACILITY_ID, signIn, startTestCloud, USER, type TestCloud } from "../testing/cloud.ts";
import { rowsOf } from "../testing/tables.ts";
import { answerCommands } from "./commands.queries.ts";
import { signingKey } from "./cloud-keys.queries.ts";

let cloud: TestCloud;
let cookie: string;
const NOON = new Date("2026-07-15T12:00:00Z");
beforeAll(async () => {
  cloud = await startTestCloud();
  cookie = await signIn(cloud.app);
});
afterAll(async () => {
  await cloud.stop();
});
beforeEach(async () => {
  cloud.clock.now = NOON;
  await cloud.db.execute(sql`truncate remote_commands, downlink`);
  await cloud.db.execute(sql`update facilities set downlink_seq = 0, downlink_hash = null`);
});

const VEND = { act: "vend", lane: "entry", reason: "the driver rang", deadline_s: 30 };

type Options = { readonly facility?: string; readonly headers?: Record<string, string | undefined> };

async function post(
  body: unknown,
  { facility = FACILITY_ID, headers = {} }: Options = {},
): Promise<Response> {
  const all = { cookie, "x-parkme": "1", "idempotency-key": randomUUID(), ...headers };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return await cloud.app.request(`/api/facilities/${facility}/commands`, {
    method: "POST",
    headers: { "content-type": "application/json", ...Object.fromEntries(sent) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function issue(body: unknown = VEND, key: string = randomUUID()): Promise<CommandView> {
  const response = await post(body, { headers: { "idempotency-key": key } });
  expect(response.status).toBe(202);
  return commandViewSchema.parse(await response.json());
}

async function list(facility = FACILITY_ID): Promise<Response> {
  return await cloud.app.request(`/api/facilities/${facility}/commands`, { headers: { cookie } });
}

async function shown(): Promise<CommandView[]> {
  return commandsSchema.parse(await (await list()).json()).commands;
}

/** What went down to the edge. */
async function sent(): Promise<RemoteCommand[]> {
  const rows = await rowsOf(cloud.db, "select kind, body from downlink order by seq");
  return rows.map(({ kind, body }) => {
    expect(kind).toBe("command");
    return remoteCommandSchema.parse(JSON.parse(String(body)));
  });
}

async function answer(
  command_id: string,
  outcome: EventPayload<"command.answered">["outcome"],
  detail = "",
  facility = FACILITY_ID,
): Promise<void> {
  const at = "2026-07-15T12:00:07Z";
  await cloud.db.transaction((tx) => answerCommands(tx, facility, [{ command_id, outcome, detail, at }]));
}

describe("a command", () => {
  it("goes down signed, with who gave it, until when, and of which history of the gate's log", async () => {
    await cloud.db.execute(sql`update edges set epoch = 3 where id = ${EDGE_ID}`);
    const view = await issue();
    expect(view).toMatchObject({
      act: "vend",
      lane: "entry",
      ticket_number: null,
      actor: USER.name,
      reason: "the driver rang",
      issued_at: "2026-07-15T12:00:00.000Z",
      expires_at: "2026-07-15T12:00:30.000Z",
      status: "waiting",
      detail: null,
      answered_at: null,
    });
    const [command] = await sent();
    expect(command).toMatchObject({
      command_id: view.command_id,
      facility_id: FACILITY_ID,
      act: "vend",
      epoch: 3,
      expires_at: view.expires_at,
    });
    const { publicKey } = await signingKey(cloud.db);
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    const holds = (what: RemoteCommand) =>
      verify(null, Buffer.from(signedCommandText(what)), key, Buffer.from(what.signature, "base64"));
    if (command === undefined) throw new Error("nothing was sent");
    expect(holds(command)).toBe(true);
    expect(holds({ ...command, lane: "exit" })).toBe(false);
  });

  it("asked for twice with the same key is one, also at the same moment; another's key is refused", async () => {
    const key = randomUUID();
    const twice = await Promise.all([issue(VEND, key), issue(VEND, key), issue(VEND, key.toUpperCase())]);
    expect(new Set(twice.map(({ command_id }) => command_id))).toEqual(new Set([key]));
    await answer(key, "done");
    expect((await issue(VEND, key)).status).toBe("done");
    expect(await sent()).toHaveLength(1);
    for (const other of [
      { ...VEND, act: "hold" },
      { ...VEND, lane: "exit" },
      { ...VEND, reason: "another" },
    ]) {
      const refused = await post(other, { headers: { "idempotency-key": key } });
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({ code: "key_reused" });
    }
    expect(await sent()).toHaveLength(1);
  });

  it("shows what became of it; the first answer holds, and only its own facility's", async () => {
    const [first, second, third] = [await issue(), await issue({ ...VEND, act: "reset" }), await issue()];
    await answer(first.command_id, "done");
    await answer(first.command_id, "failed", "again");
    await answer(second.command_id.toUpperCase(), "refused", "somebody stands there \u0000");
    await answer(third.command_id, "done", "", randomUUID());
    await answer(randomUUID(), "done");
    const at = "2026-07-15T12:00:07Z";
    await cloud.db.transaction((tx) =>
      answerCommands(tx, FACILITY_ID, [
        { command_id: third.command_id, outcome: "late", detail: "one", at },
        { command_id: third.command_id, outcome: "done", detail: "two", at },
      ]),
    );
    await cloud.db.transaction((tx) => answerCommands(tx, FACILITY_ID, []));
    const byId = new Map((await shown()).map((command) => [command.command_id, command]));
    expect(byId.get(first.command_id)).toMatchObject({
      status: "done",
      answered_at: "2026-07-15T12:00:07.000Z",
    });
    expect(byId.get(second.command_id)).toMatchObject({
      status: "refused",
      detail: "somebody stands there \uFFFD",
    });
    expect(byId.get(third.command_id)).toMatchObject({ status: "late", detail: "one" });
  });

  it("that nobody answers is shown as that a minute after its deadline; a later answer still counts", async () => {
    const { command_id } = await issue();
    cloud.clock.now = new Date(NOON.getTime() + 90_000);
    expect((await shown())[0]?.status).toBe("waiting");
    cloud.clock.now = new Date(NOON.getTime() + 90_001);
    expect((await shown())[0]?.status).toBe("no_answer");
    await answer(command_id, "unknown", "the agent was stopped");
    expect((await shown())[0]?.status).toBe("unknown");
  });

  it("is among the newest, in their order", async () => {
    for (let i = 0; i < MAX_COMMANDS_SHOWN + 3; i++) {
      cloud.clock.now = new Date(NOON.getTime() + i * 1_000);
      await issue({ ...VEND, reason: `number ${i}` });
    }
    const all = await shown();
    expect(all).toHaveLength(MAX_COMMANDS_SHOWN);
    expect(all[0]?.reason).toBe(`number ${MAX_COMMANDS_SHOWN + 2}`);
  });

  it("may be given to every kind of thing that there is to ask for", async () => {
    const more = { reason: "because it must", deadline_s: 5 };
    for (const act of ["vend", "hold", "release", "close", "reset"])
      await issue({ ...more, act, lane: "exit" });
    await issue({ ...more, act: "reprint", ticket_number: " PKM-12345678 " });
    await issue({ ...more, act: "snapshot", deadline_s: 300 });
    expect((await sent()).map(({ act }) => act)).toHaveLength(7);
    expect((await sent()).find(({ act }) => act === "reprint")?.ticket_number).toBe("PKM-12345678");
  });

  it("is refused to strangers, other pages, other organisations and for gates that have no edge", async () => {
    expect((await post(VEND, { headers: { cookie: undefined } })).status).toBe(401);
    expect((await post(VEND, { headers: { "x-parkme": undefined } })).status).toBe(403);
    expect((await post(VEND, { facility: randomUUID() })).status).toBe(404);
    expect((await post(VEND, { facility: "x" })).status).toBe(404);
    expect((await list(randomUUID())).status).toBe(404);
    const foreign = randomUUID();
    await cloud.db.execute(
      sql`insert into organisations (id, slug, name) values (${foreign}, 'other', 'Other')`,
    );
    const theirs = randomUUID();
    await cloud.db.execute(sql`
      insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity)
      values (${theirs}, ${foreign}, 'theirs', 'Theirs', 'UTC', 'EUR', 1)`);
    expect((await post(VEND, { facility: theirs })).status).toBe(404);
    expect((await list(theirs)).status).toBe(404);

    await cloud.db.execute(sql`update edges set token_revoked_at = now() where id = ${EDGE_ID}`);
    const refused = await post(VEND);
    await cloud.db.execute(sql`update edges set token_revoked_at = null where id = ${EDGE_ID}`);
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: "no_edge" }]);
    expect(await sent()).toEqual([]);
    expect(await shown()).toEqual([]);
  });

  it("that is garbage is refused with the field that is wrong, and nothing is sent", async () => {
    const wrong: [unknown, string | undefined][] = [
      ["", undefined],
      ["[]", undefined],
      [{ ...VEND, act: "explode" }, "act"],
      [{ ...VEND, lane: null }, "lane"],
      [{ ...VEND, lane: "../etc" }, "lane"],
      [{ ...VEND, ticket_number: "PKM-12345678" }, "ticket_number"],
      [{ ...VEND, reason: "  x " }, "reason"],
      [{ ...VEND, reason: "x".repeat(201) }, "reason"],
      [{ ...VEND, deadline_s: 4 }, "deadline_s"],
      [{ ...VEND, deadline_s: 301 }, "deadline_s"],
      [{ ...VEND, deadline_s: "30" }, "deadline_s"],
      [{ ...VEND, act: "reprint", lane: null }, "ticket_number"],
      [{ ...VEND, act: "snapshot" }, "lane"],
    ];
    for (const [body, field] of wrong) {
      const response = await post(body);
      expect(response.status).toBe(400);
      expect((await response.json()) as { field?: string }).toMatchObject(
        field === undefined ? {} : { field },
      );
    }
    expect((await post("x".repeat(5_000))).status).toBe(413);
    for (const key of [undefined, "", "1", "not-a-uuid"])
      expect((await post(VEND, { headers: { "idempotency-key": key } })).status).toBe(400);
    expect(await sent()).toEqual([]);
    await issue({ ...VEND, reason: "a\u0000b\ud800c" });
    expect((await sent())[0]?.reason).toBe("a\uFFFDb\uFFFDc");
  });
});
