import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EscposDecoder,
  type EscposMessage,
  healthOfAnswers,
  healthOfAsb,
  type StatusAnswers,
  ticketPresent,
  whatStops,
} from "./escpos-status.ts";

function decode(bytes: readonly number[], knowsFullStatus = false): EscposMessage[] {
  return new EscposDecoder(knowsFullStatus).push(Uint8Array.from(bytes));
}

const GOOD: StatusAnswers = { printer: 0x12, offline: 0x12, error: 0x12, paper: 0x12, full: null };
const FULL = { paper: 0, user: 0, recoverable: 0, unrecoverable: 0 };

/** Messages a printer may send, and their bytes. */
const spoken = fc.oneof(
  fc.constantFrom(0x12, 0x16, 0x1a, 0x32, 0x72, 0x7e, 0x5e).map((status) => ({
    bytes: [status],
    message: { kind: "realtime", status } as EscposMessage,
  })),
  fc.constantFrom(0x00, 0x03, 0x0c, 0x0f).map((status) => ({
    bytes: [status],
    message: { kind: "inline", status } as EscposMessage,
  })),
  fc.constantFrom(true, false).map((go) => ({
    bytes: [go ? 0x11 : 0x13],
    message: { kind: "flow", go } as EscposMessage,
  })),
  fc
    .string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 4,
      maxLength: 4,
    })
    .map((text) => ({
      bytes: [0x37, 0x22, ...Buffer.from(text), 0x00],
      message: { kind: "block", identifier: 0x22, text } as EscposMessage,
    })),
  fc.constant({
    bytes: [0x37, 0x25, 0x00],
    message: { kind: "block" as const, identifier: 0x25, text: "" },
  }),
);
const asb = fc.constantFrom([0x10, 0, 0, 0x0f], [0x18, 0, 0x0f, 0x0f], [0x38, 0, 0, 0]).map((status) => ({
  bytes: status,
  message: { kind: "asb", status } as EscposMessage,
}));

function chunksOf(bytes: readonly number[], cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => Uint8Array.from(bytes.slice(places[index], end)));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

describe("what an ESC/POS printer says", () => {
  it("is told apart however it is split and joined", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(spoken, asb), { maxLength: 12 }), cuts, (said, where) => {
        const decoder = new EscposDecoder(false);
        const heard = chunksOf(
          said.flatMap(({ bytes }) => bytes),
          where,
        ).flatMap((chunk) => decoder.push(chunk));
        expect(heard).toEqual(said.map(({ message }) => message));
      }),
    );
  });

  it("is found again after garbage that begins nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0x80, 0x93, 0xa5, 0xff, 0x1b, 0x33, 0x37, 0x17), { maxLength: 20 }),
        (garbage) => {
          const heard = decode([...garbage, 0x16, 0x37, 0x22, 0x41, 0x42, 0x43, 0x44, 0x00]);
          expect(heard.slice(-2)).toEqual([
            { kind: "realtime", status: 0x16 },
            { kind: "block", identifier: 0x22, text: "ABCD" },
          ]);
        },
      ),
    );
  });

  it("never leads to a throw, nor to more than was received", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, knowsFullStatus) => {
        const messages = new EscposDecoder(knowsFullStatus).push(bytes);
        expect(messages.length).toBeLessThanOrEqual(bytes.length);
        for (const message of messages) {
          if (message.kind === "block") expect(message.text.length).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  it("contains a mark only where a whole block of it came", () => {
    expect(decode([0x37, 0x22, 0x30, 0x30, 0x30])).toEqual([]);
    expect(decode([0x37, 0x22, 0x30, 0x12, 0x00])).not.toContainEqual(
      expect.objectContaining({ kind: "block" }),
    );
    expect(decode([0x37, 0x22, ...Buffer.from("00000"), 0x00])).not.toContainEqual(
      expect.objectContaining({ kind: "block" }),
    );
    expect(decode([0x37, 0x22, 0x30, 0x13, 0x30, 0x30, 0x31, 0x00])).toEqual([
      { kind: "flow", go: false },
      { kind: "block", identifier: 0x22, text: "0001" },
    ]);
  });

  it("takes the bits of flow control within a full status for bits", () => {
    expect(decode([0x10, 0x0f, 0x11, 0x13, 0x00, 0x01, 0x12], true)).toEqual([
      { kind: "full", status: { paper: 0x11, user: 0x13, recoverable: 0, unrecoverable: 1 } },
      { kind: "realtime", status: 0x12 },
    ]);
  });

  it("forgets half a message when told so", () => {
    const decoder = new EscposDecoder(false);
    decoder.push(Uint8Array.of(0x37, 0x22, 0x41));
    decoder.reset();
    expect(decoder.push(Uint8Array.of(0x42, 0x43, 0x44, 0x00)).map(({ kind }) => kind)).not.toContain(
      "block",
    );
  });
});

describe("the health of a printer", () => {
  it.each<[string, Partial<StatusAnswers>, object]>([
    ["all is well", {}, { online: true, paper: "ok", cover: "closed", fault: null }],
    // 1A 32 7E: what a printer out of paper answers to DLE EOT 1, 2 and 4.
    [
      "out of paper",
      { printer: 0x1a, offline: 0x32, paper: 0x7e },
      { online: false, paper: "out", fault: null },
    ],
    ["paper low", { paper: 0x1e }, { online: true, paper: "low" }],
    ["cover open", { printer: 0x1a, offline: 0x16 }, { online: false, cover: "open", fault: null }],
    ["cutter", { printer: 0x1a, offline: 0x52, error: 0x1a }, { fault: "the cutter is stuck" }],
    ["jam", { offline: 0x52, error: 0x16 }, { fault: "paper jam" }],
    ["broken", { offline: 0x52, error: 0x32 }, { fault: "the printer has failed and needs service" }],
    ["hot", { offline: 0x52, error: 0x52 }, { fault: "the print head is too hot" }],
    ["an error without a name", { offline: 0x52 }, { fault: "the printer reports an error" }],
    ["jam, by the full status", { full: { ...FULL, recoverable: 0x40 } }, { fault: "paper jam" }],
    [
      "cutter, by the full status",
      { full: { ...FULL, unrecoverable: 0x01 } },
      { fault: "the cutter is stuck" },
    ],
    ["an open drawer", { printer: 0x16 }, { online: true, cover: "closed", fault: null }],
  ])("%s", (_name, answers, health) => {
    expect(healthOfAnswers({ ...GOOD, ...answers })).toMatchObject(health);
  });

  it("is the same by the automatic status", () => {
    expect(healthOfAsb([0x10, 0, 0, 0x0f])).toEqual({
      online: true,
      paper: "ok",
      cover: "closed",
      fault: null,
    });
    expect(healthOfAsb([0x18, 0, 0x0f, 0x0f])).toMatchObject({ online: false, paper: "out" });
    expect(healthOfAsb([0x10, 0, 0x03, 0x0f])).toMatchObject({ online: true, paper: "low" });
    expect(healthOfAsb([0x38, 0, 0, 0x0f])).toMatchObject({ online: false, cover: "open" });
    expect(healthOfAsb([0x18, 0x08, 0, 0x0f])).toMatchObject({ fault: "the cutter is stuck" });
  });

  it("stops a ticket for a reason only", () => {
    const health = healthOfAnswers({ ...GOOD, printer: 0x1a });
    expect(health.online).toBe(false);
    expect(whatStops(health)).toBe(null);
    expect(whatStops(healthOfAnswers({ ...GOOD, paper: 0x7e }))).toBe("out of paper");
  });

  it("shows a ticket in the presenter by the full status alone", () => {
    expect(ticketPresent(GOOD)).toBe(false);
    expect(ticketPresent({ ...GOOD, full: { ...FULL, paper: 0x20 } })).toBe(true);
  });
});
