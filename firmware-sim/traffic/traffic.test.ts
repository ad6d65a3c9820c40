import { normalisePlate } from "@parkme/shared/domain/plate";
import { describe, expect, it } from "vitest";
import { drawStayMs, drawVehicle, nextArrivalGapMs, type Demand } from "./demand.ts";
import { drawPlate, paintedPlate } from "./plates.ts";
import { createRandom } from "./random.ts";

const DEMAND: Demand = { arrivalsPerHour: 60, meanStayMinutes: 90, speed: 1 };
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const draws = (count: number, draw: () => number) => Array.from({ length: count }, draw);

describe("the seeded source of chance", () => {
  it("repeats itself for the same seed and not for another", () => {
    const ofSeed = (seed: string) => draws(50, createRandom(seed).next);
    expect(ofSeed("harbour")).toEqual(ofSeed("harbour"));
    expect(ofSeed("harbour")).not.toEqual(ofSeed("harbours"));
  });

  it("forks independent sequences", () => {
    const parent = createRandom("7");
    const fork = draws(5, parent.fork("arrivals").next);
    parent.next();
    expect(draws(5, parent.fork("arrivals").next)).toEqual(fork);
    expect(draws(5, parent.fork("stays").next)).not.toEqual(fork);
  });

  it("is uniform in [0, 1)", () => {
    const values = draws(20_000, createRandom("uniform").next);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    const tenths = Array.from(
      { length: 10 },
      (_, i) => values.filter((v) => Math.floor(v * 10) === i).length,
    );
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });

  it("draws gaps and stays with the mean asked for", () => {
    const random = createRandom("means");
    expect(mean(draws(20_000, () => nextArrivalGapMs(DEMAND, random)))).toBeCloseTo(60_000, -4);
    const stays = draws(20_000, () => drawStayMs(DEMAND, random));
    expect(mean(stays) / 60_000).toBeGreaterThan(80);
    expect(mean(stays) / 60_000).toBeLessThan(100);
  });

  it("scales gaps and stays with the speed, and knows an hour in which nobody comes", () => {
    const gap = (speed: number) => nextArrivalGapMs({ ...DEMAND, speed }, createRandom("a"));
    expect(gap(1) / gap(20)).toBeCloseTo(20, 6);
    const stay = (speed: number) => drawStayMs({ ...DEMAND, speed }, createRandom("b"));
    expect(stay(1) / stay(20)).toBeCloseTo(20, 1);
    expect(nextArrivalGapMs({ ...DEMAND, arrivalsPerHour: 0 }, createRandom("a"))).toBe(Infinity);
  });
});

describe("plates", () => {
  it("are unique among those present, and survive the normal form unchanged", () => {
    const random = createRandom("plates");
    const present = new Set<string>();
    for (let i = 0; i < 5_000; i++) {
      const { plate } = drawVehicle(random, (text) => present.has(text));
      expect(present.has(plate.text)).toBe(false);
      expect(normalisePlate(plate.painted)).toBe(plate.text);
      present.add(plate.text);
    }
  });

  it("leave out the letters that their country leaves out", () => {
    const random = createRandom("letters");
    for (let i = 0; i < 5_000; i++) {
      const { country, text } = drawPlate(random, () => false);
      if (country === "GB") expect(text).toMatch(/^[A-HJ-PR-Z]{2}\d\d[A-HJ-PR-Z]{3}$/);
      if (country === "F") expect(text).toMatch(/^[A-HJ-NP-TV-Z]{2}\d{3}[A-HJ-NP-TV-Z]{2}$/);
      if (country === "E") expect(text).toMatch(/^\d{4}[B-DF-HJ-NPR-TV-Z]{3}$/);
      if (country === "D") expect(text).toMatch(/^[A-Z]{2,5}[1-9]\d{0,3}$/);
    }
  });

  it("give up when every plate is taken, and refuse a text that is no plate", () => {
    expect(() => drawPlate(createRandom("x"), () => true)).toThrow(RangeError);
    expect(() => paintedPlate(" - ", "D")).toThrow(RangeError);
  });
});
