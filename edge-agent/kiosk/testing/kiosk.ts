import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { createIdMint, type IdMint, type MovementId, type StayId } from "@parkme/shared/domain/ids";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { facilityOf } from "../../config/facility-section.ts";
import { parseConfig } from "../../config/load.ts";
import { createFakeBus, createTestContext } from "../../devices/testing/context.ts";
import { composeFacility } from "../../compose.ts";
import { receiptsOf } from "../../desk/issuing.ts";
import { createMetrics } from "../../metrics.ts";
import { openDatabase } from "../../store/open.ts";
import { createPictures } from "../../store/pictures.ts";
import { createStore, type Store } from "../../store/store.ts";
import { openKeyring } from "../../tickets/keyring.ts";
import { createKioskApp } from "../app.ts";
import { createChanges } from "../changes.ts";
import { accountsOf, createSessions } from "../sessions.ts";
import { takeSnapshot } from "../snapshot.ts";
import { createCalls } from "./calls.ts";

export const PIN = "481516";
export const CAMERA_KEY = "cam-key-90210";
/** Of card terminals: the name of the file and what is in it. */
export const TERMINAL_PASSWORD = "135790";
export const FACILITY_ID = "019ab3c4-0000-7000-8000-000000000001";

const CONFIG = `
facility:
  id: ${FACILITY_ID}
  slug: demo
  name: Demo
  time_zone: Europe/Berlin
  currency: EUR
  capacity: 10
  zones:
    - { name: level-1, title: Level 1, capacity: 6 }
    - { name: ev, title: EV charging, capacity: 2, parent: level-1 }
mqtt: { url: "mqtt://127.0.0.1:1" }
attendants: [{ name: alex, pin_file: ./pin }]
tariff: { id: standard, version: 1, document: { flat: { price: 12 } } }
boards:
  - { name: entry-board, driver: mqtt, stale_after_ms: 30000 }
  - { name: exit-board, driver: mqtt, stale_after_ms: 30000 }
  - { name: swing-board, driver: mqtt, stale_after_ms: 30000 }
cameras:
  - { name: exit-cam, driver: hikvision, key_file: ./key }
  - { name: entry-cam, driver: mqtt }
lanes:
  - { name: entry, title: Entry 1, direction: entry, camera: entry-cam, barrier: { board: entry-board },
      inputs: { arming: in1, safety: in2, closed_limit: in3 }, timers: { arm_ms: 0 } }
  - { name: exit, title: Exit 1, direction: exit, camera: exit-cam, barrier: { board: exit-board },
      inputs: { arming: in1, safety: in2, closed_limit: in3, fire: { point: in4, debounce_ms: 0 } },
      timers: { arm_ms: 0, read_ms: 0 } }
  - { name: swing, title: Lane 3, direction: reversible, barrier: { board: swing-board },
      inputs: { arming: in1, safety: in2, closing: in4, closed_limit: in3 }, timers: { arm_ms: 0 } }
`;

export type Kiosk = Awaited<ReturnType<typeof startKiosk>>;

/** A folder with secrets and a built page in it, and with something that the page's server must not give away. */
function makeFolder(): { readonly folder: string; readonly page: string } {
  const folder = mkdtempSync(join(tmpdir(), "parkme-kiosk-"));
  writeFileSync(join(folder, "pin"), PIN);
  writeFileSync(join(folder, "key"), CAMERA_KEY);
  writeFileSync(join(folder, TERMINAL_PASSWORD), TERMINAL_PASSWORD);
  const page = join(folder, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<!doctype html><title>Kiosk</title>");
  writeFileSync(join(page, "assets", "index-1.js"), "export {};");
  writeFileSync(join(folder, "outside.txt"), "not for everybody");
  return { folder, page };
}

/** A real store with nothing in it. */
function openMemory(folder: string, text: string) {
  const config = parseConfig(text, folder);
  if (!config.ok) throw new Error(describeProblems("test", config.error));
  const db = openDatabase({
    path: join(folder, "gate.db"),
    migrationsFolder: join(import.meta.dirname, "../../store/migrations"),
    durability: "OFF",
  });
  if (!db.ok) throw new Error(db.error.message);
  const mint = createIdMint((length) => randomBytes(length));
  const facility = facilityOf(config.value.facility);
  const { currency, zones, capacity } = facility;
  const keyring = openKeyring(join(folder, "keys"), Date.now(), (message) => {
    throw new Error(message);
  });
  if (!keyring.ok) throw new Error(keyring.error.message);
  const receipts = receiptsOf(config.value, facility, keyring.value);
  const store = createStore(db.value, { currency, mint, zones, capacity, receipts });
  const pictures = createPictures(join(folder, "images"), mint);
  return { config: config.value, facility, mint, store, pictures, keyring: keyring.value };
}

function createTestLog() {
  const logged: { level: string; fields: object; message: string }[] = [];
  const logAs = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, fields, message });
  return { logged, log: { info: logAs("info"), warn: logAs("warn"), error: logAs("error") } };
}

/** A real gate over the store, and the application over both. */
function compose(memory: ReturnType<typeof openMemory>, pageFolder: string) {
  const { facility, store, pictures } = memory;
  const fake = createFakeBus();
  const { context, counts } = createTestContext(fake.bus);
  const { logged, log } = createTestLog();
  let laterMs = 0;
  const { monotonicMs } = context.clock;
  const clock = { wallMs: () => context.clock.wallMs() + laterMs, monotonicMs };
  const changes = createChanges();
  const metrics = createMetrics({
    facility: facility.slug,
    movementsBefore: store.movementCounts(),
    pendingEvents: store.lastLogSeq,
    inside: store.inside,
  });
  const parts = composeFacility({
    ...memory,
    clock,
    devices: { ...context, clock },
    log,
    touched: changes.note,
    changed: (lane, records) => {
      metrics.recorded(lane, records);
      changes.note();
    },
  });
  const { gate, desk, paper, tariffs, receiptLink } = parts;
  let unready: string | null = null;
  let skippedMs = 0;
  const sessionClock = { wallMs: clock.wallMs, monotonicMs: () => clock.monotonicMs() + skippedMs };
  const snapshot = () => takeSnapshot({ facility, gate, store, link: () => null, clock });
  const app = createKioskApp({
    gate,
    desk,
    paper,
    tariffs,
    receipts: { store, receiptLink, clock },
    store,
    pictures,
    sessions: createSessions(accountsOf(memory.config), sessionClock),
    snapshot,
    changes,
    clock,
    cameraKeys: new Map([["exit-cam", CAMERA_KEY]]),
    pageFolder,
    metrics: metrics.scrape,
    unready: () => unready,
    log,
    count: (event) => {
      context.count(event);
      metrics.count(event);
    },
  });
  const knobs = {
    setUnready: (why: string | null): void => void (unready = why),
    /** Lets sessions grow older than they are. */
    skipMs: (ms: number): void => void (skippedMs += ms),
    /** Puts the clock on the wall on, and with it what stays cost. */
    passMs: (ms: number): void => void (laterMs += ms),
  };
  return { parts, gate, app, bus: fake, counts, logged, snapshot, knobs };
}

/**
 * The agent's HTTP interface on a free port, over a real store and a real gate; only the broker is not there.
 *
 * @param builtPage the folder of the page to serve, instead of a small one of its own
 * @param configure changes the configuration
 */
export async function startKiosk(builtPage?: string, configure: (config: string) => string = (same) => same) {
  const { folder, page } = makeFolder();
  const memory = openMemory(folder, configure(CONFIG));
  const { store, mint, pictures } = memory;
  const { app, parts, gate, bus, knobs, ...seen } = compose(memory, builtPage ?? page);
  await parts.start();
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  let seq = 0;
  return {
    ...createCalls(url, PIN),
    ...seen,
    ...knobs,
    url,
    port,
    folder,
    gate,
    desk: parts.desk,
    stations: parts.stations,
    keyring: memory.keyring,
    mint,
    store,
    pictures,
    bus,
    /** A board reports its inputs: arming and safety loop covered or not, arm closed or not, what is wired to in4. */
    report(board: string, arming: boolean, safety: boolean, closed: boolean, in4 = false): void {
      seq += 1;
      bus.deliver(`parkme/demo/board/${board}/state`, {
        boot: "boot-1",
        seq,
        uptime_ms: seq * 1_000,
        inputs: { in1: arming, in2: safety, in3: closed, in4 },
        edges: { in1: 0, in2: 0, in3: 0, in4: 0 },
        outputs: {},
      });
    },
    /** A lane's alarm as it would have been written with a turn. */
    raise: (lane: string, kind: AlarmKind, detail = "") =>
      write(store, lane, [{ type: "alarm", kind, detail }]),
    alarmOver: (lane: string, kind: AlarmKind) => write(store, lane, [{ type: "alarm_over", kind }]),
    /** A vehicle that came in an hour ago. */
    addStay: (plate: string): StayId => addStay(store, mint, plate),
    async stop(): Promise<void> {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await parts.stop();
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
    right: null,
    due: null,
  };
  const movement: GateRecord = {
    type: "movement",
    movementId: mint.next<MovementId>(wallMs),
    direction: "in",
    kind: "normal",
    scope: "facility",
    zones: [{ zone: "level-1", by: 1 }],
    stayId,
    plate,
    review: null,
    quote: null,
  };
  write(
    store,
    "entry",
    [{ type: "stay_started", stay, credential: null, zone: "level-1" }, movement],
    wallMs,
  );
  return stayId;
}

function write(store: Store, lane: string, records: readonly GateRecord[], wallMs = Date.now()): void {
  store.commit({
    lane,
    state: "IDLE",
    now: { wallMs, monotonicMs: 0 },
    records,
    commands: [],
    reads: [],
    outcomes: [],
    credit: null,
  });
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
