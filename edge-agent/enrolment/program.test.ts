import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readIdentity } from "./identity-file.ts";
import { runEnroll } from "./program.ts";
import { ENROLLED, startEnrollingCloud, YES } from "./testing/enrolling-cloud.ts";

const CODE = "0123-4567-89AB-CDEF";

let folder: string;
let cloud: Awaited<ReturnType<typeof startEnrollingCloud>>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-enrol-"));
  cloud = await startEnrollingCloud();
  writeConfig(`cloud: { url: "${cloud.url}" }`);
});
afterEach(async () => {
  await cloud.down();
  rmSync(folder, { recursive: true });
});

const config = () => join(folder, "edge.yaml");
const dataDir = () => join(folder, "data");
const identity = () => readFileSync(join(dataDir(), "identity.json"), "utf8");

function writeConfig(section: string): void {
  const text = `facility: { id: ${ENROLLED.facility.id}, slug: demo, name: Harbour Square, time_zone: UTC, currency: EUR, capacity: 10 }
data_dir: ./data
mqtt: { url: "mqtt://127.0.0.1:1" }
${section}
boards: [{ name: board, driver: mqtt }]
lanes: [{ name: entry, title: Entry 1, direction: entry, barrier: { board: board }, inputs: { arming: in1, safety: in2, closed_limit: in3 } }]
`;
  writeFileSync(config(), text);
}

async function run(...args: string[]) {
  const [out, complaints]: [string[], string[]] = [[], []];
  const code = await runEnroll(args, config(), {
    out: (text) => out.push(text),
    complain: (text) => complaints.push(text),
  });
  return { code, out: out.join(""), complaints: complaints.join("") };
}

/** The same, but for the test's own address. */
async function complaintOf(...args: string[]): Promise<string> {
  const { code, out, complaints } = await run(...args);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  return complaints.replaceAll(cloud.url, "CLOUD").replaceAll(folder, "FOLDER").trim();
}

describe("parkme-edge enroll", () => {
  it("writes the identity down, and says as what the edge is known", async () => {
    const { code, out, complaints } = await run(cloud.url, " 0123 4567-89ab cdef");
    expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
    expect(out).toBe(`Harbour Square (demo) is enrolled at ${cloud.url} as edge ${ENROLLED.edge_id}.\n`);
    expect(cloud.heard).toMatchObject([
      { code: CODE.replaceAll("-", ""), facility_id: ENROLLED.facility.id, name: hostname().slice(0, 80) },
    ]);
    expect(readIdentity(dataDir())).toMatchObject({
      value: {
        cloud_url: cloud.url,
        edge_id: ENROLLED.edge_id,
        key_id: ENROLLED.key_id,
        signing_key: ENROLLED.signing_key,
        enrolled_at: ENROLLED.now,
      },
    });
    expect(out).not.toContain(CODE);
  });

  it("answers in JSON where it is asked to", async () => {
    const { out } = await run(cloud.url, CODE, "--json", "--name", "Front desk");
    expect(JSON.parse(out)).toEqual({ ...ENROLLED, cloud_url: cloud.url });
    expect(cloud.heard[0]?.name).toBe("Front desk");
    const again = await run(cloud.url, CODE, "--json");
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({ code: "enrolled_already" });
  });

  it("says what to write where the configuration has no cloud yet", async () => {
    writeConfig("");
    expect((await run(cloud.url, CODE)).out).toContain(`cloud: { url: ${cloud.url} }`);
  });

  it("never overwrites an identity but on request, and then only when the cloud has said yes", async () => {
    await run(cloud.url, CODE);
    const before = identity();
    expect(await complaintOf(cloud.url, CODE)).toBe(
      `this edge is enrolled already (${ENROLLED.edge_id}): --replace enrols it anew.`,
    );
    expect(cloud.heard).toHaveLength(1);
    cloud.state.answer = { status: 404, body: '{"code":"code_unknown"}' };
    await complaintOf(cloud.url, CODE, "--replace");
    expect(identity()).toBe(before);
    cloud.state.answer = YES;
    expect((await run(cloud.url, CODE, "--replace")).code).toBe(0);
    expect(identity()).not.toBe(before);
    expect(cloud.heard[1]?.public_key).not.toBe(cloud.heard[0]?.public_key);
  });

  it("asks with the same key again when the answer was lost", async () => {
    cloud.state.answer = null;
    expect(await complaintOf(cloud.url, CODE)).toMatch(
      /^CLOUD cannot be reached \(.+\)\. Nothing is lost: run this again with the same code\.$/,
    );
    cloud.state.answer = YES;
    expect((await run(cloud.url, CODE)).code).toBe(0);
    const [first, second] = cloud.heard;
    expect(second?.public_key).toBe(first?.public_key);
  });

  it("leaves a damaged identity alone without --replace", async () => {
    mkdirSync(dataDir());
    writeFileSync(join(dataDir(), "identity.json"), "{");
    expect(await complaintOf(cloud.url, CODE)).toBe(
      "FOLDER/data/identity.json is damaged: --replace enrols it anew.",
    );
    expect(identity()).toBe("{");
    expect((await run(cloud.url, CODE, "--replace")).code).toBe(0);
  });

  const facility = { ...ENROLLED.facility, slug: "tower", name: "Tower" };
  it.each([
    [404, { code: "code_unknown" }, /^the cloud knows no such code: it is mistyped, older than 15 minutes/],
    [409, { code: "code_used" }, /^somebody else has enrolled with this code\. If that was not you/],
    [
      409,
      { code: "other_facility", facility },
      /^the code is for Tower \(tower\), and this edge is set up for demo\. The code is still good/,
    ],
    [
      400,
      { code: "invalid", detail: "is no UUID" },
      /^the cloud does not understand the request: is no UUID$/,
    ],
    [429, { code: "too_many_attempts", retry_after_s: 77 }, /try again in 77 seconds\.$/],
    [
      503,
      { code: "database_away" },
      /^CLOUD is in trouble \(status 503\)\. Run this again with the same code/,
    ],
    [
      404,
      { code: "not_found" },
      /^what answers at CLOUD is no ParkMe cloud \(status 404\): check the address\.$/,
    ],
    [200, { hello: "world" }, /^what answers at CLOUD is no ParkMe cloud \(status 200\)/],
    [302, "", /^CLOUD cannot be reached \(fetch failed: unexpected redirect\)/],
    [200, "<html>", /^what answers at CLOUD is no ParkMe cloud/],
  ])("tells in words what %d %j means", async (status, body, words) => {
    cloud.state.answer = { status, body: typeof body === "string" ? body : JSON.stringify(body) };
    expect(await complaintOf(cloud.url, CODE)).toMatch(words);
    expect(readIdentity(dataDir())).toEqual({ ok: true, value: null });
  });

  it("tells when the cloud is not there, or the folder cannot be used", async () => {
    await cloud.down();
    expect(await complaintOf(cloud.url, CODE)).toMatch(/^CLOUD cannot be reached \(.*ECONNREFUSED.*\)/);
    rmSync(dataDir(), { recursive: true });
    writeFileSync(dataDir(), "a file");
    expect(await complaintOf(cloud.url, CODE)).toMatch(/ENOTDIR/);
    cloud = await startEnrollingCloud();
  });

  it.each([
    [["not-a-url", CODE], /^CLOUD_URL must be https:\/\/host/],
    [["https://user:secret@cloud.example.org", CODE], /^CLOUD_URL must be https:\/\/host, without a user/],
    [["ftp://cloud.example.org", CODE], /^CLOUD_URL must be/],
    [["http://cloud.example.org", CODE], /^http:\/\/cloud\.example\.org is not encrypted.* --insecure/],
    [["http://127.0.0.1.example.org", CODE], /is not encrypted/],
    [["https://other.example.org", CODE], /has another address of the cloud: CLOUD\. Make them the same/],
    [["http://10.0.0.1", CODE, "--insecure"], /has another address of the cloud/],
  ])("refuses the address of %j before anything is sent", async (args, words) => {
    expect(await complaintOf(...args)).toMatch(words);
    expect(cloud.heard).toEqual([]);
  });

  it("refuses what cannot be a code, an edge with a token file, and a configuration that is not right", async () => {
    for (const typed of ["", "0123-4567-89AB-CDE", `${CODE}0`, "0123-4567-89AB-CDEU", "x".repeat(100)])
      expect(await complaintOf(cloud.url, typed)).toMatch(/^that is no code: it has 16 letters and digits/);
    expect(await complaintOf(cloud.url, CODE, "--name", "  ")).toBe("--name must not be empty.");
    writeFileSync(join(folder, "token"), "a-token-of-this-edge", { mode: 0o600 });
    writeConfig(`cloud: { url: "${cloud.url}", edge_id: ${ENROLLED.edge_id}, token_file: ./token }`);
    expect(await complaintOf(cloud.url, CODE)).toBe(
      "FOLDER/edge.yaml has cloud.edge_id and cloud.token_file: take both out of it, then enrol.",
    );
    writeConfig(`cloud: { url: "${cloud.url}", edge_id: ${ENROLLED.edge_id} }`);
    expect(await complaintOf(cloud.url, CODE)).toMatch(/^FOLDER\/edge.yaml:4: cloud\.token_file is missing/);
    expect(cloud.heard).toEqual([]);
  });

  it("explains itself", async () => {
    expect((await run("--help")).out).toContain("parkme-edge enroll CLOUD_URL CODE");
    expect((await run(cloud.url)).complaints).toContain("parkme-edge enroll CLOUD_URL CODE");
  });
});
