import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { asker, register, type Driver, type Pair } from "./testing/driver.ts";

let cloud: TestCloud;
let ask: ReturnType<typeof asker>;
beforeAll(async () => {
  cloud = await startTestCloud();
  ask = asker(cloud.app);
});
afterAll(() => cloud.stop());
beforeEach(() => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
});

const later = (ms: number) => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + ms);
};
const forgot = async (email: string) => await ask("POST", "/api/auth/password/reset/", { email });
const reset = async (token: string, password: string, confirm = password) =>
  await ask("POST", "/api/auth/password/reset/confirm/", { token, password, password_confirm: confirm });
const signIn = async ({ email }: Driver, password: string) =>
  await ask("POST", "/api/auth/token/", { email, password });

/** The mails to somebody so far. */
async function mailsTo(email: string) {
  await cloud.mails.settled();
  return cloud.mails.filter(({ to }) => to === email);
}

async function tokenFor(driver: Driver): Promise<string> {
  expect((await forgot(driver.email)).status).toBe(202);
  const text = (await mailsTo(driver.email)).at(-1)?.text ?? "";
  const token = /https:\/\/parkme\.test\/#password\/([\w-]{43})\n/.exec(text)?.[1];
  if (token === undefined) throw new Error(`no link in ${text}`);
  return token;
}

describe("a password that was forgotten", () => {
  it("is set anew by the link of a mail, which signs out everywhere", async () => {
    const driver = await register(ask);
    const token = await tokenFor(driver);
    expect((await reset(token, "a new and better one")).status).toBe(204);
    expect((await signIn(driver, driver.password)).status).toBe(401);
    expect((await signIn(driver, "a new and better one")).status).toBe(200);
    expect((await ask("GET", "/api/users/me/", undefined, driver.pair.access)).status).toBe(401);
    expect((await ask("POST", "/api/auth/token/refresh/", { refresh: driver.pair.refresh })).status).toBe(
      401,
    );
    expect((await mailsTo(driver.email)).at(-1)?.subject).toContain("was changed");
  });

  it("answers the same whether anybody has this email, and mails nobody who has not asked", async () => {
    const driver = await register(ask);
    const before = cloud.mails.length;
    const [known, unknown] = [await forgot(driver.email), await forgot("nobody@example.test")];
    expect([known.status, unknown.status]).toEqual([202, 202]);
    expect(known.body).toEqual(unknown.body);
    await cloud.mails.settled();
    expect(cloud.mails.length).toBe(before + 1);
  });

  it("has a link that is good once, for an hour, and void when another is asked for", async () => {
    const driver = await register(ask);
    const first = await tokenFor(driver);
    const second = await tokenFor(driver);
    expect((await reset(first, "a new and better one")).body).toMatchObject({ code: "bad_token" });
    expect((await reset(second, "a new and better one")).status).toBe(204);
    expect((await reset(second, "yet another new one")).status).toBe(400);
    later(3_600_000);
    const third = await tokenFor(driver);
    later(3_600_000);
    expect((await reset(third, "yet another new one")).status).toBe(400);
  });

  it("keeps the link good when the new password is not taken", async () => {
    const driver = await register(ask);
    const token = await tokenFor(driver);
    expect((await reset(token, "short")).body).toMatchObject({ code: "weak_password", field: "password" });
    expect((await reset(token, "a new and better one", "another")).body).toMatchObject({
      field: "password_confirm",
    });
    expect((await reset(token, driver.email)).body).toMatchObject({ code: "weak_password" });
    expect((await reset(token, "a new and better one")).status).toBe(204);
  });

  it("is used by one of many who try the same link at the same moment", async () => {
    const driver = await register(ask);
    const token = await tokenFor(driver);
    const tries = await Promise.all([1, 2, 3, 4].map((each) => reset(token, `new password no. ${each}`)));
    expect(tries.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  it("fills nobody's mailbox", async () => {
    const driver = await register(ask);
    for (let each = 0; each < 8; each++) expect((await forgot(driver.email)).status).toBe(202);
    expect(await mailsTo(driver.email)).toHaveLength(3);
  });

  it("has its token in no row, and is unlocked by it", async () => {
    const driver = await register(ask);
    for (let each = 0; each < 9; each++) await signIn(driver, "wrong");
    later(16 * 60_000);
    await signIn(driver, "wrong");
    expect((await signIn(driver, driver.password)).status).toBe(429);
    const token = await tokenFor(driver);
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select string_agg(r::text, '') as text from password_resets r`,
    );
    expect(rows[0]?.text).not.toContain(token);
    expect(rows[0]?.text).not.toContain(Buffer.from(token).toString("hex"));
    await reset(token, "a new and better one");
    expect((await signIn(driver, "a new and better one")).status).toBe(200);
  });
});

describe("a password that is changed", () => {
  const change = async (pair: Pair, current_password: string, password: string) =>
    await ask(
      "POST",
      "/api/auth/password/change/",
      { current_password, password, password_confirm: password },
      pair.access,
    );

  it("needs the old one, and leaves the device signed in that changed it", async () => {
    const driver = await register(ask);
    const other = (await signIn(driver, driver.password)).body as Pair;
    expect((await change(driver.pair, "not this", "a new and better one")).body).toMatchObject({
      code: "wrong_password",
      field: "current_password",
    });
    expect((await change(driver.pair, driver.password, "a new and better one")).status).toBe(204);
    expect((await ask("GET", "/api/users/me/", undefined, driver.pair.access)).status).toBe(200);
    expect((await ask("GET", "/api/users/me/", undefined, other.access)).status).toBe(401);
    expect((await signIn(driver, "a new and better one")).status).toBe(200);
  });

  it("cannot be guessed with a token that was stolen", async () => {
    const driver = await register(ask);
    for (let each = 0; each < 10; each++)
      expect((await change(driver.pair, `guess ${each}`, "a new and better one")).status).toBe(403);
    expect((await change(driver.pair, driver.password, "a new and better one")).status).toBe(429);
  });
});
