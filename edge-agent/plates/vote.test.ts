import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plateShape } from "@parkme/shared/domain/plate";
import { type VoteRead, votePlate } from "./vote.ts";

function read(plate: string | null, confidence: number | null, sourceId: string | null = null): VoteRead {
  return { camera: "entry-cam", sourceId, plate, confidence };
}

const plateText = fc.string({ unit: fc.constantFrom("0", "O", "1", "I", "A"), minLength: 2, maxLength: 4 });
const anyRead: fc.Arbitrary<VoteRead> = fc.record({
  camera: fc.constantFrom("entry-cam", "roof-cam"),
  sourceId: fc.option(fc.constantFrom("e1", "e2", "e3", "e4")),
  plate: fc.option(plateText),
  confidence: fc.option(fc.integer({ min: 0, max: 20 }).map((twentieth) => twentieth / 20)),
});
const reads = fc.array(anyRead, { maxLength: 8 });

describe("the vote, while reads come in", () => {
  it("is won at once by a read that is sure", () => {
    expect(votePlate([read("BAB123", 0.6), read("XYZ999", 0.9)], false)).toEqual({
      kind: "winner",
      plate: "XYZ999",
      confidence: 0.9,
    });
    expect(votePlate([read("XYZ999", 0.89)], false)).toEqual({ kind: "undecided" });
  });

  it("is won by three that agree, if each is plausible", () => {
    const twice = [read("BAB123", 0.6), read("BAB123", 0.7)];
    expect(votePlate(twice, false)).toEqual({ kind: "undecided" });
    expect(votePlate([...twice, read("BAB123", 0.3)], false)).toEqual({ kind: "undecided" });
    expect(votePlate([...twice, read("BAB123", null)], false)).toMatchObject({
      kind: "winner",
      plate: "BAB123",
    });
  });

  it("counts one event of a camera once, however often it is sent", () => {
    const again = Array.from({ length: 10 }, () => read("BAB123", 0.7, "e1"));
    expect(votePlate(again, false)).toEqual({ kind: "undecided" });
  });

  it("waits when two vehicles are both well read", () => {
    const both = [read("BAB123", 0.95), read("XYZ999", 0.99)];
    expect(votePlate(both, false)).toEqual({ kind: "undecided" });
    expect(votePlate(both, true)).toEqual({ kind: "none", reason: "ambiguous" });
  });
});

describe("the vote, when the window ends", () => {
  it("takes a single plausible read", () => {
    expect(votePlate([read("BAB123", 0.55), read(null, null)], true)).toEqual({
      kind: "winner",
      plate: "BAB123",
      confidence: 0.55,
    });
  });

  it("takes no plate when none was read, or none plausibly", () => {
    expect(votePlate([], true)).toEqual({ kind: "none", reason: "no_plate" });
    expect(votePlate([read(null, 0.99), read("BAB123", 0.2)], true)).toEqual({
      kind: "none",
      reason: "no_plate",
    });
  });

  it("spells each character as most of the weight does", () => {
    const spelled = [read("BO1", 0.8), read("B0I", 0.6), read("8OI", 0.7)];
    expect(votePlate(spelled, true)).toMatchObject({ kind: "winner", plate: "BOI" });
  });

  it("asks when two spellings weigh the same", () => {
    expect(votePlate([read("BO1", 0.6), read("B01", 0.6)], true)).toEqual({
      kind: "none",
      reason: "ambiguous",
    });
  });

  it("asks unless the best plate weighs twice its rival", () => {
    const rival = read("XYZ999", 0.5);
    expect(votePlate([read("BAB123", 0.8), rival], true)).toEqual({ kind: "none", reason: "ambiguous" });
    expect(votePlate([read("BAB123", 0.8), read("BAB123", 0.6), rival], true)).toMatchObject({
      plate: "BAB123",
    });
  });
});

describe("any vote", () => {
  it("does not depend on the order of the reads", () => {
    const shuffled = reads.chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.boolean(), ([some, same], ended) => {
        expect(votePlate(same, ended)).toEqual(votePlate(some, ended));
      }),
      { numRuns: 500 },
    );
  });

  it("that is decided early is decided the same at the end", () => {
    fc.assert(
      fc.property(reads, (some) => {
        const early = votePlate(some, false);
        expect(early.kind).not.toBe("none");
        if (early.kind === "winner") expect(votePlate(some, true)).toEqual(early);
      }),
      { numRuns: 500 },
    );
  });

  it("is decided at the end, by a plate that looks like one that was plausibly read", () => {
    fc.assert(
      fc.property(reads, (some) => {
        const vote = votePlate(some, true);
        expect(vote.kind).not.toBe("undecided");
        if (vote.kind !== "winner") return;
        const plausible = some.filter(({ confidence }) => (confidence ?? 0.5) >= 0.5);
        expect(plausible.map(({ plate }) => plate && plateShape(plate))).toContain(plateShape(vote.plate));
        expect(vote.confidence).toBeGreaterThanOrEqual(0.5);
        expect(vote.confidence).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});
