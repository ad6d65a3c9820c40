import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPictures } from "./pictures.ts";
import { newFolder, newMint, START_MS, type Folder } from "./testing/gate-db.ts";

const DAY_MS = 86_400_000;
const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xd9]);

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

describe("pictures", () => {
  it("are found by their id alone, and are nobody else's to read", () => {
    const pictures = createPictures(folder.path("images"), newMint());
    const id = pictures.save(JPEG, START_MS);
    const path = id === null ? null : pictures.pathOf(id);
    expect(path).toBe(join(folder.path("images"), "2026-03-01", `${id}.jpg`));
    expect(new Uint8Array(readFileSync(path ?? ""))).toEqual(JPEG);
    expect(statSync(path ?? "").mode & 0o077).toBe(0);
  });

  it("have no path for a text that is no id", () => {
    const pictures = createPictures(folder.path("images"), newMint());
    for (const text of ["", "../../etc/passwd", "01890000-0000-7000-8000-000000000000/..", "x".repeat(36)])
      expect(pictures.pathOf(text), `path of ${text}`).toBeNull();
  });

  it("are forgotten by whole days, and nothing else in the folder is", () => {
    const pictures = createPictures(folder.path("images"), newMint());
    const paths = [0, DAY_MS, 2 * DAY_MS].map(
      (ms) => pictures.pathOf(pictures.save(JPEG, START_MS + ms) ?? "") ?? "",
    );
    writeFileSync(folder.path("images/notes.txt"), "keep");
    expect(pictures.forgetBefore(START_MS + DAY_MS)).toBe(1);
    expect(paths.map((path) => existsSync(path))).toEqual([false, true, true]);
    expect(existsSync(folder.path("images/notes.txt"))).toBe(true);
    expect(pictures.forgetBefore(START_MS + DAY_MS)).toBe(0);
  });

  it("that the disk refuses do not stop anybody", () => {
    const pictures = createPictures(folder.path("images"), newMint());
    // A file where the day's folder would be.
    writeFileSync(folder.path("images/2026-03-01"), "in the way");
    expect(pictures.save(JPEG, START_MS)).toBeNull();
  });
});
