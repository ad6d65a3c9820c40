import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fingerprintOf } from "./pages.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parkme-pages-"));
  mkdirSync(join(root, "web/parts"), { recursive: true });
  writeFileSync(join(root, "web/main.tsx"), "main");
  writeFileSync(join(root, "web/parts/lane.tsx"), "lane");
  writeFileSync(join(root, "lockfile"), "1");
});
afterEach(() => rmSync(root, { recursive: true }));

const fingerprint = () => fingerprintOf(["web", "lockfile"], root);

describe("fingerprintOf", () => {
  it("stays when nothing changed", async () => {
    const before = await fingerprint();
    writeFileSync(join(root, "web/main.tsx"), "main");
    expect(await fingerprint()).toBe(before);
  });

  it.each([
    ["a file changes", () => writeFileSync(join(root, "web/parts/lane.tsx"), "LANE")],
    ["a file appears", () => writeFileSync(join(root, "web/extra.ts"), "")],
    ["a file goes", () => rmSync(join(root, "web/parts/lane.tsx"))],
    ["a single source file changes", () => writeFileSync(join(root, "lockfile"), "2")],
  ])("changes when %s", async (_what, change) => {
    const before = await fingerprint();
    change();
    expect(await fingerprint()).not.toBe(before);
  });

  it("does not mind tests", async () => {
    const before = await fingerprint();
    writeFileSync(join(root, "web/main.test.tsx"), "test");
    expect(await fingerprint()).toBe(before);
  });
});
