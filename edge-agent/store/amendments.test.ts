import { eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { eventPayloads, type EventKind } from "@parkme/shared/protocol/sync";
import { stayAmendments } from "./money-schema.ts";
import { stays } from "./schema.ts";
import { newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, whyNot, type MoneyDb } from "./testing/money-db.ts";

let folder: Folder;
let desk: MoneyDb;
let stayId: StayId;
let ticketNumber: TicketNumber;
beforeEach(() => {
  folder = newFolder();
  desk = openMoneyDb(folder.path("gate.db"));
  ({ stayId, ticketNumber } = cameIn(desk));
});
afterEach(() => {
  desk.store.close();
  folder.remove();
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const by = { place: "desk", actor: "alex", reason: "as the driver says" };
const NOBODY = asId<StayId>("019ab3c4-0000-7000-8000-00000000dead");
const leave = (id = stayId) => desk.store.commit(turn([desk.make.moved("out", id)], { lane: "exit" }));

describe("what a person changes of a stay", () => {
  it("is kept with what was before, and asks anew what is due", () => {
    const { store, db } = desk;
    const settle = () =>
      done(store.settleFree({ stayId, place: "desk", actor: "alex", quote: plainQuote(0) }, at(HOUR)));
    const settled = () => store.stayAccount(stayId)?.settledWallMs ?? null;
    const changes = [
      () => store.setEntryTime({ ...by, stayId, entryWallMs: START_MS - HOUR }, at(HOUR)),
      () => store.setVehicle({ ...by, stayId, vehicleType: "lorry", ev: true, accessible: false }, at(HOUR)),
      () => store.addPenalty({ ...by, stayId, penalty: "wrong-bay", idempotencyKey: newKey() }, at(HOUR)),
      () => store.setLostTicket({ ...by, stayId, proven: true }, at(HOUR)),
    ];
    for (const change of changes) {
      settle();
      expect(settled()).not.toBeNull();
      done<unknown, unknown>(change());
      expect(settled()).toBeNull();
    }
    expect(store.stayAccount(stayId)).toMatchObject({
      entryWallMs: START_MS - HOUR,
      vehicleType: "lorry",
      ev: true,
      accessible: false,
      penalties: ["wrong-bay"],
      lostTicket: "proven",
    });
    const kept = db.select().from(stayAmendments).all();
    expect(kept.map(({ what, before, after }) => [what, before, after])).toEqual([
      ["entry_time", new Date(START_MS).toISOString(), new Date(START_MS - HOUR).toISOString()],
      [
        "vehicle",
        '{"vehicleType":"car","ev":false,"accessible":false}',
        '{"vehicleType":"lorry","ev":true,"accessible":false}',
      ],
      ["penalty", "", "wrong-bay"],
      ["lost_ticket", "no", "proven"],
    ]);
    expect(kept.every(({ actor, reason }) => actor === "alex" && reason === by.reason)).toBe(true);
  });

  it("is refused of one that has left or never was", () => {
    const { store } = desk;
    leave();
    for (const [id, why] of [
      [stayId, "stay_left"],
      [NOBODY, "unknown_stay"],
    ] as const) {
      const amend = { ...by, stayId: id };
      expect(whyNot(store.setEntryTime({ ...amend, entryWallMs: START_MS }, at(1)))).toBe(why);
      expect(whyNot(store.setLostTicket({ ...amend, proven: false }, at(1)))).toBe(why);
      expect(whyNot(store.addPenalty({ ...amend, penalty: "p", idempotencyKey: newKey() }, at(1)))).toBe(why);
      expect(whyNot(store.voidStay(amend, at(1)))).toBe(why);
    }
  });

  it.each([
    ["in the future", 1],
    ["years ago", -401 * DAY],
    ["not a moment", Number.NaN],
  ])("is no entry time %s", (_what, ms) => {
    const entry = { ...by, stayId, entryWallMs: START_MS + ms };
    expect(whyNot(desk.store.setEntryTime(entry, at(0)))).toBe("entry_invalid");
  });

  it("is a fine once for one key, and not without end", () => {
    const fine = (idempotencyKey: string) =>
      desk.store.addPenalty({ ...by, stayId, penalty: "wrong-bay", idempotencyKey }, at(1));
    expect(done(fine("once")).again).toBe(false);
    expect(done(fine("once")).again).toBe(true);
    for (let i = 1; i < 20; i++) done(fine(newKey()));
    expect(whyNot(fine(newKey()))).toBe("too_many_penalties");
    expect(desk.store.stayAccount(stayId)?.penalties).toHaveLength(20);
  });
});

describe("edge case 14: a lost ticket", () => {
  it("is void, and leads to nothing at a lane; the new one does, and the stay is found once", () => {
    const { store } = desk;
    const { ticketNumber: next } = done(store.setLostTicket({ ...by, stayId, proven: false }, at(1)));
    expect([store.stayByTicket(ticketNumber), store.stayByTicket(next)?.stayId]).toEqual([null, stayId]);
    expect([store.ticketState(ticketNumber), store.ticketState(next)]).toEqual(["void", "live"]);
    expect(store.insideLike("BAB1234").map((stay) => stay.ticketNumber)).toEqual([next]);
    expect(store.stayAccount(stayId)).toMatchObject({ ticketNumber: next, lostTicket: "unproven" });
    // An attendant who is shown the old one after all finds the stay.
    expect(store.findStays(ticketNumber, 5)).toMatchObject([{ stayId, ticketNumber: next }]);
    expect(store.recentMovements(5)).toMatchObject([{ ticket_number: next }]);
  });
});

describe("a stay that never was", () => {
  it("is void with its ticket, and what it was charged is taken back", () => {
    const { store } = desk;
    done(
      store.bookDebt(
        { ...by, stayId, amountMinor: 100, quote: plainQuote(500), debtor: "Acme", idempotencyKey: newKey() },
        at(1),
      ),
    );
    done(store.voidStay({ ...by, stayId }, at(2)));
    expect(store.stayAccount(stayId)).toMatchObject({ status: "void", balanceMinor: 0 });
    expect([store.stayByTicket(ticketNumber), store.ticketState(ticketNumber)]).toEqual([null, "void"]);
  });

  it("was not paid for: the money is given back first", () => {
    const { store } = desk;
    const { paymentId } = done(store.takePayment(cash(stayId, 500), at(1)));
    expect(whyNot(store.voidStay({ ...by, stayId }, at(2)))).toBe("stay_paid");
    done(store.refund({ ...by, paymentId, amountMinor: 500, idempotencyKey: newKey() }, at(3)));
    done(store.voidStay({ ...by, stayId }, at(4)));
  });
});

describe("edge case 13: an exit without an entry", () => {
  const manual = { ...by, plate: "hh cd 77", entryWallMs: START_MS - HOUR, idempotencyKey: "m" };

  it("is a stay that an attendant begins, for somebody to look at", () => {
    const { store, db } = desk;
    const begun = done(store.beginManualStay(manual, at(0)));
    expect(done(store.beginManualStay(manual, at(1)))).toEqual({ ...begun, again: true });
    expect(store.stayAccount(begun.stayId)).toMatchObject({
      plate: "HHCD77",
      status: "open",
      entryWallMs: START_MS - HOUR,
      settledWallMs: null,
    });
    expect(store.stayDetail(begun.stayId)).toMatchObject({ review: "exit_without_entry", entryLane: "desk" });
    expect(store.insideLike("HHCD77")).toHaveLength(1);
    leave(begun.stayId);
    expect(db.select().from(stays).where(eq(stays.id, begun.stayId)).get()?.status).toBe("closed");
  });

  it("needs a time and a plate that can be", () => {
    const { store } = desk;
    expect(whyNot(store.beginManualStay({ ...manual, entryWallMs: START_MS + 1 }, at(0)))).toBe(
      "entry_invalid",
    );
    expect(whyNot(store.beginManualStay({ ...manual, plate: "?" }, at(0)))).toBe("plate_invalid");
    expect(done(store.beginManualStay({ ...manual, plate: null }, at(0))).again).toBe(false);
  });
});

describe("a ticket that this database does not know", () => {
  const shown = (number: TicketNumber) => ({
    ticketNumber: number,
    entryWallMs: START_MS - HOUR,
    lane: "exit",
    plate: "HHCD77",
  });

  it("has its stay begun once, with the time that it was printed", () => {
    const { store, mint } = desk;
    const number = mint.ticketNumber();
    const begun = done(store.recoverStay(shown(number), at(0)));
    expect(store.stayByTicket(number)).toMatchObject({ stayId: begun.stayId, entryWallMs: START_MS - HOUR });
    expect(done(store.recoverStay(shown(number), at(1)))).toEqual({ ...begun, again: true });
    leave(begun.stayId);
    expect(whyNot(store.recoverStay(shown(number), at(2)))).toBe("ticket_spent");
  });

  it("of the future came in now: the clock stepped back", () => {
    const { store, mint } = desk;
    const begun = done(
      store.recoverStay({ ...shown(mint.ticketNumber()), entryWallMs: START_MS + DAY }, at(0)),
    );
    expect(store.stayAccount(begun.stayId)?.entryWallMs).toBe(START_MS);
  });

  it("was not replaced, nor taken back", () => {
    const { store } = desk;
    expect(done(store.recoverStay(shown(ticketNumber), at(0)))).toEqual({
      stayId,
      ticketNumber,
      again: true,
    });
    done(store.setLostTicket({ ...by, stayId, proven: true }, at(1)));
    expect(whyNot(store.recoverStay(shown(ticketNumber), at(2)))).toBe("ticket_void");
  });
});

describe("merchants' discounts", () => {
  const give = (more: object = {}, id = stayId) =>
    desk.store.giveValidation(
      {
        stayId: id,
        merchant: "bakery",
        name: "one hour free",
        value: { kind: "minutes", minutes: 60 },
        serial: null,
        actor: "bakery",
        place: "desk",
        idempotencyKey: newKey(),
        ...more,
      },
      at(1),
    );

  it("are priced in the order given, and given once for one key", () => {
    const first = done(give({ idempotencyKey: "v" }));
    expect(done(give({ idempotencyKey: "v" }))).toEqual({ ...first, again: true });
    done(give({ name: "half", value: { kind: "percent", bps: 5_000 } }));
    expect(desk.store.stayAccount(stayId)?.validations).toEqual([
      {
        validationId: first.validationId,
        merchant: "bakery",
        name: "one hour free",
        value: { kind: "minutes", minutes: 60 },
        wallMs: START_MS + 1,
      },
      expect.objectContaining({ name: "half", value: { kind: "percent", bps: 5_000 } }),
    ]);
    expect([
      desk.store.validationsSince("bakery", START_MS),
      desk.store.validationsSince("bakery", START_MS + 2),
      desk.store.validationsSince("other", 0),
    ]).toEqual([2, 0, 0]);
  });

  it("by a code count once, at whatever stay, also after a restart", () => {
    expect(desk.store.isSpent("S-1")).toBe(false);
    done(give({ serial: "S-1" }));
    desk.store.close();
    desk = openMoneyDb(folder.path("gate.db"));
    expect(desk.store.isSpent("S-1")).toBe(true);
    const other = cameIn(desk, "HHCD77").stayId;
    expect(whyNot(give({ serial: "S-1" }, other))).toBe("code_spent");
    expect(desk.store.stayAccount(other)?.validations).toEqual([]);
  });

  it("are for vehicles that are inside, and not without end", () => {
    for (let i = 0; i < 20; i++) done(give());
    expect(whyNot(give())).toBe("too_many_validations");
    const other = cameIn(desk, "HHCD77").stayId;
    leave(other);
    expect([whyNot(give({}, other)), whyNot(give({}, NOBODY))]).toEqual(["stay_left", "unknown_stay"]);
  });
});

it("the log says of all of it what the cloud understands", () => {
  const { store, mint } = desk;
  const long = "x".repeat(500);
  const doing = { ...by, reason: long };
  done(store.openShift({ actor: "alex", floatMinor: 100 }, at(0)));
  done(
    store.moveDrawer(
      { actor: "alex", kind: "drop", amountMinor: 1, reason: long, idempotencyKey: "d" },
      at(0),
    ),
  );
  const { paymentId } = done(
    store.takePayment(cash(stayId, 500, { quote: plainQuote(500), tenderedMinor: 600 }), at(1)),
  );
  done(store.takePayment(cash(stayId, 5, { method: "upi", reference: "9".repeat(300) }), at(1)));
  done(store.refund({ ...doing, paymentId, amountMinor: 5, idempotencyKey: "r" }, at(2)));
  done(
    store.setVehicle({ ...doing, stayId, vehicleType: "v".repeat(300), ev: true, accessible: true }, at(2)),
  );
  done(store.setLostTicket({ ...doing, stayId, proven: true }, at(2)));
  done(store.beginManualStay({ ...doing, plate: null, entryWallMs: START_MS, idempotencyKey: "m" }, at(2)));
  done(
    store.recoverStay(
      { ticketNumber: mint.ticketNumber(), entryWallMs: 0, lane: "exit", plate: null },
      at(2),
    ),
  );
  done(store.voidStay({ ...doing, stayId: cameIn(desk, "HHCD77").stayId }, at(2)));
  const value = { kind: "plan", plan: "night" } as const;
  const validation = { stayId, merchant: "bakery", name: "night", value, serial: "S-1", actor: "bakery" };
  done(store.giveValidation({ ...validation, place: "desk", idempotencyKey: "v" }, at(2)));
  done(store.closeShift({ actor: "alex", countedMinor: 1, note: long }, at(3)));
  const events = store.logAfter(0, 1_000);
  for (const { kind, payload } of events)
    expect(eventPayloads[kind as EventKind].parse(payload)).toEqual(payload);
  const said = new Set(events.map(({ kind }) => kind));
  for (const kind of [
    "stay.started",
    "stay.voided",
    "payment.taken",
    "ledger.entry",
    "shift.opened",
    "shift.moved",
    "shift.closed",
    "receipt.issued",
    "validation.given",
    "stay.amended",
    "ticket.replaced",
  ])
    expect(said).toContain(kind);
});
