import { beforeEach, describe, expect, it } from "vitest";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { IdMint, StayId } from "@parkme/shared/domain/ids";
import { gatherFacts } from "./facts.ts";
import { createBook, type Book } from "./testing/book.ts";
import { ALL_INPUTS, countingMint, FACILITY, laneConfig, TARIFF } from "./testing/lane-bench.ts";

const NOW = { wallMs: Date.UTC(2026, 2, 1, 8), monotonicMs: 0 };
const HOUR_MS = 3_600_000;

let book: Book;
let mint: IdMint;
beforeEach(() => {
  book = createBook();
  mint = countingMint();
});

function parked(plate: string, agoMs: number, status: StayInHand["status"] = "open"): StayInHand {
  const stay: StayInHand = {
    stayId: mint.next<StayId>(NOW.wallMs),
    ticketNumber: mint.ticketNumber(),
    plate,
    entryWallMs: NOW.wallMs - agoMs,
    status,
    due: null,
  };
  book.parked(stay);
  return stay;
}

function ask(direction: "entry" | "exit", plate: string, tariff: typeof TARIFF | null = TARIFF) {
  const sources = { store: book.source, facility: FACILITY, tariff };
  return gatherFacts({ purpose: "decide", plate }, laneConfig(direction, ALL_INPUTS), NOW, sources);
}

function missedExit(stay: StayInHand): void {
  book.write({ type: "stay_review", stayId: stay.stayId, review: "missed_exit" });
}

describe("at an entry", () => {
  it("counts the vehicles inside and those admitted, and knows the plate if it is one of them", () => {
    const inside = parked("BAB1234", HOUR_MS);
    parked("HHCD77", 1_000, "provisional");
    expect(ask("entry", "BAB1234")).toMatchObject({
      direction: "entry",
      purpose: "decide",
      plate: "BAB1234",
      taken: 2,
      capacity: FACILITY.capacity,
      stay: { stayId: inside.stayId, status: "open" },
    });
  });

  it("takes a look-alike plate for another vehicle, and an older stay of a missed exit for settled", () => {
    missedExit(parked("BAB1234", HOUR_MS));
    parked("8AB1234", HOUR_MS);
    expect(ask("entry", "BAB1234")).toMatchObject({ stay: null, taken: 2 });
  });
});

describe("at an exit", () => {
  it("prices the stay by its entry, less what is paid", () => {
    const stay = parked("BAB1234", 2 * HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({
      match: { kind: "one", stay: { stayId: stay.stayId, due: { amountMinor: 500 } } },
      pricingRefusal: null,
    });
    const known = book.stays.get(stay.stayId);
    if (known === undefined) throw new Error("not booked");
    known.paidMinor = 300;
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { stay: { due: { amountMinor: 200 } } } });
    known.paidMinor = 900;
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { stay: { due: { amountMinor: 0 } } } });
  });

  it("never prices a stay at less than nothing, though the clock stepped back", () => {
    parked("BAB1234", -HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { stay: { due: { amountMinor: 0 } } } });
  });

  it("finds nobody, the exact one before a look-alike, the only look-alike, or several", () => {
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "none" } });
    const alike = parked("8AB1234", HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "one", stay: { stayId: alike.stayId } } });
    parked("BA81234", HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "several", count: 2 } });
    const exact = parked("BAB1234", HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "one", stay: { stayId: exact.stayId } } });
  });

  it("prefers the stay that is current over one whose exit was missed, and takes that if there is no other", () => {
    const older = parked("BAB1234", 9 * HOUR_MS);
    missedExit(older);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "one", stay: { stayId: older.stayId } } });
    const newer = parked("BAB1234", HOUR_MS);
    expect(ask("exit", "BAB1234")).toMatchObject({ match: { kind: "one", stay: { stayId: newer.stayId } } });
  });

  it("without a tariff names the stay and the reason, and no price", () => {
    const stay = parked("BAB1234", HOUR_MS);
    const facts = ask("exit", "BAB1234", null);
    expect(facts).toMatchObject({ match: { kind: "one", stay: { stayId: stay.stayId, due: null } } });
    expect(facts.direction === "exit" && facts.pricingRefusal).toMatch(/tariff/);
  });
});
