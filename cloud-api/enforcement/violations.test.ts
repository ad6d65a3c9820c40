import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { violations } from "../db/enforcement-schema.ts";
import { auditEntries, facilityChanges } from "../db/platform-schema.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { makeBooking, makeSpot, makeStay } from "./testing/ground.ts";

let cloud: TestCloud;
let owner: Person;
let staff: Person;
let driver: Person;
let otherDriver: Person;
let stranger: Person;

beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  staff = await signedIn(cloud, "staff");
  driver = await signedIn(cloud, "driver");
  otherDriver = await signedIn(cloud, "driver");
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
  await setPenalty("wrong_spot", { amount: "30.00" });
  await setPenalty("overstay", { amount: "20", per_hour: "5.00", max: "40.00", grace_minutes: 10 });
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  cloud.clock.now = new Date("2026-07-15T12:00:00Z");
  await cloud.db.delete(violations);
});

type Answer = { status: number; body: Record<string, unknown> };

function platesOf(items: unknown): readonly unknown[] {
  return Array.isArray(items) ? (items as { plate: unknown }[]).map(({ plate }) => plate) : [];
}

async function ask(who: Person, method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
  const response = await who.ask(method, path, body, headers);
  return {
    status: response.status,
    body: response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>),
  };
}

async function setPenalty(kind: string, rule: Record<string, unknown>, who = owner): Promise<Answer> {
  return await ask(who, "PUT", `/api/facilities/${FACILITY_ID}/penalties/${kind}/`, rule);
}

async function report(more: Record<string, unknown> = {}, who = staff): Promise<Answer> {
  return await ask(who, "POST", "/api/violations/", {
    facility_id: FACILITY_ID,
    kind: "wrong_spot",
    plate: "b ab-12",
    ...more,
  });
}

const PATH = "/api/violations/";

describe("what violations cost", () => {
  const path = `/api/facilities/${FACILITY_ID}/penalties/`;

  it("is set by owners, and seen by anybody", async () => {
    const set = await setPenalty("ev_misuse", { amount: "12.5", due_days: 7 });
    const expected = {
      kind: "ev_misuse",
      amount: "12.50",
      per_hour: "0.00",
      max: null,
      currency: "EUR",
      grace_minutes: 0,
      due_days: 7,
    };
    expect(set).toEqual({ status: 200, body: expected });
    const anybody = await cloud.app.request(path);
    const { items } = (await anybody.json()) as { items: unknown[] };
    expect(items).toContainEqual(expected);
    expect((await setPenalty("ev_misuse", { amount: "15" })).body["amount"]).toBe("15.00");
    expect((await ask(owner, "DELETE", `${path}ev_misuse/`)).status).toBe(204);
    expect((await ask(owner, "DELETE", `${path}ev_misuse/`)).status).toBe(404);
  });

  it.each([
    ["nothing at all", { amount: "0" }, "amount"],
    ["more decimals than the currency has", { amount: "1.005" }, "amount"],
    ["a float", { amount: 12.5 }, "amount"],
    ["less than nothing", { amount: "-1" }, "amount"],
    ["a most below the amount", { amount: "20", max: "10" }, "max"],
    ["a grace without an end", { amount: "20", grace_minutes: 1e9 }, "grace_minutes"],
    ["a member that nobody knows", { amount: "20", colour: "red" }, "colour"],
  ])("is never %s", async (_what, rule, field) => {
    const { status, body } = await setPenalty("other", rule);
    expect([status, body["field"]]).toEqual([400, field]);
  });

  it("is not for others to set", async () => {
    expect((await setPenalty("other", { amount: "1" }, staff)).status).toBe(403);
    expect((await setPenalty("other", { amount: "1" }, driver)).status).toBe(403);
    const foreign = await setPenalty("other", { amount: "1" }, stranger);
    expect([foreign.status, foreign.body["code"]]).toEqual([404, "no_such_facility"]);
    expect((await setPenalty("speeding", { amount: "1" })).status).toBe(404);
    expect((await cloud.app.request(`/api/facilities/${randomUUID()}/penalties/`)).status).toBe(404);
  });
});

describe("a patrol's violation", () => {
  it("costs what the facility's rule says, and is linked to stay, booking, driver and spot", async () => {
    const spotId = await makeSpot(cloud, "A-17");
    const stayId = await makeStay(cloud, "BAB12", "2026-07-15T09:00:00Z");
    const times = { from: "2026-07-15T09:00:00Z", until: "2026-07-15T14:00:00Z" };
    const bookingId = await makeBooking(cloud, { userId: driver.userId, plate: "BAB12", stayId, ...times });
    const { status, body } = await report({ spot_number: "A-17", note: "in the wrong place" });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      facility_id: FACILITY_ID,
      kind: "wrong_spot",
      status: "open",
      source: "patrol",
      plate: "BAB12",
      stay_id: stayId,
      booking_id: bookingId,
      spot_id: spotId,
      spot_number: "A-17",
      penalty: "30.00",
      currency: "EUR",
      note: "in the wrong place",
      reported_by: staff.email,
      at: "2026-07-15T12:00:00.000Z",
      due_at: "2026-07-29T12:00:00.000Z",
      closed_at: null,
    });
    // Its driver sees it, and not who reported it.
    const seen = await ask(driver, "GET", `${PATH}${String(body["id"])}/`);
    expect([seen.status, seen.body["reported_by"]]).toEqual([200, null]);
    expect((await ask(otherDriver, "GET", `${PATH}${String(body["id"])}/`)).status).toBe(404);
    expect((await ask(stranger, "GET", `${PATH}${String(body["id"])}/`)).status).toBe(404);
    // Those who watch hear of it, and the log has it.
    const told = await cloud.db.select().from(facilityChanges).where(eq(facilityChanges.kind, "violation"));
    expect(told.map(({ body: what }) => what)).toContainEqual({
      id: body["id"],
      kind: "wrong_spot",
      status: "open",
    });
    const subject = `violation:${String(body["id"])}`;
    const entries = await cloud.db.select().from(auditEntries).where(eq(auditEntries.subject, subject));
    expect(entries).toMatchObject([{ action: "violation.reported", actor: staff.email, role: "staff" }]);
  });

  it("grows by the hour where it is known how long it went on, up to the most", async () => {
    const cost = async (minutes: number) => {
      const { status, body } = await report({ kind: "overstay", minutes });
      return status === 201 ? body["penalty"] : body["code"];
    };
    expect(await cost(10)).toBe("within_grace");
    expect(await cost(11)).toBe("25.00");
    expect(await cost(71)).toBe("30.00");
    expect(await cost(100_000)).toBe("40.00");
  });

  it("is none where the facility has no rule for it", async () => {
    const { status, body } = await report({ kind: "no_payment" });
    expect([status, body["code"], body["field"]]).toEqual([409, "no_penalty_rule", "kind"]);
    expect(await cloud.db.select().from(violations)).toEqual([]);
  });

  it("is one, however often a handheld sends it", async () => {
    const id = randomUUID();
    const first = await report({ id });
    const again = await report({ id });
    expect([first.status, again.status, again.body["id"]]).toEqual([201, 201, id]);
    expect(await cloud.db.select().from(violations)).toHaveLength(1);
    const other = await report({ id, plate: "HH X 1" });
    expect([other.status, other.body["code"]]).toEqual([409, "id_taken"]);
    const together = await Promise.all(Array.from({ length: 6 }, () => report({ id: randomUUID() })));
    expect(new Set(together.map(({ body }) => body["id"])).size).toBe(6);
    const same = randomUUID();
    const race = await Promise.all(Array.from({ length: 6 }, () => report({ id: same })));
    expect(race.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(await cloud.db.select().from(violations).where(eq(violations.id, same))).toHaveLength(1);
  });

  it("never takes the id of what a gate has told", async () => {
    const id = randomUUID();
    const now = cloud.clock.now;
    await cloud.db.insert(violations).values({
      facilityId: FACILITY_ID,
      id,
      kind: "other",
      status: "open",
      source: "gate",
      sourceKey: "x",
      penaltyMinor: 1,
      currency: "EUR",
      pictures: [],
      reportedBy: "a gate",
      at: now,
      dueAt: now,
    });
    expect((await report({ id })).body["code"]).toBe("id_taken");
  });

  it.each([
    ["no plate, stay or booking", { plate: undefined }, "plate"],
    ["no plate but a sign", { plate: "---" }, "plate"],
    ["a stay that is not there", { stay_id: randomUUID() }, "stay_id"],
    ["a booking that is not there", { booking_id: randomUUID() }, "booking_id"],
    ["a spot that is not there", { spot_id: randomUUID() }, "spot_id"],
    ["a number that no spot has", { spot_number: "Z-99" }, "spot_number"],
    ["a time to come", { at: "2026-07-15T12:06:00Z" }, "at"],
    ["a time long gone", { at: "2026-06-01T12:00:00Z" }, "at"],
    ["minutes in words", { minutes: "ten" }, "minutes"],
    ["a kind that nobody knows", { kind: "speeding" }, "kind"],
    ["a note without an end", { note: "x".repeat(1_001) }, "note"],
    ["a penalty of its own", { penalty: "1.00" }, "penalty"],
  ])("is refused with %s", async (_what, more, field) => {
    const { status, body } = await report(more);
    expect([status, body["field"]]).toEqual([400, field]);
  });

  it("has no booking of another plate", async () => {
    const times = { from: "2026-07-15T09:00:00Z", until: "2026-07-15T14:00:00Z" };
    const bookingId = await makeBooking(cloud, { userId: driver.userId, plate: "HHX1", ...times });
    expect((await report({ booking_id: bookingId })).body["field"]).toBe("booking_id");
    expect((await report({ plate: undefined, booking_id: bookingId })).body["plate"]).toBe("HHX1");
  });

  it("is for those who run the facility", async () => {
    expect((await report({}, driver)).status).toBe(403);
    expect((await report({}, stranger)).body["code"]).toBe("no_such_facility");
    expect((await report({ facility_id: OTHER_FACILITY_ID })).body["code"]).toBe("no_such_facility");
    const admin = await signedIn(cloud, "admin");
    expect((await report({}, admin)).status).toBe(201);
  });
});

describe("a violation that is there", () => {
  const made = async (more: Record<string, unknown> = {}): Promise<string> =>
    String((await report(more)).body["id"]);

  it("is listed page by page, the newest first, to those whom it concerns", async () => {
    for (let day = 1; day <= 5; day++) await made({ at: `2026-07-0${day}T10:00:00Z`, plate: `B X ${day}` });
    const page = async (who: Person, query: string) => (await ask(who, "GET", `${PATH}?${query}`)).body;
    const first = await page(staff, "limit=2");
    expect(platesOf(first["items"])).toEqual(["BX5", "BX4"]);
    const second = await page(staff, `limit=2&cursor=${String(first["next_cursor"])}`);
    const third = await page(staff, `limit=2&cursor=${String(second["next_cursor"])}`);
    expect(platesOf(second["items"])).toEqual(["BX3", "BX2"]);
    expect([platesOf(third["items"]), third["next_cursor"]]).toEqual([["BX1"], null]);
    expect((await page(staff, "plate=b-x-3"))["items"]).toHaveLength(1);
    expect((await page(staff, "from=2026-07-02T00:00:00Z&until=2026-07-04T00:00:00Z"))["items"]).toHaveLength(
      2,
    );
    expect((await page(staff, "status=paid"))["items"]).toEqual([]);
    expect((await page(stranger, ""))["items"]).toEqual([]);
    expect((await page(driver, ""))["items"]).toEqual([]);
    expect((await page(driver, `facility_id=${FACILITY_ID}`))["items"]).toEqual([]);
    expect(await page(stranger, `facility_id=${FACILITY_ID}`)).toMatchObject({ code: "no_such_facility" });
    expect(await page(staff, "cursor=rubbish")).toMatchObject({ code: "invalid", field: "cursor" });
  });

  it("is corrected while it is open, and linked anew by another plate", async () => {
    const id = await made({ plate: "B Y 1" });
    const times = { from: "2026-07-15T09:00:00Z", until: "2026-07-15T14:00:00Z" };
    const bookingId = await makeBooking(cloud, { userId: driver.userId, plate: "BY7", ...times });
    const { body } = await ask(staff, "PATCH", `${PATH}${id}/`, { plate: "B Y 7" });
    expect(body).toMatchObject({ plate: "BY7", booking_id: bookingId, penalty: "30.00" });
    expect((await ask(driver, "GET", `${PATH}${id}/`)).status).toBe(200);
    expect((await ask(driver, "PATCH", `${PATH}${id}/`, { note: "no" })).status).toBe(403);
    expect((await ask(stranger, "PATCH", `${PATH}${id}/`, { note: "no" })).status).toBe(404);
  });

  it("is made void for a reason, once", async () => {
    const id = await made();
    expect((await ask(stranger, "POST", `${PATH}${id}/void/`, { reason: "mine" })).status).toBe(404);
    expect((await ask(staff, "POST", `${PATH}${id}/void/`, {})).body["field"]).toBe("reason");
    const { body } = await ask(staff, "POST", `${PATH}${id}/void/`, { reason: "the sign was hidden" });
    expect(body).toMatchObject({ status: "void", void_reason: "the sign was hidden" });
    expect(body["closed_at"]).toBe("2026-07-15T12:00:00.000Z");
    const again = await ask(staff, "POST", `${PATH}${id}/void/`, { reason: "again" });
    expect([again.status, again.body["code"]]).toEqual([409, "wrong_status"]);
    expect((await ask(staff, "PATCH", `${PATH}${id}/`, { note: "late" })).status).toBe(409);
  });
});

describe("a driver and their violation", () => {
  const made = async (): Promise<string> => {
    const { body } = await report({ plate: "M C 3" });
    return String(body["id"]);
  };
  const claim = async (who: Person, id: string, plate = "m-c 3") =>
    await ask(who, "POST", `${PATH}claim/`, { id, plate });
  const dispute = async (who: Person, id: string) =>
    await ask(who, "POST", `${PATH}${id}/disputes/`, { text: "I stood where I should" });
  const decide = async (id: string, body: unknown, who = staff) =>
    await ask(who, "POST", `${PATH}${id}/disputes/decide/`, body);

  it("claims it by the notice's number and the plate; then it is nobody else's", async () => {
    const id = await made();
    expect((await claim(driver, id, "M C 4")).status).toBe(404);
    expect((await claim(driver, randomUUID())).status).toBe(404);
    expect((await claim(driver, id)).status).toBe(200);
    expect((await claim(driver, id)).status).toBe(200);
    expect((await claim(otherDriver, id)).status).toBe(404);
    expect((await claim(staff, id)).status).toBe(403);
    expect((await ask(driver, "GET", PATH)).body["items"]).toHaveLength(1);
    expect((await ask(otherDriver, "GET", PATH)).body["items"]).toEqual([]);
  });

  it("disputes it once, before it is due", async () => {
    const id = await made();
    expect((await dispute(driver, id)).status).toBe(404);
    await claim(driver, id);
    const said = await dispute(driver, id);
    expect(said).toMatchObject({ status: 201, body: { violation_id: id, decision: null } });
    expect((await dispute(driver, id)).body["code"]).toBe("wrong_status");
    expect((await ask(otherDriver, "GET", `${PATH}${id}/disputes/`)).status).toBe(404);
    expect((await ask(staff, "GET", `${PATH}${id}/disputes/`)).body["items"]).toHaveLength(1);
    expect((await ask(staff, "GET", `${PATH}?status=disputed`)).body["items"]).toHaveLength(1);
    const late = await made();
    await claim(driver, late);
    cloud.clock.now = new Date("2026-07-29T12:00:01Z");
    expect((await dispute(driver, late)).body["code"]).toBe("too_late");
  });

  it("loses it, and has as long to pay as at first", async () => {
    const id = await made();
    await claim(driver, id);
    await dispute(driver, id);
    cloud.clock.now = new Date("2026-07-25T12:00:00Z");
    expect((await decide(id, { decision: "upheld", answer: "no" }, driver)).status).toBe(403);
    expect((await decide(id, { decision: "upheld", answer: "no" }, stranger)).status).toBe(404);
    const { body } = await decide(id, { decision: "upheld", answer: "the picture shows it" });
    expect(body).toMatchObject({ decision: "upheld", answer: "the picture shows it", reduced_to: null });
    const seen = (await ask(driver, "GET", `${PATH}${id}/`)).body;
    expect(seen).toMatchObject({ status: "upheld", penalty: "30.00", due_at: "2026-08-08T12:00:00.000Z" });
    expect((await decide(id, { decision: "dismissed", answer: "well" })).body["code"]).toBe("wrong_status");
    expect((await dispute(driver, id)).body["code"]).toBe("wrong_status");
  });

  it("wins a part of it", async () => {
    const id = await made();
    await claim(driver, id);
    await dispute(driver, id);
    const reduced = (to: string) => decide(id, { decision: "reduced", reduced_to: to, answer: "half" });
    for (const wrong of ["30.00", "31", "0", "0.001"])
      expect((await reduced(wrong)).body["field"]).toBe("reduced_to");
    expect((await decide(id, { decision: "reduced", answer: "half" })).status).toBe(400);
    expect((await reduced("15")).body["reduced_to"]).toBe("15.00");
    expect((await ask(driver, "GET", `${PATH}${id}/`)).body).toMatchObject({
      status: "upheld",
      penalty: "15.00",
    });
  });

  it("wins, and owes nothing", async () => {
    const id = await made();
    await claim(driver, id);
    await dispute(driver, id);
    await decide(id, { decision: "dismissed", answer: "sorry" });
    const seen = (await ask(driver, "GET", `${PATH}${id}/`)).body;
    expect(seen).toMatchObject({ status: "dismissed", closed_at: "2026-07-15T12:00:00.000Z" });
  });

  it("is decided once, when two decide at the same moment", async () => {
    const id = await made();
    await claim(driver, id);
    await dispute(driver, id);
    const answers = await Promise.all(
      ["upheld", "dismissed", "upheld", "dismissed"].map((decision) =>
        decide(id, { decision, answer: "so" }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
  });
});
