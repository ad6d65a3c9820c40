import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemOf } from "./testing/calls.ts";
import { PIN, startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

describe("signing in", () => {
  it("gives a cookie that scripts and other sites cannot use, for a shift", async () => {
    const response = await kiosk.signIn(" ALEX ");
    expect(response.status).toBe(204);
    const cookie = response.headers.getSetCookie();
    expect(cookie).toHaveLength(1);
    expect(cookie[0]).toMatch(
      /^parkme_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const session = await kiosk.get("/api/session", cookie[0]?.split(";")[0]);
    expect(await session.json()).toEqual({ name: "alex", role: "attendant", title: "alex" });
  });

  it("gives another token each time", async () => {
    expect(await kiosk.signedIn()).not.toBe(await kiosk.signedIn());
  });

  it.each([
    ["a wrong PIN", "alex", "000000"],
    ["an unknown name", "mallory", PIN],
    ["an object's own name", "__proto__", PIN],
  ])("is refused with %s, and does not say which was wrong", async (_what, name, pin) => {
    const response = await kiosk.signIn(name, pin);
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await problemOf(response)).toMatchObject({ code: "wrong_pin" });
  });

  it("is refused for a minute after five wrong PINs, even with the right one", async () => {
    for (let i = 0; i < 5; i++) expect((await kiosk.signIn("alex", `wrong${i}`)).status).toBe(401);
    const refused = await kiosk.signIn();
    expect(refused.status).toBe(429);
    expect(await problemOf(refused)).toMatchObject({ code: "too_many_attempts" });
    kiosk.skipMs(60_000);
    expect((await kiosk.signIn()).status).toBe(204);
  });

  it("does not let who has a PIN guess others' in between", async () => {
    for (let i = 0; i < 4; i++) expect((await kiosk.signIn("boss", `wrong${i}`)).status).toBe(401);
    expect((await kiosk.signIn()).status).toBe(204);
    expect((await kiosk.signIn("boss", "wrong4")).status).toBe(401);
    expect((await kiosk.signIn("boss", "wrong5")).status).toBe(429);
  });

  it.each([
    ["no body", undefined, undefined],
    ["no JSON", "{", undefined],
    ["no name", { pin: PIN }, "name"],
    ["a PIN that is a number", { name: "alex", pin: 481516 }, "pin"],
    ["an empty PIN", { name: "alex", pin: "" }, "pin"],
    ["a PIN without end", { name: "alex", pin: "x".repeat(61) }, "pin"],
    ["a list", ["alex", PIN], undefined],
    ["null", "null", undefined],
  ])("is refused with %s, and names the field", async (_what, body, field) => {
    const response = await kiosk.call("/api/session", body === undefined ? {} : { body });
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe("invalid_body");
    expect(problem.field).toBe(field);
  });

  it("ends with signing out", async () => {
    const cookie = await kiosk.signedIn();
    const out = await kiosk.call("/api/session", { method: "DELETE", cookie });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()[0]).toMatch(/^parkme_session=; Max-Age=0; Path=\//);
    expect((await kiosk.get("/api/session", cookie)).status).toBe(401);
  });

  it("ends after a shift", async () => {
    const cookie = await kiosk.signedIn();
    kiosk.skipMs(12 * 3_600_000 - 60_000);
    expect((await kiosk.get("/api/session", cookie)).status).toBe(200);
    kiosk.skipMs(60_001);
    expect((await kiosk.get("/api/session", cookie)).status).toBe(401);
  });
});
