import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

function platform(variables: Record<string, string>) {
  const read = readEnvironment(variables);
  if (!read.ok) throw new Error(read.error.join("\n"));
  return read.value.platform;
}

function problems(variables: Record<string, string>): readonly string[] {
  const read = readEnvironment(variables);
  return read.ok ? [] : read.error;
}

describe("the platform's configuration", () => {
  it("has the contract's limits, one process, and trusts nobody, when nothing is said", () => {
    const { trustedProxies, ...rest } = platform({});
    expect(rest).toEqual({
      corsOrigins: [],
      redis: null,
      limits: { anonymous: 100, signedIn: 1_000 },
      otlpUrl: null,
      slowQueryMs: 500,
    });
    expect(trustedProxies.check("127.0.0.1", "ipv4")).toBe(false);
  });

  it("reads lists with commas, blanks, or both", () => {
    const read = platform({
      PARKME_CORS_ORIGINS: "https://parking.example, http://localhost:3000",
      PARKME_TRUSTED_PROXIES: "10.0.0.0/8 fd00::/8,192.0.2.1",
    });
    expect(read.corsOrigins).toEqual(["https://parking.example", "http://localhost:3000"]);
    const trusts = (address: string, version: "ipv4" | "ipv6") => read.trustedProxies.check(address, version);
    expect([trusts("10.9.9.9", "ipv4"), trusts("192.0.2.1", "ipv4"), trusts("fd00::7", "ipv6")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([trusts("11.0.0.1", "ipv4"), trusts("192.0.2.2", "ipv4"), trusts("fe00::7", "ipv6")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it.each([
    ["PARKME_CORS_ORIGINS", "gate.example"],
    ["PARKME_CORS_ORIGINS", "https://gate.example/"],
    ["PARKME_CORS_ORIGINS", "https://gate.example/app"],
    ["PARKME_CORS_ORIGINS", "https://*.example"],
    ["PARKME_TRUSTED_PROXIES", "10.0.0.0/33"],
    ["PARKME_TRUSTED_PROXIES", "10.9.9"],
    ["PARKME_TRUSTED_PROXIES", "::/129"],
    ["PARKME_TRUSTED_PROXIES", "10.0.0.0/8/8"],
    ["PARKME_TRUSTED_PROXIES", "proxy.example"],
    ["PARKME_RATE_ANONYMOUS", "-1"],
    ["PARKME_RATE_SIGNED_IN", "many"],
    ["PARKME_REDIS_URL", "http://127.0.0.1"],
    ["PARKME_OTLP_URL", "collector:4318"],
    ["PARKME_SLOW_QUERY_MS", "1.5"],
  ])("refuses %s=%s, and does not repeat it", (name, value) => {
    const [problem, ...more] = problems({ [name]: value });
    expect(problem).toContain(name);
    expect(problem).not.toContain(value);
    expect(more).toEqual([]);
  });
});
