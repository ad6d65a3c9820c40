import { describe, expect, it } from "vitest";
import { whatIsMissing, type Machine } from "./needs.ts";

const able: Machine = { platform: "linux", uid: 0, exists: () => true };

describe("what a machine must have", () => {
  it("is nothing more where all of it is there", () => {
    expect(whatIsMissing(able)).toEqual([]);
  });

  it("is told with what to do about it", () => {
    const without = (part: string): string =>
      whatIsMissing({ ...able, exists: (path) => !path.includes(part) }).join("; ");
    expect(without("mkfs.ext4")).toBe("mkfs.ext4 cannot be found: apt-get install e2fsprogs");
    expect(without("perl")).toBe("perl cannot be found: apt-get install perl-base");
    expect(without("loop-control")).toMatch(/modprobe loop/);
    expect(without("main.mjs")).toMatch(/npm run build/);
  });

  it("is root on Linux", () => {
    expect(whatIsMissing({ ...able, uid: 1_000 })).toEqual([
      "root is needed, to mount images: run it with sudo",
    ]);
    expect(whatIsMissing({ ...able, platform: "darwin" }).join()).toMatch(/Linux only.*darwin/);
  });
});
