import { randomUUID } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bookings, idempotencyKeys, vehicles } from "../db/bookings-schema.ts";
import { auditEntries, facilityChanges } from "../db/platform-schema.ts";
import { spots, zones } from "../db/places-schema.ts";
import { FACILITY_ID, OTHER_EDGE_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { addSpot, giveVehicle, inHours, layOut, reserved, rowOf } from "./testing/ground.ts";

let cloud: TestCloud;
let driver: Person;
let vehicle: string;
let spotIds: readonly string[];
let zoneId: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud);
  driver = await signedIn(cloud, "driver");
  vehicle = await giveVehicle(cloud, driver, { plate: "BXY99" });
  const [zone] = await cloud.db.select().from(zones);
  zoneId = zone?.id ?? "";
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  await cloud.db.delete(bookings);
});

const order = (from = 1, until = 4) => ({
  vehicle_id: vehicle,
  spot_id: spotIds[0],
  entry_time: inHours(cloud, from),
  expected_exit: inHours(cloud, until),
});

async function refused(body: unknown, who = driver, headers = {}) {
  const response = await who.ask("POST", "/api/bookings/reserve/", body, headers);
  const { code, field } = (await response.json()) as { code: string; field?: string };
  return { status: response.status, code, field };
}

describe("a booking of a spot", () => {
  it("is made by the spot's id alone, with an estimate", async () => {
    const booking = await reserved(driver, order(1, 4.5));
    expect(booking).toMatchObject({
      status: "CONFIRMED",
      kind: "reservation",
      facility_id: FACILITY_ID,
      spot_id: spotIds[0],
      spot_number: "A1",
      plate: "BXY99",
      vehicle_type: "car",
      estimated_price: "16.00",
      final_price: null,
      due: "16.00",
      currency: "EUR",
      tariff: "standard@1",
      pay_by: null,
    });
    expect(booking.ticket_number).toMatch(/^PKM-[0-9A-Z]{8}$/);
    expect(await (await driver.ask("GET", `/api/bookings/${booking.id}/`)).json()).toEqual(booking);
    const row = await rowOf(cloud, booking.id);
    expect(row).toMatchObject({ untold: true, userId: driver.userId, dueAt: new Date(inHours(cloud, 2)) });
  });

  it("is written down, and told", async () => {
    const { id } = await reserved(driver, order());
    const [entry] = await cloud.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.subject, `booking:${id}`));
    expect(entry).toMatchObject({
      action: "booking.made",
      actor: `driver:${driver.userId}`,
      facilityId: FACILITY_ID,
      role: "driver",
    });
    const changes = await cloud.db.select().from(facilityChanges).where(eq(facilityChanges.kind, "booking"));
    expect(changes.map(({ body }) => body)).toContainEqual({ id, status: "CONFIRMED", spot_id: spotIds[0] });
  });

  it("is not made where another one holds the spot, and is where it does not", async () => {
    await reserved(driver, order(1, 4));
    expect(await refused(order(3.9, 5))).toEqual({ status: 409, code: "spot_taken", field: "spot_id" });
    expect(await refused(order(0, 1.1))).toMatchObject({ code: "spot_taken" });
    await reserved(driver, order(4, 5));
    await reserved(driver, { ...order(1, 4), spot_id: spotIds[1] });
  });

  it("is a booking of what is free now, when it begins now", async () => {
    const set = async (status: "free" | "occupied" | "blocked") =>
      await cloud.db
        .update(spots)
        .set({ status })
        .where(eq(spots.id, spotIds[0] ?? ""));
    await set("occupied");
    expect(await refused(order(0, 1))).toMatchObject({ code: "spot_taken" });
    await reserved(driver, order(1, 2));
    await set("blocked");
    expect(await refused(order(5, 6))).toMatchObject({ code: "spot_taken" });
    await set("free");
    await reserved(driver, order(0, 1));
  });

  it("is made once for each idempotency key, also when it is too late by then", async () => {
    const key = { "idempotency-key": randomUUID() };
    const ask = async () => await driver.ask("POST", "/api/bookings/reserve", order(0.01, 1), key);
    const body = order(0.01, 1);
    const once = async () => await driver.ask("POST", "/api/bookings/reserve", body, key);
    const answers = await Promise.all([once(), once(), once(), once()]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const first = await answers[0]?.json();
    expect(await answers[3]?.json()).toEqual(first);
    expect(await cloud.db.$count(bookings)).toBe(1);
    const before = cloud.clock.now;
    cloud.clock.now = new Date(before.getTime() + 3_000_000);
    const late = await once();
    expect([late.status, await late.json()]).toEqual([201, first]);
    expect((await ask()).status).toBe(422);
    cloud.clock.now = before;
  });

  it("is of what there is now, whatever was known a moment ago", async () => {
    const mine = await giveVehicle(cloud, driver, { plate: "OLD1" });
    const again = (from: number) => ({ ...order(from, from + 1), vehicle_id: mine });
    const itsSpot = eq(spots.id, spotIds[0] ?? "");
    const itself = eq(vehicles.id, mine);
    expect(await reserved(driver, again(1))).toMatchObject({ plate: "OLD1" });
    await cloud.db.update(vehicles).set({ plate: "NEW1" }).where(itself);
    expect(await reserved(driver, again(2))).toMatchObject({ plate: "NEW1" });
    await cloud.db.update(spots).set({ reservable: false }).where(itsSpot);
    expect(await refused(again(3))).toMatchObject({ code: "spot_unsuitable" });
    await cloud.db.update(spots).set({ reservable: true }).where(itsSpot);
    await reserved(driver, again(3));
    await cloud.db.update(vehicles).set({ ownedUntil: cloud.clock.now }).where(itself);
    expect(await refused(again(4))).toMatchObject({ code: "no_such_vehicle" });
  });

  it("leaves no trace of a key whose booking was refused", async () => {
    const key = { "idempotency-key": randomUUID() };
    await reserved(driver, order());
    expect(await refused(order(), driver, key)).toMatchObject({ code: "spot_taken" });
    const kept = await cloud.db
      .select()
      .from(idempotencyKeys)
      .where(eq(idempotencyKeys.key, key["idempotency-key"]));
    expect(kept).toEqual([]);
  });
});

describe("a booking is refused", () => {
  it("for what is not the driver's, or not there", async () => {
    const stranger = await signedIn(cloud, "driver");
    const theirs = await giveVehicle(cloud, stranger);
    const gone = await giveVehicle(cloud, driver, { ownedUntil: cloud.clock.now });
    for (const id of [theirs, gone, randomUUID()])
      expect(await refused({ ...order(), vehicle_id: id })).toEqual({
        status: 404,
        code: "no_such_vehicle",
        field: "vehicle_id",
      });
    expect(await refused({ ...order(), spot_id: randomUUID() })).toMatchObject({
      status: 404,
      code: "no_such_spot",
    });
    expect(await refused({ ...order(), facility_id: randomUUID() })).toMatchObject({ code: "no_such_spot" });
    for (const role of ["staff", "owner", "admin"] as const)
      expect(await refused(order(), await signedIn(cloud, role))).toMatchObject({ status: 403 });
  });

  it("for times that cannot be", async () => {
    expect(await refused(order(-1, 1))).toEqual({ status: 400, code: "invalid", field: "entry_time" });
    expect(await refused(order(2, 1))).toEqual({ status: 400, code: "invalid", field: "expected_exit" });
    expect(await refused(order(1, 400))).toMatchObject({ status: 409, code: "too_long" });
    expect(await refused(order(91 * 24, 91 * 24 + 1))).toMatchObject({ status: 409, code: "too_far_ahead" });
    expect(await refused({ ...order(), entry_time: "tomorrow" })).toMatchObject({ field: "entry_time" });
    expect(await refused({ ...order(), entry_time: "+275760-09-13T00:00:00Z" })).toMatchObject({
      status: 400,
    });
  });

  it("where it does not say what it wants", async () => {
    const { spot_id: _, ...none } = order();
    expect(await refused(none)).toEqual({ status: 400, code: "invalid", field: "class" });
    expect(await refused({ ...order(), class: "standard" })).toEqual({
      status: 400,
      code: "invalid",
      field: "spot_id",
    });
    expect(await refused({ ...none, class: "standard" })).toEqual({
      status: 400,
      code: "invalid",
      field: "facility_id",
    });
    expect(await refused({ ...order(), colour: "red" })).toEqual({
      status: 400,
      code: "invalid",
      field: "colour",
    });
    expect(await refused({})).toMatchObject({ status: 400, field: "vehicle_id" });
    const there = { ...none, facility_id: FACILITY_ID };
    expect(await refused({ ...there, class: "gold" })).toMatchObject({ status: 404, code: "no_such_class" });
    expect(await refused({ ...there, class: "standard", zone: "roof" })).toMatchObject({
      code: "no_such_zone",
    });
    expect(await refused({ ...none, facility_id: OTHER_EDGE_ID, class: "standard" })).toMatchObject({
      status: 404,
      code: "no_such_facility",
    });
  });

  it("for a spot that is not for the vehicle", async () => {
    const accessible = await addSpot(cloud, zoneId, "H1", { accessible: true });
    expect(await refused({ ...order(), spot_id: accessible })).toMatchObject({ code: "spot_unsuitable" });
    const truck = await giveVehicle(cloud, driver, { type: "truck" });
    expect(await refused({ ...order(), vehicle_id: truck })).toMatchObject({ code: "spot_unsuitable" });
    await cloud.db.delete(spots).where(eq(spots.id, accessible));
  });
});

describe("a booking of a class", () => {
  const byClass = (name: string, from = 1, until = 4, zone?: string) => {
    const { spot_id: _, ...rest } = order(from, until);
    return { ...rest, facility_id: FACILITY_ID, class: name, ...(zone === undefined ? {} : { zone }) };
  };

  it("is given a spot at once, until none is free", async () => {
    const made = [];
    for (let n = 0; n < 3; n++) made.push(await reserved(driver, byClass("standard")));
    expect(made.map(({ spot_number: number }) => number)).toEqual(["A1", "A2", "A3"]);
    expect(made[0]).toMatchObject({ class: "standard", spot_id: spotIds[0] });
    expect(await refused(byClass("standard"))).toEqual({ status: 409, code: "none_free", field: "class" });
    expect(await reserved(driver, byClass("standard", 4, 5))).toMatchObject({ spot_number: "A1" });
  });

  it("is of the zone that it names, or of one within it", async () => {
    const inner = randomUUID();
    await cloud.db
      .insert(zones)
      .values({ facilityId: FACILITY_ID, id: inner, slug: "p1-east", name: "East", parentId: zoneId });
    const east = await addSpot(cloud, inner, "E1");
    expect(await reserved(driver, byClass("standard", 1, 2, "p1-east"))).toMatchObject({
      spot_id: east,
      zone: "p1-east",
    });
    const all = [];
    for (let n = 0; n < 3; n++)
      all.push((await reserved(driver, byClass("standard", 1, 2, "p1"))).spot_number);
    expect(all).toEqual(["A1", "A2", "A3"]);
    await cloud.db.delete(spots).where(eq(spots.id, east));
  });

  it("is of its kind", async () => {
    const ev = await addSpot(cloud, zoneId, "V1", { ev: true });
    expect(await refused(byClass("ev"))).toMatchObject({ code: "spot_unsuitable" });
    const electric = await giveVehicle(cloud, driver, { ev: true });
    expect(await reserved(driver, { ...byClass("ev"), vehicle_id: electric })).toMatchObject({ spot_id: ev });
    await cloud.db.delete(spots).where(eq(spots.id, ev));
  });
});

describe("bookings", () => {
  it("are found and written by indexes", async () => {
    await cloud.db.execute(sql`analyze`);
    const plan = await cloud.db.transaction(async (tx) => {
      await tx.execute(sql`set local enable_seqscan = off`);
      const { rows } = await tx.execute<{ "QUERY PLAN": string }>(sql`
        explain select v.plate from vehicles v left join spots s on s.id = ${spotIds[0]}::uuid
        where v.id = ${vehicle}::uuid and v.user_id = ${driver.userId}::uuid`);
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    });
    expect(plan).toContain("spots_id");
    expect(plan).toContain("vehicles_pkey");
  });
});
