import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCardWorld, type Way } from "./testing/card-world.ts";
import { ADA, BOB, OTHER_TICKET, TICKET } from "./testing/station-bench.ts";

const FEE = 450;

type World = ReturnType<typeof createCardWorld>;
type Act = (world: World) => void;

const way = fc.record<Way>({
  charges: fc.boolean(),
  says: fc.constantFrom("truth" as const, "unknown" as const, "nothing" as const),
});

/** Whatever happens at a pay station, in any order. */
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom(TICKET, OTHER_TICKET).map(
    (shown): Act =>
      (world) =>
        world.tell({ kind: "shown", shown }),
  ),
  way.map(
    (as): Act =>
      (world) =>
        world.card(as),
  ),
  fc.boolean().map(
    (sure): Act =>
      (world) =>
        world.answer(sure),
  ),
  fc.constantFrom(null, 120_000).map(
    (ms): Act =>
      (world) =>
        world.wait(ms),
  ),
  fc.constant<Act>((world) => world.restart()),
  fc.boolean().map(
    (refuses): Act =>
      (world) =>
        world.disk(refuses),
  ),
  fc.constantFrom(ADA, BOB).map(
    (stayId): Act =>
      (world) =>
        world.payAtDesk(stayId),
  ),
  fc.record({ device: fc.constantFrom("reader" as const, "terminal" as const), ok: fc.boolean() }).map(
    (health): Act =>
      (world) =>
        world.tell({ kind: "device", reason: "", ...health }),
  ),
);

/** Everything works again, and the terminal is asked until it has told of every payment. */
function settle(world: World): void {
  world.disk(false);
  for (let asked = 0; asked < 20 && world.open() > 0; asked++) {
    world.wait(null);
    world.answer(true);
  }
}

describe("a pay station", () => {
  it("never charges a fee twice, whatever happens in whatever order, and books all that was charged", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const world = createCardWorld(FEE);
        try {
          for (const one of acts) one(world);
          settle(world);
          expect(world.breaches).toEqual([]);
          for (const stayId of [ADA, BOB]) {
            expect(world.charged(stayId)).toBeLessThanOrEqual(FEE);
            expect(world.booked(stayId)).toBe(world.charged(stayId));
          }
          expect(world.open()).toBe(0);
        } finally {
          world.stop();
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it("books a charge whose approval came while the disk refused, and does not ask for it again", () => {
    const world = createCardWorld(FEE);
    world.tell({ kind: "shown", shown: TICKET });
    world.disk(true);
    world.card({ charges: true, says: "truth" });
    expect(world.state()).toBe("IN_DOUBT");
    expect(world.booked(ADA)).toBe(0);
    settle(world);
    expect(world.state()).toBe("THANKS");
    expect([world.charged(ADA), world.booked(ADA)]).toEqual([FEE, FEE]);
    world.stop();
  });

  it("takes up after a restart what the terminal had not answered", () => {
    const world = createCardWorld(FEE);
    world.tell({ kind: "shown", shown: TICKET });
    world.card({ charges: true, says: "nothing" });
    world.restart();
    // The terminal is not sure yet: this stay is not charged again, and others are.
    world.answer(false);
    world.tell({ kind: "shown", shown: TICKET });
    expect(world.state()).toBe("SHOWING");
    world.tell({ kind: "shown", shown: OTHER_TICKET });
    expect(world.state()).toBe("PAYING");
    settle(world);
    expect([world.charged(ADA), world.booked(ADA), world.charged(BOB)]).toEqual([FEE, FEE, 0]);
    expect(world.breaches).toEqual([]);
    world.stop();
  });

  it("tells lanes when it asks for a card, and when it is known what became of that", () => {
    const world = createCardWorld(FEE);
    world.tell({ kind: "shown", shown: TICKET });
    expect(world.told).toEqual([ADA]);
    world.card({ charges: false, says: "unknown" });
    world.answer(true);
    expect(world.told.at(-1)).toBe(ADA);
    expect(world.told, "asked for, in doubt, not charged").toHaveLength(3);
    expect(world.booked(ADA)).toBe(0);
    world.tell({ kind: "shown", shown: OTHER_TICKET });
    world.card({ charges: true, says: "truth" });
    expect(world.told.slice(3), "asked for, charged").toEqual([BOB, BOB]);
    world.stop();
  });

  it("asks for nothing while the disk refuses", () => {
    const world = createCardWorld(FEE);
    world.disk(true);
    world.tell({ kind: "shown", shown: TICKET });
    expect(world.state()).toBe("OUT_OF_ORDER");
    world.card({ charges: true, says: "truth" });
    expect(world.charged(ADA)).toBe(0);
    world.stop();
  });
});
