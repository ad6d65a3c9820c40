import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { dueOf } from "@parkme/shared/pricing/due";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn } from "../store/testing/gate-db.ts";
import type { CodeValue, ValidationReading } from "../tickets/code-book.ts";
import { lookUp, type LookUpSources } from "./look-up.ts";
import type { Found } from "./machine/model.ts";

/** What a pay station makes of codes and cards, over a real store; the price is 4.50 for everybody. */

const NOW = { wallMs: START_MS + 3_600_000, monotonicMs: 0 };
const VOUCHER: ValidationReading = { kind: "validation", merchant: "cinema", offer: "film", serial: "VAL-1" };
const FEE = 450;

let site: ReturnType<typeof newSite>;
beforeEach(() => {
  site = newSite();
});
afterEach(() => site.close());

function newSite() {
  const folder = newFolder();
  const mint = newMint();
  const { store } = openStore(folder.path("gate.db"), mint);
  const records = recordsOf(mint);
  const readings = new Map<string, CodeValue>();
  const given: StayId[] = [];
  let voucher: Result<unknown, Refusal> = ok(null);
  let isPriced = true;
  const sources: LookUpSources = {
    store,
    due: ({ creditedMinor, settledWallMs }, nowMs) =>
      isPriced
        ? dueOf({ quoteAt: () => ok(plainQuote(FEE)), creditedMinor, settledMs: settledWallMs }, nowMs)
        : err(refusal("tariff_missing", "operator", "There is no tariff.")),
    codes: { read: (text) => readings.get(text) ?? { kind: "other" } },
    validate: (stayId) => {
      if (voucher.ok) given.push(stayId);
      return voucher;
    },
    recover: ({ number, issuedWallMs }, lane) => {
      const lost = { ticketNumber: number, entryWallMs: issuedWallMs, lane, plate: null };
      const recovered = store.recoverStay(lost, NOW);
      return recovered.ok ? recovered.value.stayId : null;
    },
  };
  return {
    store,
    records,
    mint,
    readings,
    given,
    parked: (plate: string): StayInHand => {
      const stay = records.stay(plate);
      store.commit(turn([records.started(stay), records.moved("in", stay.stayId)]));
      return stay;
    },
    look: (text: string, stayId: StayId | null = null, medium: "card" | "code" = "code"): Found =>
      lookUp({ shown: { medium, text }, stayId }, "lobby", NOW, sources),
    refuseVouchers: (message: string): void => {
      voucher = err(refusal("code_spent", "operator", message));
    },
    withoutPrice: (): void => {
      isPriced = false;
    },
    close: (): void => {
      store.close();
      folder.remove();
    },
  };
}

const lines = (found: Found): string => (found.kind === "refused" ? found.lines.join(" / ") : found.kind);

describe("a pay station that is shown something", () => {
  it("finds the stay by its ticket's number as it is typed, by a signed code, and by its plate", () => {
    const { stayId, ticketNumber } = site.parked("HHPM1234");
    site.readings.set("SIGNED", {
      kind: "ticket",
      number: ticketNumber,
      issuedWallMs: START_MS,
      known: true,
    });
    for (const text of [ticketNumber, ticketNumber.slice(4).toLowerCase(), "SIGNED", "hh-pm 1234"])
      expect(site.look(text)).toMatchObject({
        kind: "stay",
        stayId,
        amountMinor: FEE,
        leaveByMs: null,
        covered: false,
      });
    expect(lines(site.look("HHPM1235"))).toBe("Ticket not known / Please ask for help");
    expect(lines(site.look("DEADBEEF", null, "card"))).toBe("Ticket not known / Please ask for help");
  });

  it("makes a genuine ticket's stay again that the store has lost", () => {
    const number = site.mint.ticketNumber();
    site.readings.set("SIGNED", { kind: "ticket", number, issuedWallMs: START_MS, known: false });
    expect(site.look("SIGNED")).toMatchObject({ kind: "stay", amountMinor: FEE });
    expect(site.store.stayByTicket(number)).toMatchObject({ entryWallMs: START_MS });
  });

  it("says why a code is refused, and that a ticket was used or is void", () => {
    site.readings.set("FOREIGN", {
      kind: "refused",
      code: "other_facility",
      reason: "This code is for another car park.",
    });
    expect(lines(site.look("FOREIGN"))).toBe("This code is for / another car park.");
    const gone = site.parked("GONE1");
    site.store.commit(turn([site.records.moved("out", gone.stayId)]));
    expect(lines(site.look(gone.ticketNumber))).toBe("This ticket has / been used");
    const left = site.records.stay("VOID1");
    site.store.commit(turn([site.records.started(left), site.records.voided(left.stayId)]));
    expect(lines(site.look(left.ticketNumber))).toBe("This ticket is void / Pay at the desk");
  });

  it("says until when to leave once it is paid", () => {
    const { stayId, ticketNumber } = site.parked("HHPM1234");
    const payment = site.records.paid(stayId, FEE, "key", { quote: plainQuote(FEE) });
    site.store.record({ place: "lobby", records: [payment] }, NOW);
    expect(site.look(ticketNumber)).toMatchObject({ amountMinor: 0, leaveByMs: NOW.wallMs + 900_000 });
  });

  it("gives a voucher to the stay in hand, and to no other", () => {
    const { stayId } = site.parked("HHPM1234");
    site.readings.set("VOUCHER", VOUCHER);
    expect(lines(site.look("VOUCHER"))).toBe("Show your ticket / first, then this");
    expect(site.look("VOUCHER", stayId)).toMatchObject({ kind: "stay", stayId, voucher: true });
    expect(site.given).toEqual([stayId]);
    site.refuseVouchers("This code was used before.");
    expect(site.look("VOUCHER", stayId)).toEqual({
      kind: "refused",
      lines: ["This code was used", "before."],
      goOn: true,
    });
  });

  it("takes no voucher where nothing is to pay", () => {
    const { stayId } = site.parked("HHPM1234");
    site.readings.set("VOUCHER", VOUCHER);
    const payment = site.records.paid(stayId, FEE, "key", { quote: plainQuote(FEE) });
    site.store.record({ place: "lobby", records: [payment] }, NOW);
    expect(lines(site.look("VOUCHER", stayId))).toBe("Nothing to pay / Keep your voucher");
    expect(site.given).toEqual([]);
  });

  it.each(["desk", "exit"])(
    "asks for no card while one for the stay is open at the %s (edge case 20)",
    (place) => {
      const { stayId, ticketNumber } = site.parked("HHPM1234");
      const attemptId = site.mint.next<AttemptId>(START_MS);
      const attempt = {
        type: "attempt",
        attemptId,
        stayId,
        amountMinor: FEE,
        status: "unknown",
        receipt: null,
        detail: "",
      } as const;
      site.store.record({ place, records: [attempt] }, NOW);
      expect(lines(site.look(ticketNumber))).toBe("A card payment is / being checked");
      site.store.record({ place, records: [{ ...attempt, status: "declined" }] }, NOW);
      expect(site.look(ticketNumber)).toMatchObject({ amountMinor: FEE });
    },
  );

  it("sends drivers to the desk where the tariff is missing", () => {
    const { ticketNumber } = site.parked("HHPM1234");
    site.withoutPrice();
    expect(lines(site.look(ticketNumber))).toBe("No price known now / Pay at the desk");
  });
});
