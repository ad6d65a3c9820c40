import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Credential } from "@parkme/shared/domain/credential";
import type { Facility } from "@parkme/shared/domain/facility";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type FacilityId, type IdMint, type StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import { dueOf } from "@parkme/shared/pricing/due";
import { quote } from "@parkme/shared/pricing/quote";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { tariffOf } from "@parkme/shared/pricing/testing/tariffs";
import type { Lists } from "../lists/list-file.ts";
import type { Store } from "../store/store.ts";
import {
  EUR,
  newFolder,
  newMint,
  openStore,
  recordsOf,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { gatherFacts, type DueOf, type FactLane } from "./facts.ts";
import { zoneChanges } from "./zones.ts";

const NOW = { wallMs: Date.UTC(2026, 2, 1, 8), monotonicMs: 0 };
const HOUR_MS = 3_600_000;

/** Six spaces: a deck of four with two for the staff in it, and the rest in no zone. */
const FACILITY: Facility = {
  id: asId<FacilityId>("019ab3c4-0000-7000-8000-000000000001"),
  slug: "harbour",
  name: "Harbour Square",
  timeZone: "Europe/Berlin",
  currency: EUR,
  capacity: 6,
  zones: [
    { name: "deck", title: "Deck", parent: null, capacity: 4 },
    { name: "staff", title: "Staff", parent: "deck", capacity: 2 },
  ],
};
const TARIFF = tariffOf({
  slabs: [
    { max_hours: 3, price: 5 },
    { max_hours: null, price: 9 },
  ],
});

let folder: Folder;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  const { capacity, zones } = FACILITY;
  ({ store } = openStore(folder.path("gate.db"), mint, { capacity, zones }));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

/** A lane from somewhere into somewhere; from outside unless it is an inner one. */
const laneInto = (to: string | null, inner = false, from: string | null = null): FactLane => ({
  name: "exit",
  inner,
  zones: zoneChanges({ from, to }, FACILITY.zones),
});
const GATE = laneInto(null);

type Shown = {
  readonly plate?: string;
  readonly card?: string;
  readonly code?: string;
  readonly ticket?: string;
};
function credentialOf({ card, code, ticket }: Shown): Credential | null {
  if (card !== undefined) return { kind: "card", text: card };
  if (code !== undefined) return { kind: "code", text: code };
  return ticket === undefined ? null : { kind: "ticket", text: ticket };
}

/** One tariff for all stays, as the agent prices them. */
const dueBy =
  (tariff: Tariff | null): DueOf =>
  (account, nowMs) => {
    const { creditedMinor, settledWallMs: settledMs, entryWallMs: entryMs, vehicleType } = account;
    const right = store.pricedRight(account, () => null);
    const quoteAt = (exitMs: number) => quote(tariff, { entryMs, exitMs, right, vehicleType });
    return dueOf({ quoteAt, creditedMinor, settledMs }, nowMs);
  };

function enter(shown: Shown, lane = GATE, wallMs = NOW.wallMs) {
  const request = { purpose: "decide", direction: "entry", plate: shown.plate ?? null } as const;
  const sources = { store, facility: FACILITY, due: dueBy(TARIFF) };
  const asked = { ...request, stayId: null, credential: credentialOf(shown) };
  const facts = gatherFacts(asked, lane, { wallMs, monotonicMs: 0 }, sources);
  if (facts.direction !== "entry") throw new Error("an exit's facts");
  return facts;
}

function leave(
  shown: Shown,
  by: Tariff | null = TARIFF,
  lane = GATE,
  stayId: StayId | null = null,
  atMs = NOW.wallMs,
) {
  const request = { purpose: "decide", direction: "exit", plate: shown.plate ?? null, stayId } as const;
  const sources = { store, facility: FACILITY, due: dueBy(by) };
  const now = { wallMs: atMs, monotonicMs: 0 };
  const facts = gatherFacts({ ...request, credential: credentialOf(shown) }, lane, now, sources);
  if (facts.direction !== "exit") throw new Error("an entry's facts");
  return facts;
}

type Began = {
  readonly agoMs?: number;
  readonly right?: StayInHand["right"];
  readonly credential?: Credential;
  readonly zone?: string;
  readonly provisional?: boolean;
};

/** A vehicle that came in, or was admitted and is on its way in. */
function parked(plate: string | null, began: Began = {}): StayInHand {
  const { agoMs = HOUR_MS, right = null, credential = null, zone = null, provisional = false } = began;
  const stay = { ...make.stay(plate, NOW.wallMs - agoMs), right };
  const zones = zoneChanges({ from: null, to: zone }, FACILITY.zones);
  const passed = provisional ? [] : [make.moved("in", stay.stayId, { zones })];
  store.commit(turn([make.started(stay, { credential, zone }), ...passed]));
  return stay;
}

function write(...records: GateRecord[]): void {
  store.commit(turn(records));
}
function missedExit({ stayId }: StayInHand): void {
  write({ type: "stay_review", stayId, review: "missed_exit" });
}

const VALID = { fromMs: NOW.wallMs - HOUR_MS, untilMs: NOW.wallMs + HOUR_MS };
const permit = (id: string, more: Partial<Lists["permits"][number]> = {}): Lists["permits"][number] => ({
  id,
  plates: [],
  cards: [],
  account: "Acme",
  spaces: null,
  zone: null,
  pass: null,
  ...VALID,
  ...more,
});
const reservation = (
  id: string,
  more: Partial<Lists["reservations"][number]> = {},
): Lists["reservations"][number] => ({
  id,
  plates: [],
  codes: [],
  zone: null,
  reservedFromMs: more.fromMs ?? VALID.fromMs,
  ...VALID,
  ...more,
});

async function listed(lists: Partial<Lists>): Promise<void> {
  const none = { version: "1", asOfMs: null, permits: [], reservations: [], blocked: [], watched: [] };
  expect(await store.replaceLists({ ...none, ...lists }, NOW.wallMs)).toBe(true);
}

describe("room at an entry", () => {
  it("is there until the vehicles inside and those admitted fill the facility", () => {
    for (let i = 0; i < 5; i++) parked(null);
    expect(enter({ plate: "BAB1234" }).full).toBeNull();
    parked(null, { provisional: true });
    expect(enter({ plate: "BAB1234" }).full).toBe("Harbour Square");
  });

  it("is missed in the innermost zone first, and in no zone that the lane does not lead into", () => {
    for (let i = 0; i < 2; i++) parked(null, { zone: "staff" });
    expect(enter({}, laneInto("staff")).full).toBe("Staff");
    expect(enter({}, laneInto("deck")).full).toBeNull();
    for (let i = 0; i < 2; i++) parked(null, { zone: "deck" });
    expect(enter({}, laneInto("deck")).full).toBe("Deck");
    expect(enter({}).full).toBeNull();
    for (let i = 0; i < 2; i++) parked(null);
    expect(enter({}).full).toBe("Harbour Square");
  });

  it("for the last vehicle is given to one of two lanes, and comes back when that one backs out", () => {
    parked(null, { zone: "staff" });
    const lane = laneInto("staff");
    expect([enter({ plate: "A1" }, lane).full, enter({ plate: "B2" }, lane).full]).toEqual([null, null]);
    const first = make.stay("A1");
    store.commit(turn([make.started(first, { zone: "staff" })], { lane: "one" }));
    expect(enter({ plate: "B2" }, lane).full).toBe("Staff");
    store.commit(turn([make.voided(first.stayId)], { lane: "one" }));
    expect(enter({ plate: "B2" }, lane).full).toBeNull();
  });

  it("within the facility is the zone's alone: who drives through is in the facility already", () => {
    for (let i = 0; i < 6; i++) parked(null);
    expect(enter({}, laneInto("staff", true)).full).toBeNull();
    expect(enter({}).full).toBe("Harbour Square");
  });

  it("is the facility's where a lane leads into a zone that is not known", () => {
    const astray = { name: "exit", inner: false, zones: [{ zone: "torn-down", by: 1 }] } as const;
    expect(enter({}, astray).full).toBeNull();
  });
});

describe("who comes in", () => {
  it("is known when the plate is inside, and a look-alike is another vehicle", () => {
    const inside = parked("BAB1234");
    parked("8AB1234");
    expect(enter({ plate: "BAB1234" }).stay).toEqual({
      stayId: inside.stayId,
      ticketNumber: inside.ticketNumber,
      plate: "BAB1234",
      entryWallMs: inside.entryWallMs,
      status: "open",
      right: null,
      due: null,
    });
    expect(enter({ plate: "HHCD77" })).toMatchObject({
      stay: null,
      neutral: false,
      right: null,
      listed: null,
    });
  });

  it("is no second time inside when its exit was missed before", () => {
    missedExit(parked("BAB1234"));
    expect(enter({ plate: "BAB1234" }).stay).toBeNull();
  });

  it("is known by the card or code of a stay inside, whatever plate is read", () => {
    const inside = parked("BAB1234", { credential: { kind: "card", text: "0815" } });
    expect(enter({ plate: "HHCD77", card: "0815" }).stay?.stayId).toBe(inside.stayId);
    expect(enter({ code: "0815" }).stay).toBeNull();
    expect(enter({ ticket: inside.ticketNumber }).stay).toBeNull();
    missedExit(inside);
    expect(enter({ card: "0815" }).stay).toBeNull();
  });

  it("is known by the permit of a card that is passed back through the window", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"], cards: ["0815"] })] });
    const inside = parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "HHCD77", card: "0815" }).stay?.stayId).toBe(inside.stayId);
  });

  it("is not known by a permit that lets in several", async () => {
    await listed({ permits: [permit("P-1", { cards: ["0815"], spaces: 2 })] });
    parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "HHCD77", card: "0815" })).toMatchObject({ stay: null, right: { refused: null } });
  });

  it("is minded by nobody when anti-passback was reset since", () => {
    parked("BAB1234");
    store.neutralReset({ actor: "alex", reason: "event", idempotencyKey: "k" }, NOW);
    expect(enter({ plate: "BAB1234" })).toMatchObject({ stay: { plate: "BAB1234" }, neutral: true });
  });

  it("may be kept out, or watched for", async () => {
    const [ban, watch] = [
      { plate: "BXY99", reason: "house ban" },
      { plate: "BAB1234", reason: "police" },
    ];
    await listed({ blocked: [ban], watched: [watch, { ...ban }] });
    expect(["BXY99", "BAB1234", "HHCD77"].map((plate) => enter({ plate }).listed)).toEqual([
      "blocked",
      "watched",
      null,
    ]);
    expect(enter({ card: "0815" }).listed).toBeNull();
  });
});

describe("a permit", () => {
  it("is known by its plate and by its card, and lets in", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"], cards: ["0815"] })] });
    const right = { kind: "permit", id: "P-1", refused: null, room: true };
    expect(enter({ plate: "BAB1234" }).right).toEqual(right);
    expect(enter({ card: "0815" }).right).toEqual(right);
    expect(enter({ plate: "HHCD77", card: "0816" }).right).toBeNull();
    expect(enter({ code: "0815" }).right, "a code is no card").toBeNull();
  });

  it("of what is shown goes before one of the plate", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"] }), permit("P-2", { cards: ["0815"] })] });
    expect(enter({ plate: "BAB1234", card: "0815" }).right?.id).toBe("P-2");
  });

  it.each([
    ["not yet valid", { fromMs: NOW.wallMs + 1 }, "Your permit is not valid yet"],
    ["valid from this moment", { fromMs: NOW.wallMs }, null],
    ["over at this moment", { untilMs: NOW.wallMs }, "Your permit has expired"],
    ["valid to the next moment", { untilMs: NOW.wallMs + 1 }, null],
  ])("that is %s says so", async (_what, validity, refused) => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"], ...validity })] });
    expect(enter({ plate: "BAB1234" }).right).toMatchObject({ refused, room: refused === null });
  });

  it("that has expired does not hide the one that was bought since", async () => {
    const old = permit("P-1", { plates: ["BAB1234"], untilMs: NOW.wallMs - 1 });
    await listed({ permits: [old, permit("P-2", { plates: ["BAB1234"] })] });
    expect(enter({ plate: "BAB1234" }).right).toMatchObject({ id: "P-2", refused: null });
  });

  it("without a number of spaces lets in one vehicle at a time", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234", "HHCD77"] })] });
    const first = parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "HHCD77" })).toMatchObject({
      stay: null,
      right: { refused: "All spaces of your permit are taken", room: false },
    });
    write(make.moved("out", first.stayId));
    expect(enter({ plate: "HHCD77" }).right?.refused).toBeNull();
  });

  it("that is taken leaves the next one of the same holder, until none is left", async () => {
    const plates = ["BAB1234", "HHCD77", "MUC007"];
    await listed({ permits: [permit("P-1", { plates }), permit("P-2", { plates })] });
    const used = ["BAB1234", "HHCD77"].map((plate) => {
      const { right } = enter({ plate });
      parked(plate, { right: { kind: "permit", id: right?.id ?? "" } });
      return right?.id;
    });
    expect(new Set(used)).toEqual(new Set(["P-1", "P-2"]));
    expect(enter({ plate: "MUC007" }).right?.refused).toBe("All spaces of your permit are taken");
  });

  it("is not used up by its own vehicle that comes in again", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"] })] });
    const inside = parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "BAB1234" })).toMatchObject({
      stay: { stayId: inside.stayId },
      right: { refused: null },
    });
  });

  it.each(["BAB1234", "HHCD77", "MUC007"])(
    "of an account with two spaces and three vehicles is refused to the third, be it %s",
    async (third) => {
      const plates = ["BAB1234", "HHCD77", "MUC007"];
      const permits = [permit("P-1", { plates, spaces: 2 }), permit("P-2", { plates, spaces: 2 })];
      await listed({ permits: [...permits, permit("P-3", { plates: ["XX1"], account: "Other" })] });
      for (const plate of plates.filter((one) => one !== third)) {
        const { right } = enter({ plate });
        expect(right?.refused).toBeNull();
        parked(plate, { right: { kind: "permit", id: right?.id ?? "" } });
      }
      expect(enter({ plate: third }).right?.refused).toBe("All spaces of your permit are taken");
      expect(enter({ plate: "XX1" }).right?.refused, "of another account").toBeNull();
    },
  );

  it("of an account is not used up by stays whose exit was missed, or from before a reset", async () => {
    await listed({ permits: [permit("P-1", { plates: ["BAB1234"] })] });
    missedExit(parked("HHCD77", { right: { kind: "permit", id: "P-1" } }));
    expect(enter({ plate: "BAB1234" }).right?.refused).toBeNull();
    parked("MUC007", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "BAB1234" }).right?.refused).not.toBeNull();
    store.neutralReset({ actor: "alex", reason: "event", idempotencyKey: "k" }, NOW);
    expect(enter({ plate: "BAB1234" }).right?.refused).toBeNull();
  });

  it("with a quota has room while that has, though the place is full", async () => {
    const of = (id: string, plate: string) => permit(id, { plates: [plate], zone: "staff" });
    await listed({ permits: [of("P-1", "A11"), of("P-2", "B22"), of("P-3", "C33")] });
    for (let i = 0; i < 6; i++) parked(null);
    expect(enter({ plate: "A11" })).toMatchObject({ full: "Harbour Square", right: { room: true } });
    // One that came in for the staff's corner needs it, though it has not got there yet.
    parked("A11", { right: { kind: "permit", id: "P-1" } });
    expect(enter({ plate: "B22" }).right?.room).toBe(true);
    parked(null, { zone: "staff" });
    expect(enter({ plate: "B22" }).right?.room).toBe(true);
    parked("B22", { right: { kind: "permit", id: "P-2" }, provisional: true });
    expect(enter({ plate: "C33" }).right).toMatchObject({ refused: null, room: false });
  });

  it("with a quota in a zone that is filled by others has none", async () => {
    await listed({ permits: [permit("P-1", { plates: ["A11"], zone: "staff" })] });
    for (let i = 0; i < 2; i++) parked(null, { zone: "staff" });
    expect(enter({ plate: "A11" }).right).toMatchObject({ refused: null, room: false });
  });

  it("with a quota that the facility does not have any more has none", async () => {
    await listed({ permits: [permit("P-1", { plates: ["A11"], zone: "torn-down" })] });
    expect(enter({ plate: "A11" }).right?.room).toBe(false);
  });
});

describe("a reservation", () => {
  it("is known by its plate and by its code, and lets in once", async () => {
    await listed({ reservations: [reservation("R-1", { plates: ["BAB1234"], codes: ["K7Q2"] })] });
    const right = { kind: "reservation", id: "R-1", refused: null, room: true };
    expect([enter({ plate: "BAB1234" }).right, enter({ code: "K7Q2" }).right]).toEqual([right, right]);
    const own = { kind: "reservation", id: "R-1" } as const;
    const stay = parked("BAB1234", { right: own, credential: { kind: "code", text: "K7Q2" } });
    write(make.moved("out", stay.stayId));
    for (const shown of [{ plate: "BAB1234" }, { code: "K7Q2" }])
      expect(enter(shown).right).toMatchObject({ refused: "Your reservation has been used", room: false });
  });

  it("is still good when its vehicle backed out", async () => {
    await listed({ reservations: [reservation("R-1", { plates: ["BAB1234"] })] });
    const stay = parked("BAB1234", { right: { kind: "reservation", id: "R-1" }, provisional: true });
    write(make.voided(stay.stayId));
    expect(enter({ plate: "BAB1234" }).right?.refused).toBeNull();
  });

  it("that is too early says so; one that is over only to who shows its code", async () => {
    const early = reservation("R-1", { plates: ["A11"], codes: ["C1"], fromMs: NOW.wallMs + 1 });
    const over = reservation("R-2", { plates: ["B22"], codes: ["C2"], untilMs: NOW.wallMs });
    await listed({ reservations: [early, over] });
    expect(enter({ plate: "A11" }).right?.refused).toBe("Too early for your reservation");
    expect(enter({ code: "C2" }).right?.refused).toBe("Your reservation is over");
    expect(enter({ plate: "B22" }).right).toBeNull();
  });

  it("of today is found among those of every day of the year", async () => {
    const day = 24 * HOUR_MS;
    const yearly = Array.from({ length: 365 }, (_, i) => {
      const shift = (i - 180) * day;
      const window = { fromMs: VALID.fromMs + shift, untilMs: VALID.untilMs + shift };
      return reservation(`R-${i}`, { plates: ["BAB1234"], ...window });
    });
    await listed({ reservations: yearly });
    expect(enter({ plate: "BAB1234" }).right).toMatchObject({ id: "R-180", refused: null });
    expect(store.occupancy(NOW.wallMs).get(null)?.held).toBe(1);
  });

  it("holds a space back from others, and none from its own holder", async () => {
    await listed({ reservations: [reservation("R-1", { plates: ["BAB1234"] })] });
    for (let i = 0; i < 5; i++) parked(null);
    expect(enter({ plate: "HHCD77" }).full).toBe("Harbour Square");
    expect(enter({ plate: "BAB1234" })).toMatchObject({ full: null, right: { room: true } });
    parked("BAB1234", { right: { kind: "reservation", id: "R-1" } });
    expect(store.occupancy(NOW.wallMs).get(null)).toEqual({ inside: 6, admitted: 0, held: 0 });
  });

  it("holds its space during its time only", async () => {
    await listed({ reservations: [reservation("R-1")] });
    const held = (wallMs: number) => store.occupancy(wallMs).get(null)?.held;
    const { fromMs, untilMs } = VALID;
    expect([held(fromMs - 1), held(fromMs), held(untilMs - 1), held(untilMs)]).toEqual([0, 1, 1, 0]);
    const long = reservation("R-2", { fromMs: fromMs - 99 * HOUR_MS, untilMs: untilMs + 99 * HOUR_MS });
    await listed({ reservations: [reservation("R-1"), long] });
    expect([held(fromMs - 1), held(fromMs), held(untilMs - 1), held(untilMs)]).toEqual([1, 2, 2, 1]);
  });

  it("holds a space of its zone until its vehicle is there, and lets no other have it", async () => {
    await listed({ reservations: [reservation("R-1", { plates: ["BAB1234"], zone: "staff" })] });
    parked(null, { zone: "staff" });
    const inner = laneInto("staff", true, "deck");
    const stay = parked("BAB1234", { right: { kind: "reservation", id: "R-1" }, zone: "deck" });
    parked("HHCD77", { zone: "deck" });
    const held = () => ["staff", "deck", null].map((name) => store.occupancy(NOW.wallMs).get(name)?.held);
    expect(held()).toEqual([1, 0, 0]);
    expect(enter({ plate: "HHCD77" }, inner).full).toBe("Staff");
    expect(enter({ plate: "BAB1234" }, inner)).toMatchObject({ full: null, stay: { stayId: stay.stayId } });
    write(make.moved("in", stay.stayId, { scope: "zone", zones: inner.zones }));
    expect(held()).toEqual([0, 0, 0]);
  });

  it("of a list that was replaced holds nothing any more", async () => {
    await listed({ reservations: [reservation("R-1", { plates: ["BAB1234"] })] });
    await listed({});
    expect(enter({ plate: "BAB1234" }).right).toBeNull();
    expect(store.occupancy(NOW.wallMs).get(null)?.held).toBe(0);
  });
});

describe("at a lane within the facility", () => {
  const inner = laneInto("staff", true, "deck");

  it("the stay that goes on is found as at an exit: by ticket, by plate, by a plate that looks like it", () => {
    const stay = parked("BAB1234", { zone: "deck" });
    for (const shown of [{ plate: "BAB1234" }, { plate: "8AB1234" }, { ticket: stay.ticketNumber }])
      expect(enter(shown, inner).stay?.stayId).toBe(stay.stayId);
    expect(enter({ plate: "HHCD77" }, inner).stay).toBeNull();
    parked("BA81234", { zone: "deck" });
    expect(enter({ plate: "8A81234" }, inner).stay, "either of two").toBeNull();
  });

  it("nobody is asked for money on the way out of a zone", () => {
    const stay = parked("BAB1234", { zone: "staff" });
    expect(leave({ plate: "BAB1234" }, null, inner)).toMatchObject({
      match: { kind: "one", stay: { stayId: stay.stayId, due: null } },
      pricingRefusal: null,
    });
  });
});

describe("who leaves", () => {
  it("is found by the ticket first, whatever plate is read", () => {
    const ticketed = parked("BAB1234");
    const read = parked("HHCD77");
    const found = (shown: Shown) => {
      const { match } = leave(shown);
      return match.kind === "one" ? match.stay.stayId : match.kind;
    };
    expect(found({ ticket: ticketed.ticketNumber, plate: "HHCD77" })).toBe(ticketed.stayId);
    expect(found({ plate: "HHCD77" })).toBe(read.stayId);
    write(make.moved("out", ticketed.stayId));
    expect(found({ ticket: ticketed.ticketNumber }), "a ticket that was used").toBe("none");
    expect(found({ ticket: ticketed.ticketNumber, plate: "HHCD77" })).toBe(read.stayId);
    expect(found({})).toBe("none");
  });

  it("is found by the card or code its stay began with, then by the permit of it", async () => {
    const permits = [permit("P-1", { plates: ["BAB1234"], cards: ["0815"] })];
    await listed({ permits: [...permits, permit("P-2", { cards: ["4711"], spaces: 3 })] });
    const plated = parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(leave({ card: "0815" }).match).toMatchObject({ stay: { stayId: plated.stayId } });
    const carded = parked("HHCD77", { credential: { kind: "card", text: "0815" } });
    expect(leave({ card: "0815", plate: "BAB1234" }).match).toMatchObject({
      stay: { stayId: carded.stayId },
    });
    for (const plate of ["A11", "B22"]) parked(plate, { right: { kind: "permit", id: "P-2" } });
    expect(leave({ card: "4711" }).match).toEqual({ kind: "several", count: 2 });
    expect(leave({ card: "0000" }).match).toEqual({ kind: "none" });
  });

  it("is found by the exact plate, else the only look-alike, else it is one of several", () => {
    expect(leave({ plate: "BAB1234" }).match).toEqual({ kind: "none" });
    const alike = parked("8AB1234");
    expect(leave({ plate: "BAB1234" }).match).toMatchObject({ stay: { stayId: alike.stayId } });
    parked("BA81234");
    expect(leave({ plate: "BAB1234" }).match).toEqual({ kind: "several", count: 2 });
    const exact = parked("BAB1234");
    expect(leave({ plate: "BAB1234" }).match).toMatchObject({ stay: { stayId: exact.stayId } });
  });

  it("is the stay that is current before one whose exit was missed, which is taken if there is no other", () => {
    const older = parked("BAB1234", { agoMs: 9 * HOUR_MS });
    missedExit(older);
    expect(leave({ plate: "BAB1234" }).match).toMatchObject({ stay: { stayId: older.stayId } });
    const newer = parked("BAB1234");
    expect(leave({ plate: "BAB1234" }).match).toMatchObject({ stay: { stayId: newer.stayId } });
  });
});

describe("a stay that is known already", () => {
  it("is that one, whatever was read or shown", () => {
    const known = parked(null);
    const read = parked("HHCD77");
    expect(leave({ plate: "HHCD77", ticket: read.ticketNumber }, TARIFF, GATE, known.stayId)).toMatchObject({
      plate: "HHCD77",
      match: {
        kind: "one",
        stay: { stayId: known.stayId, plate: null, status: "open", due: { amountMinor: 500 } },
      },
    });
  });

  it("is none when it has ended, or never was", () => {
    const gone = parked("HHCD77");
    write(make.moved("out", gone.stayId));
    const never = asId<StayId>("01890000-0000-7000-8000-000000000009");
    for (const stayId of [gone.stayId, never])
      expect(leave({}, TARIFF, GATE, stayId).match).toEqual({ kind: "none" });
  });
});

describe("what is due at an exit", () => {
  const dueAt = (shown: Shown) => {
    const { match } = leave(shown);
    return match.kind === "one" ? match.stay.due : match.kind;
  };

  it("is priced by the entry, less what is paid, and never less than nothing", () => {
    const stay = parked("BAB1234", { agoMs: 2 * HOUR_MS });
    expect(dueAt({ plate: "BAB1234" })).toMatchObject({ amountMinor: 500 });
    write(make.paid(stay.stayId, 300));
    expect(dueAt({ plate: "BAB1234" })).toMatchObject({ amountMinor: 200 });
    write(make.paid(stay.stayId, 900));
    expect(dueAt({ plate: "BAB1234" })).toMatchObject({ amountMinor: 0 });
    parked("HHCD77", { agoMs: -HOUR_MS });
    expect(dueAt({ plate: "HHCD77" }), "the clock stepped back").toMatchObject({ amountMinor: 500 });
  });

  it("edge case 23: is nothing within the exit grace of what was paid, and then the difference", () => {
    const stay = parked("BAB1234", { agoMs: 2 * HOUR_MS });
    const paid = make.paid(stay.stayId, 500, "k", { quote: plainQuote(500) });
    store.commit(turn([paid], { now: NOW }));
    const later = (ms: number) => {
      const { match } = leave({ plate: "BAB1234" }, TARIFF, GATE, null, NOW.wallMs + ms);
      return match.kind === "one" ? match.stay.due?.amountMinor : null;
    };
    expect([later(0), later(900_000), later(900_001), later(2 * HOUR_MS)]).toEqual([0, 0, 0, 400]);
    expect(later(-HOUR_MS), "the clock stepped back").toBe(0);
  });

  it("is nothing where a right covers the stay, with a tariff or without", async () => {
    await listed({
      permits: [permit("P-1", { plates: ["BAB1234"] })],
      reservations: [reservation("R-1", { plates: ["HHCD77"] })],
    });
    parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    parked("HHCD77", { right: { kind: "reservation", id: "R-1" } });
    const covered = { quote: { total: { amountMinor: 0 } }, amountMinor: 0 };
    expect([dueAt({ plate: "BAB1234" }), dueAt({ plate: "HHCD77" })]).toMatchObject([covered, covered]);
    const priceless = { match: { stay: { due: { quote: null, amountMinor: 0 } } }, pricingRefusal: null };
    expect(leave({ plate: "BAB1234" }, null)).toMatchObject(priceless);
    await listed({});
    expect(dueAt({ plate: "BAB1234" }), "the list forgot it").toMatchObject(covered);
    expect(leave({ plate: "BAB1234" }, null)).toMatchObject(priceless);
  });

  it("is not known without a tariff where a right has ended", async () => {
    const ended = { plates: ["BAB1234"], untilMs: NOW.wallMs - 1 };
    await listed({ permits: [permit("P-1", ended)] });
    parked("BAB1234", { right: { kind: "permit", id: "P-1" } });
    expect(leave({ plate: "BAB1234" }, null).pricingRefusal).toMatch(/tariff/);
  });

  it("is the tariff's from where the right ended", async () => {
    const untilMs = NOW.wallMs - 4 * HOUR_MS;
    const ended = { plates: ["BAB1234"], fromMs: untilMs - HOUR_MS, untilMs };
    await listed({ reservations: [reservation("R-1", ended)] });
    const stay = parked("BAB1234", { agoMs: 5 * HOUR_MS, right: { kind: "reservation", id: "R-1" } });
    expect(dueAt({ plate: "BAB1234" })).toMatchObject({ amountMinor: 900 });
    write(make.paid(stay.stayId, 900));
    expect(dueAt({ plate: "BAB1234" })).toMatchObject({ amountMinor: 0 });
  });

  it("is not known without a tariff: the stay is named, and the reason", () => {
    const stay = parked("BAB1234");
    const facts = leave({ plate: "BAB1234" }, null);
    expect(facts.match).toMatchObject({ kind: "one", stay: { stayId: stay.stayId, due: null } });
    expect(facts.pricingRefusal).toMatch(/tariff/);
  });
});

describe("edge case 20: a card that may be charged for who leaves", () => {
  function attempt({ stayId }: StayInHand, status: AttemptStatus, place: string): void {
    const rest = { stayId, amountMinor: 500, receipt: null, detail: "" };
    const record: GateRecord = { type: "attempt", attemptId: ids[place] ?? NOBODY, status, ...rest };
    store.record({ place, records: [record] }, NOW);
  }
  const NOBODY = asId<AttemptId>("01890000-0000-7000-8000-000000000001");
  let ids: Readonly<Record<string, AttemptId>>;
  beforeEach(() => {
    const places = ["exit", "exit-2", "lobby", "desk"];
    ids = Object.fromEntries(places.map((place) => [place, mint.next<AttemptId>(NOW.wallMs)]));
  });
  const chargedAt = (plate: string, lane = GATE) => {
    const { match } = leave({ plate }, TARIFF, lane);
    return match.kind === "one" ? match.chargedAt : match.kind;
  };

  it.each(["lobby", "desk", "exit-2"])("at %s is known at the exit until it is settled", (place) => {
    const stay = parked("BAB1234");
    parked("HHCD77");
    for (const [status, expected] of [
      ["begun", place],
      ["unknown", place],
      ["reversing", place],
      ["reversed", null],
    ] as const) {
      attempt(stay, status, place);
      expect([status, chargedAt("BAB1234"), chargedAt("HHCD77")]).toEqual([status, expected, null]);
    }
  });

  it("at the exit itself is its own, and one more elsewhere is told of", () => {
    const stay = parked("BAB1234");
    attempt(stay, "unknown", "exit");
    expect(chargedAt("BAB1234")).toBeNull();
    attempt(stay, "unknown", "lobby");
    expect(chargedAt("BAB1234")).toBe("lobby");
    attempt(stay, "approved", "lobby");
    expect(chargedAt("BAB1234")).toBeNull();
  });

  it("is nothing to a lane within the facility", () => {
    attempt(parked("BAB1234"), "begun", "lobby");
    expect(chargedAt("BAB1234", laneInto("deck", true))).toBeNull();
  });
});
