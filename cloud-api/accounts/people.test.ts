import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditEntries } from "../db/platform-schema.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { asker, register, type Pair } from "./testing/driver.ts";

let cloud: TestCloud;
let ask: ReturnType<typeof asker>;
let admin: Person;
let owner: Person;
let stranger: Person;
let foreign: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  ask = asker(cloud.app);
  admin = await signedIn(cloud, "admin");
  owner = await signedIn(cloud, "owner");
  foreign = await foreignOrganisation(cloud);
  stranger = await signedIn(cloud, "owner", { organisationId: foreign });
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
});

type User = {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly facility_ids: string[];
};
const bodyOf = async <T>(answer: Response) => (await answer.json()) as T;
const problemOf = async (answer: Response) => {
  const { code, field } = await bodyOf<{ code?: string; field?: string }>(answer);
  return { status: answer.status, code, field };
};
const NAMES = { first_name: "Sam", last_name: "Staff" };
const newEmail = () => `p-${randomUUID()}@example.test`;

describe("registering", () => {
  const good = () => ({
    ...NAMES,
    email: newEmail(),
    password: "a good long password",
    password_confirm: "a good long password",
  });

  it("makes a driver, and shows no password", async () => {
    const body = { ...good(), phone: " +49 (171) 555-0101 " };
    const made = await ask("POST", "/api/users/", body);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.any(String),
      email: body.email,
      name: "Sam Staff",
      first_name: "Sam",
      last_name: "Staff",
      phone: "+491715550101",
      role: "driver",
      organisation_id: null,
      organisation_name: null,
      facility_ids: [],
      second_factor: false,
      disabled: false,
      made_at: cloud.clock.now.toISOString(),
    });
    expect(JSON.stringify(made.body)).not.toContain("password");
  });

  it.each([
    ["email", { email: "no email" }, "invalid"],
    ["email", { email: "" }, "invalid"],
    ["email", { email: `${"x".repeat(250)}@example.test` }, "invalid"],
    ["password", { password: "short", password_confirm: "short" }, "weak_password"],
    ["password", { password: "x".repeat(201) }, "invalid"],
    ["password_confirm", { password_confirm: "another one" }, "invalid"],
    ["first_name", { first_name: " " }, "invalid"],
    ["last_name", { last_name: 7 }, "invalid"],
    ["phone", { phone: "call me" }, "invalid"],
    ["role", { role: "admin" }, "invalid"],
    ["organisation_id", { organisation_id: randomUUID() }, "invalid"],
  ])("names what is wrong: %s in %j", async (field, wrong, code) => {
    const answer = await ask("POST", "/api/users/", { ...good(), ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code, field });
  });

  it("takes an email once, in any case, by one of many at the same moment", async () => {
    const body = good();
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask("POST", "/api/users/", body)));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      201, 409, 409, 409,
    ]);
    const shouted = { ...body, email: body.email.toUpperCase() };
    expect((await ask("POST", "/api/users/", shouted)).body).toMatchObject({ code: "email_taken" });
  });
});

describe("your own account", () => {
  it("is read and changed, but for what others decide", async () => {
    const { pair } = await register(ask);
    const change = async (body: unknown) => await ask("PATCH", "/api/users/me/", body, pair.access);
    expect((await change({ first_name: "Anna" })).body).toMatchObject({ name: "Anna Driver" });
    expect((await change({ phone: null })).body).toMatchObject({ phone: null, first_name: "Anna" });
    expect((await change({})).status).toBe(200);
    for (const wrong of [{ role: "admin" }, { email: "x@example.test" }, { first_name: "" }])
      expect((await change(wrong)).status).toBe(400);
  });
});

describe("lists of accounts", () => {
  it("show admins everybody, page by page, and everybody once", async () => {
    const emails: string[] = [];
    for (let cursor = ""; ;) {
      const answer = await admin.ask("GET", `/api/users/?limit=2${cursor}`);
      const page = await bodyOf<{ items: User[]; next_cursor: string | null }>(answer);
      emails.push(...page.items.map(({ email }) => email));
      if (page.next_cursor === null) break;
      expect(page.items).toHaveLength(2);
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(new Set(emails).size).toBe(emails.length);
    for (const { email } of [admin, owner, stranger]) expect(emails).toContain(email);
  });

  it("show owners their own people, and nobody else", async () => {
    const staff = await signedIn(cloud, "staff");
    const driver = await register(ask);
    const list = async (by: Person, query = "") =>
      (await bodyOf<{ items: User[] }>(await by.ask("GET", `/api/users/${query}`))).items;
    const seen = (await list(owner)).map(({ email }) => email);
    expect(seen).toContain(staff.email);
    for (const { email } of [driver, stranger, admin]) expect(seen).not.toContain(email);
    expect(await list(owner, `?organisation_id=${foreign}`)).toEqual([]);
    expect((await list(stranger)).map(({ email }) => email)).toEqual([stranger.email]);
    expect(await list(owner, `?role=staff&q=${staff.email.slice(0, 12)}`)).toMatchObject([
      { email: staff.email, facility_ids: [FACILITY_ID] },
    ]);
  });

  it("are for nobody else", async () => {
    for (const role of ["staff", "driver"] as const)
      expect((await (await signedIn(cloud, role)).ask("GET", "/api/users/")).status).toBe(403);
    expect((await admin.ask("GET", "/api/users/?cursor=nonsense")).status).toBe(400);
  });
});

describe("an account that is disabled", () => {
  it("is let in no more, at once and everywhere, until it is enabled", async () => {
    const driver = await register(ask);
    const me = async () => (await ask("GET", "/api/users/me/", undefined, driver.pair.access)).status;
    expect(await me()).toBe(200);
    const disabled = await admin.ask("POST", `/api/users/${driver.id}/disable/`);
    expect(await bodyOf(disabled)).toMatchObject({ disabled: true });
    expect(await me()).toBe(401);
    const refresh = { refresh: driver.pair.refresh };
    expect((await ask("POST", "/api/auth/token/refresh/", refresh)).status).toBe(401);
    expect((await admin.ask("POST", `/api/users/${driver.id}/enable/`)).status).toBe(200);
    expect(await me()).toBe(401);
    const { email, password } = driver;
    expect((await ask("POST", "/api/auth/token/", { email, password })).status).toBe(200);
  });

  it("is one that whoever asks manages, and not their own", async () => {
    const staff = await signedIn(cloud, "staff");
    const driver = await register(ask);
    const disable = async (by: Person, id: string) =>
      (await by.ask("POST", `/api/users/${id}/disable/`)).status;
    expect(await disable(stranger, staff.userId)).toBe(404);
    expect(await disable(owner, driver.id)).toBe(404);
    expect(await disable(owner, admin.userId)).toBe(404);
    expect(await disable(owner, randomUUID())).toBe(404);
    expect(await disable(owner, owner.userId)).toBe(409);
    expect(await disable(owner, staff.userId)).toBe(200);
    expect((await staff.ask("GET", "/api/users/me/")).status).toBe(401);
    expect((await stranger.ask("GET", `/api/users/${staff.userId}/`)).status).toBe(404);
  });
});

describe("staff", () => {
  const invite = async (by: Person, body: object = {}) =>
    await by.ask("POST", "/api/staff/", {
      email: newEmail(),
      ...NAMES,
      facility_ids: [FACILITY_ID],
      ...body,
    });

  it("are invited by mail, set their password, and work at their facilities", async () => {
    const answer = await invite(owner);
    expect(answer.status).toBe(201);
    const made = await bodyOf<User>(answer);
    expect(made).toMatchObject({ role: "staff", facility_ids: [FACILITY_ID] });
    await cloud.mails.settled();
    const mail = cloud.mails.at(-1);
    expect(mail).toMatchObject({ to: made.email, subject: "Your ParkMe account at Example Parking" });
    const token = /#password\/([\w-]{43})/.exec(mail?.text ?? "")?.[1];
    const password = "my first password here";
    const set = { token, password, password_confirm: password };
    expect((await ask("POST", "/api/auth/password/reset/confirm/", set)).status).toBe(204);
    const pair = await ask("POST", "/api/auth/token/", { email: made.email, password });
    const { access } = pair.body as Pair;
    const link = async (facility: string) =>
      (await ask("GET", `/api/facilities/${facility}/link`, undefined, access)).status;
    expect([await link(FACILITY_ID), await link(OTHER_FACILITY_ID)]).toEqual([200, 404]);
    const moved = await owner.ask("PUT", `/api/staff/${made.id}/facilities/`, {
      facility_ids: [OTHER_FACILITY_ID],
    });
    expect(await bodyOf(moved)).toMatchObject({ facility_ids: [OTHER_FACILITY_ID] });
    expect([await link(FACILITY_ID), await link(OTHER_FACILITY_ID)]).toEqual([404, 200]);
  });

  it("are invited again when the mail was lost: the link of before is void", async () => {
    const made = await bodyOf<User>(await invite(owner));
    expect((await owner.ask("POST", `/api/staff/${made.id}/invite/`)).status).toBe(202);
    await cloud.mails.settled();
    const [first, second] = cloud.mails
      .filter(({ to }) => to === made.email)
      .map(({ text }) => /#password\/([\w-]{43})/.exec(text)?.[1]);
    const password = "my first password here";
    const set = async (token?: string) =>
      (
        await ask("POST", "/api/auth/password/reset/confirm/", {
          token,
          password,
          password_confirm: password,
        })
      ).status;
    expect([await set(first), await set(second)]).toEqual([400, 204]);
    expect((await stranger.ask("POST", `/api/staff/${made.id}/invite/`)).status).toBe(404);
  });

  it("are of one's own organisation, at its own facilities", async () => {
    expect(await problemOf(await invite(stranger))).toMatchObject({ status: 404, code: "no_such_facility" });
    expect(
      await problemOf(await invite(owner, { organisation_id: foreign, facility_ids: [] })),
    ).toMatchObject({
      status: 404,
      code: "no_such_organisation",
    });
    expect(await problemOf(await invite(admin))).toMatchObject({ status: 400, field: "organisation_id" });
    expect(
      await problemOf(await invite(admin, { organisation_id: randomUUID(), facility_ids: [] })),
    ).toMatchObject({ status: 404 });
    expect((await invite(admin, { organisation_id: foreign, facility_ids: [] })).status).toBe(201);
    expect((await invite(admin, { organisation_id: foreign })).status).toBe(404);
    expect(await problemOf(await invite(owner, { role: "admin" }))).toMatchObject({
      status: 400,
      field: "role",
    });
    expect(await problemOf(await invite(owner, { role: "owner" }))).toMatchObject({ field: "facility_ids" });
    expect((await invite(owner, { role: "owner", facility_ids: [] })).status).toBe(201);
    expect(await problemOf(await invite(owner, { email: stranger.email }))).toMatchObject({
      status: 409,
      code: "email_taken",
    });
  });

  it("are assigned by those who manage them", async () => {
    const staff = await signedIn(cloud, "staff");
    const assign = async (by: Person, id: string, facility_ids: string[]) =>
      (await by.ask("PUT", `/api/staff/${id}/facilities/`, { facility_ids })).status;
    expect(await assign(stranger, staff.userId, [])).toBe(404);
    expect(await assign(owner, owner.userId, [])).toBe(409);
    expect(await assign(owner, (await register(ask)).id, [])).toBe(404);
    expect(await assign(owner, staff.userId, [randomUUID()])).toBe(404);
    expect(await assign(admin, staff.userId, [FACILITY_ID, FACILITY_ID])).toBe(200);
    expect(
      (await staff.ask("PUT", `/api/staff/${staff.userId}/facilities/`, { facility_ids: [] })).status,
    ).toBe(403);
  });
});

describe("organisations", () => {
  it("are made and renamed by admins, and seen by their own", async () => {
    const slug = `new-${randomUUID().slice(0, 8)}`;
    const make = async () => await admin.ask("POST", "/api/organisations/", { slug, name: "New Parking" });
    const made = await bodyOf<{ id: string }>(await make());
    expect(await problemOf(await make())).toMatchObject({ status: 409, code: "slug_taken", field: "slug" });
    const rename = async (by: Person, id: string) =>
      await by.ask("PATCH", `/api/organisations/${id}/`, { name: "Newer Parking" });
    expect(await bodyOf(await rename(admin, made.id))).toEqual({ id: made.id, slug, name: "Newer Parking" });
    expect((await rename(admin, randomUUID())).status).toBe(404);
    expect((await rename(owner, made.id)).status).toBe(403);
    const seen = async (by: Person) =>
      (await bodyOf<{ items: { slug: string }[] }>(await by.ask("GET", "/api/organisations/"))).items;
    expect((await seen(owner)).map((each) => each.slug)).toEqual(["example"]);
    expect((await seen(admin)).map((each) => each.slug)).toContain(slug);
    const log = cloud.db.select().from(auditEntries).where(eq(auditEntries.organisationId, made.id));
    expect((await log).map(({ action }) => action)).toEqual(["organisation.made", "organisation.renamed"]);
  });
});
