import { randomUUID } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bookings } from "../db/bookings-schema.ts";
import { auditEntries } from "../db/platform-schema.ts";
import { spotCounts, spots } from "../db/places-schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import type { BookingView } from "./booking-view.ts";
import { giveVehicle, HOUR_MS, inHours, layOut, MINUTE_MS, reserved, rowOf } from "./testing/ground.ts";

const NOON = new Date("2026-07-15T12:00:00Z");

let cloud: TestCloud;
let driver: Person;
let staff: Person;
let vehicle: string;
let spotIds: readonly string[];

beforeAll(async () => {
  cloud = await startTestCloud();
  const policy = { cancel_fee_percent: 50, cancel_free_until_minutes: 120, no_show_fee_percent: 75 };
  spotIds = await layOut(cloud, { policy });
  driver = await signedIn(cloud, "driver");
  staff = await signedIn(cloud, "staff");
  vehicle = await giveVehicle(cloud, driver, { plate: "BXY99" });
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = NOON;
  await cloud.db.delete(bookings);
  await cloud.db.update(spots).set({ status: "free" });
  await cloud.db.update(spotCounts).set({ occupied: 0 });
});

async function book(from = 1, until = 4, spot = 0): Promise<BookingView> {
  return await reserved(driver, {
    vehicle_id: vehicle,
    spot_id: spotIds[spot],
    entry_time: inHours(cloud, from),
    expected_exit: inHours(cloud, until),
  });
}

function goTo(hours: number): void {
  cloud.clock.now = new Date(NOON.getTime() + hours * HOUR_MS);
}

type Answer = BookingView & {
  readonly code?: string;
  readonly field?: string;
  readonly booking_status?: string;
};

async function act(who: Person, { id }: { id: string }, what: string, body?: unknown, headers = {}) {
  const response = await who.ask("POST", `/api/bookings/${id}/${what}/`, body, headers);
  return { status: response.status, answer: (await response.json()) as Answer };
}

async function spotStatus(n = 0) {
  const [spot] = await cloud.db
    .select()
    .from(spots)
    .where(eq(spots.id, spotIds[n] ?? ""));
  return spot?.status;
}

describe("a reservation", () => {
  it("is activated, and completed with its price when the vehicle leaves in time", async () => {
    const booking = await book();
    goTo(0.9);
    const active = await act(driver, booking, "activate");
    expect(active.answer).toMatchObject({
      status: "ACTIVE",
      actual_entry: inHours(cloud, 0),
      spot_number: "A1",
    });
    expect(await spotStatus()).toBe("occupied");
    goTo(3.5);
    const done = await act(driver, booking, "complete");
    expect(done.answer).toMatchObject({
      status: "COMPLETED",
      estimated_price: "12.00",
      final_price: "12.00",
      due: "12.00",
      gate_price: "0.00",
      actual_exit: inHours(cloud, 0),
    });
    expect(await spotStatus()).toBe("free");
    const entries = await cloud.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.subject, `booking:${booking.id}`))
      .orderBy(auditEntries.ordinal);
    expect(entries.map(({ action }) => action)).toEqual([
      "booking.made",
      "booking.activated",
      "booking.completed",
    ]);
    expect(new Set(entries.map(({ organisationId }) => organisationId)).size).toBe(1);
    expect(await rowOf(cloud, booking.id)).toMatchObject({ untold: true, dueAt: null });
  });

  it("pays for the time beyond it, as at a gate", async () => {
    const booking = await book();
    goTo(1);
    await act(driver, booking, "activate");
    goTo(5.5);
    expect((await act(staff, booking, "complete")).answer).toMatchObject({ final_price: "20.00" });
  });

  it("is not activated before the time that it lets in", async () => {
    const booking = await book();
    goTo(0.7);
    expect(await act(driver, booking, "activate")).toMatchObject({
      status: 409,
      answer: { code: "too_early" },
    });
    goTo(0.75);
    expect((await act(driver, booking, "activate")).status).toBe(200);
  });

  it("is cancelled for nothing in time, and for its fee later", async () => {
    const [early, late] = [await book(3, 4), await book(1, 4, 1)];
    const cancelled = await act(driver, early, "cancel", { reason: " the plane is late " });
    expect(cancelled.answer).toMatchObject({
      status: "CANCELLED",
      final_price: "0.00",
      due: "0.00",
      cancel_reason: "the plane is late",
    });
    expect((await act(driver, late, "cancel", {})).answer).toMatchObject({
      final_price: "6.00",
      due: "6.00",
    });
    // Its spot is free again.
    await book(3, 4);
  });

  it("is a no-show when its time has begun, and the staff says so", async () => {
    const booking = await book();
    expect(await act(staff, booking, "no_show")).toMatchObject({
      status: 409,
      answer: { code: "too_early" },
    });
    goTo(1);
    expect(await act(driver, booking, "no_show")).toMatchObject({ status: 403 });
    expect((await act(staff, booking, "no_show")).answer).toMatchObject({
      status: "NO_SHOW",
      final_price: "9.00",
    });
  });

  it("is extended as long as nobody else has the spot", async () => {
    const booking = await book(1, 4);
    const until = (hours: number) => ({
      expected_exit: new Date(NOON.getTime() + hours * HOUR_MS).toISOString(),
    });
    await book(6, 7);
    const longer = await act(driver, booking, "extend", until(5.5));
    expect(longer.answer).toMatchObject({
      ...until(5.5),
      held_until: until(5.5).expected_exit,
      estimated_price: "20.00",
    });
    const taken = await act(driver, booking, "extend", until(6.5));
    expect(taken).toMatchObject({ status: 409, answer: { code: "spot_taken" } });
    expect(await act(driver, booking, "extend", until(5))).toMatchObject({ status: 400 });
    expect(await act(driver, booking, "extend", until(400))).toMatchObject({
      status: 409,
      answer: { code: "too_long" },
    });
    goTo(1);
    await act(driver, booking, "activate");
    expect((await act(driver, booking, "extend", until(6))).answer).toMatchObject({
      status: "ACTIVE",
      ...until(6),
    });
  });

  it("cannot be changed in ways that its status does not have", async () => {
    const booking = await book();
    goTo(1);
    expect(await act(driver, booking, "complete")).toMatchObject({
      status: 409,
      answer: { code: "wrong_status" },
    });
    await act(driver, booking, "activate");
    for (const what of ["activate", "no_show"])
      expect(await act(staff, booking, what)).toMatchObject({
        status: 409,
        answer: { code: "wrong_status", booking_status: "ACTIVE" },
      });
    expect(await act(driver, booking, "cancel", {})).toMatchObject({ status: 409 });
  });

  it("is changed once for each idempotency key, and by one of those who try at once", async () => {
    const booking = await book();
    const key = { "idempotency-key": randomUUID() };
    const same = await Promise.all([1, 2, 3].map(() => act(driver, booking, "cancel", {}, key)));
    expect(same.map(({ status }) => status)).toEqual([200, 200, 200]);
    const other = await book();
    goTo(1);
    const acts = await Promise.all([
      act(driver, other, "activate"),
      act(staff, other, "activate"),
      act(driver, other, "cancel", {}),
      act(staff, other, "no_show"),
    ]);
    expect(acts.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  });

  it("ends at the gate, where it began there; the staff may end it all the same", async () => {
    const booking = await book();
    goTo(1);
    await act(driver, booking, "activate");
    await cloud.db.update(bookings).set({ stayId: randomUUID() }).where(eq(bookings.id, booking.id));
    expect(await act(driver, booking, "complete")).toMatchObject({
      status: 409,
      answer: { code: "at_the_gate" },
    });
    expect((await act(staff, booking, "complete")).status).toBe(200);
  });
});

describe("a drive-in", () => {
  const arrival = (more = {}) => ({
    facility_id: FACILITY_ID,
    plate: "m ab-12",
    vehicle_type: "CAR",
    ...more,
  });
  const takeIn = async (who: Person, body: unknown) => {
    const response = await who.ask("POST", "/api/bookings/drive_in/", body);
    return { status: response.status, answer: (await response.json()) as Answer };
  };

  it("is active at once, and pays for its time when it leaves", async () => {
    const { status, answer } = await takeIn(staff, arrival({ spot_id: spotIds[0] }));
    expect(status).toBe(201);
    expect(answer).toMatchObject({
      status: "ACTIVE",
      kind: "drive_in",
      plate: "MAB12",
      vehicle_id: null,
      spot_number: "A1",
    });
    expect(await spotStatus()).toBe("occupied");
    goTo(5.2);
    expect((await act(staff, answer, "complete")).answer).toMatchObject({
      final_price: "24.00",
      due: "24.00",
    });
    expect(await rowOf(cloud, answer.id)).toMatchObject({ userId: null, untold: true });
  });

  it("needs no spot, and takes none that is booked or occupied", async () => {
    expect((await takeIn(staff, arrival())).answer).toMatchObject({ spot_id: null });
    await book(1, 4);
    expect(await takeIn(staff, arrival({ spot_id: spotIds[0] }))).toMatchObject({
      status: 409,
      answer: { code: "spot_taken", field: "spot_id" },
    });
    await cloud.db.update(spots).set({ status: "occupied" });
    expect(await takeIn(staff, arrival({ spot_id: spotIds[1] }))).toMatchObject({ status: 409 });
    expect(await takeIn(staff, arrival({ spot_id: randomUUID() }))).toMatchObject({ status: 409 });
  });

  it("is taken in by those who run the facility", async () => {
    const stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    expect(await takeIn(stranger, arrival())).toMatchObject({
      status: 404,
      answer: { code: "no_such_facility" },
    });
    expect(await takeIn(driver, arrival())).toMatchObject({ status: 403 });
    expect(
      await takeIn(await signedIn(cloud, "admin"), arrival({ facility_id: randomUUID() })),
    ).toMatchObject({
      status: 404,
    });
  });
});

describe("bookings of others", () => {
  it("are not there", async () => {
    const booking = await book();
    const foreign = await foreignOrganisation(cloud);
    const strangers = [
      await signedIn(cloud, "driver"),
      await signedIn(cloud, "owner", { organisationId: foreign }),
      await signedIn(cloud, "staff", { organisationId: foreign, facilities: [] }),
    ];
    for (const stranger of strangers) {
      for (const what of ["activate", "complete"])
        expect(await act(stranger, booking, what)).toMatchObject({
          status: 404,
          answer: { code: "no_such_booking" },
        });
      expect(await act(stranger, booking, "cancel", {})).toMatchObject({ status: 404 });
      for (const path of ["", "ticket/", "ticket.png", "ticket.pdf"])
        expect((await stranger.ask("GET", `/api/bookings/${booking.id}/${path}`)).status).toBe(404);
    }
    expect((await act(driver, { id: randomUUID() }, "activate")).status).toBe(404);
    expect(await rowOf(cloud, booking.id)).toMatchObject({ status: "CONFIRMED" });
  });
});

describe("a list of bookings", () => {
  type Page = { items: BookingView[]; next_cursor: string | null; code?: string };
  const list = async (who: Person, query = "") => {
    const response = await who.ask("GET", `/api/bookings/?${query}`);
    return { status: response.status, page: (await response.json()) as Page };
  };

  it("is of a driver's own, or of a facility's, page by page", async () => {
    const other = await signedIn(cloud, "driver");
    const theirs = await giveVehicle(cloud, other);
    const times = { entry_time: inHours(cloud, 1), expected_exit: inHours(cloud, 2) };
    await reserved(other, { vehicle_id: theirs, spot_id: spotIds[2], ...times });
    const mine = [await book(1, 2), await book(3, 4), await book(1, 2, 1)];
    const { page } = await list(driver);
    expect(page.items.map(({ id }) => id)).toHaveLength(3);
    expect(page.items[0]?.id).toBe(mine[1]?.id);
    expect((await list(staff)).page.items).toHaveLength(4);

    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const next: Page = (await list(staff, `limit=1${cursor === "" ? "" : `&cursor=${cursor}`}`)).page;
      seen.push(...next.items.map(({ id }) => id));
      cursor = next.next_cursor;
    }
    expect(seen).toEqual((await list(staff)).page.items.map(({ id }) => id));
    expect(new Set(seen).size).toBe(4);
  });

  it("is narrowed by what is asked", async () => {
    const [one, two] = [await book(1, 2), await book(3, 4)];
    await act(driver, two, "cancel", {});
    const ids = async (query: string) => (await list(staff, query)).page.items.map(({ id }) => id);
    expect(await ids("status=CONFIRMED")).toEqual([one.id]);
    expect(await ids(`ticket_number=${two.ticket_number.toLowerCase()}`)).toEqual([two.id]);
    expect(await ids("plate=b-xy 99&kind=reservation")).toHaveLength(2);
    expect(await ids("kind=drive_in")).toEqual([]);
    expect(await ids(`from=${inHours(cloud, 2)}`)).toEqual([two.id]);
    expect(await ids(`until=${inHours(cloud, 3)}`)).toEqual([one.id]);
    expect(await ids(`spot_id=${spotIds[1]}`)).toEqual([]);
  });

  it("is refused where it is nobody's, or not clear whose", async () => {
    const owner = await signedIn(cloud, "owner");
    expect(await list(owner)).toMatchObject({ status: 400 });
    expect((await list(owner, `facility_id=${FACILITY_ID}`)).status).toBe(200);
    const stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    expect(await list(stranger, `facility_id=${FACILITY_ID}`)).toMatchObject({ status: 404 });
    expect(await list(staff, "cursor=!!")).toMatchObject({ status: 400 });
    for (const place of ["[1e99,1]", `[-8.64e15,"${FACILITY_ID}"]`, "[]", "null", `[0,"${FACILITY_ID}",1]`])
      expect(await list(staff, `cursor=${Buffer.from(place).toString("base64url")}`)).toMatchObject({
        status: 400,
        page: { code: "invalid" },
      });
  });
});

describe("a ticket", () => {
  it("has what a driver shows, as the facility's clocks have it", async () => {
    const booking = await book(1, 4.5);
    const response = await driver.ask("GET", `/api/bookings/${booking.id}/ticket/`);
    expect(await response.json()).toMatchObject({
      ticket_number: booking.ticket_number,
      qr_text: booking.ticket_number,
      facility: { name: "Harbour Square", time_zone: "Europe/Berlin" },
      spot_number: "A1",
      entry_local: "Wed, 15 Jul 2026, 15:00",
      exit_local: "Wed, 15 Jul 2026, 18:30",
      opens_at: new Date(Date.parse(booking.entry_time) - 15 * MINUTE_MS).toISOString(),
      price: "16.00",
      currency: "EUR",
    });
    await act(driver, booking, "cancel", {});
    const gone = await driver.ask("GET", `/api/bookings/${booking.id}/ticket.png`);
    expect([gone.status, ((await gone.json()) as Answer).code]).toEqual([409, "no_ticket"]);
  });

  it("is a picture and a page", async () => {
    const booking = await book();
    const png = await driver.ask("GET", `/api/bookings/${booking.id}/ticket.png?size=200`);
    const picture = Buffer.from(await png.arrayBuffer());
    expect([png.headers.get("content-type"), picture.subarray(1, 4).toString()]).toEqual([
      "image/png",
      "PNG",
    ]);
    expect(picture.readUInt32BE(16)).toBe(200);
    const pdf = await staff.ask("GET", `/api/bookings/${booking.id}/ticket.pdf`);
    expect(pdf.headers.get("content-type")).toBe("application/pdf");
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe("%PDF-");
    expect((await driver.ask("GET", `/api/bookings/${booking.id}/ticket.png?size=9`)).status).toBe(400);
  });
});

it("leaves no booking that holds a spot without a time at which it is looked at", async () => {
  await book();
  const loose = await cloud.db
    .select()
    .from(bookings)
    .where(and(eq(bookings.status, "CONFIRMED"), eq(bookings.facilityId, FACILITY_ID)));
  expect(loose.every(({ dueAt }) => dueAt !== null)).toBe(true);
});
