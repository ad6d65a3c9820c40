import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violations } from "../db/enforcement-schema.ts";
import { createPictureFiles } from "../fleet/picture-files.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";

let cloud: TestCloud;
let folder: string;
let staff: Person;
let driver: Person;
let stranger: Person;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-evidence-"));
  cloud = await startTestCloud({ pictures: createPictureFiles(folder) });
  staff = await signedIn(cloud, "staff");
  driver = await signedIn(cloud, "driver");
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function made(): Promise<string> {
  const [id, now] = [randomUUID(), cloud.clock.now];
  await cloud.db.insert(violations).values({
    facilityId: FACILITY_ID,
    id,
    kind: "other",
    status: "open",
    source: "patrol",
    sourceKey: id,
    userId: driver.userId,
    penaltyMinor: 3_000,
    currency: "EUR",
    pictures: [],
    reportedBy: "a test",
    at: now,
    dueAt: now,
  });
  return id;
}

const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(500)]);

async function add(who: Person, id: string, bytes: Uint8Array, type = "image/png") {
  const response = await cloud.app.request(`/api/violations/${id}/pictures/`, {
    method: "POST",
    headers: { authorization: `Bearer ${who.token}`, "content-type": type },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function filesOf(id: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(id));
}

describe("pictures of a violation", () => {
  it.each([
    ["image/png", PNG],
    ["image/jpeg", Buffer.concat([Buffer.from("ffd8ffe0", "hex"), randomBytes(500)])],
    ["image/webp", Buffer.concat([Buffer.from("RIFF\0\0\0\0WEBP"), randomBytes(500)])],
  ])("are kept as they came, and shown as %s to those whom they concern", async (type, bytes) => {
    const id = await made();
    // What its sender calls it is nothing to us.
    const { status, body } = await add(staff, id, bytes, "application/octet-stream");
    expect(status).toBe(201);
    const path = `/api/violations/${id}/pictures/${String(body["id"])}/`;
    for (const who of [staff, driver]) {
      const shown = await who.ask("GET", path);
      expect([shown.status, shown.headers.get("content-type")]).toEqual([200, type]);
      expect(shown.headers.get("x-content-type-options")).toBe("nosniff");
      expect(Buffer.from(await shown.arrayBuffer()).equals(bytes)).toBe(true);
    }
    expect((await stranger.ask("GET", path)).status).toBe(404);
    expect((await cloud.app.request(path)).status).toBe(401);
    const violation = await (await driver.ask("GET", `/api/violations/${id}/`)).json();
    expect(violation).toMatchObject({ pictures: [body["id"]] });
    // In the folder of the day.
    expect(filesOf(String(body["id"]))[0]).toContain(join(FACILITY_ID, "2026-07-15"));
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a GIF", Buffer.from("GIF89a and more")],
    ["an SVG with a script in it", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")],
    ["half of a PNG's beginning", PNG.subarray(0, 5)],
    ["rubbish", randomBytes(300).fill(7, 0, 1)],
  ])("are never %s", async (_what, bytes) => {
    const id = await made();
    const { status, body } = await add(staff, id, bytes);
    expect([status, body["code"]]).toEqual([415, "not_a_picture"]);
  });

  it("are 5 MB at most, and ten", async () => {
    const id = await made();
    const large = Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024)]);
    expect((await add(staff, id, large)).status).toBe(413);
    expect((await add(staff, id, large.subarray(0, 5 * 1024 * 1024))).status).toBe(201);
    const answers = await Promise.all(Array.from({ length: 12 }, () => add(staff, id, PNG)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(9);
    expect(answers.find(({ status }) => status !== 201)?.body["code"]).toBe("too_many_pictures");
  });

  it("are added by those who run the facility, while it is not closed", async () => {
    const id = await made();
    expect((await add(driver, id, PNG)).status).toBe(403);
    expect((await add(stranger, id, PNG)).status).toBe(404);
    expect((await add(staff, randomUUID(), PNG)).status).toBe(404);
    await cloud.db.update(violations).set({ status: "void" }).where(eq(violations.id, id));
    expect((await add(staff, id, PNG)).body["code"]).toBe("wrong_status");
  });

  it("are those of their violation only, and gone when their file is", async () => {
    const [one, other] = [await made(), await made()];
    const picture = (await add(staff, one, PNG)).body["id"] as string;
    expect((await staff.ask("GET", `/api/violations/${other}/pictures/${picture}/`)).status).toBe(404);
    expect((await staff.ask("GET", `/api/violations/${one}/pictures/..%2F${picture}/`)).status).toBe(404);
    for (const name of filesOf(picture)) rmSync(join(folder, name));
    expect((await staff.ask("GET", `/api/violations/${one}/pictures/${picture}/`)).status).toBe(404);
  });
});
