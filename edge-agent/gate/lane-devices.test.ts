import { randomBytes } from "node:crypto";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { Facility } from "@parkme/shared/domain/facility";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import {
  asId,
  type FacilityId,
  type JobId,
  mintTicketNumber,
  type StayId,
  type TicketNumber,
} from "@parkme/shared/domain/ids";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { describe, expect, it } from "vitest";
import type { PrintJob, Printer, Reader, ReaderEvent } from "../devices/ports.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import { newLane } from "../lanes/machine/step.ts";
import { ALL_INPUTS, laneConfig } from "../lanes/testing/lane-bench.ts";
import type { Store } from "../store/store.ts";
import { newFolder, newMint, openStore, recordsOf, turn } from "../store/testing/gate-db.ts";
import { createCodeBook, type TicketState, type ValidationReading } from "../tickets/code-book.ts";
import { createCodeMaker } from "../tickets/code-maker.ts";
import { keyFolder, keyringIn } from "../tickets/testing/key-folder.ts";
import { joinDevices, type LostStay } from "./lane-devices.ts";
import { createRoster } from "./roster.ts";

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const HOUR_MS = 3_600_000;
const LANE = { name: "entry", title: "Lane 1" };
const FACILITY: Facility = {
  id: asId<FacilityId>("0195f000-0000-7000-8000-000000000001"),
  slug: "demo",
  name: "Harbour Car Park",
  timeZone: "Europe/Berlin",
  currency: asCurrency("EUR"),
  capacity: 10,
  zones: [],
};

function stayOf(ticketNumber: TicketNumber): StayInHand {
  return {
    stayId: asId<StayId>("0195f000-0000-7000-8000-0000000000aa"),
    ticketNumber,
    plate: null,
    entryWallMs: NOW_MS,
    status: "open",
    right: null,
    due: null,
  };
}

type Told = Parameters<LaneRunner["tell"]>[0];

/** A lane's devices with real keys, and a lane that only listens. */
async function startLane({
  direction = "exit",
  inHand = null,
  signs = true,
  store = null,
}: {
  direction?: LaneDirection;
  inHand?: StayInHand | null;
  signs?: boolean;
  /** Null = one that knows what it is told. */
  store?: Store | null;
} = {}) {
  const keyring = keyringIn(keyFolder(), NOW_MS);
  const states = new Map<TicketNumber, TicketState>();
  const recovered: LostStay[] = [];
  const validated: [string, StayId, ValidationReading][] = [];
  const told: Told[] = [];
  const jobs: PrintJob[] = [];
  const answers: { store: Error | null; refusal: Refusal | null } = { store: null, refusal: null };
  const answer = (): Result<null, Refusal> => (answers.refusal === null ? ok(null) : err(answers.refusal));
  const maker = createCodeMaker({ facilityId: FACILITY.id, keyring, validDays: 30 });
  const book = createCodeBook({
    facilityId: FACILITY.id,
    keyring,
    merchants: [{ name: "cafe", offers: [{ name: "one-hour" }] }],
    store: store ?? {
      ticketState: (number) => {
        if (answers.store !== null) throw answers.store;
        return states.get(number) ?? "unknown";
      },
      isSpent: () => false,
    },
  });
  const tickets = {
    code: maker.ticket,
    book,
    recover: (lost: LostStay) => {
      recovered.push(lost);
      return store === null ? answer() : store.recoverStay(lost, { wallMs: NOW_MS, monotonicMs: 0 });
    },
    validate: (...given: [string, StayId, ValidationReading]) => {
      validated.push(given);
      return answer();
    },
    clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
  };
  let sink: (event: ReaderEvent) => void = () => undefined;
  const reader: Reader = {
    name: "scanner",
    start: (to) => {
      sink = to;
      return Promise.resolve();
    },
    indicate: () => undefined,
    stop: () => Promise.resolve(),
  };
  const printer: Printer = {
    name: "printer",
    start: () => Promise.resolve(),
    print: (job) => void jobs.push(job),
    retract: () => undefined,
    openDrawer: () => false,
    stop: () => Promise.resolve(),
  };
  const nobody = (): never => {
    throw new Error("nobody asks the lane this");
  };
  const start = { direction, credit: null, alarms: [], mode: "open", abandoned: [] } as const;
  const lane = { ...newLane({ wallMs: NOW_MS, monotonicMs: 0 }, start), stay: inHand };
  const runner: LaneRunner = {
    config: laneConfig(direction, ALL_INPUTS),
    lane: () => lane,
    tell: (event) => void told.push(event),
    observe: nobody,
    blind: nobody,
    read: nobody,
    outcome: nobody,
    ask: nobody,
    stop: nobody,
  };
  const devices = joinDevices({ readers: [reader], printer, display: null, terminal: null }, LANE, {
    facility: FACILITY,
    roster: createRoster(() => undefined),
    tickets: signs ? tickets : undefined,
  });
  await devices.start(runner);
  return {
    keyring,
    maker,
    states,
    recovered,
    validated,
    told,
    answers,
    show: (text: string, medium: "card" | "code" = "code") => sink({ kind: "credential", medium, text }),
    printed(stay: StayInHand): string | undefined {
      const jobId = asId<JobId>("0195f000-0000-7000-8000-0000000000bb");
      devices.order({ kind: "print", jobId, stay, deadlineMs: 1_000 });
      const line = jobs.at(-1)?.document.find(({ kind }) => kind === "qr");
      return line?.kind === "qr" ? line.data : undefined;
    },
    ticket: (entryWallMs = NOW_MS) => {
      const number = mintTicketNumber((length) => randomBytes(length));
      return { number, text: maker.ticket({ ticketNumber: number, entryWallMs, lane: "entry" }) };
    },
    discount: (): string => {
      const run = { merchant: "cafe", offer: "one-hour", count: 1, validDays: 1 };
      return maker.validations(run, NOW_MS, (length) => randomBytes(length))[0]?.text ?? "";
    },
  };
}

const ticketTold = (number: TicketNumber): Told => ({
  kind: "credential",
  credential: { kind: "ticket", text: number },
});

describe("a ticket at a lane", () => {
  it("is printed with a signed code, which the reader of an exit takes for its number", async () => {
    const lane = await startLane();
    const { number } = lane.ticket();
    lane.states.set(number, "live");
    const code = lane.printed(stayOf(number));
    expect(code).toMatch(/^[0-9A-Z $%*+\-./:]{132}$/);
    lane.show(code ?? "");
    expect(lane.told).toEqual([ticketTold(number)]);
    expect(lane.recovered).toEqual([]);
  });

  it("that the store has lost is given back to it before the lane hears of it", async () => {
    const lane = await startLane();
    const { number, text } = lane.ticket(NOW_MS - HOUR_MS);
    lane.show(text);
    expect(lane.recovered).toEqual([
      { ticketNumber: number, entryWallMs: NOW_MS - HOUR_MS, lane: "exit", plate: null },
    ]);
    expect(lane.told).toEqual([ticketTold(number)]);
  });

  it("is good at an exit whose database was lost, and cannot be shown again by the next vehicle", async () => {
    const folder = newFolder();
    const mint = newMint();
    const { store } = openStore(folder.path("gate.db"), mint);
    const lane = await startLane({ store });
    const { number, text } = lane.ticket(NOW_MS - HOUR_MS);
    lane.show(text);
    const stay = store.stayByTicket(number);
    expect(stay).toMatchObject({ status: "open", entryWallMs: NOW_MS - HOUR_MS });
    lane.show(text);
    expect(lane.told).toEqual([ticketTold(number), ticketTold(number)]);
    store.commit(turn([recordsOf(mint).moved("out", stay?.stayId ?? null)], { lane: "exit" }));
    lane.show(text);
    expect(lane.told.at(-1)).toEqual({ kind: "code_refused", reason: "This ticket has been used." });
    store.close();
    folder.remove();
  });

  it("that seems to begin in the future begins now: the clock was put right", async () => {
    const lane = await startLane();
    lane.show(lane.ticket(NOW_MS + HOUR_MS).text);
    expect(lane.recovered).toMatchObject([{ entryWallMs: NOW_MS }]);
  });

  it("that cannot be given back is refused with the reason", async () => {
    const lane = await startLane();
    lane.answers.refusal = refusal("stay_known", "operator", "There is a stay of that number.");
    lane.show(lane.ticket().text);
    expect(lane.told).toEqual([{ kind: "code_refused", reason: "There is a stay of that number." }]);
  });

  it("brings nothing back at an entry", async () => {
    const lane = await startLane({ direction: "entry" });
    const { number, text } = lane.ticket();
    lane.show(text);
    expect(lane.recovered).toEqual([]);
    expect(lane.told).toEqual([ticketTold(number)]);
  });

  it("works by its number when its code is damaged", async () => {
    const lane = await startLane();
    const { number, text } = lane.ticket();
    lane.show(text.slice(0, 90));
    lane.show(number.toLowerCase().replace("-", " "));
    expect(lane.told).toEqual([
      { kind: "code_refused", reason: "Code damaged: key in the number." },
      ticketTold(number),
    ]);
  });

  it("is refused with words for the driver when it is void, used, or of another car park", async () => {
    const lane = await startLane();
    const used = lane.ticket();
    lane.states.set(used.number, "spent");
    const elsewhere = createCodeMaker({ facilityId: "elsewhere", keyring: lane.keyring, validDays: 30 });
    lane.show(used.text);
    lane.show(elsewhere.ticket({ ticketNumber: used.number, entryWallMs: NOW_MS, lane: "entry" }));
    expect(lane.told).toEqual([
      { kind: "code_refused", reason: "This ticket has been used." },
      { kind: "code_refused", reason: "This code is for another car park." },
    ]);
    expect(lane.recovered).toEqual([]);
  });

  it("is left to the lane while the store does not answer: the lane knows what to do then", async () => {
    const lane = await startLane();
    const { number, text } = lane.ticket();
    lane.answers.store = new Error("disk I/O error");
    lane.show(number);
    lane.show(text);
    expect(lane.told).toMatchObject([
      ticketTold(number),
      { kind: "credential", credential: { kind: "code", text: text.trim() } },
    ]);
  });

  it("has its number for a code where there are no keys", async () => {
    const lane = await startLane({ signs: false });
    const { number } = lane.ticket();
    expect(lane.printed(stayOf(number))).toBe(number);
    lane.show(number);
    expect(lane.told).toEqual([ticketTold(number)]);
  });
});

describe("a merchant's code at a lane", () => {
  it("goes to the stay at the arm", async () => {
    const stay = stayOf("PKM-A3F7B2C1" as TicketNumber);
    const lane = await startLane({ inHand: stay });
    lane.show(lane.discount());
    expect(lane.validated).toEqual([
      ["exit", stay.stayId, expect.objectContaining({ merchant: "cafe", offer: "one-hour" })],
    ]);
    expect(lane.told).toEqual([]);
  });

  it("is refused before the ticket, and with the reason of who gives it", async () => {
    const lane = await startLane();
    lane.show(lane.discount());
    expect(lane.told).toEqual([
      { kind: "code_refused", reason: "Show your ticket first, then the discount." },
    ]);
    const other = await startLane({ inHand: stayOf("PKM-A3F7B2C1" as TicketNumber) });
    other.answers.refusal = refusal("limit", "operator", "This shop's discounts are used up.");
    other.show(other.discount());
    expect(other.told).toEqual([{ kind: "code_refused", reason: "This shop's discounts are used up." }]);
  });
});

describe("what is no code of ours", () => {
  it("is a card or another code, as it stands", async () => {
    const lane = await startLane();
    lane.show("04a1b2c3", "card");
    lane.show("RES-2026-0042-HARBOUR");
    lane.show(lane.ticket().text, "card");
    expect(lane.told).toMatchObject([
      { credential: { kind: "card", text: "04A1B2C3" } },
      { credential: { kind: "code", text: "RES-2026-0042-HARBOUR" } },
      { credential: { kind: "card" } },
    ]);
  });
});
