import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageId, IdMint } from "@parkme/shared/domain/ids";
import { MAX_PICTURE_BYTES, MAX_PICTURE_CHUNK } from "@parkme/shared/protocol/pictures";
import { createPictures, type Pictures } from "../store/pictures.ts";
import type { GateDatabase } from "../store/open.ts";
import { createStore, type Store } from "../store/store.ts";
import {
  EUR,
  newFolder,
  newMint,
  open,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { putToCloud } from "./cloud-request.ts";
import { staticCredential } from "./credential.ts";
import { createPictureSending, type PictureSending } from "./pictures.ts";

/** What a cloud does with pictures, and what goes wrong on the way there. */
type PictureCloud = {
  readonly arrived: Map<string, Buffer>;
  readonly complete: Set<string>;
  /** Answers instead of the cloud, once for each. */
  readonly accidents: ((request: IncomingMessage, response: ServerResponse) => void)[];
  puts: number;
};

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let pictures: Pictures;
let cloud: PictureCloud;
let server: Server;
let sending: PictureSending | null;
let pending: number;
/** Pauses, in milliseconds. */
let naps: number[];

beforeEach(async () => {
  folder = newFolder();
  db = open(folder.path("gate.db"));
  mint = newMint();
  store = createStore(db, { currency: EUR, mint, pictures: true });
  pictures = createPictures(folder.path("images"), mint);
  cloud = { arrived: new Map(), complete: new Set(), accidents: [], puts: 0 };
  server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  [sending, pending, naps] = [null, 0, []];
});
afterEach(async () => {
  await sending?.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  store.close();
  folder.remove();
});

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  cloud.puts++;
  const accident = cloud.accidents.shift();
  if (accident !== undefined) return accident(request, response);
  const id = /^\/api\/edge\/pictures\/([0-9a-f-]{36})$/.exec(request.url ?? "")?.[1] ?? "";
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const header = (name: string): string => String(request.headers[`upload-${name}`]);
  const before = cloud.arrived.get(id) ?? Buffer.alloc(0);
  if (Number(header("offset")) !== before.byteLength)
    return answer(response, 409, { code: "wrong_offset", received: before.byteLength });
  const bytes = Buffer.concat([before, ...chunks]);
  cloud.arrived.set(id, bytes);
  const complete = bytes.byteLength === Number(header("length"));
  if (complete && createHash("sha256").update(bytes).digest("hex") !== header("sha256")) {
    cloud.arrived.delete(id);
    return answer(response, 422, { code: "wrong_digest" });
  }
  if (complete) cloud.complete.add(id);
  answer(response, 200, { received: bytes.byteLength, complete });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The connection breaks after so many bytes of the body. */
function cutAfter(bytes: number) {
  return (request: IncomingMessage): void => {
    let seen = 0;
    request.on("data", (chunk: Buffer) => {
      seen += chunk.byteLength;
      if (seen >= bytes) request.socket.destroy();
    });
  };
}

const refuse = (status: number, body: unknown) => (request: IncomingMessage, response: ServerResponse) => {
  request.resume().on("end", () => answer(response, status, body));
};

function start(): void {
  const { port } = server.address() as AddressInfo;
  const address = { url: `http://127.0.0.1:${port}`, credential: staticCredential("e", "token") };
  sending = createPictureSending({
    store,
    pathOf: pictures.pathOf,
    put: (chunk, stopping) => putToCloud(address, chunk, stopping),
    pending: () => pending,
    bytesPerSecond: MAX_PICTURE_CHUNK,
    random: () => 0.5,
    // Pauses are told of, and hardly waited for.
    timers: {
      after: (ms, work) => {
        naps.push(ms);
        const timer = setTimeout(work, 2);
        return () => clearTimeout(timer);
      },
    },
    note: { warn: () => undefined },
  });
  sending.start();
}

function jpeg(size = 400): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), randomBytes(size - 3)]);
}

/** A vehicle is read, and passes. @returns its picture. */
function passes(
  bytes: Uint8Array,
  plate: string | null = "BAB1234",
  { readPlate = plate, lane = "entry", atMs = 0 } = {},
): ImageId {
  const make = recordsOf(mint);
  const imageId = pictures.save(bytes, START_MS + atMs);
  if (imageId === null) throw new Error("the disk refused a picture");
  const now = { wallMs: START_MS + atMs, monotonicMs: atMs };
  const read = {
    camera: "c",
    sourceId: imageId,
    raw: readPlate ?? "",
    plate: readPlate,
    confidence: 1,
    imageId,
    claimedAtMs: null,
    at: now,
  };
  store.commit(turn([], { lane, reads: [read], now }));
  store.commit(
    turn([make.moved("in", null, { plate })], { lane: "entry", now: { ...now, wallMs: now.wallMs + 5_000 } }),
  );
  return imageId;
}

async function settled(): Promise<void> {
  await vi.waitFor(() => expect(store.pictureQueue().waiting).toBe(0), { timeout: 10_000, interval: 5 });
}

function failures(): unknown[] {
  return db.$client
    .prepare("select picture_id, failed from picture_uploads where failed is not null order by queued_at")
    .raw()
    .all();
}

describe("pictures", () => {
  it("of those who passed are sent whole, in chunks, and forgotten", async () => {
    const bytes = jpeg(2.5 * MAX_PICTURE_CHUNK);
    const id = passes(bytes);
    start();
    await settled();
    expect(cloud.arrived.get(id)?.equals(bytes)).toBe(true);
    expect([cloud.puts, store.pictureQueue()]).toEqual([3, { waiting: 0, failed: 0 }]);
    expect(naps.slice(0, 2)).toEqual([1_000, 1_000]);
  });

  it("are those of the plate that passed, at its lane, and not of long ago", () => {
    passes(jpeg(), "B1", { readPlate: "B2" });
    passes(jpeg(), "B3", { lane: "exit" });
    expect(store.nextPicture()).toBeNull();
    const unread = passes(jpeg(), null);
    expect(store.nextPicture()?.pictureId).toBe(unread);
    const make = recordsOf(mint);
    const late = { wallMs: START_MS + 3_600_000, monotonicMs: 0 };
    store.commit(turn([make.moved("out", null, { plate: "B2" })], { now: late }));
    expect(store.pictureQueue().waiting).toBe(1);
  });

  it("are queued nowhere without a cloud", () => {
    store.close();
    store = createStore(open(folder.path("alone.db")), { currency: EUR, mint });
    passes(jpeg());
    expect(store.nextPicture()).toBeNull();
  });

  it("go on after a cut at any byte, after garbage and after a cloud that is away", async () => {
    const bytes = jpeg(2 * MAX_PICTURE_CHUNK + 50);
    const id = passes(bytes);
    const busy = refuse(429, { code: "busy" });
    const page = refuse(502, "<html>");
    cloud.accidents.push(
      cutAfter(1),
      cutAfter(100_000),
      busy,
      page,
      refuse(200, { what: 1 }),
      refuse(404, { code: "not_found" }),
    );
    start();
    await settled();
    expect(cloud.arrived.get(id)?.equals(bytes)).toBe(true);
  });

  it("go on from where the cloud is, also in the next life of the program", async () => {
    const bytes = jpeg(2 * MAX_PICTURE_CHUNK);
    const id = passes(bytes);
    cloud.arrived.set(id, bytes.subarray(0, 12_345));
    start();
    await settled();
    expect([cloud.arrived.get(id)?.equals(bytes), cloud.puts]).toEqual([true, 3]);

    const second = passes(bytes, "B9");
    cloud.arrived.set(second, bytes.subarray(0, 777));
    store.pictureSent(second, 777);
    await settled();
    expect([cloud.complete.has(second), cloud.puts]).toEqual([true, 5]);
  });

  it("that are spoilt on their way are sent once more, and one that never arrives whole is given up", async () => {
    const once = passes(jpeg());
    cloud.accidents.push(refuse(422, { code: "wrong_digest" }));
    start();
    await settled();
    expect(cloud.complete.has(once)).toBe(true);
    cloud.accidents.push(...Array<ReturnType<typeof refuse>>(3).fill(refuse(422, { code: "wrong_digest" })));
    const never = passes(jpeg(), "B2");
    await settled();
    expect(failures()).toEqual([[never, "the cloud does not get on with it"]]);
  });

  it("that are gone, are none, or are refused are marked, and hold up nobody", async () => {
    const gone = passes(jpeg(), "B1", { atMs: 1 });
    const text = passes(Buffer.from("<html>"), "B2", { atMs: 2 });
    const large = passes(jpeg(MAX_PICTURE_BYTES + 1), "B3", { atMs: 3 });
    const refused = passes(jpeg(), "B4", { atMs: 4 });
    const good = passes(jpeg(), "B5", { atMs: 5 });
    rmSync(pictures.pathOf(gone) ?? "");
    cloud.accidents.push(refuse(409, { code: "other_picture" }));
    start();
    await settled();
    expect(failures()).toEqual([
      [gone, "it was deleted before it was sent"],
      [text, "it is no JPEG"],
      [large, "it is too large"],
      [refused, "other_picture"],
    ]);
    expect([...cloud.complete]).toEqual([good]);
    expect([store.forgetFailedPictures(START_MS), store.forgetFailedPictures(START_MS + 60_000)]).toEqual([
      0, 4,
    ]);
  });

  it("wait until the log has caught up, also in the midst of one", async () => {
    const id = passes(jpeg(3 * MAX_PICTURE_CHUNK));
    pending = 500;
    start();
    await vi.waitFor(() => expect(naps.length).toBeGreaterThan(3));
    expect([cloud.puts, new Set(naps)]).toEqual([0, new Set([10_000])]);
    cloud.accidents.push((request, response) => {
      pending = 500;
      void handle(request, response);
    });
    pending = 499;
    await vi.waitFor(() => expect(cloud.arrived.get(id)?.byteLength).toBe(MAX_PICTURE_CHUNK));
    const looks = naps.length;
    await vi.waitFor(() => expect(naps.length).toBeGreaterThan(looks + 3));
    expect(cloud.arrived.get(id)?.byteLength).toBe(MAX_PICTURE_CHUNK);
    pending = 0;
    await settled();
    expect(cloud.complete.has(id)).toBe(true);
  });
});

it("a picture that cannot be read is marked", async () => {
  const id = passes(jpeg());
  const path = pictures.pathOf(id) ?? "";
  rmSync(path);
  mkdirSync(path);
  start();
  await settled();
  expect(failures()).toEqual([[id, expect.stringContaining("it cannot be read")]]);
});
