import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readStatusInformation, readTerminalState, readText } from "./zvt-fields.ts";
import { progressText, resultText } from "./zvt-texts.ts";
import { hex } from "../testing/hex.ts";

const NOTHING = {
  result: null,
  amountMinor: null,
  currency: null,
  receipt: null,
  trace: null,
  reversal: false,
  card: "",
};

describe("status informations", () => {
  // Sent by terminals of Hobex and others: Portalum.Zvt, StatusInformationParserTest and ZvtClientTest.
  it.each([
    [
      "a payment",
      "27-00-04-00-00-00-00-20-40-0B-00-04-70-0C-22-39-53-0D-10-06-0E-25-12-17-00-01-19-70-22-F0-F8-EE-EE-EE-EE-EE-EE-47-71-29-28-00-48-69-2A-31-30-30-34-36-31-37-36-33-20-20-20-20-20-20-3B-36-31-31-38-30-34-00-00-3C-F0-F1-F4-47-45-4E-2E-4E-52-2E-3A-36-31-31-38-30-34-49-09-78-87-04-70-88-00-04-70-8A-2E-8B-F1-F7-44-65-62-69-74-20-4D-61-73-74-65-72-63-61-72-64-00",
      {
        result: 0,
        amountMinor: 2_040,
        currency: 978,
        receipt: "0470",
        trace: "000470",
        card: "Debit Mastercard ****4771",
      },
    ],
    [
      "a payment with a TLV container, and without a trace number",
      "27-00-04-00-00-00-00-20-40-0C-21-09-16-0D-11-01-0E-99-99-22-F0-F8-EE-EE-EE-EE-EE-EE-47-71-A0-01-29-00-00-00-06-87-00-05-0B-00-00-00-8A-06-8B-F1-F1-4D-41-53-54-45-52-43-41-52-44-00-06-2E-2F-08-1F-12-01-01-1F-10-01-03-60-1B-43-07-A0-00-00-00-04-10-10-44-10-44-65-62-69-74-20-4D-61-73-74-65-72-63-61-72-64-1F-2B-04-10-01-60-05",
      { result: 0, amountMinor: 2_040, receipt: "0005", trace: "000000", card: "MASTERCARD ****4771" },
    ],
    [
      "a customer who pressed stop",
      "27-6C-29-28-00-48-69-3C-F0-F1-F9-41-62-62-72-75-63-68-20-64-75-72-63-68-20-4B-75-6E-64-65",
      { result: 0x6c },
    ],
    [
      "a card that the bank declined",
      "27-05-29-29-00-02-74-3C-F0-F0-F9-41-62-67-65-6C-65-68-6E-74-8A-06-06-0D-24-0B-07-09-41-62-67-65-6C-65-68-6E-74",
      { result: 0x05 },
    ],
  ])("are understood: %s", (_what, data, expected) => {
    expect(readStatusInformation(hex(data))).toEqual({ ...NOTHING, ...expected });
  });

  it("tell a reversal by the trace number of what it takes back", () => {
    expect(readStatusInformation(hex("2700 37 000470 87 0471"))).toMatchObject({
      reversal: true,
      receipt: "0471",
    });
  });

  it("give away no more than four digits of a card, also when the terminal tells all of them", () => {
    expect(readStatusInformation(hex("22 f0f8 6725904711084771")).card).toBe("****4771");
    expect(readStatusInformation(hex("22 f1f0 672590471108477123 4f")).card).toBe("****1234");
    expect(readStatusInformation(hex("22 f0f8 eeeeeeeeeeeeeeee")).card).toBe("");
  });

  it("tell nothing of what is behind a field that is unknown, malformed or cut off", () => {
    for (const cut of ["99 00", "22 0801 00", "04 0000", "06 83 000000", "3c f9f9f9 41"]) {
      expect(readStatusInformation(hex(`2700 ${cut} 87 0470`))).toEqual({ ...NOTHING, result: 0 });
    }
    expect(readStatusInformation(hex("04 00000000a040 87 0470"))).toMatchObject({
      amountMinor: null,
      receipt: "0470",
    });
  });

  it("never make the parser throw, whatever is in them", () => {
    const tags = fc.constantFrom(0x04, 0x06, 0x22, 0x27, 0x3c, 0x49, 0x87, 0x8b, 0xf0, 0xf1, 0x00);
    const bytes = fc.array(fc.oneof(tags, fc.integer({ min: 0, max: 255 })), { maxLength: 300 });
    fc.assert(
      fc.property(bytes, (junk) => {
        const status = readStatusInformation(Uint8Array.from(junk));
        expect(status.receipt ?? "0000").toMatch(/^\d{4}$/);
        expect(status.card).toMatch(/^[\x20-\x7e]{0,90}$/);
        expect(readText(Uint8Array.from([0x06, ...junk]))).toMatch(/^[\x20-\x7e]{0,80}$/);
        expect(progressText(Uint8Array.from(junk))).toMatch(/^[\x20-\x7e]{1,80}$/);
        readTerminalState(Uint8Array.from(junk));
      }),
    );
  });
});

describe("words", () => {
  it("on the way are the terminal's own where it has some", () => {
    // Portalum.Zvt, IntermediateStatusInformationParserTest.
    const own = hex(
      "FF-10-06-1A-24-18-07-08-45-55-52-20-31-2E-32-33-07-0C-42-69-74-74-65-20-77-61-72-74-65-6E",
    );
    expect(progressText(own)).toBe("EUR 1.23 Bitte warten");
    expect(progressText(hex("0a"))).toBe("insert your card");
    expect(progressText(hex("15 02"))).toBe("wrong PIN");
    expect(progressText(hex("55"))).toBe("wrong PIN, take your card");
    expect(progressText(hex("4a"))).toBe("take your card");
    expect(progressText(hex("cb"))).toBe("please wait");
    expect(progressText(hex(""))).toBe("please wait");
  });

  it("for a result say whose it is", () => {
    expect(resultText(0x05)).toBe("declined by the bank (05)");
    expect(resultText(0x6c)).toBe("cancelled (6C)");
    expect(resultText(0xfe)).toBe("the terminal could not do it (FE)");
  });

  it("do not nest without end", () => {
    let nested = hex("0702 4142");
    for (let i = 0; i < 20; i++) nested = Uint8Array.from([0x24, nested.length, ...nested]);
    expect(readText(Uint8Array.from([0x06, nested.length, ...nested]))).toBe("");
  });
});

describe("the terminal's state", () => {
  it.each([
    ["00", 0x00],
    ["9c", 0x9c],
    // Behind the version of its software, which has a length of three digits.
    ["f0f0f5 312e322e33 dc", 0xdc],
    ["", null],
  ])("in %j is %s", (data, state) => {
    expect(readTerminalState(hex(data))).toBe(state);
  });
});
