import { describe, expect, it } from "vitest";
import { readEnvironment } from "./environment.ts";

const accounts = (environment: Record<string, string>) => {
  const read = readEnvironment(environment);
  if (!read.ok) throw new Error(read.error.join());
  return read.value.accounts;
};

describe("the environment of accounts", () => {
  it("has a default for everything: mails are files, and nobody must have a second factor", () => {
    expect(accounts({ PARKME_CLOUD_PORT: "9090", PARKME_DATA_DIR: "x" })).toEqual({
      smtpUrl: null,
      mailFrom: "ParkMe <no-reply@localhost>",
      mailDir: "x/mail",
      publicUrl: "http://127.0.0.1:9090",
      secondFactor: "optional",
    });
  });

  it("takes a mail server, and where people reach the cloud", () => {
    expect(
      accounts({
        PARKME_SMTP_URL: "smtps://user:sesame@mail.example.test:465",
        PARKME_MAIL_FROM: "Parking <hello@example.test>",
        PARKME_PUBLIC_URL: "https://parking.example.test/",
        PARKME_SECOND_FACTOR: "required",
      }),
    ).toMatchObject({
      smtpUrl: "smtps://user:sesame@mail.example.test:465",
      mailFrom: "Parking <hello@example.test>",
      publicUrl: "https://parking.example.test",
      secondFactor: "required",
    });
  });

  it("names what is wrong, and shows no secret", () => {
    const read = readEnvironment({
      PARKME_SMTP_URL: "http://user:sesame@mail",
      PARKME_MAIL_FROM: "nobody\r\nBcc: x@example.test",
      PARKME_PUBLIC_URL: "parking.example.test",
      PARKME_SECOND_FACTOR: "maybe",
    });
    if (read.ok) throw new Error("this should have been refused");
    const names = read.error.map((problem) => problem.replace(/:.*/s, ""));
    expect(names.toSorted()).toEqual([
      "PARKME_MAIL_FROM",
      "PARKME_PUBLIC_URL",
      "PARKME_SECOND_FACTOR",
      "PARKME_SMTP_URL",
    ]);
    expect(read.error.join()).not.toContain("sesame");
  });
});
