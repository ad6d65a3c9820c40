import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readOptions, type Asked } from "./options.ts";

const read = (...args: readonly string[]): Asked => readOptions(args, () => "fresh");

describe("the options of a run", () => {
  it("have a use without any: 200 cuts of all kinds, under a seed that is new", () => {
    const asked = read();
    expect(asked).toMatchObject({
      kind: "run",
      json: false,
      options: { cuts: 200, batch: 20, seed: "fresh", controls: 3, onlyBatch: null, method: "auto" },
    });
    expect(asked.kind === "run" && asked.options.kinds).toEqual(["power", "kill", "disk-full", "link"]);
  });

  it("are taken as they are said", () => {
    expect(
      read(
        "--cuts",
        "7",
        "--batch",
        "3",
        "--kinds",
        "power,power,kill",
        "--seed",
        "7",
        "--only-batch",
        "3",
        "--json",
      ),
    ).toMatchObject({
      json: true,
      options: { cuts: 7, batch: 3, kinds: ["power", "power", "kill"], seed: "7", onlyBatch: 3 },
    });
  });

  it("are refused in words where they make no sense", () => {
    const problemsOf = (...args: readonly string[]): string => {
      const asked = read(...args);
      return asked.kind === "refused" ? asked.problems.join("; ") : asked.kind;
    };
    expect(problemsOf("--cuts", "many")).toMatch(/--cuts: .*number/);
    expect(problemsOf("--cuts", "1000000")).toMatch(/--cuts: /);
    expect(problemsOf("--batch", "0")).toMatch(/--batch: /);
    expect(problemsOf("--kinds", "power,earthquake")).toMatch(/--kinds: .*power/);
    expect(problemsOf("--cuts", "20", "--batch", "10", "--only-batch", "3")).toMatch(/2 batches/);
    expect(problemsOf("--fast")).toMatch(/--fast/);
    expect(problemsOf("stray")).toMatch(/stray/);
    expect(problemsOf("--help")).toBe("help");
  });

  it("never make it fall over, whatever is said", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom("--cuts", "--kinds", "--json"))), (args) => {
        expect(["run", "help", "refused"]).toContain(read(...args).kind);
      }),
    );
  });
});
