import { normalisePlate, plateShape } from "@parkme/shared/domain/plate";
import { describe, expect, it } from "vitest";
import { misread } from "./confusion.ts";
import { drawPlate } from "./plates.ts";
import { createRandom } from "./random.ts";

const random = createRandom("misread");

describe("a misread plate", () => {
  it("is another text that is still a plate, wrong in two places at most", () => {
    let twice = 0;
    for (let i = 0; i < 2_000; i += 1) {
      const { text } = drawPlate(random, () => false);
      const read = misread(text, random);
      if (read === null) throw new Error(`${text} cannot be misread`);
      expect(read).not.toBe(text);
      expect(normalisePlate(read)).toBe(read);
      expect(text.length - read.length).toBeLessThanOrEqual(2);
      if (read.length === text.length) {
        const wrong = [...read].filter((character, at) => character !== text[at]).length;
        expect(wrong).toBeLessThanOrEqual(2);
        twice += wrong - 1;
      }
    }
    expect(twice).toBeGreaterThan(100);
    expect(twice).toBeLessThan(400);
  });

  it("is mostly the same to somebody who takes look-alikes for one another", () => {
    let alike = 0;
    for (let i = 0; i < 2_000; i += 1) {
      const { text } = drawPlate(random, () => false);
      if (plateShape(misread(text, random) ?? "") === plateShape(text)) alike += 1;
    }
    expect(alike).toBeGreaterThan(1_000);
    expect(alike).toBeLessThan(1_900);
  });

  it("follows the table: a zero is an O far more often than an 8, and never a W", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4_000; i += 1) {
      const read = misread("0", random) ?? "";
      counts.set(read, (counts.get(read) ?? 0) + 1);
    }
    const once = ["O", "D", "Q", "8"].reduce((sum, read) => sum + (counts.get(read) ?? 0), 0);
    expect(once).toBeGreaterThan(0.95 * 4_000);
    expect(counts.has("W")).toBe(false);
    expect(counts.get("O")).toBeGreaterThan((counts.get("8") ?? 0) * 8);
  });

  it("does not exist for a short text that nothing looks like", () => {
    expect(misread("J", random)).toBeNull();
    expect(misread("", random)).toBeNull();
  });
});
