import { execFile } from "node:child_process";
import { createPrivateKey, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";
import { stringify } from "yaml";
import { assertionText } from "@parkme/shared/protocol/enrolment";
import { freePort } from "../site/ports.ts";
import { startProgram, type Program } from "../site/program.ts";

/** A cloud that knows one facility and no edge, and boxes that may become its edge: real programs, nothing in between. */

const DIST = resolve(import.meta.dirname, "../../dist");
const FACILITY_ID = "0192a000-0000-7000-8000-000000000001";
const TIMEOUT_MS = 60_000;

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };
type Note = Readonly<Record<string, unknown>>;

export type Box = {
  /** `parkme-edge enroll` on this box. */
  readonly enroll: (...words: readonly string[]) => Promise<Ended>;
  /** Starts its agent. */
  readonly start: () => Promise<Program>;
  /** What its agent has logged. */
  readonly notes: readonly Note[];
  /** Whether its agent serves the gate. */
  readonly serves: () => Promise<boolean>;
  /** A token, fetched with this box's own key; or the code of the refusal. */
  readonly signIn: () => Promise<string>;
};

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export async function setUpEnrolment() {
  const folder = mkdtempSync(join(tmpdir(), "parkme-boxes-"));
  closing.push(() => Promise.resolve(rmSync(folder, { recursive: true, force: true, maxRetries: 20 })));
  const url = await startCloud(folder);
  const admin = async (...words: readonly string[]): Promise<Ended> =>
    await run("cloud-api/admin.mjs", words, { PARKME_DATA_DIR: join(folder, "cloud") });
  return { url, admin, box: (name: string) => createBox(join(folder, name), name, url), ask };

  /** A request with a token; its status and code. */
  async function ask(path: string, token: string): Promise<string> {
    return await answerOf(await post(`${url}${path}`, {}, token));
  }
}

async function startCloud(folder: string): Promise<string> {
  const provisioning = {
    organisation: { slug: "demo", name: "Demo" },
    facilities: [
      {
        id: FACILITY_ID,
        slug: "harbour",
        name: "Harbour Square",
        time_zone: "UTC",
        currency: "EUR",
        capacity: 10,
        lanes: [{ slug: "entry", name: "Entry", direction: "entry" }],
      },
    ],
    users: [],
  };
  const file = join(folder, "provision.yaml");
  writeFileSync(file, stringify(provisioning));
  const port = await freePort();
  const env = {
    PARKME_CLOUD_PORT: String(port),
    PARKME_DATA_DIR: join(folder, "cloud"),
    PARKME_PROVISION: file,
  };
  const cloud = startProgram({
    name: "cloud",
    file: join(DIST, "cloud-api/main.mjs"),
    env,
    logFile: join(folder, "cloud.log"),
  });
  closing.push(cloud.stop);
  await cloud.ready;
  return `http://127.0.0.1:${port}`;
}

async function createBox(folder: string, name: string, url: string): Promise<Box> {
  mkdirSync(folder);
  const config = join(folder, "edge.yaml");
  const port = await freePort();
  writeFileSync(config, stringify(configOf(port, url)));
  const notes: Note[] = [];
  return {
    notes,
    enroll: async (...words) =>
      await run("edge-agent/main.mjs", ["enroll", ...words, "--config", config, "--name", name]),
    start: async () => {
      const agent = startProgram({
        name,
        file: join(DIST, "edge-agent/main.mjs"),
        args: ["--config", config],
        logFile: join(folder, "agent.log"),
        onEvent: (event) => notes.push(event),
      });
      closing.push(agent.stop);
      await agent.ready;
      return agent;
    },
    serves: async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200,
    signIn: async () => await signIn(url, join(folder, "data/identity.json")),
  };
}

/** A gate whose board never answers: it is the link with the cloud that is looked at. */
function configOf(port: number, url: string): object {
  return {
    facility: {
      id: FACILITY_ID,
      slug: "harbour",
      name: "Harbour Square",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 10,
    },
    data_dir: "./data",
    http: { port },
    mqtt: { url: "mqtt://127.0.0.1:1" },
    cloud: { url },
    boards: [{ name: "board", driver: "mqtt" }],
    lanes: [
      {
        name: "entry",
        title: "Entry",
        direction: "entry",
        barrier: { board: "board" },
        inputs: { arming: "in1", safety: "in2", closed_limit: "in3" },
      },
    ],
  };
}

async function signIn(url: string, identityFile: string): Promise<string> {
  const { key_id: keyId, private_key: text } = JSON.parse(readFileSync(identityFile, "utf8")) as Record<
    "key_id" | "private_key",
    string
  >;
  const key = createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
  const { nonce } = (await (await post(`${url}/api/edge/nonce`, {})).json()) as { nonce: string };
  const assertion = sign(null, Buffer.from(assertionText(keyId, nonce)), key).toString("base64");
  const answer = await post(`${url}/api/edge/token`, { key_id: keyId, nonce, assertion });
  if (answer.status !== 200) return await answerOf(answer);
  return ((await answer.json()) as { token: string }).token;
}

async function post(url: string, body: object, token?: string): Promise<Response> {
  return await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

async function answerOf(answer: Response): Promise<string> {
  const { code } = (await answer.json()) as { code?: string };
  return `${answer.status} ${code ?? ""}`.trim();
}

async function run(
  file: string,
  words: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return await new Promise((done) => {
    const options = { timeout: TIMEOUT_MS, ...(env && { env }) };
    const child = execFile(
      process.execPath,
      [join(DIST, file), ...words],
      options,
      (_error, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
