import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bookings, vehicles } from "../db/bookings-schema.ts";
import { stays } from "../db/schema.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { MAX_VEHICLES } from "./rules.ts";

let cloud: TestCloud;
let driver: Person;
let other: Person;
let staff: Person;

type Answer = Record<string, unknown> & { readonly status_code: number };
async function ask(who: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await who.ask(method, path, body);
  const text = await response.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { ...json, status_code: response.status };
}
const add = async (who: Person, plate: string, more: Record<string, unknown> = {}) =>
  await ask(who, "POST", "/api/vehicles/", { plate, ...more });
const owned = async (who: Person, query = "") =>
  ((await ask(who, "GET", `/api/vehicles/?limit=200${query}`))["items"] as { plate: string }[]).map(
    ({ plate }) => plate,
  );

beforeAll(async () => {
  cloud = await startTestCloud();
  [driver, other, staff] = await Promise.all([
    signedIn(cloud, "driver"),
    signedIn(cloud, "driver"),
    signedIn(cloud, "staff"),
  ]);
});
afterAll(() => cloud.stop());

describe("a vehicle", () => {
  it("is kept as plates are compared, with its type in any case", async () => {
    const made = await add(driver, " b-ab 1234 ", { type: "MOTORCYCLE", ev: true, name: "The old one" });
    expect(made).toMatchObject({
      status_code: 201,
      plate: "BAB1234",
      type: "motorcycle",
      ev: true,
      owned_until: null,
    });
    expect(await ask(driver, "GET", `/api/vehicles/${String(made["id"])}`)).toMatchObject({
      plate: "BAB1234",
    });
    expect(await add(driver, "B AB 1234")).toMatchObject({
      status_code: 409,
      code: "vehicle_exists",
      field: "plate",
    });
    expect(await add(other, "BAB1234")).toMatchObject({ status_code: 201 });
  });

  it("has a plate that is one, and a type that there is", async () => {
    for (const plate of ["", "-", "A", "UNKNOWN", "A".repeat(13), 7, null, "\u0000AB"]) {
      const refused = await ask(driver, "POST", "/api/vehicles/", { plate });
      expect(refused).toMatchObject({ status_code: 400, field: "plate" });
    }
    expect(await add(driver, "X 1", { type: "ufo" })).toMatchObject({ status_code: 400, field: "type" });
    expect(await add(driver, "X 1", { colour: "red" })).toMatchObject({ status_code: 400, field: "colour" });
  });

  it("is changed by its driver alone", async () => {
    const made = await add(driver, "C 1");
    const path = `/api/vehicles/${String(made["id"])}/`;
    const changed = await ask(driver, "PATCH", path, { accessible: true, type: "van", name: "" });
    expect(changed).toMatchObject({ status_code: 200, accessible: true, type: "van", plate: "C1" });
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const refused = await ask(other, method, path, method === "PATCH" ? { ev: true } : undefined);
      expect(refused).toMatchObject({ status_code: 404, code: "no_such_vehicle" });
    }
    expect(await ask(staff, "GET", path)).toMatchObject({ status_code: 403 });
    expect(await ask(driver, "PATCH", path, { plate: "C 2" })).toMatchObject({
      status_code: 400,
      field: "plate",
    });
  });

  it("ends, and may come back; what was stays known", async () => {
    const made = await add(driver, "D 1");
    const path = `/api/vehicles/${String(made["id"])}/`;
    expect(await ask(driver, "DELETE", path)).toMatchObject({ status_code: 204 });
    expect(await ask(driver, "DELETE", path)).toMatchObject({ status_code: 404 });
    expect(await ask(driver, "PATCH", path, { ev: true })).toMatchObject({ status_code: 404 });
    expect(await owned(driver)).not.toContain("D1");
    expect(await owned(driver, "&include_ended=true")).toContain("D1");
    expect(await ask(driver, "GET", path)).toMatchObject({ owned_until: cloud.clock.now.toISOString() });
    expect(await add(driver, "D 1")).toMatchObject({ status_code: 201 });
  });

  it("that is booked goes nowhere", async () => {
    const made = await add(driver, "E 1");
    const vehicleId = String(made["id"]);
    await cloud.db.insert(bookings).values(bookingOf(vehicleId));
    const path = `/api/vehicles/${vehicleId}/`;
    expect(await ask(driver, "DELETE", path)).toMatchObject({ status_code: 409, code: "vehicle_booked" });
    const { code } = await ask(driver, "POST", `${path}transfer/`);
    expect(await ask(other, "POST", "/api/vehicles/claim/", { code })).toMatchObject({
      status_code: 409,
      code: "vehicle_booked",
    });
    // The offer still stands: what was refused changed nothing.
    await cloud.db.delete(bookings);
    expect(await ask(other, "POST", "/api/vehicles/claim/", { code })).toMatchObject({ status_code: 201 });
  });

  it("lists in pages, the newest first, each once", async () => {
    const who = await signedIn(cloud, "driver");
    for (let i = 0; i < 5; i++) {
      if (i % 2 === 0) cloud.clock.now = new Date(cloud.clock.now.getTime() + 1_000);
      await add(who, `PAGE ${i}`);
    }
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let i = 0; i < 9 && cursor !== null; i++) {
      const page = await ask(who, "GET", `/api/vehicles/?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...(page["items"] as { plate: string }[]).map(({ plate }) => plate));
      cursor = page["next_cursor"] as string | null;
    }
    expect(seen.toSorted()).toEqual(["PAGE0", "PAGE1", "PAGE2", "PAGE3", "PAGE4"]);
    expect(seen[0]).toBe("PAGE4");
  });

  it("is one of fifty at most, also when they are added at once", async () => {
    const who = await signedIn(cloud, "driver");
    const rows = Array.from({ length: MAX_VEHICLES - 2 }, (_, i) => ({
      id: randomUUID(),
      userId: who.userId,
      plate: `FULL${i}`,
      type: "car" as const,
      ownedFrom: cloud.clock.now,
    }));
    await cloud.db.insert(vehicles).values(rows);
    const added = await Promise.all([1, 2, 3, 4, 5].map(async (i) => await add(who, `MORE ${i}`)));
    const codes = added.map(({ status_code: code }) => String(code)).toSorted();
    expect(codes).toEqual(["201", "201", "409", "409", "409"]);
    expect(await owned(who)).toHaveLength(MAX_VEHICLES);
  });
});

describe("a transfer", () => {
  it("gives the vehicle to whoever shows the code, once", async () => {
    const made = await add(driver, "T 1", { type: "van", ev: true, name: "Mine" });
    const path = `/api/vehicles/${String(made["id"])}/transfer/`;
    expect(await ask(other, "POST", path)).toMatchObject({ status_code: 404 });
    const { code: first } = await ask(driver, "POST", path);
    const { code } = await ask(driver, "POST", path);
    expect(await ask(other, "POST", "/api/vehicles/claim/", { code: first })).toMatchObject({
      status_code: 404,
    });
    expect(await ask(driver, "POST", "/api/vehicles/claim/", { code })).toMatchObject({
      code: "own_vehicle",
    });
    const taken = await Promise.all(
      [1, 2, 3].map(async () => await ask(other, "POST", "/api/vehicles/claim/", { code })),
    );
    expect(taken.map(({ status_code: status }) => String(status)).toSorted()).toEqual(["201", "404", "404"]);
    const done = taken.find(({ status_code: status }) => status === 201);
    expect(done).toMatchObject({ plate: "T1", type: "van", ev: true, name: "", owned_until: null });
    expect(done?.["id"]).not.toBe(made["id"]);
    expect(await owned(driver)).not.toContain("T1");
    expect(await owned(other)).toContain("T1");
  });

  it("ends with its time, with the vehicle, and when it is taken back", async () => {
    const offer = async (plate: string) => {
      const made = await add(driver, plate);
      const path = `/api/vehicles/${String(made["id"])}/`;
      return { path, code: (await ask(driver, "POST", `${path}transfer/`))["code"] };
    };
    const claim = async (code: unknown) => await ask(other, "POST", "/api/vehicles/claim/", { code });
    const back = await offer("U 1");
    expect(await ask(driver, "DELETE", `${back.path}transfer/`)).toMatchObject({ status_code: 204 });
    expect(await ask(driver, "DELETE", `${back.path}transfer/`)).toMatchObject({ status_code: 404 });
    expect(await claim(back.code)).toMatchObject({ status_code: 404 });
    const gone = await offer("U 2");
    await ask(driver, "DELETE", gone.path);
    expect(await claim(gone.code)).toMatchObject({ status_code: 404 });
    const late = await offer("U 3");
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 7 * 86_400_000);
    expect(await claim(late.code)).toMatchObject({ status_code: 404 });
    for (const code of ["", "x".repeat(32) + "x", "../../../../../../etc/passwd____", 5]) {
      expect(await claim(code)).toMatchObject({ status_code: 400, field: "code" });
    }
    expect(await claim("x".repeat(32))).toMatchObject({ status_code: 404 });
  });

  it("of a plate that the other has already is refused, and the vehicle stays where it is", async () => {
    const made = await add(driver, "V 1");
    await add(other, "V 1");
    const { code } = await ask(driver, "POST", `/api/vehicles/${String(made["id"])}/transfer/`);
    expect(await ask(other, "POST", "/api/vehicles/claim/", { code })).toMatchObject({
      code: "vehicle_exists",
    });
    expect(await owned(driver)).toContain("V1");
  });
});

describe("a plate at a facility", () => {
  it("shows those who run it its stays of the last month, and nobody whose it is", async () => {
    const now = cloud.clock.now.getTime();
    const stay = (daysAgo: number, plate: string) => ({
      facilityId: FACILITY_ID,
      stayId: randomUUID(),
      status: "open" as const,
      plate,
      entryAt: new Date(now - daysAgo * 86_400_000),
    });
    await cloud.db.insert(stays).values([stay(1, "W1"), stay(40, "W1"), stay(2, "W2")]);
    await add(driver, "W 1");
    const found = await ask(staff, "GET", `/api/facilities/${FACILITY_ID}/plates/w-1/`);
    expect(found).toMatchObject({ status_code: 200, plate: "W1", lists: [], subscriptions: [] });
    expect(found["stays"]).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain(driver.userId);
    expect(await ask(driver, "GET", `/api/facilities/${FACILITY_ID}/plates/w-1/`)).toMatchObject({
      status_code: 403,
    });
    expect(await ask(staff, "GET", `/api/facilities/${randomUUID()}/plates/w-1/`)).toMatchObject({
      status_code: 404,
    });
  });
});

function bookingOf(vehicleId: string): typeof bookings.$inferInsert {
  const at = cloud.clock.now;
  return {
    facilityId: FACILITY_ID,
    id: randomUUID(),
    userId: driver.userId,
    vehicleId,
    plate: "E1",
    vehicleType: "car",
    status: "CONFIRMED",
    ticketNumber: "PKM-0000000E",
    class: "day",
    entryTime: at,
    expectedExit: new Date(at.getTime() + 3_600_000),
    heldUntil: new Date(at.getTime() + 3_600_000),
    estimatedMinor: 1,
    currency: "EUR",
    appliedRule: "a rule",
    tariff: "standard@1",
    madeAt: at,
    changedAt: at,
  };
}
