import { describe, expect, it } from "vitest";
import { qrSvg, upiLink } from "./upi.ts";

const PAYEE = { address: "harbour.parking@okbank", name: "Harbour & Söhne Parking" };
const REQUEST = { amountMinor: 4_050, ticketNumber: "PKM-7K3Q9XWD", wallMs: Date.UTC(2026, 2, 1, 12) };

describe("a UPI link", () => {
  it("names payee, amount and ticket, and can be read back", () => {
    const link = upiLink(PAYEE, REQUEST);
    expect(link).toMatch(
      /^upi:\/\/pay\?pa=harbour\.parking@okbank&pn=Harbour%20%26%20S%C3%B6hne%20Parking&tr=/,
    );
    const fields = new URL(link).searchParams;
    expect(Object.fromEntries(fields)).toEqual({
      pa: PAYEE.address,
      pn: PAYEE.name,
      tr: expect.stringMatching(/^PKM7K3Q9XWD[0-9A-Z]+$/),
      am: "40.50",
      cu: "INR",
      tn: "Parking PKM-7K3Q9XWD",
    });
    expect(fields.get("tr")?.length).toBeLessThanOrEqual(35);
    expect(link).not.toContain("+");
  });

  it("has another reference each time, and always two decimals", () => {
    const first = new URL(upiLink(PAYEE, REQUEST)).searchParams;
    const later = new URL(upiLink(PAYEE, { ...REQUEST, wallMs: REQUEST.wallMs + 1, amountMinor: 5 }))
      .searchParams;
    expect(later.get("tr")).not.toBe(first.get("tr"));
    expect(later.get("am")).toBe("0.05");
  });

  it("is drawn as SVG that holds nothing but the drawing", async () => {
    const svg = await qrSvg(upiLink(PAYEE, REQUEST));
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).not.toMatch(/<script|href|on\w+=/i);
  });
});
