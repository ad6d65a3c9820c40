import { copyFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adoptAll, Archive, backUp, copyFiles, recordRows } from "./testing/archive.ts";
import { newFolder, START_MS, type Folder } from "./testing/gate-db.ts";
import { RandomGate, randomOf, type Random } from "./testing/random-gate.ts";
import { conflictsAfter } from "./restore-conflicts.ts";
import { chainOf, RestoreRefused } from "./restore-lines.ts";

/** Random days at a gate, its log in an archive, and a backup that is put in its place at some moment. */

const RUNS = Number(process.env["PARKME_RESTORES"] ?? 40);
/** Backups that are taken of one gate, each of which is put in its place. */
const COPIES = 5;
const PATIENCE_MS = 60_000 + RUNS * 3_000;
const END_MS = START_MS + 90 * 86_400_000;

let folder: Folder;
beforeAll(() => {
  folder = newFolder();
  new RandomGate(folder.path("empty.db"), 0).close();
});
afterAll(() => {
  folder.remove();
});

let serial = 0;
/** A database without rows, where the migrations have been run already. */
function emptyPath(): string {
  const path = folder.path(`gate-${serial++}.db`);
  copyFileSync(folder.path("empty.db"), path);
  return path;
}

type Story = {
  readonly source: RandomGate;
  readonly backup: string;
  /** All of them, in their order. */
  readonly backups: readonly string[];
  readonly archive: Archive;
};

/** A gate with some days behind it, and backups of before its end. */
function storyOf(seed: number, random: Random, { copies = 1, steps = 40 } = {}): Story {
  const source = new RandomGate(emptyPath(), seed);
  const backups = Array.from({ length: copies }, () => {
    source.live(random.below(steps));
    const path = folder.path(`backup-${serial++}.db`);
    backUp(source.desk.db, path);
    return path;
  });
  source.live(1 + random.below(steps));
  const archive = new Archive();
  archive.take(source.desk.store);
  return { source, backup: backups[0] ?? "", backups, archive };
}

function seeds(share: number): readonly number[] {
  return Array.from({ length: Math.ceil(RUNS * share) }, (_, i) => i + 1);
}

/** Its log is the cloud's, and goes on behind that; so do its numbers. */
function expectToGoOn(gate: RandomGate, archive: Archive): void {
  const { store } = gate.desk;
  const lines = store.logLines(0, 1_000_000).map(({ line }) => line);
  expect(lines.slice(0, -1)).toEqual(archive.lines);
  expect(lines.at(-1)).toContain('"kind":"log.restored"');
  gate.live(8);
  for (const query of [
    "select number from receipts order by 1",
    "select z_number from shifts where z_number is not null order by 1",
  ]) {
    const numbers = gate.column(query).map(Number);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  }
  const known = new Archive(archive);
  known.take(store);
  expect(known.head).toEqual(store.logHead());
  expect(known.head.epoch).toBe(2);
}

describe("a gate that was restored", () => {
  it(
    "has every row again that the cloud knew of, and goes on with its numbers",
    () => {
      for (const seed of seeds(1 / COPIES)) {
        const random = randomOf(seed);
        const { source, backups, archive } = storyOf(seed, random, { copies: COPIES, steps: 25 });
        const were = recordRows(source.desk.db);
        const { rowNumber: _were, ...given } = source.desk.store.lastNumbers();
        source.close();
        for (const backup of backups) {
          const restored = new RandomGate(backup, seed, 1, 10_000_000);
          const { store, db } = restored.desk;
          adoptAll(store, archive, { wallMs: END_MS, atOnce: 1 + random.below(20) });
          expect({ seed, ...recordRows(db) }).toEqual({ seed, ...were });
          const { rowNumber: _are, ...numbers } = store.lastNumbers();
          expect(numbers).toEqual(given);
          expectToGoOn(restored, archive);
          restored.close();
        }
      }
    },
    PATIENCE_MS,
  );

  it(
    "has the whole history again where nothing was left of it",
    () => {
      for (const seed of seeds(0.2)) {
        const { source, archive } = storyOf(seed, randomOf(seed));
        const fresh = new RandomGate(emptyPath(), seed, 1);
        adoptAll(fresh.desk.store, archive, { wallMs: END_MS, atOnce: 10 });
        expect({ seed, ...recordRows(fresh.desk.db) }).toEqual({ seed, ...recordRows(source.desk.db) });
        source.close();
        fresh.close();
      }
    },
    PATIENCE_MS,
  );

  it(
    "is there all the same when it was restored again and again",
    () => {
      for (const seed of seeds(0.1)) {
        const random = randomOf(seed);
        const { source, archive } = storyOf(seed, random);
        let gate = source;
        for (let epoch = 2; epoch <= 4; epoch += 1) {
          const backup = folder.path(`again-${serial++}.db`);
          backUp(gate.desk.db, backup);
          gate.live(1 + random.below(20));
          archive.take(gate.desk.store);
          const next = new RandomGate(
            random.chance(0.3) ? emptyPath() : backup,
            seed,
            epoch,
            10_000_000 * epoch,
          );
          adoptAll(next.desk.store, archive, { wallMs: END_MS });
          expect({ seed, ...recordRows(next.desk.db) }).toEqual({ seed, ...recordRows(gate.desk.db) });
          expect(next.desk.store.logHead().epoch).toBe(epoch);
          gate.close();
          gate = next;
        }
        gate.close();
      }
    },
    PATIENCE_MS,
  );
});

/** What is kept for a person, in the order in which it came up. */
function kept({ desk }: RandomGate): readonly unknown[] {
  return conflictsAfter(desk.db, 0).map(({ id: _id, ...conflict }) => conflict);
}

describe("a restore that is killed", () => {
  it(
    "goes on where it was, wherever that is",
    () => {
      for (const seed of seeds(0.2)) {
        const random = randomOf(seed);
        const { source, backup, archive } = storyOf(seed, random, { steps: 25 });
        const before = new RandomGate(backup, seed, 1, 10_000_000);
        before.live(5 + random.below(15));
        before.close();
        const whole = folder.path(`whole-${serial++}.db`);
        copyFileSync(backup, whole);
        const undisturbed = new RandomGate(whole, seed, 2);
        adoptAll(undisturbed.desk.store, archive, { wallMs: END_MS });

        let path = backup;
        let gate = new RandomGate(path, seed, 2);
        // Every step is the last one that this process does: the next finds the files as they lie there.
        for (let done = false; !done;) {
          let step = 0;
          const died = new Error("killed");
          try {
            const between = (): void => {
              step += 1;
              if (step > random.below(3)) throw died;
            };
            adoptAll(gate.desk.store, archive, { wallMs: END_MS, atOnce: 5, between });
            done = true;
          } catch (error) {
            if (error !== died) throw error;
            done = gate.desk.store.linkState().restoredSeq === null;
          }
          const next = folder.path(`killed-${serial++}.db`);
          copyFiles(path, next);
          gate.close();
          path = next;
          gate = new RandomGate(path, seed, 2);
        }
        expect({ seed, ...recordRows(gate.desk.db) }).toEqual({ seed, ...recordRows(undisturbed.desk.db) });
        expect(kept(gate)).toEqual(kept(undisturbed));
        const lines = (one: RandomGate) => one.desk.store.logLines(0, 1_000_000).slice(0, -1);
        expect(lines(gate)).toEqual(lines(undisturbed));
        for (const one of [source, gate, undisturbed]) one.close();
      }
    },
    PATIENCE_MS,
  );
});

describe("what is not the cloud's log", () => {
  it("is refused as a whole, and nothing of it is here", () => {
    const { source, backup, archive } = storyOf(7, randomOf(7));
    const gate = new RandomGate(backup, 7, 1);
    const { restoring } = gate.desk.store;
    restoring.begin({ common: archive.common(gate.desk.store), head: archive.head });
    const hole = restoring.place();
    if (hole === null) throw new Error("nothing is missing");
    const good = archive.after(hole.adopted.seq);
    const [first = "", ...others] = good;
    const [second = "", third = "", ...rest] = others;
    const garbage: readonly (readonly string[])[] = [
      [""],
      ["{}"],
      ["[]"],
      ["null"],
      [first.slice(0, -1), ...others],
      [`${first} `, ...others],
      [first.replace('"seq":', '"seq": ')],
      [first.replace(/"epoch":1/u, '"epoch":1.5')],
      [first.replace(/"wall_time":"[^"]*"/u, '"wall_time":"yesterday"')],
      [second],
      [first, third, second],
      [first, second, second],
      [first, first],
      [...good, good.at(-1) ?? ""],
      [first, second.replace('"kind":"', '"kind":"x'), third, ...rest],
    ];
    const before = { rows: recordRows(gate.desk.db), log: gate.desk.store.logLines(0, 1_000_000), hole };
    for (const lines of garbage) {
      expect(() => restoring.adopt(chainOf(lines, hole.adopted), END_MS)).toThrow(RestoreRefused);
      const now = {
        rows: recordRows(gate.desk.db),
        log: gate.desk.store.logLines(0, 1_000_000),
        hole: restoring.place(),
      };
      expect(now).toEqual(before);
    }
    expect(() => restoring.finish(END_MS)).toThrow(/are missing/u);
    adoptAll(gate.desk.store, archive, { wallMs: END_MS });
    expect(recordRows(gate.desk.db)).toEqual(recordRows(source.desk.db));
    expect(() => restoring.finish(END_MS)).toThrow(/nothing is to be adopted/u);
    source.close();
    gate.close();
  });

  it("does not begin where the two have nothing in common", () => {
    const { source, backup, archive } = storyOf(3, randomOf(3));
    const gate = new RandomGate(backup, 3, 1);
    const { store } = gate.desk;
    const common = { epoch: 1, seq: store.logHead().seq, hash: "ab".repeat(32) };
    const before = store.logLines(0, 1_000_000);
    expect(() => store.restoring.begin({ common, head: archive.head })).toThrow(RestoreRefused);
    expect(store.restoring.place()).toBeNull();
    expect(store.logLines(0, 1_000_000)).toEqual(before);
    source.close();
    gate.close();
  });
});
