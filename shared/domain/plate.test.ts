import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PLATE_LENGTH, normalisePlate, plateShape } from "./plate.ts";

describe("plates", () => {
  it.each([
    ["b-ab 1234", "BAB1234"],
    ["  KA 01·MJ 2022 ", "KA01MJ2022"],
    ["ＡＢ１２３", "AB123"],
    ["京A12345", "京A12345"],
    ["mü-ß 1", "MÜSS1"],
    ["mu\u0308 12", "MÜ12"],
    ["а123вс77", "А123ВС77"],
    ["ا ب ج 1234", "ابج1234"],
    ["A\u0000B\u200B12", "AB12"],
    ["\u1100 \u1161 12", "가12"],
    ["AB", "AB"],
  ])("%j is stored as %s", (raw, plate) => {
    expect(normalisePlate(raw)).toBe(plate);
  });

  it.each([
    "",
    " ",
    "A",
    "-- --",
    "🚗🚗",
    "1234567890123",
    "unknown",
    "No Plate",
    "UNLICENSED",
    "not-read",
    "null",
  ])("%j is no plate", (raw) => {
    expect(normalisePlate(raw)).toBeNull();
  });

  it("read only the beginning of a text that is far too long", () => {
    expect(normalisePlate(`AB12${" ".repeat(60)}${"X".repeat(1_000_000)}`)).toBe("AB12");
    expect(normalisePlate("X".repeat(1_000_000))).toBeNull();
  });

  it("are letters and digits of a bounded length, and normalised once and for all", () => {
    const texts = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }), fc.string());
    fc.assert(
      fc.property(texts, (raw) => {
        const plate = normalisePlate(raw);
        if (plate === null) return;
        expect(plate).toMatch(/^[\p{L}\p{Nd}]+$/u);
        expect(plate.length).toBeGreaterThanOrEqual(2);
        expect(plate.length).toBeLessThanOrEqual(MAX_PLATE_LENGTH);
        expect(normalisePlate(plate)).toBe(plate);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("shapes", () => {
  it.each([
    ["0ODQ", "0000"],
    ["1IL", "111"],
    ["2Z5S6G8B", "22556688"],
    ["BQ15ZG", "801526"],
    ["AHKMN", "AHKMN"],
  ])("%s looks like %s", (plate, shape) => {
    expect(plateShape(plate)).toBe(shape);
  });

  it("keep the length and are their own shape", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (plate) => {
        const shape = plateShape(plate);
        expect(shape).toHaveLength(plate.length);
        expect(plateShape(shape)).toBe(shape);
      }),
    );
  });
});
