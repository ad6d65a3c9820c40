import { createHash, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_PICTURE_BYTES, MAX_PICTURE_CHUNK } from "@parkme/shared/protocol/pictures";
import {
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  signIn,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { knowWho } from "../accounts/guard.ts";
import { createIdentify } from "../accounts/identify.ts";
import type { AppEnv } from "../http.ts";
import { createProcessCache } from "../platform/cache.ts";
import { answerErrors } from "../platform/errors.ts";
import { createPictureFiles } from "./picture-files.ts";
import { edgePictureRoutes, pictureRoutes } from "./picture-routes.ts";

let cloud: TestCloud;
let cookie: string;
let folder: string;
let app: Hono<AppEnv>;
beforeAll(async () => {
  cloud = await startTestCloud();
  cookie = await signIn(cloud.app);
  folder = mkdtempSync(join(tmpdir(), "parkme-pictures-"));
  const clock = { wallMs: () => cloud.clock.now.getTime(), monotonicMs: () => 0 };
  const deps = { db: cloud.db, clock, files: createPictureFiles(folder) };
  const cache = createProcessCache(() => 0);
  const identify = createIdentify({ ...deps, cache, findKey: async () => null });
  app = new Hono<AppEnv>();
  app.use(knowWho(identify, async () => undefined));
  app.route("/", edgePictureRoutes(deps)).route("/", pictureRoutes(deps));
  app.onError(answerErrors(pino({ level: "silent" })));
});
afterAll(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

function jpeg(size: number): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), randomBytes(size - 3)]);
}

function newPicture(bytes = jpeg(300)) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return {
    id: `0199aaaa-0000-7000-8000-${randomBytes(6).toString("hex")}`,
    bytes,
    sha256,
    subject: randomUUID(),
  };
}
type Picture = ReturnType<typeof newPicture>;

async function put(
  picture: Picture,
  from: number,
  until: number,
  { headers = {}, token = EDGE_TOKEN }: { headers?: Record<string, string>; token?: string } = {},
) {
  const response = await app.request(`/api/edge/pictures/${picture.id}`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${token}`,
      "upload-offset": String(from),
      "upload-length": String(picture.bytes.byteLength),
      "upload-sha256": picture.sha256,
      "upload-subject": picture.subject,
      ...headers,
    },
    body: new Uint8Array(picture.bytes.subarray(from, until)),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function fetchPicture(
  id: string,
  facilityId = FACILITY_ID,
  headers: Record<string, string> = { cookie },
) {
  return await app.request(`/api/facilities/${facilityId}/pictures/${id}`, { headers });
}

function filesOf(id: string): string[] {
  const day = join(folder, FACILITY_ID);
  if (!existsSync(day)) return [];
  return readdirSync(day, { recursive: true })
    .map(String)
    .filter((name) => name.includes(id));
}

describe("a picture", () => {
  it("arrives in chunks, and is nobody's to see before the last byte", async () => {
    const picture = newPicture(jpeg(300_000));
    expect(await put(picture, 0, MAX_PICTURE_CHUNK)).toEqual({
      status: 200,
      body: { received: MAX_PICTURE_CHUNK, complete: false },
    });
    expect((await fetchPicture(picture.id)).status).toBe(404);
    const head = await app.request(`/api/edge/pictures/${picture.id}`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${EDGE_TOKEN}` },
    });
    expect([head.status, head.headers.get("upload-offset"), head.headers.get("upload-length")]).toEqual([
      200,
      "131072",
      "300000",
    ]);
    await put(picture, MAX_PICTURE_CHUNK, 2 * MAX_PICTURE_CHUNK);
    const last = await put(picture, 2 * MAX_PICTURE_CHUNK, 300_000);
    expect(last.body).toEqual({ received: 300_000, complete: true });

    const seen = await fetchPicture(picture.id);
    expect([
      seen.status,
      seen.headers.get("content-type"),
      seen.headers.get("x-content-type-options"),
    ]).toEqual([200, "image/jpeg", "nosniff"]);
    expect(Buffer.from(await seen.arrayBuffer()).equals(picture.bytes)).toBe(true);
    expect(filesOf(picture.id)).toHaveLength(1);
    expect((await put(picture, 0, 300)).body).toEqual({ received: 300_000, complete: true });
  });

  it("goes on after a cut at any byte, and from wherever the cloud is", async () => {
    const picture = newPicture(jpeg(60));
    for (let at = 0; at < 60; at++) {
      const again = await put(picture, Math.min(at + 1, 59), 60, {});
      expect(again).toMatchObject(
        at === 59 ? { status: 200 } : { status: 409, body: { code: "wrong_offset", received: at } },
      );
      if (at < 59) expect((await put(picture, at, at === 0 ? 3 : at + 1)).status).toBe(200);
      if (at === 0) at = 2;
    }
    expect((await fetchPicture(picture.id)).status).toBe(200);
  });

  it("is written on from what the disk has, should that be less or more than the book says", async () => {
    const picture = newPicture(jpeg(90));
    await put(picture, 0, 50);
    const path = join(folder, FACILITY_ID, filesOf(picture.id)[0] ?? "");
    truncateSync(path, 20);
    expect((await put(picture, 50, 90)).body).toMatchObject({ code: "wrong_offset", received: 20 });
    await put(picture, 20, 40);
    writeFileSync(path, Buffer.concat([picture.bytes.subarray(0, 40), randomBytes(100)]));
    expect((await put(picture, 40, 90)).body).toEqual({ received: 90, complete: true });
    expect(Buffer.from(await (await fetchPicture(picture.id)).arrayBuffer()).equals(picture.bytes)).toBe(
      true,
    );
  });

  it("that came twice at once is whole", async () => {
    const picture = newPicture(jpeg(1_000));
    const both = await Promise.all([put(picture, 0, 1_000), put(picture, 0, 1_000)]);
    expect(both.map(({ body }) => body)).toEqual(Array(2).fill({ received: 1_000, complete: true }));
    expect(Buffer.from(await (await fetchPicture(picture.id)).arrayBuffer()).equals(picture.bytes)).toBe(
      true,
    );
  });

  it("that is not what was announced begins anew, and another under its id is refused", async () => {
    const picture = newPicture();
    const wrong = { ...picture, sha256: "0".repeat(64) };
    expect((await put(wrong, 0, 300)).body).toMatchObject({ status: 422, code: "wrong_digest" });
    expect(filesOf(picture.id)).toEqual([]);
    expect((await put(picture, 0, 300)).body).toMatchObject({ status: 409, code: "other_picture" });
    expect((await fetchPicture(picture.id)).status).toBe(404);
  });
});

describe("garbage", () => {
  it("is refused before it is written", async () => {
    const text = newPicture(Buffer.from("<svg onload=alert(1)>"));
    expect((await put(text, 0, 21)).body).toMatchObject({ status: 422, code: "not_a_picture" });
    expect((await put(newPicture(Buffer.from([0xff, 0xd8])), 0, 2)).body).toMatchObject({
      code: "not_a_picture",
    });
    const short = newPicture();
    expect((await put(short, 0, 300, { headers: { "upload-length": "299" } })).body).toMatchObject({
      code: "too_long",
    });
    const big = newPicture(jpeg(MAX_PICTURE_CHUNK + 1));
    expect((await put(big, 0, MAX_PICTURE_CHUNK + 1)).status).toBe(413);
    for (const { id } of [text, short, big]) expect(filesOf(id)).toEqual([]);
  });

  it.each([
    ["upload-offset", "-1"],
    ["upload-offset", "1e3"],
    ["upload-offset", String(MAX_PICTURE_BYTES + 1)],
    ["upload-length", "0"],
    ["upload-length", String(MAX_PICTURE_BYTES + 1)],
    ["upload-sha256", "A".repeat(64)],
    ["upload-subject", "../movement"],
  ])("in the header %s (%s) is refused", async (name, value) => {
    const { status, body } = await put(newPicture(), 0, 300, { headers: { [name]: value } });
    expect([status, body["code"], body["field"]]).toEqual([400, "invalid", name]);
  });

  it.each([
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "x",
    "0199aaaa-0000-7000-8000-00000000000",
    "0199aaaa-0000-7000-8000-000000000001%2f..",
  ])("as an id (%s) leads nowhere", async (id) => {
    const before = readdirSync(folder, { recursive: true });
    expect((await put({ ...newPicture(), id }, 0, 300)).status).toBe(404);
    expect((await fetchPicture(id)).status).toBe(404);
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it("by strangers costs nothing, and nobody sees another's pictures", async () => {
    const picture = newPicture();
    expect((await put(picture, 0, 300, { token: "a-token-of-nobody" })).status).toBe(401);
    await put(picture, 0, 300);
    expect((await fetchPicture(picture.id, FACILITY_ID, {})).status).toBe(401);
    expect((await fetchPicture(picture.id, randomUUID())).status).toBe(404);
    const other = await app.request(`/api/edge/pictures/${picture.id}`, {
      headers: { authorization: `Bearer ${OTHER_EDGE_TOKEN}` },
    });
    expect(other.status).toBe(404);
  });
});
