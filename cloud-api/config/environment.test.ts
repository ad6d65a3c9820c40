import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

describe("readEnvironment", () => {
  it("has a default for everything, and takes an empty variable for none", () => {
    const expected = {
      host: "127.0.0.1",
      port: 8080,
      database: { dataDir: ".parkme/cloud" },
      replicaUrl: null,
      picturesDir: ".parkme/cloud/pictures",
      provisionPath: null,
      razorpaySecretPath: null,
      paymentsPath: null,
      accounts: expect.objectContaining({ secondFactor: "optional" }) as unknown,
      platform: expect.objectContaining({ corsOrigins: [] }) as unknown,
      logLevel: "info",
    };
    expect(readEnvironment({})).toEqual({ ok: true, value: expected });
    expect(readEnvironment({ PARKME_CLOUD_PORT: "", PARKME_DATABASE_URL: "", HOME: "/root" })).toEqual({
      ok: true,
      value: expected,
    });
  });

  it("takes another server instead of the embedded one", () => {
    const result = readEnvironment({
      PARKME_DATABASE_URL: "postgres://parkme@db:5432/parkme",
      PARKME_DATA_DIR: "x",
    });
    expect(result).toMatchObject({
      ok: true,
      value: { database: { url: "postgres://parkme@db:5432/parkme" }, picturesDir: "x/pictures" },
    });
  });

  it("tells all problems at once, by name and without the values", () => {
    const result = readEnvironment({
      PARKME_CLOUD_PORT: "80 80",
      PARKME_DATABASE_URL: "mysql://root:hunter2@db/x",
      PARKME_LOG_LEVEL: "loud",
    });
    if (result.ok) throw new Error("this should have been refused");
    expect(result.error.map((problem) => problem.split(":")[0])).toEqual([
      "PARKME_CLOUD_PORT",
      "PARKME_DATABASE_URL",
      "PARKME_LOG_LEVEL",
    ]);
    expect(result.error.join()).not.toContain("hunter2");
  });

  it.each(["-1", "65536", "1e3", "8080.5", "port"])("refuses %s as a port", (port) => {
    expect(readEnvironment({ PARKME_CLOUD_PORT: port }).ok).toBe(false);
  });
});
