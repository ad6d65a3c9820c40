import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { provision } from "../facilities/provision.ts";
import { PROVISION, signIn, startTestCloud, USER, type TestCloud } from "../testing/cloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(async () => {
  // A new window of the attempt limits, and no sessions from before.
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
  await cloud.db.execute(sql`delete from sessions`);
});

async function tryToSignIn(
  body: unknown,
  headers: Record<string, string> = { "x-parkme": "1" },
): Promise<Response> {
  return await cloud.app.request("/api/session", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

async function whoAmI(cookie: string): Promise<Response> {
  return await cloud.app.request("/api/session", { headers: { cookie } });
}

describe("signing in", () => {
  it("gives a cookie that no script and no other site can use", async () => {
    const response = await tryToSignIn({ email: USER.email, password: USER.password });
    expect(response.status).toBe(204);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^parkme_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  it("adds Secure where a proxy says the browser came by TLS", async () => {
    const headers = { "x-parkme": "1", "x-forwarded-proto": "https" };
    const response = await tryToSignIn({ email: USER.email, password: USER.password }, headers);
    expect(response.headers.get("set-cookie")).toContain("; Secure");
  });

  it("takes the email in any case, with spaces around it", async () => {
    expect(
      (await tryToSignIn({ email: ` ${USER.email.toUpperCase()} `, password: USER.password })).status,
    ).toBe(204);
  });

  it("keeps only a hash of the cookie's token", async () => {
    const token = (await signIn(cloud.app)).split("=")[1]!;
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select sessions::text as text from sessions`,
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(Buffer.from(token).toString("hex"));
    expect(rows[0]?.text).not.toContain(token);
  });

  it("tells who is signed in", async () => {
    expect(await (await whoAmI(await signIn(cloud.app))).json()).toEqual({
      email: USER.email,
      name: USER.name,
      organisation: { name: "Example Parking" },
    });
  });

  it("says the same of a wrong password and of an unknown email", async () => {
    const wrong = await tryToSignIn({ email: USER.email, password: "wrong" });
    const unknown = await tryToSignIn({ email: "nobody@example.test", password: USER.password });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(await wrong.json()).toEqual(await unknown.json());
    expect(wrong.headers.get("set-cookie")).toBeNull();
  });

  it.each([
    ["no JSON", "{"],
    ["no password", { email: USER.email }],
    ["a password of the wrong type", { email: USER.email, password: ["a"] }],
    ["an endless password", { email: USER.email, password: "x".repeat(201) }],
  ])("answers 400 to %s", async (_what, body) => {
    expect((await tryToSignIn(body)).status).toBe(400);
  });

  it("answers 413 to a body that is too long", async () => {
    expect((await tryToSignIn("x".repeat(5_000))).status).toBe(413);
  });

  it("refuses a page that is not ours", async () => {
    expect((await tryToSignIn({ email: USER.email, password: USER.password }, {})).status).toBe(403);
  });
});

describe("attempt limits", () => {
  it("stops an address after ten wrong attempts, also with the right password, until the window is over", async () => {
    for (let attempt = 0; attempt < 10; attempt++) {
      expect((await tryToSignIn({ email: `guess${attempt}@example.test`, password: "wrong" })).status).toBe(
        401,
      );
    }
    const refused = await tryToSignIn({ email: USER.email, password: USER.password });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(800);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 15 * 60_000);
    expect((await tryToSignIn({ email: USER.email, password: USER.password })).status).toBe(204);
  });

  it("does not count good attempts", async () => {
    for (let attempt = 0; attempt < 12; attempt++) await signIn(cloud.app);
  });
});

describe("a session", () => {
  it("ends after twelve hours", async () => {
    const cookie = await signIn(cloud.app);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 12 * 3_600_000 - 1);
    expect((await whoAmI(cookie)).status).toBe(200);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 1);
    expect((await whoAmI(cookie)).status).toBe(401);
  });

  it("ends with signing out, and with it the cookie", async () => {
    const cookie = await signIn(cloud.app);
    const signOut = (headers: Record<string, string>) =>
      cloud.app.request("/api/session", { method: "DELETE", headers: { cookie, ...headers } });
    expect((await signOut({})).status).toBe(403);
    const response = await signOut({ "x-parkme": "1" });
    expect(response.status).toBe(204);
    expect(response.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await whoAmI(cookie)).status).toBe(401);
  });

  it("is not opened by a made-up or missing cookie", async () => {
    expect((await whoAmI("")).status).toBe(401);
    expect((await whoAmI("parkme_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).status).toBe(401);
  });

  it("makes room for the next one when there are twenty", async () => {
    const first = await signIn(cloud.app);
    for (let more = 0; more < 20; more++) {
      cloud.clock.now = new Date(cloud.clock.now.getTime() + 1_000);
      await signIn(cloud.app);
    }
    expect((await whoAmI(first)).status).toBe(401);
    const { rows } = await cloud.db.execute<{ count: number }>(
      sql`select count(*)::int as count from sessions`,
    );
    expect(rows[0]?.count).toBe(20);
  });
});

describe("provisioned users", () => {
  it("stay signed in when the same file is read again", async () => {
    const cookie = await signIn(cloud.app);
    const hashes = async () => (await cloud.db.execute(sql`select password_hash from users`)).rows;
    const before = await hashes();
    await provision(cloud.db, PROVISION);
    expect(await hashes()).toEqual(before);
    expect((await whoAmI(cookie)).status).toBe(200);
  });

  it("are signed out, and need the new password, when the file's password changed", async () => {
    const cookie = await signIn(cloud.app);
    await provision(cloud.db, { ...PROVISION, users: [{ ...USER, password: "another one entirely" }] });
    expect((await whoAmI(cookie)).status).toBe(401);
    expect((await tryToSignIn({ email: USER.email, password: USER.password })).status).toBe(401);
    expect((await tryToSignIn({ email: USER.email, password: "another one entirely" })).status).toBe(204);
    await provision(cloud.db, PROVISION);
    expect((await tryToSignIn({ email: USER.email, password: USER.password })).status).toBe(204);
  });
});
