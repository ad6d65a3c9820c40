import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import type { Facility } from "@parkme/shared/domain/facility";
import {
  asId,
  createIdMint,
  type FacilityId,
  type IdMint,
  type MovementId,
  type StayId,
} from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { parseConfig } from "../../config/load.ts";
import { createFakeBus, createTestContext } from "../../devices/testing/context.ts";
import { createGate } from "../../gate.ts";
import { createMetrics } from "../../metrics.ts";
import { openDatabase } from "../../store/open.ts";
import { createPictures } from "../../store/pictures.ts";
import { createStore, type Store } from "../../store/store.ts";
import { createKioskApp } from "../app.ts";
import { createChanges } from "../changes.ts";
import { createSessions } from "../sessions.ts";
import { takeSnapshot } from "../snapshot.ts";
import { createCalls } from "./calls.ts";

export const PIN = "481516";
export const CAMERA_KEY = "cam-key-90210";

const CONFIG = `
facility: { id: 019ab3c4-0000-7000-8000-000000000001, slug: demo, name: Demo, time_zone: Europe/Berlin, currency: EUR, capacity: 10 }
mqtt: { url: "mqtt://127.0.0.1:1" }
attendants: [{ name: alex, pin_file: ./pin }]
tariff: { id: standard, version: 1, document: { flat: { price: 12 } } }
boards:
  - { name: entry-board, driver: mqtt, stale_after_ms: 30000 }
  - { name: exit-board, driver: mqtt, stale_after_ms: 30000 }
cameras:
  - { name: exit-cam, driver: hikvision, key_file: ./key }
  - { name: entry-cam, driver: mqtt }
lanes:
  - { name: entry, title: Entry 1, direction: entry, camera: entry-cam, barrier: { board: entry-board },
      inputs: { arming: in1, safety: in2, closed_limit: in3 }, timers: { arm_ms: 0 } }
  - { name: exit, title: Exit 1, direction: exit, camera: exit-cam, barrier: { board: exit-board },
      inputs: { arming: in1, safety: in2, closed_limit: in3 }, timers: { arm_ms: 0, read_ms: 0 } }
`;

export type Kiosk = Awaited<ReturnType<typeof startKiosk>>;

/** A folder with secrets and a built page in it, and with something that the page's server must not give away. */
function makeFolder(): { readonly folder: string; readonly page: string } {
  const folder = mkdtempSync(join(tmpdir(), "parkme-kiosk-"));
  writeFileSync(join(folder, "pin"), PIN);
  writeFileSync(join(folder, "key"), CAMERA_KEY);
  const page = join(folder, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<!doctype html><title>Kiosk</title>");
  writeFileSync(join(page, "assets", "index-1.js"), "export {};");
  writeFileSync(join(folder, "outside.txt"), "not for everybody");
  return { folder, page };
}

/** The agent's HTTP interface on a free port, over a real store and a real gate; only the broker is not there. */
export async function startKiosk() {
  const { folder, page } = makeFolder();
  const config = parseConfig(CONFIG, folder);
  if (!config.ok) throw new Error(describeProblems("test", config.error));

  const db = openDatabase({
    path: join(folder, "gate.db"),
    migrationsFolder: join(import.meta.dirname, "../../store/migrations"),
    durability: "OFF",
  });
  if (!db.ok) throw new Error(db.error.message);
  const mint = createIdMint((length) => randomBytes(length));
  const { id, slug, name, capacity, time_zone, currency } = config.value.facility;
  const facility: Facility = {
    id: asId<FacilityId>(id),
    slug,
    name,
    capacity,
    timeZone: time_zone,
    currency: asCurrency(currency),
  };
  const store = createStore(db.value, { currency: facility.currency, mint });
  const pictures = createPictures(join(folder, "images"), mint);
  const fake = createFakeBus();
  const { context, counts } = createTestContext(fake.bus);
  let skippedMs = 0;
  const sessionClock = {
    wallMs: context.clock.wallMs,
    monotonicMs: () => context.clock.monotonicMs() + skippedMs,
  };
  const changes = createChanges();
  const logged: { level: string; fields: object; message: string }[] = [];
  const logAs = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, fields, message });
  const log = { info: logAs("info"), warn: logAs("warn"), error: logAs("error") };
  const metrics = createMetrics({
    facility: slug,
    movementsBefore: store.movementCounts(),
    pendingEvents: store.lastLogSeq,
    inside: store.inside,
  });
  const gate = createGate({
    config: config.value,
    facility,
    store,
    pictures,
    bus: fake.bus,
    mint,
    devices: context,
    log,
    changed: (lane, records) => {
      metrics.recorded(lane, records);
      changes.note();
    },
  });
  let unready: string | null = null;
  const app = createKioskApp({
    gate,
    store,
    pictures,
    sessions: createSessions([{ name: "alex", pin: PIN }], sessionClock),
    snapshot: () => takeSnapshot({ facility, gate, store, uplink: () => null, clock: context.clock }),
    changes,
    cameraKeys: new Map([["exit-cam", CAMERA_KEY]]),
    pageFolder: page,
    metrics: metrics.scrape,
    unready: () => unready,
    log,
    count: (event) => {
      context.count(event);
      metrics.count(event);
    },
  });
  await gate.start();
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  let seq = 0;
  return {
    ...createCalls(url, PIN),
    url,
    port,
    folder,
    gate,
    store,
    pictures,
    counts,
    logged,
    bus: fake,
    setUnready: (why: string | null): void => void (unready = why),
    /** Lets sessions grow older than they are. */
    skipMs: (ms: number): void => void (skippedMs += ms),
    /** A board reports its inputs: arming and safety loop covered or not, arm closed or not. */
    report(board: string, arming: boolean, safety: boolean, closed: boolean): void {
      seq += 1;
      fake.deliver(`parkme/demo/board/${board}/state`, {
        boot: "boot-1",
        seq,
        uptime_ms: seq * 1_000,
        inputs: { in1: arming, in2: safety, in3: closed },
        edges: { in1: 0, in2: 0, in3: 0 },
        outputs: {},
      });
    },
    /** A vehicle that came in an hour ago. */
    addStay: (plate: string): StayId => addStay(store, mint, plate),
    async stop(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await gate.stop();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function addStay(store: Store, mint: IdMint, plate: string): StayId {
  const wallMs = Date.now() - 3_600_000;
  const stayId = mint.next<StayId>(wallMs);
  const stay = {
    stayId,
    ticketNumber: mint.ticketNumber(),
    plate,
    entryWallMs: wallMs,
    status: "provisional" as const,
    due: null,
  };
  store.commit({
    lane: "entry",
    state: "IDLE",
    now: { wallMs, monotonicMs: 0 },
    records: [
      { type: "stay_started", stay },
      {
        type: "movement",
        movementId: mint.next<MovementId>(wallMs),
        direction: "in",
        kind: "normal",
        stayId,
        plate,
        review: null,
        quote: null,
      },
    ],
    commands: [],
    reads: [],
    outcomes: [],
    credit: null,
  });
  return stayId;
}

/** One push of the camera: the event, and a picture beginning like a JPEG. */
export function pushBody(plate: string, uuid = "uuid-1"): { contentType: string; body: Buffer } {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<dateTime>2026-03-01T11:17:19+01:00</dateTime><eventType>ANPR</eventType><UUID>${uuid}</UUID>
<ANPR><licensePlate>${plate}</licensePlate><confidenceLevel>97</confidenceLevel><direction>forward</direction></ANPR>
</EventNotificationAlert>`;
  const head = (name: string, type: string) =>
    `Content-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: ${type}\r\n\r\n`;
  return {
    contentType: "multipart/form-data; boundary=boundary",
    body: Buffer.concat([
      Buffer.from(`--boundary\r\n${head("anpr.xml", "text/xml")}${xml}\r\n--boundary\r\n`),
      Buffer.from(head("detectionPicture.jpg", "image/jpeg")),
      Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x01, 0x02, 0x03]),
      Buffer.from("\r\n--boundary--\r\n"),
    ]),
  };
}
