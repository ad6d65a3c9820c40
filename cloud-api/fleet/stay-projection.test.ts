import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { fee, moved, started, testId, voided } from "../testing/events.ts";
import { asStayFact, foldStays, type StayFact, type StayRow } from "./stay-projection.ts";

const AT = "2026-07-15T08:00:00Z";

function factsOf(facts: readonly SyncFact[]): StayFact[] {
  return facts.map(asStayFact).filter((fact) => fact !== null);
}

/** What becomes of stay 1. */
function stayAfter(...facts: SyncFact[]): StayRow | undefined {
  return foldStays(new Map(), factsOf(facts))[0];
}

function amended(
  what: "entry_time" | "vehicle" | "lost_ticket" | "penalty" | "void",
  after: string,
): SyncFact {
  const by = { actor: "alex", reason: "r", at: AT };
  return { kind: "stay.amended", payload: { stay_id: testId(1, 1), what, before: "", after, ...by } };
}

function flagged(review: "missed_exit" | "passage_unproven"): SyncFact {
  return { kind: "stay.flagged", payload: { stay_id: testId(1, 1), lane: "entry", at: AT, review } };
}

const begun = started(1, AT);
const cameIn = moved("in", 1, "2026-07-15T08:00:10Z");

describe("a stay", () => {
  it("opens by its way in, and is in doubt no more; other reasons to look at it stay", () => {
    expect(stayAfter(begun, flagged("passage_unproven"), cameIn)).toMatchObject({
      status: "open",
      review: null,
    });
    expect(stayAfter(begun, flagged("missed_exit"), cameIn)).toMatchObject({ review: "missed_exit" });
    const passback = moved("in", 1, AT, { review: "passback" });
    expect(stayAfter(begun, flagged("passage_unproven"), passback)).toMatchObject({ review: "passback" });
  });

  it("that the desk has voided is void, though it was open, and whatever its loops say afterwards", () => {
    expect(stayAfter(begun, cameIn, voided(1, AT))).toMatchObject({
      status: "void",
      void_reason: "backed out",
    });
    expect(stayAfter(begun, voided(1, AT), cameIn)).toMatchObject({ status: "void" });
  });

  it("that was seen to leave twice left the last time, with what it cost then", () => {
    const first = moved("out", 1, "2026-07-15T09:00:00Z", { fee: fee(300) });
    const last = moved("out", 1, "2026-07-15T10:00:00Z", { lane: "exit-2", review: "missed_exit" });
    expect(stayAfter(begun, cameIn, first, cameIn, last)).toMatchObject({
      status: "closed",
      entry_at: AT,
      exit_at: "2026-07-15T10:00:00Z",
      exit_lane: "exit-2",
      fee_minor: null,
      fee_currency: null,
      review: "missed_exit",
    });
  });

  it("has the plate that it began with, not one that was read later", () => {
    const out = moved("out", 1, AT, { plate: "OTHER1" });
    expect(stayAfter(started(1, AT, null), cameIn, out)).toMatchObject({ plate: null });
  });

  it("is what people made of it", () => {
    const vehicle = JSON.stringify({ vehicleType: "van", ev: true, accessible: false });
    expect(
      stayAfter(
        begun,
        cameIn,
        amended("entry_time", "2026-07-14T22:00:00.000Z"),
        amended("vehicle", vehicle),
        amended("lost_ticket", "proven"),
        {
          kind: "ticket.replaced",
          payload: {
            stay_id: testId(1, 1),
            old_number: "PKM-00000001",
            new_number: "PKM-0000ZZZZ",
            actor: "alex",
            reason: "lost",
            at: AT,
          },
        },
        amended("penalty", "lost"),
        amended("void", "void"),
      ),
    ).toMatchObject({
      status: "open",
      entry_at: "2026-07-14T22:00:00.000Z",
      vehicle_type: "van",
      ev: true,
      accessible: false,
      lost_ticket: "proven",
      ticket_number: "PKM-0000ZZZZ",
    });
  });

  it.each([
    ["entry_time", "yesterday"],
    ["vehicle", "{"],
    ["vehicle", '{"vehicleType":7}'],
    ["vehicle", "null"],
    ["lost_ticket", "maybe"],
  ] as const)("stays as it is where %s was made %s", (what, after) => {
    const before = stayAfter(begun, cameIn);
    expect(stayAfter(begun, cameIn, amended(what, after))).toEqual(before);
  });

  it("whose beginning is in quarantine begins with what is known of it, and takes the rest when that comes", () => {
    expect(stayAfter(cameIn)).toMatchObject({ status: "open", entry_lane: "entry", ticket_number: null });
    expect(stayAfter(flagged("missed_exit"), cameIn, begun)).toMatchObject({
      status: "open",
      entry_at: AT,
      ticket_number: "PKM-00000001",
      plate: "B AB 1",
    });
    expect(stayAfter(amended("vehicle", "{"))).toBeUndefined();
  });

  it("is none of a movement without one, nor of one within the facility", () => {
    expect(factsOf([moved("out", null, AT), moved("in", 1, AT, { scope: "zone" })])).toEqual([]);
  });
});

it("ends the same, wherever the log is cut", () => {
  const any = fc.constantFrom<SyncFact>(
    begun,
    cameIn,
    voided(1, AT),
    flagged("passage_unproven"),
    flagged("missed_exit"),
    moved("out", 1, "2026-07-15T09:00:00Z", { fee: fee(300) }),
    amended("entry_time", "2026-07-14T22:00:00.000Z"),
    amended("lost_ticket", "unproven"),
    started(2, AT),
    moved("in", 2, AT),
    moved("out", 2, AT),
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 14 }), fc.array(fc.nat(14), { maxLength: 4 }), (facts, cuts) => {
      const log = factsOf(facts);
      const whole = new Map(foldStays(new Map(), log).map((row) => [row.stay_id, row]));
      const known = new Map<string, StayRow>();
      const places = [0, ...cuts.map((cut) => Math.min(cut, log.length)), log.length].toSorted(
        (a, b) => a - b,
      );
      for (const [i, from] of places.entries())
        for (const row of foldStays(known, log.slice(from, places[i + 1] ?? from)))
          known.set(row.stay_id, row);
      expect(known).toEqual(whole);
    }),
  );
});
