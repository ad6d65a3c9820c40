import { copyFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import { newFolder, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { openGate, permit, removed, tariff } from "./testing/gate.ts";
import { createPaperCloud, type PaperCloud } from "./testing/paper-cloud.ts";

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

type Gate = ReturnType<typeof openGate>;

/** A gate that asks a cloud over a line that `mangle` can do things to. */
function gateOf(cloud: PaperCloud, mangle: (bytes: Buffer) => Buffer = (bytes) => bytes): Gate {
  return openGate(folder.path("gate.db"), (path) => {
    const { status, bytes } = cloud.answer(path);
    return Promise.resolve({ status, bytes: bytes === null ? null : mangle(bytes) });
  });
}

const known = (gate: Gate, text: string): number =>
  gate.store.rightsFor({ medium: "plate", text }, START_MS, null).length;
const facts = (gate: Gate): string[] => gate.store.logAfter(0, 100).map(({ kind }) => kind);

describe("a manifest", () => {
  it("is taken whole: entries, lists, tariffs, and the fact of it", async () => {
    const cloud = createPaperCloud(2);
    cloud.publish([
      permit(1, { cards: ["AA"] }),
      permit(2),
      { section: "blocked", key: "XX1", body: '{"plate":"xx 1","reason":"house ban"}' },
      { section: "zones", key: "staff", body: '{"zone":"staff","capacity":3}' },
      { section: "later", key: "a", body: '"a section of later"' },
      tariff(2, 6),
      tariff(1, 5),
    ]);
    const gate = gateOf(cloud);
    expect(await gate.pull(cloud.signingKey)).toMatchObject({ kind: "taken", header: { version: 1 } });
    expect(gate.entries()).toEqual(cloud.inForce());
    expect([known(gate, "BAB1"), known(gate, "BAB3"), gate.store.listed("XX1")]).toEqual([1, 0, "blocked"]);
    expect(gate.store.listsAsOf()).toMatchObject({ version: "manifest 1", permits: 2, blocked: 1 });
    expect(gate.store.tariffVersions().map(({ version }) => version)).toEqual([1, 2]);
    expect(gate.store.manifestSection("zones").map(({ body }) => body)).toEqual([
      { zone: "staff", capacity: 3 },
    ]);
    expect(facts(gate)).toEqual(["tariff.taken", "tariff.taken", "manifest.taken"]);
    expect(await gate.pull(cloud.signingKey)).toEqual({ kind: "nothing_newer" });
    gate.store.close();
  });

  it("changes only what it says: a few entries in place, many in a list of their own", async () => {
    const cloud = createPaperCloud();
    cloud.publish(Array.from({ length: 500 }, (_, n) => permit(n)));
    const gate = gateOf(cloud);
    await gate.pull(cloud.signingKey);
    const list = (): unknown => gate.db.$client.prepare("select max(id) from lists").pluck().get();
    const first = list();
    cloud.publish([permit(1, { plates: ["NEW 1"] }), removed(permit(2)), permit(900)]);
    await gate.pull(cloud.signingKey);
    expect(list()).toBe(first);
    expect(["BAB1", "NEW1", "BAB2", "BAB3", "BAB900"].map((plate) => known(gate, plate))).toEqual([
      0, 1, 0, 1, 1,
    ]);
    expect(gate.store.listsAsOf()).toMatchObject({ version: "manifest 2", permits: 500 });
    cloud.publish(Array.from({ length: 300 }, (_, n) => removed(permit(n))));
    await gate.pull(cloud.signingKey);
    expect(list()).not.toBe(first);
    expect(gate.store.listsAsOf()?.permits).toBe(201);
    for (const table of ["rights", "right_keys"])
      expect(gate.db.$client.prepare(`select count(*) from ${table}`).pluck().get()).toBe(201);
    expect(gate.db.$client.prepare("select count(*) from manifest_entries").pluck().get()).toBe(201);
    gate.store.close();
  });

  it("owns the lists while it has any, and leaves those of a file alone while it has none", async () => {
    const cloud = createPaperCloud();
    cloud.publish([tariff(1, 5)]);
    const gate = gateOf(cloud);
    const file = (plate: string) => ({
      version: "file",
      asOfMs: null,
      permits: [],
      reservations: [],
      blocked: [{ plate, reason: "by hand" }],
      watched: [],
    });
    expect(await gate.store.replaceLists(file("AA1"), START_MS)).toBe(true);
    await gate.pull(cloud.signingKey);
    expect(gate.store.listsAsOf()?.version).toBe("file");
    cloud.publish([permit(1)]);
    await gate.pull(cloud.signingKey);
    expect([gate.store.listed("AA1"), known(gate, "BAB1")]).toEqual([null, 1]);
    expect(await gate.store.replaceLists(file("AA2"), START_MS)).toBe(false);
    expect(gate.store.listsAsOf()?.version).toBe("manifest 2");
    cloud.publish([removed(permit(1))]);
    await gate.pull(cloud.signingKey);
    expect([known(gate, "BAB1"), gate.store.listsAsOf()?.permits]).toEqual([0, 0]);
    expect(await gate.store.replaceLists(file("AA3"), START_MS)).toBe(true);
    expect(gate.store.listed("AA3")).toBe("blocked");
    gate.store.close();
  });
});

describe("100,000 permits", () => {
  it(
    "come whole, and then as what changes, in turns that lanes go between",
    { timeout: 120_000 },
    async () => {
      const cloud = createPaperCloud();
      cloud.publish(Array.from({ length: 100_000 }, (_, n) => permit(n)));
      const heldMs: number[] = [];
      const gate = openGate(
        folder.path("gate.db"),
        (path) => Promise.resolve(cloud.answer(path)),
        (ms) => {
          heldMs.push(ms);
          return Promise.resolve();
        },
      );
      expect(await gate.pull(cloud.signingKey)).toMatchObject({ kind: "taken" });
      expect(gate.store.listsAsOf()?.permits).toBe(100_000);
      // Many short turns; how long each is, a crowded machine decides.
      expect(heldMs.length).toBeGreaterThan(400);
      heldMs.length = 0;
      cloud.publish([permit(7, { plates: ["NEW 7"] }), removed(permit(8)), permit(100_000)]);
      await gate.pull(cloud.signingKey);
      expect([known(gate, "NEW7"), known(gate, "BAB8"), known(gate, "BAB100000")]).toEqual([1, 0, 1]);
      expect(gate.store.manifestInForce()?.entries).toBe(100_000);
      expect(heldMs.length).toBeLessThan(60);
      gate.store.close();
    },
  );
});

describe("what is not right", () => {
  const cloud = createPaperCloud();
  cloud.publish([permit(1), permit(2)]);

  it.each<[string, ManifestChange, string]>([
    ["a body that cannot be read", { section: "permits", key: "P-9", body: '{"id":"P-9"}' }, "permits/P-9"],
    ["a key that is not its body's", { ...permit(9), key: "P-8" }, "permits/P-8: key"],
    ["a zone that there is not", permit(9, { zone: "attic" }), "permits/P-9: body.zone"],
    [
      "a tariff that is none",
      { section: "tariffs", key: "standard@3", body: '{"id":"standard","version":3,"document":{}}' },
      "tariffs/standard@3",
    ],
    ["a version of a tariff with another text", tariff(1, 99), "tariffs/standard@1"],
    [
      "staff with a PIN",
      { section: "staff", key: "alex", body: '{"name":"Alex","pin":"1234"}' },
      "staff/alex",
    ],
  ])("%s is refused, and everything stays as it was", async (_what, change, said) => {
    const own = createPaperCloud();
    own.publish([permit(1), tariff(1, 5)]);
    const gate = gateOf(own);
    await gate.pull(own.signingKey);
    const before = [gate.entries(), gate.store.listsAsOf(), gate.store.tariffVersions()];
    const backup = own.backup();
    own.publish([permit(2), tariff(2, 7), change]);
    expect(await gate.pull(own.signingKey)).toMatchObject({
      kind: "refused",
      problem: expect.stringContaining(said),
    });
    expect([gate.entries(), gate.store.listsAsOf(), gate.store.tariffVersions()]).toEqual(before);
    expect(gate.store.manifestFetch()).toBeNull();
    own.restore(backup);
    own.publish([permit(3)]);
    expect(await gate.pull(own.signingKey)).toMatchObject({ kind: "taken" });
    expect([known(gate, "BAB2"), known(gate, "BAB3")]).toEqual([0, 1]);
    gate.store.close();
  });

  it("is a signature of somebody else, another facility, and an older version", async () => {
    const gate = gateOf(cloud);
    expect(await gate.pull(createPaperCloud().signingKey)).toMatchObject({
      kind: "refused",
      problem: "it is not signed by the cloud",
    });
    expect(await gate.pull("no key")).toMatchObject({ kind: "refused" });
    const other = gateOf(cloud, (bytes) =>
      Buffer.from(bytes.toString().replace("8000-000000000001", "8000-000000000002")),
    );
    expect(await other.pull(cloud.signingKey)).toMatchObject({
      kind: "refused",
      problem: "it is another facility's",
    });
    await gate.pull(cloud.signingKey);
    const first = cloud.answer("/?have=0").bytes ?? Buffer.alloc(0);
    const stale = openGate(folder.path("gate.db"), () => Promise.resolve({ status: 200, bytes: first }));
    expect(await stale.pull(cloud.signingKey)).toMatchObject({
      kind: "refused",
      problem: expect.stringContaining("not newer"),
    });
    for (const { store } of [gate, other, stale]) store.close();
  });

  it("is any byte that was changed on its way", async () => {
    const right = cloud.answer("/?have=0").bytes ?? Buffer.alloc(0);
    const gate = openGate(folder.path("gate.db"), () => Promise.resolve({ status: 200, bytes: wrong }));
    let wrong = right;
    await fc.assert(
      fc.asyncProperty(fc.nat(right.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        wrong = Buffer.from(right);
        wrong.writeUInt8((right[at] ?? 0) ^ by, at);
        const outcome = await gate.pull(cloud.signingKey);
        expect(outcome.kind, "refused, or another spelling of the same").toMatch(/refused|taken/);
        if (outcome.kind === "taken") {
          expect(gate.entries()).toEqual(cloud.inForce());
          gate.db.$client.exec("delete from manifests; delete from manifest_entries; delete from lists");
        }
        expect(gate.store.manifestInForce()).toBeNull();
      }),
      { numRuns: 60 },
    );
    for (const garbage of ["", "\n", "{}\n", "[]\n[]\n", right.subarray(0, 300)]) {
      wrong = Buffer.from(garbage);
      expect(await gate.pull(cloud.signingKey)).toMatchObject({ kind: "refused" });
    }
    gate.store.close();
  });
});

describe("any run of publications and pulls", () => {
  const change = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(fc.nat(30), fc.nat(3)).map(([n, spaces]) => permit(n, { spaces: spaces + 1 })),
    },
    { weight: 2, arbitrary: fc.nat(30).map((n) => removed(permit(n))) },
    {
      weight: 1,
      arbitrary: fc.nat(5).map((n): ManifestChange => ({ section: "later", key: `${n}é`, body: `${n}` })),
    },
  );
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .array(change, { maxLength: 12 })
        .map((changes) => ({ kind: "publish" as const, changes })),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("page" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("lost" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("backup" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
  );

  it(
    "ends in equal entries, with lost answers, restarts and a cloud that was set back",
    { timeout: 60_000 },
    async () => {
      openGate(folder.path("empty.db"), () => Promise.reject(new Error("asked"))).store.close();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const cloud = createPaperCloud(5);
          run += 1;
          copyFileSync(folder.path("empty.db"), folder.path(`gate-${run}.db`));
          let lost = false;
          const ask = (path: string) => {
            const answer = cloud.answer(path);
            return lost ? Promise.reject(new Error("lost")) : Promise.resolve(answer);
          };
          const open = (): Gate => {
            const opened = openGate(folder.path(`gate-${run}.db`), ask);
            // No power is cut here: nothing waits for the disk.
            opened.db.$client.pragma("synchronous = OFF");
            return opened;
          };
          let gate = open();
          let backup = cloud.backup();
          for (const { kind, ...rest } of steps) {
            lost = kind === "lost";
            if (kind === "publish" && "changes" in rest) cloud.publish(rest.changes);
            else if (kind === "backup") backup = cloud.backup();
            else if (kind === "restore") cloud.restore(backup);
            else if (kind === "restart") {
              gate.store.close();
              gate = open();
            } else await gate.takePage(cloud.signingKey).catch(() => undefined);
          }
          lost = false;
          cloud.publish([permit(99)]);
          // Twice at most it finds that the cloud was set back; a right manifest is never refused.
          const outcomes: string[] = [];
          while (outcomes.at(-1) !== "nothing_newer" && outcomes.length < 6)
            outcomes.push((await gate.pull(cloud.signingKey)).kind);
          expect(outcomes).not.toContain("refused");
          expect(gate.entries()).toEqual(cloud.inForce());
          expect(gate.store.manifestInForce()?.version).toBe(cloud.version());
          const permits = [...cloud.inForce().keys()].filter((name) => name.startsWith("permits"));
          expect(gate.store.listsAsOf()?.permits).toBe(permits.length);
          gate.store.close();
        }),
        { numRuns: 60 },
      );
    },
  );
});
