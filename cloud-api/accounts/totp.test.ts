import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mintRecoveryCodes, newTotpSecret, recoveryHash, seal, stepOfCode, totpUri, unseal } from "./totp.ts";

/** The secret of RFC 6238, appendix B ("12345678901234567890"), in base32. */
const RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

describe("codes", () => {
  // The last six of the eight digits that the appendix has for SHA-1.
  it.each([
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_111_111_111, "050471"],
    [1_234_567_890, "005924"],
    [2_000_000_000, "279037"],
  ])("are those of RFC 6238 at %i seconds", (seconds, code) => {
    const step = Math.floor(seconds / 30);
    const atMs = (shiftS: number) => new Date((seconds + shiftS) * 1_000);
    expect(stepOfCode(RFC_SECRET, code, atMs(0))).toBe(step);
    expect(stepOfCode(RFC_SECRET, code, atMs(30))).toBe(step);
    expect(stepOfCode(RFC_SECRET, code, atMs(-30))).toBe(step);
    expect(stepOfCode(RFC_SECRET, code, atMs(90))).toBeNull();
  });

  it("come with an address that authenticator apps know", () => {
    const uri = new URL(totpUri(RFC_SECRET, "driver@example.test"));
    expect(uri.protocol).toBe("otpauth:");
    expect(uri.searchParams.get("secret")).toBe(RFC_SECRET);
    expect(uri.searchParams.get("issuer")).toBe("ParkMe");
    expect(decodeURIComponent(uri.pathname)).toContain("driver@example.test");
  });

  it("are of secrets with 160 random bits", () => {
    const secrets = Array.from({ length: 100 }, newTotpSecret);
    expect(new Set(secrets).size).toBe(100);
    expect(secrets.every((secret) => /^[A-Z2-7]{32}$/.test(secret))).toBe(true);
  });
});

describe("a sealed secret", () => {
  const key = new Uint8Array(32).fill(7);

  it("opens with its key, for its user", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), fc.uuid(), (secret, user) => {
        expect(unseal(key, user, seal(key, user, secret))).toBe(secret);
      }),
    );
  });

  it("does not open for another user, with another key, or changed in any bit", () => {
    const sealed = seal(key, "user-1", RFC_SECRET);
    expect(() => unseal(key, "user-2", sealed)).toThrow("authenticate");
    expect(() => unseal(new Uint8Array(32).fill(8), "user-1", sealed)).toThrow("authenticate");
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal(key, "user-1", changed)).toThrow("authenticate");
    }
    expect(() => unseal(key, "user-1", Buffer.alloc(3))).toThrow(/nonce|tag|initialization/i);
  });
});

describe("recovery codes", () => {
  it("are ten, all different, and known however they are typed", () => {
    const codes = mintRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/);
      const typed = code.toLowerCase().replace("-", " ").replaceAll("0", "o").replaceAll("1", "l");
      expect(recoveryHash(typed)).toEqual(recoveryHash(code));
    }
  });

  it("are nothing else", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const hash = recoveryHash(text);
        expect(hash === null || hash.length === 32).toBe(true);
      }),
    );
    expect(recoveryHash("123456")).toBeNull();
    expect(recoveryHash("UUUUU-UUUUU")).toBeNull();
  });
});
