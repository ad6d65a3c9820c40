import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Result } from "@parkme/shared/domain/result";
import { until } from "../devices/testing/until.ts";
import { newFolder, type Folder } from "../store/testing/gate-db.ts";
import { watchFile, type FileWatch } from "./watch-file.ts";

let folder: Folder;
let watches: FileWatch[];
beforeEach(() => {
  folder = newFolder();
  watches = [];
});
afterEach(() => {
  for (const watch of watches) watch.stop();
  folder.remove();
});

/** Everything that a watch tells; `answers` are what it hears, true in the end. */
function watching(path: string, answers: boolean[] = []) {
  const told: Result<string, string>[] = [];
  const found = (text: Result<string, string>): boolean => {
    told.push(text);
    return answers.shift() ?? true;
  };
  const watch = watchFile({ path, everyMs: 5, maxBytes: 100, found });
  watches.push(watch);
  return { watch, told };
}

it("tells of what is there at the start, and of each text after it once", async () => {
  const path = folder.path("a.json");
  writeFileSync(path, "one");
  const { watch, told } = watching(path);
  await watch.start();
  expect(told).toEqual([{ ok: true, value: "one" }]);
  writeFileSync(path, "two");
  await until(() => told.length === 2, "the second text");
  rmSync(path);
  await until(() => told.length === 3, "the end of it");
  writeFileSync(path, "x".repeat(101));
  await until(() => told.length === 4, "one that is too long");
  writeFileSync(path, "two");
  await until(() => told.length === 5, "the second text again");
  expect(told.slice(1)).toEqual([
    { ok: true, value: "two" },
    { ok: false, error: "cannot be read: ENOENT" },
    { ok: false, error: "is longer than 100 bytes" },
    { ok: true, value: "two" },
  ]);
});

it("tells once more what could not be dealt with", async () => {
  const path = folder.path("a.json");
  writeFileSync(path, "one");
  const { watch, told } = watching(path, [false, false, true]);
  await watch.start();
  await until(() => told.length === 3, "the third time");
});

it("takes a folder or a device for no file", async () => {
  for (const path of [folder.path("."), "/dev/zero"]) {
    const { watch, told } = watching(path);
    await watch.start();
    expect(told).toEqual([{ ok: false, error: "is not a file" }]);
  }
});

it("tells nothing after its stop", async () => {
  const path = folder.path("a.json");
  writeFileSync(path, "one");
  const [stopped, goesOn] = [watching(path), watching(path)];
  await stopped.watch.start();
  await goesOn.watch.start();
  stopped.watch.stop();
  writeFileSync(path, "two");
  await until(() => goesOn.told.length === 2, "the second text");
  writeFileSync(path, "three");
  await until(() => goesOn.told.length === 3, "the third text");
  expect(stopped.told).toHaveLength(1);
});
