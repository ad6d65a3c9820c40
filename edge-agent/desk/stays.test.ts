import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TicketNumber } from "@parkme/shared/domain/ids";
import { staysFoundSchema } from "@parkme/shared/protocol/kiosk-desk";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

const HOUR_MS = 3_600_000;

let desk: PayDesk;
beforeEach(async () => {
  desk = await startPayDesk();
});
afterEach(() => desk.stop());

const reason = "seen on the camera";

describe("stays", () => {
  const find = async (q: string) =>
    staysFoundSchema.parse(await (await desk.get(`/api/stays?q=${encodeURIComponent(q)}`)).json()).stays;

  it("are found by a part of their plate, by their ticket, and without a word those inside", async () => {
    const [one, two] = [desk.parked("BAB1234"), desk.parked("HHXY99")];
    expect(new Set((await find("")).map(({ stay_id }) => stay_id))).toEqual(new Set([one, two]));
    const [found] = await find("b1234");
    expect(found).toMatchObject({ stay_id: one, plate: "BAB1234", status: "open" });
    const number = found?.ticket_number ?? "";
    expect((await find(number.toLowerCase())).map(({ stay_id }) => stay_id)).toEqual([one]);
    expect((await find(desk.ticketCode(one))).map(({ stay_id }) => stay_id)).toEqual([one]);
    expect(await find("ZZ")).toEqual([]);
  });

  it("are not told of where there are none", async () => {
    for (const id of [randomUUID(), "1", "%27%20or%201=1", "..%2f"])
      expect((await desk.refusal(await desk.get(`/api/stays/${id}`))).status).toBe(404);
  });
});

describe("an exit without an entry (edge case 13)", () => {
  const begin = (more: object = {}) =>
    desk.post("/api/stays", {
      plate: "HH AB 12",
      entry_at: new Date(Date.now() - 5 * HOUR_MS - 60_000).toISOString(),
      reason,
      idempotency_key: randomUUID(),
      ...more,
    });

  it("is a stay with the entry time of the attendant's word, once for one key, for somebody to look at", async () => {
    const idempotency_key = randomUUID();
    const stay = await desk.view(await begin({ idempotency_key }), 201);
    expect(stay).toMatchObject({
      plate: "HHAB12",
      status: "open",
      review: "exit_without_entry",
      due_minor: 1_200,
    });
    expect((await desk.view(await begin({ idempotency_key }), 201)).stay_id).toBe(stay.stay_id);
    expect(desk.said("stay begun by hand")).toHaveLength(1);
    await desk.paid(await desk.cash(stay.stay_id, 1_200));
  });

  it("cannot be later than now, nor years ago, nor of a plate that is none", async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    for (const [more, field] of [
      [{ entry_at: at(HOUR_MS) }, "entry_at"],
      [{ entry_at: at(-401 * 24 * HOUR_MS) }, "entry_at"],
      [{ entry_at: "yesterday" }, "entry_at"],
      [{ plate: "???" }, "plate"],
      [{ reason: "" }, "reason"],
    ] as const)
      expect(await desk.refusal(await begin(more))).toMatchObject({ status: 400, field });
  });
});

describe("a lost ticket (edge case 14)", () => {
  it("costs its fee and the true time where the plate proves it, and its number is void", async () => {
    const id = desk.parked();
    const old = (await desk.stay(id)).ticket_number;
    const lost = await desk.act(id, "lost-ticket", { reason });
    expect(lost).toMatchObject({ lost_ticket: true, due_minor: 1_400 });
    expect(lost.ticket_number).not.toBe(old);
    expect(desk.store.ticketState(old as TicketNumber)).toBe("void");
    const again = await desk.act(id, "lost-ticket", { reason });
    expect(again.ticket_number).toBe(lost.ticket_number);
  });

  it("costs the flat amount where nothing proves the time", async () => {
    const stay = await desk.view(
      await desk.post("/api/stays", {
        plate: null,
        entry_at: new Date(Date.now() - HOUR_MS).toISOString(),
        reason,
        idempotency_key: randomUUID(),
      }),
      201,
    );
    expect(await desk.act(stay.stay_id, "lost-ticket", { reason })).toMatchObject({ due_minor: 4_000 });
  });
});

describe("what an attendant changes", () => {
  it("is the time, the kind of vehicle and a penalty, and what is due with it", async () => {
    const id = desk.parked();
    const entry_at = new Date(Date.now() - 4 * HOUR_MS - 60_000).toISOString();
    expect(await desk.act(id, "entry-time", { entry_at, reason })).toMatchObject({
      entry_at,
      due_minor: 1_000,
    });
    const vehicle = { type: "motorcycle", ev: true, accessible: false };
    expect(await desk.act(id, "vehicle", vehicle)).toMatchObject({ vehicle, due_minor: 500 });
    const body = { penalty: "bay", reason, idempotency_key: randomUUID() };
    for (let i = 0; i < 2; i++)
      expect(await desk.act(id, "penalties", body)).toMatchObject({ due_minor: 2_500, penalties: ["bay"] });
    expect(
      await desk.refusal(await desk.post(`/api/stays/${id}/vehicle`, { ...vehicle, type: "bus" })),
    ).toEqual({
      status: 400,
      code: "unknown_vehicle",
      field: "type",
    });
    const unknown = await desk.post(`/api/stays/${id}/penalties`, { ...body, penalty: "toString" });
    expect(await desk.refusal(unknown)).toEqual({ status: 404, code: "unknown_penalty" });
    expect(await desk.paid(await desk.cash(id, 2_500))).toMatchObject({ receipt: { number: 1 } });
  });

  it("of a stay that was paid for makes it due again, by the difference", async () => {
    const id = desk.parked();
    await desk.paid(await desk.cash(id, 400));
    const body = { penalty: "bay", reason, idempotency_key: randomUUID() };
    expect(await desk.act(id, "penalties", body)).toMatchObject({ due_minor: 2_000 });
  });

  it("is nothing of a stay that was voided, and one that was paid for is not voided", async () => {
    const [paid, open] = [desk.parked("A1"), desk.parked("B2")];
    await desk.paid(await desk.cash(paid, 400));
    expect(await desk.refusal(await desk.post(`/api/stays/${paid}/void`, { reason }))).toEqual({
      status: 409,
      code: "stay_paid",
    });
    for (let i = 0; i < 2; i++)
      expect(await desk.act(open, "void", { reason })).toMatchObject({ status: "void", due_minor: 0 });
    expect(await desk.refusal(await desk.post(`/api/stays/${open}/lost-ticket`, { reason }))).toEqual({
      status: 409,
      code: "stay_left",
    });
    expect(await desk.refusal(await desk.cash(open, 400))).toEqual({ status: 409, code: "nothing_due" });
  });
});

describe("a merchant's discount", () => {
  const give = (id: string, offer: object, idempotency_key: string = randomUUID()) =>
    desk.post(`/api/stays/${id}/validations`, { ...offer, idempotency_key });
  const film = { merchant: "cinema", offer: "film" };

  it("takes off what it says, once for one key", async () => {
    const id = desk.parked();
    const key = randomUUID();
    for (let i = 0; i < 2; i++)
      expect(await desk.view(await give(id, film, key))).toMatchObject({
        due_minor: 200,
        validations: [{ merchant: "cinema", name: "Cinema: Film" }],
      });
    await desk.paid(await desk.cash(id, 200));
    expect(await desk.stay(id)).toMatchObject({ due_minor: 0, balance_minor: 0 });
  });

  it("larger than what is due makes it nothing, and it stays paid for the time to leave (edge case 24)", async () => {
    const id = desk.parked();
    const stay = await desk.view(await give(id, { merchant: "cinema", offer: "all" }));
    expect(stay).toMatchObject({ due_minor: 0, leave_by: expect.any(String), balance_minor: 0 });
    expect(stay.entries.map(({ kind, amount_minor }) => [kind, amount_minor])).toEqual([
      ["charge", 400],
      ["validation", -400],
    ]);
    desk.passMs(10 * 60_000);
    expect(await desk.stay(id)).toMatchObject({ due_minor: 0 });
  });

  it("may swap the tariff's plan, but not for one that there is not", async () => {
    const id = desk.parked();
    expect(await desk.view(await give(id, { merchant: "hotel", offer: "guest" }))).toMatchObject({
      due_minor: 100,
    });
    const gone = await give(desk.parked("B2"), { merchant: "cinema", offer: "gone" });
    expect(await desk.refusal(gone)).toEqual({ status: 409, code: "plan_unknown" });
    const other = await give(id, { merchant: "hotel", offer: "film" });
    expect(await desk.refusal(other)).toEqual({ status: 404, code: "unknown_offer" });
  });

  it("by a code counts once, at whatever stay, and a code that is none is refused", async () => {
    const [one, two] = [desk.parked("A1"), desk.parked("B2")];
    const code = desk.validationCode("cinema", "film");
    const key = randomUUID();
    for (let i = 0; i < 2; i++)
      expect(await desk.view(await give(one, { code }, key))).toMatchObject({ due_minor: 200 });
    expect(await desk.refusal(await give(two, { code }))).toEqual({ status: 409, code: "code_refused" });
    const turned = `${code.slice(0, -1)}${code.endsWith("A") ? "B" : "A"}`;
    for (const text of ["hello", turned, "x".repeat(256)])
      expect(await desk.refusal(await give(two, { code: text }))).toEqual({
        status: 409,
        code: "code_refused",
      });
    expect((await desk.stay(two)).validations).toEqual([]);
  });
});

describe("a merchant at the kiosk", () => {
  const validate = (cookie: string, ticket_number: string, more: object = {}) =>
    desk.post(
      "/api/merchant/validate",
      { ticket_number, offer: "film", idempotency_key: randomUUID(), ...more },
      cookie,
    );

  it("gives its own offers to tickets, so many on one day, and sees nothing else", async () => {
    const cinema = await desk.as("cinema");
    expect(await (await desk.get("/api/session", cinema)).json()).toEqual({
      name: "cinema",
      role: "merchant",
      title: "Cinema",
    });
    const offers = (await (await desk.get("/api/offers", cinema)).json()) as { offers: { offer: string }[] };
    expect(offers.offers.map(({ offer }) => offer)).toEqual(["film", "all", "gone"]);
    const id = desk.parked();
    const { ticket_number, entry_at } = await desk.stay(id);
    const key = randomUUID();
    for (let i = 0; i < 2; i++) {
      const given = await validate(cinema, ticket_number.toLowerCase(), { idempotency_key: key });
      expect(await given.json()).toEqual({ ticket_number, entry_at, offer: "film" });
    }
    expect(await desk.stay(id)).toMatchObject({ due_minor: 200 });
    expect((await validate(cinema, desk.ticketCode(id))).status).toBe(200);
    expect(await desk.refusal(await validate(cinema, ticket_number))).toEqual({
      status: 409,
      code: "daily_limit",
    });
    // The next day of the facility begins the count anew.
    desk.passMs(24 * HOUR_MS);
    expect((await validate(cinema, ticket_number)).status).toBe(200);
  });

  it("does not give another's offer, nor to a ticket that is not inside", async () => {
    const cinema = await desk.as("cinema");
    const id = desk.parked();
    const { ticket_number } = await desk.stay(id);
    const unknown = { status: 404, code: "unknown_ticket" };
    expect(await desk.refusal(await validate(cinema, "PKM-00000000"))).toEqual(unknown);
    expect(await desk.refusal(await validate(cinema, "nothing"))).toEqual(unknown);
    expect(await desk.refusal(await validate(cinema, ticket_number, { offer: "guest" }))).toEqual({
      status: 404,
      code: "unknown_offer",
    });
    await desk.act(id, "lost-ticket", { reason });
    expect(await desk.refusal(await validate(cinema, ticket_number))).toEqual(unknown);
    await desk.act(id, "void", { reason });
    expect((await desk.refusal(await validate(cinema, (await desk.stay(id)).ticket_number))).status).toBe(
      404,
    );
  });
});

describe("the desk's offers and tariff", () => {
  it("tell what may be given here, and what is in force", async () => {
    expect(await (await desk.get("/api/offers")).json()).toEqual({
      offers: expect.arrayContaining([
        { merchant: "hotel", merchant_title: "Hotel", offer: "guest", title: "Guest" },
      ]),
      penalties: [{ penalty: "bay", title: "Wrong bay", amount_minor: 2_000 }],
      vehicle_types: ["car", "motorcycle"],
      upi: false,
      card: false,
      desk_printer: false,
    });
    expect(await (await desk.get("/api/tariff")).json()).toMatchObject({
      in_force: { id: "standard", version: 1, name: "Standard" },
      refused: null,
      preview: expect.arrayContaining([{ minutes: 60, total_minor: 200 }]),
    });
  });
});
