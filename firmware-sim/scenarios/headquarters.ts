import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { commandsSchema, type CommandView, type RemoteAct } from "@parkme/shared/protocol/downlink";
import pg from "pg";
import { afterEach } from "vitest";
import { z } from "zod";
import { embeddedDatabase } from "../site/cloud-database.ts";
import type { SitePlan } from "../site/plan.ts";
import { freePort } from "../site/ports.ts";
import type { Program } from "../site/program.ts";
import { adminCommand } from "./edge-command.ts";
import type { Hardware } from "./hardware.ts";
import { eventually } from "./stage.ts";

/** The cloud as a program, and somebody at headquarters who has signed in there. */

export type Headquarters = {
  readonly port: number;
  readonly program: Program;
  /** A request below `/api/facilities/ID/`; its status and what it answers, null where that is no JSON. */
  readonly ask: (method: Method, path: string, body?: object, headers?: Headers) => Promise<Answer>;
  /** Puts an entry into the manifest, or removes it (null). @returns the manifest's version. */
  readonly publish: (section: string, key: string, body: object | null) => Promise<number>;
  /** Asks the gate for something. @returns the command's id. */
  readonly command: (act: RemoteAct, more?: More) => Promise<string>;
  /** The command as it stands once the gate has answered it. */
  readonly answer: (id: string) => Promise<CommandView>;
  /** The program of whoever runs the cloud; fails when it ends with an error. */
  readonly admin: (...words: readonly string[]) => Promise<string>;
  /** Rows of the cloud's own database. */
  readonly rows: <T extends object>(query: string) => Promise<T[]>;
};
type Method = "GET" | "PUT" | "POST" | "DELETE";
type Headers = Readonly<Record<string, string>>;
type Answer = { readonly status: number; readonly body: unknown };
type More = {
  readonly lane?: string;
  readonly ticket?: string;
  readonly withinS?: number;
  readonly id?: string;
};

const ANSWER_MS = 60_000;
const changedSchema = z.object({ version: z.number() });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export async function openHeadquarters(hardware: Hardware, plan: SitePlan): Promise<Headquarters> {
  const port = await freePort();
  const program = await hardware.program("cloud", "cloud-api/main.mjs", {
    PARKME_CLOUD_PORT: String(port),
    PARKME_DATA_DIR: join(plan.folder, "cloud"),
    PARKME_PROVISION: plan.provisionFile,
  });
  const ask = asker(`http://127.0.0.1:${port}`, plan, await signIn(port, plan));
  return {
    port,
    program,
    ask,
    publish: async (section, key, body) => {
      const path = `manifest/${section}/${encodeURIComponent(key)}`;
      const answer = body === null ? await ask("DELETE", path) : await ask("PUT", path, body);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return changedSchema.parse(answer.body).version;
    },
    ...commands(ask),
    admin: (...words) => adminCommand(join(plan.folder, "cloud"), ...words),
    rows: await rowsOf(plan),
  };
}

async function signIn(port: number, { headquarters: { name, secret } }: SitePlan): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/session`, {
    method: "POST",
    headers: { "x-parkme": "1", "content-type": "application/json" },
    body: JSON.stringify({ email: name, password: secret }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const cookie = answer.headers.getSetCookie()[0]?.split(";", 1)[0];
  if (cookie === undefined) throw new Error(`headquarters could not sign in: ${answer.status}`);
  return cookie;
}

function asker(url: string, { facility }: SitePlan, cookie: string): Headquarters["ask"] {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}/api/facilities/${facility.id}/${path}`, {
      method,
      headers: { "x-parkme": "1", "content-type": "application/json", cookie, ...headers },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
  };
}

const DEADLINE_S = 120;

function commands(ask: Headquarters["ask"]): Pick<Headquarters, "command" | "answer"> {
  const all = async () => commandsSchema.parse((await ask("GET", "commands")).body).commands;
  return {
    command: async (act, { lane = null, ticket = null, withinS = DEADLINE_S, id = randomUUID() } = {}) => {
      const said = { act, lane, ticket_number: ticket, reason: "the driver called", deadline_s: withinS };
      const { status, body } = await ask("POST", "commands", said, { "idempotency-key": id });
      if (status !== 202) throw new Error(`${act} was refused with ${status}: ${JSON.stringify(body)}`);
      return id;
    },
    answer: async (id) => {
      const found = await eventually(
        "the gate to answer a command",
        async () => (await all()).find(({ command_id: its }) => its === id),
        (command) => (command?.answered_at ?? null) !== null,
        ANSWER_MS,
      );
      if (found === undefined) throw new Error("no such command");
      return found;
    },
  };
}

async function rowsOf(plan: SitePlan): Promise<Headquarters["rows"]> {
  const client = new pg.Client(embeddedDatabase(join(plan.folder, "cloud")));
  // The server is stopped before this end of it.
  client.on("error", () => undefined);
  await client.connect();
  closing.push(() => client.end());
  return async (query) => (await client.query(query)).rows;
}
