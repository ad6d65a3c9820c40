import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findBenches } from "./benches.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parkme-benches-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), "");
}

describe("findBenches", () => {
  it("finds benches in the packages' bench folders and leaves their helpers out", () => {
    write("edge-agent/bench/gate.bench.ts");
    write("edge-agent/bench/floor.ts");
    write("shared/bench/quote.bench.ts");
    write("node_modules/bench/other.bench.ts");
    expect([...findBenches(root)]).toEqual([
      ["gate", join(root, "edge-agent/bench/gate.bench.ts")],
      ["quote", join(root, "shared/bench/quote.bench.ts")],
    ]);
  });

  it("refuses one name for two benches", () => {
    write("edge-agent/bench/gate.bench.ts");
    write("cloud-api/bench/gate.bench.ts");
    expect(() => findBenches(root)).toThrow("two benches are called gate");
  });
});
