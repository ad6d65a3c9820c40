import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditEntries } from "../db/platform-schema.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn } from "../testing/people.ts";
import { asker, register, type Pair } from "./testing/driver.ts";

let cloud: TestCloud;
let ask: ReturnType<typeof asker>;
beforeAll(async () => {
  cloud = await startTestCloud();
  ask = asker(cloud.app);
});
afterAll(() => cloud.stop());
beforeEach(() => {
  // A new window of the attempt limits.
  cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
});

const later = (ms: number) => {
  cloud.clock.now = new Date(cloud.clock.now.getTime() + ms);
};
const signIn = async (email: string, password: string) =>
  await ask("POST", "/api/auth/token/", { email, password });
const me = async ({ access }: Pair) => await ask("GET", "/api/users/me/", undefined, access);
const refresh = async (token: string) => await ask("POST", "/api/auth/token/refresh/", { refresh: token });

describe("tokens", () => {
  it("are given for the right password, in any case of the email", async () => {
    const { email, password } = await register(ask);
    const pair = await signIn(` ${email.toUpperCase()} `, password);
    expect(pair.status).toBe(200);
    expect(Object.keys(pair.body as Pair).toSorted()).toEqual(["access", "refresh"]);
    expect((await me(pair.body as Pair)).body).toMatchObject({ email, role: "driver" });
  });

  it("say the same of a wrong password, an unknown email, and somebody who is disabled", async () => {
    const { email, password, id } = await register(ask);
    const wrong = await signIn(email, "wrong");
    const unknown = await signIn("nobody@example.test", password);
    const admin = await signedIn(cloud, "admin");
    expect((await admin.ask("POST", `/api/users/${id}/disable/`)).status).toBe(200);
    const disabled = await signIn(email, password);
    expect([wrong.status, unknown.status, disabled.status]).toEqual([401, 401, 401]);
    expect(wrong.body).toEqual(unknown.body);
    expect(wrong.body).toEqual(disabled.body);
    expect(wrong.body).toMatchObject({ code: "sign_in_refused" });
  });

  it("are not given to people who have set no password yet", async () => {
    const staff = await signedIn(cloud, "staff");
    expect((await signIn(staff.email, "none")).status).toBe(401);
  });

  it("are kept as hashes, and the password is in no row", async () => {
    const { email, password } = await register(ask);
    const { body } = (await signIn(email, password)) as { body: Pair };
    const { rows } = await cloud.db.execute<{ text: string }>(
      sql`select (select string_agg(r::text, '') from refresh_tokens r) || (select string_agg(s::text, '') from sign_ins s)
        || (select string_agg(a::text, '') from audit_entries a) || (select string_agg(u::text, '') from users u) as text`,
    );
    const text = rows[0]?.text ?? "";
    for (const secret of [body.refresh, body.access, Buffer.from(body.refresh).toString("hex"), password])
      expect(text).not.toContain(secret);
  });

  it("of access are over after 15 minutes", async () => {
    const { pair } = await register(ask);
    later(15 * 60_000 - 1_000);
    expect((await me(pair)).status).toBe(200);
    later(2_000);
    const over = await me(pair);
    expect(over.status).toBe(401);
    expect(over.body).toMatchObject({ code: "bad_token" });
    expect(over.headers.get("www-authenticate")).toContain("invalid_token");
  });

  it.each([
    ["no token", "x"],
    ["no signature", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIn0."],
    ["a key that nobody has", `pmk_${"A".repeat(43)}`],
  ])("that are %s are refused, also beside a good cookie", async (_what, token) => {
    expect((await ask("GET", "/api/users/me/", undefined, token)).status).toBe(401);
  });

  it("changed in any character are refused", async () => {
    const { pair } = await register(ask);
    for (let place = 0; place < pair.access.length; place += 7) {
      const other = pair.access[place] === "A" ? "B" : "A";
      const access = pair.access.slice(0, place) + other + pair.access.slice(place + 1);
      expect((await me({ ...pair, access })).status).toBe(401);
    }
  });
});

describe("wrong passwords in a row", () => {
  /** From many addresses: `x-forwarded-for` is not believed, so the limits by address are passed by waiting. */
  async function wrongTimes(email: string, times: number): Promise<number[]> {
    const statuses: number[] = [];
    for (let each = 0; each < times; each++) {
      if (each % 8 === 0) later(16 * 60_000);
      statuses.push((await signIn(email, "wrong password")).status);
    }
    return statuses;
  }

  it("lock an account for a while that grows, also for the right password", async () => {
    const { email, password } = await register(ask);
    expect(await wrongTimes(email, 10)).toEqual(Array(10).fill(401));
    const locked = await signIn(email, password);
    expect(locked.status).toBe(429);
    expect(locked.body).toMatchObject({ code: "too_many_attempts", retry_after_s: 60 });
    expect(locked.headers.get("retry-after")).toBe("60");
    later(61_000);
    expect((await signIn(email, "wrong password")).status).toBe(401);
    expect((await signIn(email, password)).body).toMatchObject({ retry_after_s: 120 });
    later(121_000);
    expect((await signIn(email, password)).status).toBe(200);
    expect(await wrongTimes(email, 9)).toEqual(Array(9).fill(401));
    later(16 * 60_000);
    expect((await signIn(email, password)).status).toBe(200);
  });

  it("lock an email that nobody has as one that somebody has", async () => {
    const email = "no-such-person@example.test";
    expect(await wrongTimes(email, 10)).toEqual(Array(10).fill(401));
    expect((await signIn(email, "anything else")).status).toBe(429);
  });

  it("do not end where somebody is signed in", async () => {
    const { email, pair } = await register(ask);
    await wrongTimes(email, 10);
    expect((await refresh(pair.refresh)).status).toBe(200);
  });
});

describe("a refresh token", () => {
  it("is traded in once, and again for ten seconds, each time for a pair that works", async () => {
    const { pair } = await register(ask);
    const first = (await refresh(pair.refresh)).body as Pair;
    const second = (await refresh(pair.refresh)).body as Pair;
    expect(first.refresh).not.toBe(second.refresh);
    for (const each of [first, second]) {
      expect((await me(each)).status).toBe(200);
      expect((await refresh(each.refresh)).status).toBe(200);
    }
  });

  it("that is shown again later ends the whole sign-in, for thief and owner", async () => {
    const { pair, id } = await register(ask);
    const next = (await refresh(pair.refresh)).body as Pair;
    later(10_001);
    const reused = await refresh(pair.refresh);
    expect(reused.status).toBe(401);
    expect(reused.body).toMatchObject({ code: "token_reused" });
    expect((await refresh(next.refresh)).status).toBe(401);
    expect((await me(next)).status).toBe(401);
    const entries = await cloud.db.select().from(auditEntries);
    expect(entries.filter(({ subject }) => subject === `user:${id}`).map(({ action }) => action)).toContain(
      "user.token_reused",
    );
  });

  it("ends nothing of the same person's other devices", async () => {
    const { pair, email, password } = await register(ask);
    const other = (await signIn(email, password)).body as Pair;
    await refresh(pair.refresh);
    later(11_000);
    expect((await refresh(pair.refresh)).status).toBe(401);
    expect((await me(other)).status).toBe(200);
  });

  it("traded in by many at the same moment gives each a pair, and no more than one family", async () => {
    const { pair, id } = await register(ask);
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(pair.refresh)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { rows } = await cloud.db.execute<{ families: number }>(
      sql`select count(*)::int as families from sign_ins where user_id = ${id}`,
    );
    expect(rows[0]?.families).toBe(1);
  });

  it("is good for thirty days from its last use", async () => {
    const { pair } = await register(ask);
    later(29 * 86_400_000);
    const next = (await refresh(pair.refresh)).body as Pair;
    later(29 * 86_400_000);
    const last = (await refresh(next.refresh)).body as Pair;
    later(31 * 86_400_000);
    expect((await refresh(last.refresh)).status).toBe(401);
  });

  it.each(["", "x", "A".repeat(43), "\u00e4".repeat(20)])("that is %j is none", async (token) => {
    expect((await refresh(token)).status).toBe(token === "" ? 400 : 401);
  });
});

describe("sessions", () => {
  it("are listed with their devices, and ended one by one or all at once", async () => {
    const { pair, email, password } = await register(ask);
    const phone = (await signIn(email, password)).body as Pair;
    const list = async (by: Pair) =>
      (await ask("GET", "/api/auth/sessions/", undefined, by.access)).body as {
        items: { id: string; current: boolean; device: string }[];
      };
    const items = (await list(pair)).items;
    expect(items).toHaveLength(2);
    expect(items.filter(({ current }) => current)).toHaveLength(1);
    const other = items.find(({ current }) => !current)?.id ?? "";
    const end = async (id: string) =>
      await ask("DELETE", `/api/auth/sessions/${id}/`, undefined, pair.access);
    expect((await end(other)).status).toBe(204);
    expect((await me(phone)).status).toBe(401);
    expect((await refresh(phone.refresh)).status).toBe(401);
    expect((await end(other)).status).toBe(404);
    const third = (await signIn(email, password)).body as Pair;
    const everywhere = await ask("POST", "/api/auth/sign-out/?everywhere=true", undefined, pair.access);
    expect(everywhere.status).toBe(204);
    for (const each of [pair, third]) expect((await me(each)).status).toBe(401);
  });

  it("end with signing out, at once", async () => {
    const { pair } = await register(ask);
    expect((await me(pair)).status).toBe(200);
    expect((await ask("POST", "/api/auth/sign-out/", undefined, pair.access)).status).toBe(204);
    expect((await me(pair)).status).toBe(401);
    expect((await refresh(pair.refresh)).status).toBe(401);
  });

  it("of somebody else are not there", async () => {
    const [one, two] = [await register(ask), await register(ask)];
    const { items } = (await ask("GET", "/api/auth/sessions/", undefined, two.pair.access)).body as {
      items: { id: string }[];
    };
    const path = `/api/auth/sessions/${items[0]?.id}/`;
    expect((await ask("DELETE", path, undefined, one.pair.access)).status).toBe(404);
    expect((await me(two.pair)).status).toBe(200);
  });

  it("are fifty at most: the one that was not used for longest is over", async () => {
    const { pair, id, email, password } = await register(ask);
    const kept = (await signIn(email, password)).body as Pair;
    await cloud.db
      .execute(sql`insert into sign_ins (id, user_id, device, address, at, last_used_at, expires_at)
      select gen_random_uuid(), ${id}, 'x', 'x', last_used_at, last_used_at + interval '1 second', expires_at
      from sign_ins, generate_series(1, 48) where user_id = ${id} and last_used_at = (select min(last_used_at) from sign_ins where user_id = ${id})`);
    later(2_000);
    const next = (await refresh(kept.refresh)).body as Pair;
    await signIn(email, password);
    expect((await me(next)).status).toBe(200);
    expect((await refresh(pair.refresh)).status).toBe(401);
  });
});
