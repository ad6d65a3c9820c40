import { Secret, TOTP } from "otpauth";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FACILITY_ID, startTestCloud, USER, type TestCloud } from "../testing/cloud.ts";
import { signedIn } from "../testing/people.ts";
import { asker, register, type Driver, type Pair } from "./testing/driver.ts";

let cloud: TestCloud;
let strict: TestCloud;
let ask: ReturnType<typeof asker>;
beforeAll(async () => {
  cloud = await startTestCloud();
  strict = await startTestCloud({ secondFactor: "required" });
  ask = asker(cloud.app);
});
afterAll(async () => {
  await cloud.stop();
  await strict.stop();
});
beforeEach(() => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
});

const later = (ms: number) => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + ms);
};
const codeOf = (secret: string, at: Date) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at.getTime() });
const signIn = async ({ email, password }: Pick<Driver, "email" | "password">, code?: string) =>
  await ask("POST", "/api/auth/token/", { email, password, ...(code === undefined ? {} : { code }) });

/** Turns a driver's second factor on. */
async function withFactor(): Promise<Driver & { secret: string; recovery: string[] }> {
  const driver = await register(ask);
  const { access } = driver.pair;
  const made = await ask("POST", "/api/auth/totp/", { password: driver.password }, access);
  expect(made.status).toBe(201);
  const { secret } = made.body as { secret: string };
  const code = codeOf(secret, cloud.clock.now);
  const confirmed = await ask("POST", "/api/auth/totp/confirm/", { code }, access);
  expect(confirmed.status).toBe(200);
  later(30_000);
  return { ...driver, secret, recovery: (confirmed.body as { recovery_codes: string[] }).recovery_codes };
}

describe("a second factor", () => {
  it("comes as text, as an address, and as a picture; it counts once a code was shown", async () => {
    const driver = await register(ask);
    const begin = async (password: string) =>
      await ask("POST", "/api/auth/totp/", { password }, driver.pair.access);
    expect((await begin("not this")).body).toMatchObject({ code: "wrong_password" });
    const made = (await begin(driver.password)).body as { secret: string; uri: string; qr: string };
    expect(made.uri).toContain(made.secret);
    expect(made.qr).toMatch(/^data:image\/png;base64,iVBOR/);
    expect((await signIn(driver)).status).toBe(200);
    const confirm = async (code: string) =>
      await ask("POST", "/api/auth/totp/confirm/", { code }, driver.pair.access);
    expect((await confirm("000000")).body).toMatchObject({ code: "wrong_code" });
    const done = await confirm(codeOf(made.secret, cloud.clock.now));
    expect((done.body as { recovery_codes: string[] }).recovery_codes).toHaveLength(10);
    expect((await signIn(driver)).body).toMatchObject({ code: "second_factor_needed", field: "code" });
    expect((await begin(driver.password)).body).toMatchObject({ code: "second_factor_on" });
    const me = await ask("GET", "/api/users/me/", undefined, driver.pair.access);
    expect(me.body).toMatchObject({ second_factor: true });
  });

  it("is asked for only after the right password", async () => {
    const driver = await withFactor();
    expect((await signIn({ ...driver, password: "wrong" })).body).toMatchObject({ code: "sign_in_refused" });
  });

  it("takes the code of now, once", async () => {
    const driver = await withFactor();
    const code = codeOf(driver.secret, cloud.clock.now);
    expect((await signIn(driver, code)).status).toBe(200);
    expect((await signIn(driver, code)).body).toMatchObject({ code: "wrong_code" });
    const before = codeOf(driver.secret, new Date(cloud.clock.now.getTime() - 30_000));
    expect((await signIn(driver, before)).status).toBe(401);
    later(30_000);
    expect((await signIn(driver, codeOf(driver.secret, cloud.clock.now))).status).toBe(200);
  });

  it("takes one of many who show the same code at the same moment", async () => {
    const driver = await withFactor();
    const code = codeOf(driver.secret, cloud.clock.now);
    const answers = await Promise.all([1, 2, 3, 4].map(() => signIn(driver, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it("takes a recovery code once, in place of the phone", async () => {
    const driver = await withFactor();
    const [first = "", second = ""] = driver.recovery;
    expect((await signIn(driver, first)).status).toBe(200);
    expect((await signIn(driver, first)).status).toBe(401);
    expect((await signIn(driver, second.toLowerCase().replace("-", " "))).status).toBe(200);
  });

  it("cannot be guessed: wrong codes lock as wrong passwords do, whatever lies between", async () => {
    const driver = await withFactor();
    for (let each = 0; each < 10; each++) {
      if (each % 4 === 3) later(16 * 60_000);
      const wrong = codeOf(driver.secret, new Date(0));
      expect((await signIn(driver, wrong)).status).toBe(401);
      // The password alone is right, and gives nothing back.
      await signIn(driver);
    }
    const right = codeOf(driver.secret, cloud.clock.now);
    expect((await signIn(driver, right)).status).toBe(429);
  });

  it("is turned off with password and code, or by an admin", async () => {
    const driver = await withFactor();
    const turnOff = async (body: unknown) => await ask("DELETE", "/api/auth/totp/", body, driver.pair.access);
    const code = codeOf(driver.secret, cloud.clock.now);
    expect((await turnOff({ password: "not this", code })).status).toBe(403);
    expect((await turnOff({ password: driver.password, code: "000000" })).status).toBe(403);
    expect((await turnOff({ password: driver.password, code })).status).toBe(204);
    expect((await signIn(driver)).status).toBe(200);
    const other = await withFactor();
    const owner = await signedIn(cloud, "owner");
    expect((await owner.ask("DELETE", `/api/users/${other.id}/totp/`)).status).toBe(404);
    const admin = await signedIn(cloud, "admin");
    expect((await admin.ask("DELETE", `/api/users/${other.id}/totp/`)).status).toBe(204);
    expect((await signIn(other)).status).toBe(200);
  });

  it("is sealed in the database", async () => {
    const { secret, recovery } = await withFactor();
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select string_agg(t::text, '') as text from totp_secrets t`,
    );
    for (const each of [secret, Buffer.from(secret).toString("hex"), ...recovery])
      expect(rows[0]?.text).not.toContain(each);
  });
});

describe("headquarters' cookie", () => {
  it("asks for the code as well", async () => {
    const password = "an owner's own password";
    const owner = await signedIn(cloud, "owner");
    const admin = await signedIn(cloud, "admin");
    expect((await admin.ask("GET", `/api/users/${owner.userId}/`)).status).toBe(200);
    await ask("POST", "/api/auth/password/reset/", { email: owner.email });
    await cloud.mails.settled();
    const token = /#password\/([\w-]+)/.exec(cloud.mails.at(-1)?.text ?? "")?.[1];
    const set = { token, password, password_confirm: password };
    expect((await ask("POST", "/api/auth/password/reset/confirm/", set)).status).toBe(204);
    const pair = (await signIn({ email: owner.email, password })).body as Pair;
    const made = await ask("POST", "/api/auth/totp/", { password }, pair.access);
    const { secret } = made.body as { secret: string };
    const confirm = { code: codeOf(secret, cloud.clock.now) };
    expect((await ask("POST", "/api/auth/totp/confirm/", confirm, pair.access)).status).toBe(200);
    const bySession = async (code?: string) =>
      await cloud.app.request("/api/session", {
        method: "POST",
        headers: { "content-type": "application/json", "x-parkme": "1" },
        body: JSON.stringify({ email: owner.email, password, code }),
      });
    expect(await (await bySession()).json()).toMatchObject({ code: "second_factor_needed" });
    later(30_000);
    const done = await bySession(codeOf(secret, cloud.clock.now));
    expect(done.status).toBe(204);
    expect(done.headers.get("set-cookie")).toContain("parkme_session=");
  });
});

describe("where a second factor is required", () => {
  it("owners set it up before they get in, and drivers need none", async () => {
    const strictly = asker(strict.app);
    await register(strictly);
    const first = await strictly("POST", "/api/auth/token/", USER);
    expect(first.status).toBe(400);
    const credentials = { email: USER.email, password: USER.password };
    const refused = await strictly("POST", "/api/auth/token/", credentials);
    expect(refused.status).toBe(401);
    const { code, setup_token } = refused.body as { code: string; setup_token: string };
    expect(code).toBe("second_factor_setup_needed");
    // It is good for nothing else.
    expect((await strictly("GET", "/api/users/me/", undefined, setup_token)).status).toBe(401);
    const begun = await strictly("POST", "/api/auth/totp/setup/", { setup_token });
    const { secret } = begun.body as { secret: string };
    const shown = codeOf(secret, strict.clock.now);
    const confirmed = await strictly("POST", "/api/auth/totp/setup/confirm/", { setup_token, code: shown });
    expect(confirmed.status).toBe(200);
    const { access } = confirmed.body as Pair;
    expect((await strictly("GET", "/api/users/me/", undefined, access)).status).toBe(200);
    expect((await strictly("GET", `/api/facilities/${FACILITY_ID}/link`, undefined, access)).status).toBe(
      200,
    );
    const again = await strictly("POST", "/api/auth/totp/setup/", { setup_token });
    expect(again.body).toMatchObject({ code: "second_factor_on" });
    const off = { password: USER.password, code: shown };
    expect((await strictly("DELETE", "/api/auth/totp/", off, access)).body).toMatchObject({
      code: "second_factor_required",
    });
  });

  it("no cookie is given without, and no token that is forged sets one up", async () => {
    const admin = await signedIn(strict, "admin");
    expect((await admin.ask("GET", "/api/users/me/")).status).toBe(200);
    const strictly = asker(strict.app);
    for (const setup_token of ["x", admin.token])
      expect((await strictly("POST", "/api/auth/totp/setup/", { setup_token })).status).toBe(401);
  });
});
