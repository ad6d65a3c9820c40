import { Secret, TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { overflowOf, startBrowserStage, type BrowserStage } from "../testing/browser.ts";
import { signedIn } from "../testing/people.ts";

/** From the mail of an invitation to the dashboard, with a second factor on the way: as a person does it. */

const PASSWORD = "a few words of mine";

let stage: BrowserStage;
let page: Page;
let complaints: readonly string[];
let email: string;

beforeAll(async () => {
  stage = await startBrowserStage();
  const owner = await signedIn(stage.cloud, "owner");
  email = "new-owner@example.test";
  const invited = { email, first_name: "Nora", last_name: "New", role: "owner" };
  expect((await owner.ask("POST", "/api/staff/", invited)).status).toBe(201);
});
afterAll(() => stage.stop());
beforeEach(async () => {
  ({ page, complaints } = await stage.open());
});
afterEach(async () => {
  await page.close();
  // Chromium logs every answer above 399: those that a person's mistakes are answered with.
  expect(complaints.filter((text) => !/status of 40[01]/.test(text))).toEqual([]);
});

async function signIn(): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

describe("somebody who was invited", () => {
  it("follows the link of the mail, sets a password, and signs in", async () => {
    await stage.cloud.mails.settled();
    const hash = /#password\/[\w-]+/.exec(stage.cloud.mails.at(-1)?.text ?? "")?.[0] ?? "no link";
    const link = new URL(hash, page.url()).href;
    await page.goto(link);
    const set = async (first: string, second: string) => {
      await page.getByLabel("New password").fill(first);
      await page.getByLabel("The same again").fill(second);
      await page.getByRole("button", { name: "Set password" }).click();
    };
    await set(PASSWORD, "something else");
    await page.getByText("The two passwords are not the same.").waitFor();
    await set("password", "password");
    await page.getByText("is one of those that everybody tries first").waitFor();
    expect((await overflowOf(page)).every((pixels) => pixels <= 0)).toBe(true);
    await set(PASSWORD, PASSWORD);
    await page.getByText("Your password is set").waitFor();
    await page.getByRole("button", { name: "Sign in" }).click();
    await signIn();
    await page.getByRole("article").filter({ hasText: "Harbour Square" }).waitFor();
  });

  it("is told when the link was used", async () => {
    const hash = /#password\/[\w-]+/.exec(stage.cloud.mails.at(0)?.text ?? "")?.[0] ?? "no link";
    await page.goto(new URL(hash, page.url()).href);
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByLabel("The same again").fill(PASSWORD);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText("This link is not good any more.").waitFor();
  });

  it("is asked for the code of their second factor", async () => {
    const { cloud } = stage;
    const post = async (path: string, body: unknown, token?: string) => {
      const headers = {
        "content-type": "application/json",
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const answer = await cloud.app.request(path, { method: "POST", headers, body: JSON.stringify(body) });
      return (await answer.json()) as { access: string; secret: string };
    };
    const { access } = await post("/api/auth/token/", { email, password: PASSWORD });
    const { secret } = await post("/api/auth/totp/", { password: PASSWORD }, access);
    const code = () =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: cloud.clock.now.getTime() });
    await post("/api/auth/totp/confirm/", { code: code() }, access);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 30_000);
    await signIn();
    const field = page.getByLabel("Code of your authenticator app");
    await field.fill("000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The code is not right").waitFor();
    await field.fill(code());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("article").filter({ hasText: "Harbour Square" }).waitFor();
  });
});
