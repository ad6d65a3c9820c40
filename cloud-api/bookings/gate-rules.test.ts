import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BOOKING_STATUSES } from "../db/bookings-schema.ts";
import { entryOf } from "./gate-entry.ts";
import { followStay, type AfterStay, type GateStay } from "./gate-rules.ts";
import { USUAL_POLICY } from "./policy.ts";

const AT = new Date("2026-07-15T12:00:00Z");
const LATER = new Date("2026-07-15T15:00:00Z");
const STAY = randomUUID();

const booked = {
  status: "CONFIRMED",
  stayId: null,
  actualEntry: null,
  actualExit: null,
  finalMinor: null,
  gateMinor: 0,
  estimatedMinor: 1_600,
  currency: "EUR",
} as const;
const stay: GateStay = {
  stayId: STAY,
  status: "provisional",
  entryAt: AT,
  exitAt: null,
  feeMinor: null,
  feeCurrency: null,
};
const open: GateStay = { ...stay, status: "open" };
const closed: GateStay = { ...open, status: "closed", exitAt: LATER, feeMinor: 250, feeCurrency: "EUR" };

describe("a booking follows its gate's stay", () => {
  it("from the decision to let it in until it has left, with what the gate took beside", () => {
    expect(followStay(booked, stay)).toMatchObject({ status: "CONFIRMED", stayId: STAY, actualEntry: null });
    expect(followStay(booked, open)).toMatchObject({ act: "gate_in", status: "ACTIVE", actualEntry: AT });
    expect(followStay(booked, closed)).toMatchObject({
      act: "gate_out",
      status: "COMPLETED",
      actualEntry: AT,
      actualExit: LATER,
      finalMinor: 1_850,
      gateMinor: 250,
    });
  });

  it("that never came in: it waits on", () => {
    const voided = { ...stay, status: "void" } as const;
    const active = { ...booked, status: "ACTIVE", stayId: STAY, actualEntry: AT } as const;
    expect(followStay(active, voided)).toMatchObject({
      status: "CONFIRMED",
      stayId: null,
      actualEntry: null,
    });
    expect(followStay({ ...booked, stayId: STAY }, voided)).toMatchObject({
      status: "CONFIRMED",
      stayId: null,
    });
    expect(followStay(booked, voided)).toBeNull();
  });

  it("that was let in before the gate heard of its end: it goes on", () => {
    for (const status of ["CANCELLED", "NO_SHOW"] as const)
      expect(followStay({ ...booked, status, finalMinor: 1_600 }, open)).toMatchObject({
        status: "ACTIVE",
        finalMinor: null,
      });
  });

  it("and no other one's", () => {
    const active = { ...booked, status: "ACTIVE", stayId: randomUUID() } as const;
    expect(followStay(active, closed)).toBeNull();
  });

  it("to the same end, however often and from wherever it is told", () => {
    const statuses = fc.constantFrom("provisional", "void", "open", "closed");
    fc.assert(
      fc.property(
        fc.constantFrom(...BOOKING_STATUSES),
        fc.array(statuses, { maxLength: 6 }),
        (from, told) => {
          let booking = { ...booked, status: from } as Parameters<typeof followStay>[0];
          for (const status of told) {
            const its = status === "closed" ? closed : { ...stay, status };
            const after: AfterStay | null = followStay(booking, its);
            if (after === null) continue;
            const { act: _, ...patch } = after;
            booking = { ...booking, ...patch };
            const again = followStay(booking, its);
            if (again !== null)
              expect({ ...booking, ...again, act: null }).toEqual({ ...booking, act: null });
          }
          if (told.at(-1) === "closed" && !told.includes("void"))
            expect(booking).toMatchObject({ status: "COMPLETED", finalMinor: 1_850 });
        },
      ),
    );
  });
});

describe("a gate's entry of a booking", () => {
  const row = {
    id: randomUUID(),
    plate: "BXY99",
    ticketNumber: "PKM-11111111",
    entryTime: AT,
    expectedExit: LATER,
    zoneSlug: "p2",
  };

  it("is there as long as it lets in or out", () => {
    for (const status of BOOKING_STATUSES) {
      const { body } = entryOf({ ...row, status }, USUAL_POLICY);
      expect(body !== null).toBe(status === "CONFIRMED" || status === "ACTIVE");
    }
    expect(JSON.parse(entryOf({ ...row, status: "ACTIVE" }, USUAL_POLICY).body ?? "")).toEqual({
      id: row.id,
      plates: ["BXY99"],
      codes: ["PKM-11111111"],
      from: "2026-07-15T12:00:00.000Z",
      until: "2026-07-15T15:00:00.000Z",
      early_minutes: 15,
      zone: "p2",
    });
  });
});
