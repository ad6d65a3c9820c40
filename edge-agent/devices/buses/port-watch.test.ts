import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../testing/until.ts";
import { watchPort } from "./port-watch.ts";

let folder: string;
let end: () => void = () => undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-port-"));
});
afterEach(() => {
  end();
  rmSync(folder, { recursive: true });
});

function watched(path: string) {
  const gone: number[] = [];
  end = watchPort(path, () => gone.push(gone.length));
  return gone;
}

describe("the watch over a port", () => {
  it("tells once when the port is gone", async () => {
    const path = join(folder, "ttyA");
    writeFileSync(path, "");
    const gone = watched(path);
    await new Promise((done) => setTimeout(done, 700));
    expect(gone).toEqual([]);
    unlinkSync(path);
    await until(() => gone.length > 0, "the port to be missed");
    await new Promise((done) => setTimeout(done, 700));
    expect(gone).toEqual([0]);
  });

  it("tells when the name leads to another port by now", async () => {
    const [one, other, path] = ["one", "other", "link"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(one, "");
    writeFileSync(other, "");
    symlinkSync(one, path);
    const gone = watched(path);
    await new Promise((done) => setTimeout(done, 100));
    unlinkSync(path);
    symlinkSync(other, path);
    await until(() => gone.length > 0, "the other port to be noticed");
  });

  it("tells of a port that never was, and of nothing once it has ended", async () => {
    const gone = watched(join(folder, "none"));
    await until(() => gone.length > 0, "the port to be missed");
    const path = join(folder, "ttyB");
    writeFileSync(path, "");
    const later = watched(path);
    end();
    unlinkSync(path);
    await new Promise((done) => setTimeout(done, 700));
    expect(later).toEqual([]);
  });
});
