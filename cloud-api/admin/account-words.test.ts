import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditEntries } from "../db/platform-schema.ts";
import { users } from "../db/schema.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { createAccount, organisations } from "./account-words.ts";
import { askPassword, passwordFrom } from "./ask-password.ts";
import { Refused, type Options } from "./word.ts";

let cloud: TestCloud;
let folder: string;
beforeAll(async () => {
  cloud = await startTestCloud();
  folder = await mkdtemp(join(tmpdir(), "parkme-admin-"));
});
afterAll(async () => {
  await cloud.stop();
  await rm(folder, { recursive: true });
});

const PASSWORD = "the first admin's password";
const create = async (email: string, options: Options = {}, password = PASSWORD) =>
  await createAccount(
    { db: cloud.db, by: "root", now: cloud.clock.now, options, password: async () => password },
    email,
  );

describe("create", () => {
  it("makes an admin who can sign in, and writes down who made them", async () => {
    const { text, json } = await create("Root@Example.test");
    expect(text).toBe("root@example.test is admin from now on.");
    expect(json).toMatchObject({ email: "root@example.test", role: "admin", organisation: null });
    const answer = await cloud.app.request("/api/auth/token/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "root@example.test", password: PASSWORD }),
    });
    expect(answer.status).toBe(200);
    const log = await cloud.db.select().from(auditEntries).where(eq(auditEntries.action, "user.made"));
    expect(log).toMatchObject([{ actor: "root", detail: { role: "admin", email: "root@example.test" } }]);
  });

  it("makes owners and staff of an organisation", async () => {
    const { text } = await create("boss@example.test", {
      role: "owner",
      organisation: "example",
      name: "Bo",
    });
    expect(text).toBe("boss@example.test is owner of Example Parking from now on.");
    const [row] = await cloud.db.select().from(users).where(eq(users.email, "boss@example.test"));
    expect(row).toMatchObject({ role: "owner", name: "Bo" });
    expect(row?.organisationId).not.toBeNull();
  });

  it.each([
    ["no email", "nobody", {}, PASSWORD, "is no email address"],
    ["a role that is none", "a@example.test", { role: "king" }, PASSWORD, "--role"],
    ["a driver", "a@example.test", { role: "driver" }, PASSWORD, "--role"],
    ["an owner of nothing", "a@example.test", { role: "owner" }, PASSWORD, "--organisation SLUG is needed"],
    [
      "an unknown organisation",
      "a@example.test",
      { role: "staff", organisation: "x" },
      PASSWORD,
      "no organisation",
    ],
    [
      "an admin of something",
      "a@example.test",
      { organisation: "example" },
      PASSWORD,
      "leave --organisation out",
    ],
    ["a password that is too short", "a@example.test", {}, "short", "the password must have 8"],
    ["an email that is taken", "hq@example.test", {}, PASSWORD, "there is an account"],
  ])("refuses %s", async (_what, email, options, password, words) => {
    const made = create(email, options, password);
    await expect(made).rejects.toThrow(Refused);
    await expect(made).rejects.toThrow(words);
  });
});

describe("organisations", () => {
  it("are listed", async () => {
    const surroundings = {
      db: cloud.db,
      by: "root",
      now: cloud.clock.now,
      options: {},
      password: async () => "",
    };
    const { json, text } = await organisations(surroundings);
    expect(json).toMatchObject([{ slug: "example", name: "Example Parking" }]);
    expect(text).toContain("example");
  });
});

describe("a password", () => {
  /** A terminal at which somebody types these lines, and what it shows. */
  async function typed(...lines: string[]): Promise<{ asked: Promise<string>; shown: () => string }> {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    const parts: string[] = [];
    output.on("data", (chunk: Buffer) => parts.push(chunk.toString("utf8")));
    const asked = askPassword(input, output);
    for (const line of lines) input.write(`${line}\n`);
    return { asked, shown: () => parts.join("") };
  }

  it("is asked for twice, and not shown", async () => {
    const { asked, shown } = await typed("open sesame", "open sesame");
    expect(await asked).toBe("open sesame");
    expect(shown()).toContain("Password");
    expect(shown()).not.toContain("sesame");
  });

  it("is refused when the two differ, and where there is no terminal", async () => {
    await expect((await typed("open sesame", "open barley")).asked).rejects.toThrow("not the same");
    await expect((await typed("open sesame", "\u0003")).asked).rejects.toThrow("nothing was made");
    await expect(askPassword(new PassThrough(), new PassThrough())).rejects.toThrow("--password-file");
  });

  it("is read from a file that only its owner may read", async () => {
    const file = join(folder, "password");
    await writeFile(file, "open sesame\n", { mode: 0o600 });
    expect(await passwordFrom(file)).toBe("open sesame");
    const open = join(folder, "open");
    await writeFile(open, "open sesame\n", { mode: 0o644 });
    await expect(passwordFrom(open)).rejects.toThrow("can be read by others");
    await expect(passwordFrom(join(folder, "none"))).rejects.toThrow(Refused);
  });
});
