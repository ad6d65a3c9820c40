import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EscposOp, nextOp } from "./escpos-ops.ts";

function opsOf(hex: string): EscposOp[] {
  let rest = Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  const ops: EscposOp[] = [];
  for (let next = nextOp(rest); next !== null; next = nextOp(rest)) {
    ops.push(next.op);
    rest = rest.slice(next.length);
  }
  return ops;
}

describe("the commands of an ESC/POS printer", () => {
  it.each<[string, EscposOp]>([
    ["1b40", { kind: "initialise" }],
    ["1b6101", { kind: "set", what: "align", value: 1 }],
    ["1d2111", { kind: "set", what: "size", value: 0x11 }],
    ["1b7413", { kind: "set", what: "table", value: 19 }],
    ["0a", { kind: "newline" }],
    ["1b6403", { kind: "feed", lines: 3 }],
    ["1d5601", { kind: "cut" }],
    ["1d564205", { kind: "cut" }],
    ["1b69", { kind: "cut" }],
    ["1d65030c", { kind: "ejector", n: 3, steps: 12 }],
    ["1d6502", { kind: "ejector", n: 2, steps: 0 }],
    ["1b70013cf0", { kind: "pulse", pin: 5, onMs: 120 }],
    ["1d284806003030 30303031", { kind: "mark", mark: "0001" }],
    ["1d7201", { kind: "status", n: 1 }],
    ["1d610e", { kind: "automatic_status", mask: 14 }],
    ["1d286b0300315130", { kind: "qr", fn: 81, data: Uint8Array.of(0x30) }],
    ["1d763000 0100 0200 80 01", { kind: "raster", rowBytes: 1, data: Uint8Array.of(0x80, 0x01) }],
    ["100401", { kind: "nothing" }],
    ["10140801031401060208", { kind: "nothing" }],
    ["1c2e", { kind: "nothing" }],
    ["1b5a", { kind: "unknown", name: "ESC Z" }],
    ["1d284c03003000 00", { kind: "unknown", name: "GS ( L 48" }],
  ])("%s", (hex, op) => {
    expect(opsOf(hex)).toEqual([op]);
    // And what follows is not eaten.
    expect(opsOf(`${hex}0a`)).toEqual([op, { kind: "newline" }]);
  });

  it("wait until they are whole", () => {
    for (const part of ["1b", "1b61", "1d286b0300", "1d76300001000200 80", "1d6503", "10", "1004"]) {
      expect(opsOf(part)).toEqual([]);
    }
  });

  it("take every byte once, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        let rest = bytes;
        for (let next = nextOp(rest); next !== null; next = nextOp(rest)) {
          expect(next.length).toBeGreaterThan(0);
          expect(next.length).toBeLessThanOrEqual(rest.length);
          rest = rest.slice(next.length);
        }
      }),
    );
  });
});
