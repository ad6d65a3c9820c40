import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  cashSchema,
  signInSchema,
  type Cash,
  type KioskSnapshot,
  type LaneView,
} from "@parkme/shared/protocol/kiosk";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRandom } from "../traffic/random.ts";
import { startAttendant, type Attendant } from "./attendant.ts";
import { dutiesOf, roundUpToNote } from "./duties.ts";
import { createSseParser, MAX_EVENT_CHARS, type ServerSentEvent } from "./sse.ts";

describe("the event-stream parser", () => {
  function parse(pieces: readonly string[]): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const parser = createSseParser((event) => events.push(event));
    for (const piece of pieces) parser.push(piece);
    return events;
  }

  it("reads events however they are cut", () => {
    const stream =
      ": hello\n\nevent: snapshot\r\nid: 7\r\ndata: {\ndata:  1}\n\ndata\n\nevent: lonely\n\nretry: 1\n\n";
    const whole = parse([stream]);
    expect(whole).toEqual([
      { event: "snapshot", data: "{\n 1}" },
      { event: "message", data: "" },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 })), (cuts) => {
        const pieces: string[] = [];
        let at = 0;
        for (const cut of cuts) pieces.push(stream.slice(at, (at += cut)));
        expect(parse([...pieces, stream.slice(at)])).toEqual(whole);
      }),
    );
  });

  it("drops an overlong event whole and goes on with the next", () => {
    const long = `data: ${"x".repeat(MAX_EVENT_CHARS)}`;
    expect(parse([long, "y", "\ndata: tail\n\n", "data: next\n\n"])).toEqual([
      { event: "message", data: "next" },
    ]);
  });
});

describe("an attendant's till", () => {
  it.each([
    [0, 2, 500],
    [1, 2, 500],
    [500, 2, 500],
    [501, 2, 1_000],
    [1_001, 2, 2_000],
    [2_001, 2, 5_000],
    [12_345, 2, 20_000],
    [300, 0, 500],
    [7_250, 3, 10_000],
  ])("is given, for %i minor units of %i digits, a note of %i", (amount, digits, note) => {
    expect(roundUpToNote(amount, digits)).toBe(note);
  });
});

describe("an attendant's duties", () => {
  const duties = (change: Partial<LaneView>) =>
    dutiesOf({ ...emptySnapshot(), lanes: [{ ...paying(null), ...change }] }).map(({ kind }) => kind);

  it("are none at a lane that goes by itself, and at an entry that refuses somebody", () => {
    expect(duties({})).toEqual([]);
    expect(duties({ state: "DENIED", direction: "entry" })).toEqual([]);
    expect(duties({ state: "UNKNOWN" })).toEqual([]);
    expect(duties({ state: "OPEN", troubles: ["slow"] })).toEqual([]);
  });

  it("never include vouching for a lane where somebody stands, or where nobody can tell", () => {
    const troubled: Partial<LaneView> = { state: "UNKNOWN", troubles: ["open"] };
    const inputs = paying(null).inputs;
    expect(duties({ ...troubled })).toEqual(["reset"]);
    for (const guard of ["safety", "closing", "photocell"] as const) {
      for (const level of ["on", "unknown"] as const) {
        expect(duties({ ...troubled, inputs: { ...inputs, [guard]: level } })).toEqual([]);
      }
    }
  });
});

const WITHIN = { timeout: 10_000, interval: 5 };
let server: Server;
let url: string;
let attendant: Attendant | undefined;
let snapshot: KioskSnapshot;
let streams: Set<ServerResponse>;
let signIns: unknown[];
let payments: Cash[];
let helps: unknown[];
/** What the till answers, one after another; null cuts the connection. The last one stays. */
let answers: (number | null)[];

const stayId = randomUUID();
const now = () => new Date().toISOString();

function emptySnapshot(): KioskSnapshot {
  return {
    at: now(),
    facility: {
      slug: "demo",
      name: "Demo",
      time_zone: "UTC",
      currency: "EUR",
      minor_digits: 2,
      capacity: 10,
    },
    inside: 1,
    held: 0,
    today: { in: 1, out: 0, cash_minor: 0, card_minor: 0 },
    cloud: {
      connected: true,
      pending_events: 0,
      last_ack_at: null,
      state: "linked",
      detail: null,
      manifest: null,
      manifest_refused: null,
    },
    lanes: [],
    alarms: [],
    alarms_waiting: 0,
    modes: [],
    zones: [],
    devices: [],
    lists: null,
    movements: [],
  };
}

function paying(amountMinor: number | null): LaneView {
  const absent = "absent" as const;
  const fee = { amount_minor: amountMinor ?? 0, applied_rule: "Hourly", duration_minutes: 60, trace: [] };
  return {
    lane: "exit",
    name: "Exit 1",
    kind: "exit",
    direction: "exit",
    turn_to: null,
    mode: "open",
    state: amountMinor === null ? "OPENING" : "PAYING",
    held_by: null,
    since: now(),
    health: "ok",
    troubles: [],
    inputs: {
      arming: "on",
      safety: "off",
      closing: "off",
      photocell: absent,
      open_limit: absent,
      closed_limit: "on",
      button: absent,
      fire: absent,
      stop: absent,
      key_switch: absent,
    },
    display: "",
    read: null,
    stay: {
      stay_id: stayId,
      ticket_number: "PKM-00000000",
      plate: "BAB12",
      entry_at: now(),
      right: null,
      fee: amountMinor === null ? null : fee,
    },
    ticket: null,
    card: null,
    cards_left_open: 0,
  };
}

function show(lanes: LaneView[]): void {
  snapshot = { ...snapshot, at: now(), lanes };
  for (const stream of streams) stream.write(`event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hasCookie = request.headers.cookie === "session=abc";
  if (request.method === "POST" && request.headers["x-parkme"] !== "1") {
    response.writeHead(403).end();
  } else if (request.url === "/api/session") {
    signIns.push(signInSchema.parse(await bodyOf(request)));
    response.writeHead(204, { "set-cookie": "session=abc; HttpOnly; Path=/" }).end();
  } else if (!hasCookie) {
    response.writeHead(401).end();
  } else if (request.url === "/api/live") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    streams.add(response);
    response.on("close", () => streams.delete(response));
    show(snapshot.lanes);
  } else if (request.url === "/api/lanes/exit/vend" || request.url === "/api/lanes/exit/reset") {
    helps.push(request.url.slice("/api/lanes/exit/".length), await bodyOf(request));
    response.writeHead(200).end("{}");
    show([paying(null)]);
  } else if (request.url === "/api/lanes/exit/cash") {
    payments.push(cashSchema.parse(await bodyOf(request)));
    const status = (answers.length > 1 ? answers.shift() : answers[0]) ?? null;
    // What the refusal is about shows in the live view before the refusal itself arrives.
    if (status === 409) show([paying(600)]);
    if (status === null) request.socket.destroy();
    else response.writeHead(status, { "content-type": "application/json" }).end("{}");
    if (status === 200) show([paying(null)]);
  } else {
    response.writeHead(404).end();
  }
}

beforeEach(async () => {
  streams = new Set();
  signIns = [];
  payments = [];
  helps = [];
  answers = [200];
  snapshot = emptySnapshot();
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await attendant?.stop();
  server.closeAllConnections();
  server.close();
});

function start(): Attendant {
  const random = createRandom("attendant");
  attendant = startAttendant({
    url,
    name: "alex",
    pin: "1234",
    random,
    takesMs: { from: 20, to: 40 },
    walksMs: 10,
  });
  return attendant;
}

describe("an attendant", () => {
  it("signs in, waits for a fee, and takes a rounded note for it once", async () => {
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    expect(signIns).toEqual([{ name: "alex", pin: "1234" }]);
    show([paying(1_230)]);
    show([paying(1_230)]);
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN);
    expect(payments).toMatchObject([{ stay_id: stayId, tendered_minor: 2_000 }]);
  });

  it("asks again with the same key when an answer got lost", async () => {
    answers = [null, 503, 200];
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    show([paying(400)]);
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN);
    expect(payments).toHaveLength(3);
    expect(new Set(payments.map(({ idempotency_key }) => idempotency_key)).size).toBe(1);
  });

  it("takes the new fee with a new key after a refusal", async () => {
    answers = [409, 200];
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    show([paying(400)]);
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN);
    expect(payments.map(({ tendered_minor }) => tendered_minor)).toEqual([500, 1_000]);
    expect(payments[0]?.idempotency_key).not.toBe(payments[1]?.idempotency_key);
  });

  it("takes nothing from a driver who is not asked any more", async () => {
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    show([paying(400)]);
    show([paying(null)]);
    answers = [200];
    // A later fee on the same lane is served only after the first one's wait is over.
    const again = setInterval(
      () => show([{ ...paying(2_500), stay: { ...paying(2_500).stay!, stay_id: LATER } }]),
      100,
    );
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN).finally(() => clearInterval(again));
    expect(payments.map(({ stay_id }) => stay_id)).toEqual([LATER]);
  });

  it("comes back after the agent was away, and signs in again when its session is gone", async () => {
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    for (const stream of streams) stream.destroy();
    await vi.waitUntil(() => streams.size === 1 && signIns.length === 1, WITHIN);
    answers = [401, 200];
    show([paying(400)]);
    await vi.waitUntil(() => attendant?.counts().refused === 1, WITHIN);
    for (const stream of streams) stream.destroy();
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN);
    expect(signIns).toHaveLength(2);
  });

  it.each([
    ["DENIED", "vend", { reason: expect.any(String), idempotency_key: expect.any(String) }],
    ["UNKNOWN", "reset", { reason: expect.any(String) }],
  ] as const)("walks to a lane that is %s for a %s", async (state, kind, body) => {
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    show([{ ...paying(null), state, troubles: ["look at the lane"] }]);
    await vi.waitUntil(() => attendant?.counts()[kind] === 1, WITHIN);
    expect(helps).toEqual([kind, body]);
  });

  it("survives garbage in the live view", async () => {
    start();
    await vi.waitUntil(() => streams.size === 1, WITHIN);
    for (const stream of streams)
      stream.write('event: snapshot\ndata: {"lanes":7}\n\nevent: snapshot\ndata: {\n\n');
    show([paying(400)]);
    await vi.waitUntil(() => attendant?.counts().cash === 1, WITHIN);
  });
});

const LATER = "01890000-0000-7000-8000-000000000001";
