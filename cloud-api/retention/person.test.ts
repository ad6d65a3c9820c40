import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword } from "../accounts/secrets.ts";
import { chainEntries, verifyChain } from "../audit/chain.queries.ts";
import { PLATFORM_TENANT, writeAudit } from "../audit/entries.queries.ts";
import { idempotencyKeys } from "../db/bookings-schema.ts";
import { refunds } from "../db/money-schema.ts";
import { users } from "../db/schema.ts";
import { createPictureFiles, type PictureFiles } from "../fleet/picture-files.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { refusedAs } from "../testing/places.ts";
import { rowsOf } from "../testing/tables.ts";
import { findWords, travel, type Traveller } from "./testing/driver-everywhere.ts";

const PASSWORD = "a long way from anywhere";

let cloud: TestCloud;
let folder: string;
let files: PictureFiles;
let zoe: Person;
let zoes: Traveller;
let other: Person;
let others: Traveller;
/** What is looked for of her. */
let words: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parkme-person-"));
  files = createPictureFiles(folder);
  cloud = await startTestCloud({ pictures: files });
  zoe = await signedIn(cloud, "driver");
  other = await signedIn(cloud, "driver");
  const name = { firstName: "Zoepha", lastName: "Quillfeather", name: "Zoepha Quillfeather" };
  const secret = { phone: "+4930777777777", passwordHash: await hashPassword(PASSWORD) };
  const email = "zoepha.q@example.test";
  await cloud.db
    .update(users)
    .set({ ...name, ...secret, email })
    .where(eq(users.id, zoe.userId));
  words = ["zoepha", "quillfeather", "+4930777777777", "ZQ77ZZZ"];
  const her = { userId: zoe.userId, email, plate: "ZQ77ZZZ", words: "Zoepha Quillfeather was here" };
  zoes = await travel(cloud, her, { n: 1, firstSeq: 1, daysAgo: 3, files });
  const his = { userId: other.userId, email: other.email, plate: "OT88TTT", words: "somebody else" };
  others = await travel(cloud, his, { n: 2, firstSeq: 4, daysAgo: 3, files });
  await cloud.db.insert(idempotencyKeys).values({
    owner: zoe.userId,
    key: "k",
    request: Buffer.from("x"),
    status: 201,
    at: cloud.clock.now,
    answer: { plate: "ZQ77ZZZ" },
  });
  const principal = { actorId: zoe.userId, name: email, role: "driver", organisationId: null } as const;
  const actor = { principal, requestId: "r", now: cloud.clock.now };
  await writeAudit(cloud.db, actor, { action: "vehicle.added", subject: "vehicle:1" });
});
afterAll(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

const erase = async (person: Person, password = PASSWORD) =>
  await person.ask("POST", "/api/users/me/erase/", { password });

describe("an export", () => {
  it("has all that is kept of a person, nothing of others and no secret", async () => {
    const answer = await zoe.ask("GET", "/api/users/me/export/");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-disposition")).toContain("attachment");
    const text = await answer.text();
    const document = JSON.parse(text) as Record<string, Record<string, unknown>[]>;
    const filled = Object.entries(document).filter(([, rows]) => Array.isArray(rows) && rows.length > 0);
    expect(filled.map(([name]) => name).toSorted()).toEqual(
      [
        "profile",
        "sign_ins",
        "vehicles",
        "vehicle_transfers",
        "bookings",
        "stays",
        "subscriptions",
        "subscription_stays",
        "payments",
        "refunds",
        "violations",
        "disputes",
        "audit_entries",
      ].toSorted(),
    );
    expect(document["profile"]).toMatchObject([{ email: "zoepha.q@example.test", phone: "+4930777777777" }]);
    expect(document["stays"]).toMatchObject([{ stay_id: zoes.stayId, plate: "ZQ77ZZZ" }]);
    expect(document["bookings"]).toMatchObject([{ id: zoes.bookingId, final_minor: 400, currency: "EUR" }]);
    expect(text).not.toContain("OT88TTT");
    expect(text).not.toContain(other.userId);
    expect(text).not.toMatch(/argon2|password|token_hash|code_hash|sealed/);
  });

  it("is written down, and is made by admins for others, and by nobody else", async () => {
    const admin = await signedIn(cloud, "admin");
    const path = `/api/users/${zoe.userId}/export/`;
    expect((await admin.ask("GET", path)).status).toBe(200);
    expect((await other.ask("GET", path)).status).toBe(403);
    expect((await (await signedIn(cloud, "owner")).ask("GET", path)).status).toBe(403);
    expect((await admin.ask("GET", `/api/users/${FACILITY_ID}/export/`)).status).toBe(404);
    const told = await rowsOf(
      cloud.db,
      "select actor from audit_entries where action = 'user.exported' order by ordinal",
    );
    expect(told).toEqual([{ actor: `driver:${zoe.userId}` }, { actor: admin.email }]);
  });
});

describe("an erasure", () => {
  it("needs the password", async () => {
    expect(await refusedAs(await erase(zoe, "not the password"))).toBe("403 wrong_password password");
  });

  it.each([
    ["booking", "update bookings set status = 'CONFIRMED'", "update bookings set status = 'COMPLETED'"],
    ["debt", "update bookings set paid_minor = 399", "update bookings set paid_minor = 400"],
    [
      "subscription",
      "update subscriptions set status = 'active'",
      "update subscriptions set status = 'ended'",
    ],
    ["violation", "update violations set status = 'disputed'", "update violations set status = 'paid'"],
    [
      "payment",
      "update provider_payments set status = 'pending'",
      "update provider_payments set status = 'captured'",
    ],
  ])("waits for what is open: a %s", async (kind, open, close) => {
    const hers = `where user_id = '${zoe.userId}'`;
    await rowsOf(cloud.db, `${open} ${hers}`);
    const answer = await erase(zoe);
    await rowsOf(cloud.db, `${close} ${hers}`);
    expect(answer.status).toBe(409);
    const { code, obstacles } = (await answer.json()) as { code: string; obstacles: { kind: string }[] };
    expect([code, obstacles.map((each) => each.kind)]).toEqual(["still_needed", [kind]]);
  });

  it("waits for money that is on its way back, and for holds", async () => {
    await cloud.db.update(refunds).set({ status: "pending" });
    const answer = await erase(zoe);
    await cloud.db.update(refunds).set({ status: "done" });
    expect(await answer.json()).toMatchObject({ code: "still_needed", obstacles: [{ kind: "refund" }] });
    await cloud.db.execute(sql`update legal_holds set lifted_at = null where plate = 'ZQ77ZZZ'`);
    const held = await erase(zoe);
    await cloud.db.execute(sql`update legal_holds set lifted_at = at where plate = 'ZQ77ZZZ'`);
    expect(await held.json()).toMatchObject({ obstacles: [{ kind: "legal_hold", id: zoes.bookingId }] });
  });

  it("is for drivers", async () => {
    const admin = await signedIn(cloud, "admin");
    const staff = await signedIn(cloud, "staff");
    const path = `/api/users/${staff.userId}/erase/`;
    expect(await refusedAs(await admin.ask("POST", path))).toBe("409 not_a_driver");
    expect((await staff.ask("POST", `/api/users/${other.userId}/erase/`)).status).toBe(403);
  });

  it("leaves nothing of the person in any column of any table, and all the money", async () => {
    const before = await findWords(cloud.db, words);
    // Else nothing would be shown by what follows.
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining([
        "users.email",
        "users.phone",
        "vehicles.plate",
        "vehicles.name",
        "bookings.plate",
        "stays.plate",
        "bookings.cancel_reason",
        "subscriptions.plates",
        "violations.plate",
        "violations.note",
        "disputes.text",
        "movements.plate",
        "edge_events.payload",
        "idempotency_keys.answer",
        "equality_differences.edge_row",
        "legal_holds.plate",
        "refunds.actor",
      ]),
    );
    const money = "select sum(amount_minor)::int as minor, count(*)::int as n from provider_payments";
    const paid = await rowsOf(cloud.db, money);
    const theirs = await findWords(cloud.db, ["OT88TTT", other.email, "somebody else"]);

    expect((await erase(zoe)).status).toBe(204);
    expect(await findWords(cloud.db, words)).toEqual({});
    expect(await rowsOf(cloud.db, money)).toEqual(paid);
    expect(await findWords(cloud.db, ["OT88TTT", other.email, "somebody else"])).toEqual(theirs);
    const left = { facilityId: FACILITY_ID, pictureId: others.pictureId };
    for (const pictureId of [zoes.pictureId, zoes.shownId])
      expect(await files.read({ facilityId: FACILITY_ID, pictureId })).toBeNull();
    expect(await files.read(left)).not.toBeNull();
  });

  it("ends where the person is signed in, and cannot be done again", async () => {
    expect((await zoe.ask("GET", "/api/users/me/")).status).toBe(401);
    const admin = await signedIn(cloud, "admin");
    expect((await admin.ask("POST", `/api/users/${zoe.userId}/erase/`)).status).toBe(404);
    expect((await admin.ask("GET", `/api/users/${zoe.userId}/export/`)).status).toBe(404);
  });

  it("is done by an admin for who asked, without a password", async () => {
    const admin = await signedIn(cloud, "admin");
    expect((await admin.ask("POST", `/api/users/${other.userId}/erase/`)).status).toBe(204);
    expect(await findWords(cloud.db, ["OT88TTT", other.email, "somebody else"])).toEqual({});
  });

  it("keeps the chain of the audit log whole", async () => {
    await chainEntries(cloud.db);
    expect(await verifyChain(cloud.db, PLATFORM_TENANT)).toMatchObject({ fault: null });
    const told = await rowsOf(
      cloud.db,
      "select subject from audit_entries where action = 'user.erased' order by ordinal",
    );
    expect(told).toEqual([{ subject: `user:${zoe.userId}` }, { subject: `user:${other.userId}` }]);
  });
});
