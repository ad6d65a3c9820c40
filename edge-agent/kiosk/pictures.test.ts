import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

describe("pictures", () => {
  it("are shown to who is signed in, and kept by nobody in between", async () => {
    const cookie = await kiosk.signedIn();
    const id = kiosk.pictures.save(Uint8Array.from([0xff, 0xd8, 0xff, 1]), Date.now());
    const response = await kiosk.get(`/api/images/${id}`, cookie);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    expect(response.headers.get("cache-control")).toMatch(/^private/);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([0xff, 0xd8, 0xff, 1]));
  });

  it.each([
    "019ab3c4-0000-7000-8000-000000000001",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
    "..%2f..%2foutside.txt",
    "%2e%2e%2f%2e%2e%2foutside.txt",
    "..%5c..%5coutside.txt",
    "..%2foutside.txt%00.jpg",
    "%2fetc%2fpasswd",
    "019AB3C4-0000-7000-8000-000000000001",
    "%",
    "x".repeat(4_000),
  ])("that are none are not found: %s", async (id) => {
    const cookie = await kiosk.signedIn();
    const response = await kiosk.get(`/api/images/${id}`, cookie);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain("not for everybody");
  });
});
