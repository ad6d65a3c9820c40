import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepState, readParked, writeParked, type Inside } from "./state-file.ts";
import { drawVehicle } from "./traffic/demand.ts";
import { createRandom } from "./traffic/random.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-state-"));
  file = join(folder, "deep", "parked.json");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** Every other one carries a ticket. */
function someParked(count: number): Inside {
  const random = createRandom("parked");
  const parked = Array.from({ length: count }, (_, i) => ({
    vehicle: drawVehicle(random, () => false),
    remainingMs: i * 1_000,
  }));
  const tickets = parked.flatMap(({ vehicle }, i) =>
    i % 2 === 0 ? [[vehicle.plate.text, `code  ${i}`] as const] : [],
  );
  return { parked, tickets: new Map(tickets) };
}

describe("the state file", () => {
  it("gives back what was written, and nobody when nothing ever was", () => {
    expect(readParked(file)).toEqual(someParked(0));
    const parked = someParked(20);
    writeParked(file, parked);
    expect(readParked(file)).toEqual(parked);
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it("refuses a damaged or foreign file instead of forgetting everybody", () => {
    writeParked(file, someParked(1));
    const text = readFileSync(file, "utf8");
    for (const damaged of ["", text.slice(0, 30), "{}", text.replace('"version":1', '"version":2')]) {
      writeFileSync(file, damaged);
      expect(() => readParked(file)).toThrow("does not say who is inside");
    }
  });

  it("is written a second after a change, once for many, and at the stop", () => {
    vi.useFakeTimers();
    let parked = someParked(1);
    const problems: unknown[] = [];
    const keeper = keepState(
      file,
      () => parked,
      (error) => problems.push(error),
    );
    keeper.changed();
    parked = someParked(2);
    keeper.changed();
    expect(existsSync(file)).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(readParked(file).parked).toHaveLength(2);
    parked = someParked(3);
    keeper.stop();
    expect(readParked(file).parked).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
    expect(problems).toEqual([]);
  });

  it("that cannot be written is reported, and tried again at the next change", () => {
    vi.useFakeTimers();
    const problems: unknown[] = [];
    writeFileSync(join(folder, "deep"), "in the way of the folder");
    const keeper = keepState(
      file,
      () => someParked(1),
      (error) => problems.push(error),
    );
    keeper.changed();
    vi.advanceTimersByTime(1_000);
    expect(problems).toHaveLength(1);
    rmSync(join(folder, "deep"));
    keeper.changed();
    vi.advanceTimersByTime(1_000);
    expect(readParked(file).parked).toHaveLength(1);
  });
});
