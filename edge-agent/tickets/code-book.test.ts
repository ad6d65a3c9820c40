import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mintTicketNumber, type TicketNumber } from "@parkme/shared/domain/ids";
import { type CodePayload, packPayload, readCode, writeCode } from "@parkme/shared/domain/ticket-code";
import fc from "fast-check";
import { create } from "qrcode";
import { describe, expect, it } from "vitest";
import { twoLines } from "../gate/two-lines.ts";
import { type CodeRefusal, createCodeBook, type TicketState } from "./code-book.ts";
import { createCodeMaker } from "./code-maker.ts";
import { facilityTag } from "./code-numbers.ts";
import { keyIdOf, publicTextOf } from "./key-files.ts";
import { CLOCK_TOLERANCE_MS } from "./keyring.ts";
import { keyFolder, keyringIn } from "./testing/key-folder.ts";

const FACILITY_ID = "0195f000-0000-7000-8000-000000000001";
const OTHER_ID = "0195f000-0000-7000-8000-000000000002";
const NOW_MS = Date.UTC(2026, 4, 1, 12);
const DAY_MS = 86_400_000;
const MERCHANTS = [{ name: "cafe", offers: [{ name: "one-hour" }, { name: "half-price" }] }];

/** A facility with its keys and a store that knows what it is told. */
function startFacility(facilityId = FACILITY_ID) {
  const keyring = keyringIn(keyFolder(), NOW_MS - DAY_MS);
  const states = new Map<TicketNumber, TicketState>();
  const spent = new Set<string>();
  const book = createCodeBook({
    facilityId,
    keyring,
    store: {
      ticketState: (number) => states.get(number) ?? "unknown",
      isSpent: (serial) => spent.has(serial),
    },
    merchants: MERCHANTS,
  });
  const maker = createCodeMaker({ facilityId, keyring, validDays: 30 });
  return {
    keyring,
    maker,
    states,
    spent,
    read: (text: string, nowMs = NOW_MS) => book.read(text, nowMs),
    ticket: (entryWallMs = NOW_MS) => {
      const ticketNumber = mintTicketNumber((length) => randomBytes(length));
      return { ticketNumber, text: maker.ticket({ ticketNumber, entryWallMs, lane: "entry-1" }) };
    },
    discount(nowMs = NOW_MS, offer = "one-hour") {
      const run = { merchant: "cafe", offer, count: 1, validDays: 30 };
      const [code] = maker.validations(run, nowMs, (length) => randomBytes(length));
      if (code === undefined) throw new Error("no code was made");
      return code;
    },
  };
}

function refusal(code: CodeRefusal) {
  return expect.objectContaining({ kind: "refused", code });
}

describe("a ticket's code", () => {
  it("is a QR code of version 6 at level M, in alphanumeric mode alone", () => {
    const { ticket } = startFacility();
    for (let i = 0; i < 50; i++) {
      const { version, segments } = create(ticket().text, { errorCorrectionLevel: "M" });
      expect(version).toBe(6);
      expect(segments.map(({ mode }) => mode.id)).toEqual(["Alphanumeric"]);
    }
  });

  it("gives the number and the time of entry back, at whatever exit", () => {
    const { ticket, states, read } = startFacility();
    const { ticketNumber, text } = ticket(NOW_MS + 999);
    const value = { kind: "ticket", number: ticketNumber, issuedWallMs: NOW_MS };
    expect(read(text)).toEqual({ ...value, known: false });
    states.set(ticketNumber, "live");
    expect(read(` ${text.trim()}\r\n`)).toEqual({ ...value, known: true });
  });

  it("is good after keys were rotated", () => {
    const { ticket, keyring, read } = startFacility();
    const { text } = ticket();
    keyring.rotate(NOW_MS);
    expect(read(text)).toMatchObject({ kind: "ticket" });
  });

  it("is refused when the ticket is void or its vehicle has left, be it keyed in", () => {
    const { ticket, states, read } = startFacility();
    for (const state of ["void", "spent"] as const) {
      const { ticketNumber, text } = ticket();
      states.set(ticketNumber, state);
      expect(read(text)).toEqual(refusal(state));
      expect(read(ticketNumber.toLowerCase())).toEqual(refusal(state));
    }
  });

  it("is left to the lane when its number is keyed in", () => {
    const { ticket, states, read } = startFacility();
    const { ticketNumber } = ticket();
    expect(read(ticketNumber)).toEqual({ kind: "other" });
    states.set(ticketNumber, "live");
    expect(read(ticketNumber)).toEqual({ kind: "other" });
  });

  it("that the store has lost is good from its entry to the end of its window, give or take a wrong clock", () => {
    const { ticket, read } = startFacility();
    const early = ticket(NOW_MS + CLOCK_TOLERANCE_MS).text;
    expect(read(early)).toMatchObject({ kind: "ticket" });
    expect(read(early, NOW_MS - 1_000)).toEqual(refusal("not_yet_valid"));
    const { text } = ticket(NOW_MS);
    expect(read(text, NOW_MS + 30 * DAY_MS)).toMatchObject({ kind: "ticket" });
    expect(read(text, NOW_MS + 30 * DAY_MS + 1)).toEqual(refusal("expired"));
  });

  it("that the store knows is good whatever the clocks say: a long stay, a clock that was put right", () => {
    const { ticket, states, read, keyring } = startFacility();
    for (const entryWallMs of [NOW_MS - 400 * DAY_MS, 1_000, NOW_MS + 3_000 * DAY_MS]) {
      const { ticketNumber, text } = ticket(entryWallMs);
      states.set(ticketNumber, "live");
      expect(read(text)).toMatchObject({ kind: "ticket", known: true });
      keyring.rotate(NOW_MS);
      expect(read(text)).toMatchObject({ kind: "ticket", known: true });
    }
  });
});

describe("a merchant's code", () => {
  it("names its offer, and is spent once", () => {
    const { discount, spent, read } = startFacility();
    const { serial, text } = discount();
    expect(read(text)).toEqual({ kind: "validation", merchant: "cafe", offer: "one-hour", serial });
    spent.add(serial);
    expect(read(text)).toEqual(refusal("validation_spent"));
  });

  it("is refused before its time and after it, and for an offer that is no more", () => {
    const { discount, read } = startFacility();
    const { text } = discount();
    expect(read(text, NOW_MS + 30 * DAY_MS + 1)).toEqual(refusal("expired"));
    expect(read(text, NOW_MS - CLOCK_TOLERANCE_MS - 1_000)).toEqual(refusal("not_yet_valid"));
    expect(read(discount(NOW_MS, "two-hours").text)).toEqual(refusal("offer_unknown"));
  });

  it("is another in every run and in every place of it", () => {
    const { maker } = startFacility();
    const run = { merchant: "cafe", offer: "one-hour", count: 200, validDays: 30 };
    const codes = [NOW_MS, NOW_MS + 1_000].flatMap((nowMs) =>
      maker.validations(run, nowMs, (length) => randomBytes(length)),
    );
    expect(new Set(codes.map(({ serial }) => serial)).size).toBe(400);
    expect(new Set(codes.map(({ text }) => text)).size).toBe(400);
  });
});

describe("a hostile code", () => {
  it("with any bit of its text or its bytes turned round is refused", () => {
    const { ticket, read } = startFacility();
    const { text } = ticket();
    for (let at = 0; at < text.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const turned = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
        const value = read(text.slice(0, at) + turned + text.slice(at + 1));
        expect(value.kind, "a text with one bit turned round").toBe("refused");
      }
    }
    const code = readCode(text);
    if (code.kind !== "code") throw new Error(code.kind);
    const whole = [...code.signed, ...code.signature];
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Uint8Array.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const value = read(writeCode(bytes.subarray(0, 24), bytes.subarray(24)));
      expect(value.kind, "a code with one bit turned round").toBe("refused");
    }
  });

  it("of another facility is refused, with that one's own key and with a key that is trusted here", () => {
    const here = startFacility();
    const there = startFacility(OTHER_ID);
    const { text } = there.ticket();
    expect(here.read(text)).toEqual(refusal("other_facility"));
    const [key] = there.keyring.keys();
    if (key === undefined) throw new Error("no key");
    expect(here.keyring.trust({ ...key, title: "there" }).ok).toBe(true);
    expect(here.read(text)).toEqual(refusal("other_facility"));
    expect(here.read(there.discount().text)).toEqual(refusal("other_facility"));
    expect(here.read(text.slice(0, 100))).toEqual({ kind: "other" });
  });

  it("of a stranger's key is refused, also under the id of ours", () => {
    const { read, keyring } = startFacility();
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const stranger = keyIdOf(publicTextOf(publicKey));
    const forge = (keyId: number): string => {
      const signed = packPayload({ ...forged(), keyId });
      return writeCode(
        signed,
        sign(null, Buffer.concat([Buffer.from("parkme-code-1\n"), signed]), privateKey),
      );
    };
    const own = keyring.keys()[0]?.id ?? 0;
    expect(read(forge(own))).toEqual(refusal("signature_wrong"));
    expect(read(forge(stranger === own ? stranger ^ 1 : stranger))).toEqual(refusal("key_unknown"));
  });

  it("with a right signature is refused when it is of another kind, or was made after its key was retired", () => {
    const { read, keyring } = startFacility();
    const other = keyring.sign({ ...forged(), kind: "reservation" });
    expect(read(other)).toEqual(refusal("wrong_kind"));
    const late = keyring.sign({ ...forged(), issuedSeconds: (NOW_MS + CLOCK_TOLERANCE_MS) / 1_000 });
    expect(read(late)).toMatchObject({ kind: "ticket" });
    keyring.rotate(NOW_MS - 1_000);
    expect(read(late)).toEqual(refusal("key_out_of_time"));
  });

  it("that says another thing under a right signature is refused", () => {
    const { ticket, discount, read } = startFacility();
    const code = readCode(ticket().text);
    if (code.kind !== "code") throw new Error(code.kind);
    const changes: Partial<CodePayload>[] = [
      { kind: "validation" },
      { serial: 1 },
      { windowHours: 0xffff },
      { about: 9 },
    ];
    for (const change of changes) {
      const text = writeCode(packPayload({ ...code.payload, ...change }), code.signature);
      expect(read(text)).toEqual(refusal("signature_wrong"));
    }
    const validation = readCode(discount().text);
    if (validation.kind !== "code") throw new Error(validation.kind);
    expect(read(writeCode(code.signed, validation.signature))).toEqual(refusal("signature_wrong"));
  });

  it("of another make is refused or left to the lists, by what it is", () => {
    const { ticket, read } = startFacility();
    const { text } = ticket();
    const unprintable = [
      "",
      "  ",
      "a\u0007b",
      "Fahrkarte für Ä",
      "\ud800",
      text.replace(/.$/, "\u0000"),
      `\u00a0${text}`,
    ];
    for (const each of unprintable) expect(read(each)).toEqual(refusal("not_ours"));
    for (const each of ["x".repeat(257), text.repeat(2), "9".repeat(1_000_000)])
      expect(read(each)).toEqual(refusal("over_long"));
    for (const each of [
      text.slice(0, -1),
      text.slice(0, 40),
      `${text}A`,
      `${text.slice(0, 66)}a${text.slice(67)}`,
    ])
      expect(read(each)).toMatchObject({ kind: "refused" });
    expect(read(writeCode(new Uint8Array(24), new Uint8Array(64)))).toEqual(refusal("not_ours"));
    for (const each of [
      "k7Q2-9f",
      "https://example.org/x?y=1",
      "HC1:6BF",
      "{}",
      "' or 1=1 --",
      "4006381333931",
    ])
      expect(read(each)).toEqual({ kind: "other" });
  });

  it("never is a ticket nor an error, whatever it is", () => {
    const { ticket, read } = startFacility();
    const base45 = fc.string({
      unit: fc.constantFrom(...Array.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")),
      minLength: 120,
      maxLength: 140,
    });
    const { text } = ticket();
    const signedBytes = fc
      .tuple(fc.uint8Array({ minLength: 24, maxLength: 24 }), fc.uint8Array({ minLength: 64, maxLength: 64 }))
      .map(([payload, signature]) => writeCode(payload, signature));
    const spliced = fc
      .tuple(fc.nat(131), fc.nat(5), fc.string({ maxLength: 5 }))
      .map(([at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed))
      .filter((each) => each.trim() !== text.trim());
    fc.assert(
      fc.property(
        fc.oneof(base45, signedBytes, spliced, fc.string({ unit: "binary", maxLength: 300 })),
        (garbage) => {
          expect(["refused", "other"]).toContain(read(garbage).kind);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("is refused with words that fit a display of two lines", () => {
    const { read, ticket, discount, states, spent, keyring } = startFacility();
    const there = startFacility(OTHER_ID);
    const { ticketNumber, text } = ticket();
    const code = discount();
    spent.add(code.serial);
    const reasons = new Map<CodeRefusal, string>();
    const collect = (shown: string, nowMs = NOW_MS): void => {
      const value = read(shown, nowMs);
      if (value.kind === "refused") reasons.set(value.code, value.reason);
    };
    collect("");
    collect("x".repeat(300));
    collect(text.slice(0, 50));
    collect(`${text.slice(0, 60)}${text[60] === "A" ? "B" : "A"}${text.slice(61)}`);
    collect(there.ticket().text);
    collect(writeUnknownKey());
    collect(keyring.sign({ ...forged(), kind: "reservation" }));
    collect(text, NOW_MS + 90 * DAY_MS);
    collect(text, 0);
    collect(discount(NOW_MS, "gone").text);
    collect(code.text);
    for (const state of ["void", "spent"] as const) {
      states.set(ticketNumber, state);
      collect(text);
    }
    keyring.rotate(NOW_MS - DAY_MS);
    collect(ticketOfRetiredKey());
    expect([...reasons.keys()].toSorted()).toEqual(
      [
        ...([
          "not_ours",
          "over_long",
          "damaged",
          "signature_wrong",
          "other_facility",
          "key_unknown",
        ] as const),
        ...(["wrong_kind", "expired", "not_yet_valid", "offer_unknown", "validation_spent"] as const),
        ...(["void", "spent", "key_out_of_time"] as const),
      ].toSorted(),
    );
    for (const reason of reasons.values())
      expect(
        twoLines(reason)
          .filter((line) => line !== "")
          .join(" "),
      ).toBe(reason);

    function writeUnknownKey(): string {
      const keyId = ((keyring.keys()[0]?.id ?? 0) + 1) % 0x1_0000;
      return writeCode(packPayload({ ...forged(), keyId }), new Uint8Array(64));
    }
    function ticketOfRetiredKey(): string {
      const issuedSeconds = (NOW_MS + CLOCK_TOLERANCE_MS) / 1_000;
      const signed = keyring.sign({ ...forged(), issuedSeconds });
      keyring.rotate(NOW_MS - DAY_MS + 5);
      return signed;
    }
  });
});

function forged(): Omit<CodePayload, "keyId"> {
  return {
    kind: "ticket",
    facility: facilityTag(FACILITY_ID),
    serial: 77,
    issuedSeconds: NOW_MS / 1_000,
    windowHours: 720,
    about: 1,
  };
}
