import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialOf, MAX_CREDENTIAL_CHARACTERS } from "./credential.ts";
import { mintTicketNumber } from "./ids.ts";

const bytes = fc.uint8Array({ minLength: 7, maxLength: 7 });

describe("what a reader has read", () => {
  it("is a card by its number, in upper case and without what is around it", () => {
    expect(credentialOf("card", " 04a1b2c3\r\n")).toEqual({ kind: "card", text: "04A1B2C3" });
  });

  it("is one of our tickets, in whatever way its number is written", () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const number = mintTicketNumber(() => random);
        for (const text of [number, number.toLowerCase(), ` ${number.replace("-", "")} `, number.slice(4)])
          expect(credentialOf("code", text)).toEqual({ kind: "ticket", text: number });
      }),
    );
  });

  it("is never a ticket when it was read from a card", () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const number = mintTicketNumber(() => random);
        expect(credentialOf("card", number)).toEqual({ kind: "card", text: number });
      }),
    );
  });

  it("is another code as it stands, be it a ticket number with a wrong character", () => {
    expect(credentialOf("code", "k7Q2-9f ")).toEqual({ kind: "code", text: "k7Q2-9f" });
    const number = mintTicketNumber(() => Uint8Array.from([1, 2, 3, 4, 5, 6, 7]));
    const wrong = `${number.slice(0, -1)}${number.endsWith("A") ? "B" : "A"}`;
    expect(credentialOf("code", wrong)).toEqual({ kind: "code", text: wrong });
  });

  it.each(["", "   ", "a\u0007b", "Kärtchen", "\ud800", "x".repeat(MAX_CREDENTIAL_CHARACTERS + 1)])(
    "is nothing when it is %j",
    (text) => {
      expect(credentialOf("card", text)).toBeNull();
      expect(credentialOf("code", text)).toBeNull();
    },
  );

  it("is nothing or a text that is read as the same again, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("card", "code"),
        fc.string({ unit: "binary", maxLength: 300 }),
        (medium, text) => {
          const read = credentialOf(medium, text);
          if (read === null) return;
          expect(read.text).toMatch(/^[\x20-\x7e]{1,256}$/);
          expect(credentialOf(medium, read.text)).toEqual(read);
        },
      ),
    );
  });
});
