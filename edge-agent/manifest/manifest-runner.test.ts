import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOUSE, newFolder, newMint, openStore, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { createManifestRunner, type ManifestRunner } from "./manifest-runner.ts";
import { permit, PLACE } from "./testing/gate.ts";
import { createPaperCloud, FACILITY_ID, type PaperCloud } from "./testing/paper-cloud.ts";

let folder: Folder;
let running: ManifestRunner | null = null;
beforeEach(() => {
  folder = newFolder();
});
afterEach(async () => {
  await running?.stop();
  folder.remove();
});

type Given = { readonly ready?: () => boolean; readonly key?: string | null };

function gateOf(
  cloud: Pick<PaperCloud, "answer" | "signingKey">,
  { ready = () => true, key = cloud.signingKey }: Given = {},
) {
  const { store } = openStore(folder.path("gate.db"), newMint(), HOUSE);
  if (key !== null) store.setLinkState({ signingKey: key });
  const said: string[] = [];
  let applied = 0;
  let down = false;
  let asked = 0;
  let monotonicMs = 0;
  const note = { info: () => undefined, warn: (_: object, message: string) => void said.push(message) };
  const runner = createManifestRunner({
    ask: (path) => {
      asked += 1;
      return down ? Promise.reject(new Error("no route")) : Promise.resolve(cloud.answer(path));
    },
    store,
    facilityId: FACILITY_ID,
    place: PLACE,
    ready,
    applied: () => {
      applied += 1;
    },
    alarm: { begin: (detail) => void said.push(`alarm: ${detail}`), over: () => void said.push("over") },
    clock: { wallMs: () => START_MS, monotonicMs: () => monotonicMs },
    random: () => 0,
    rest: () => Promise.resolve(),
    note,
  });
  running = runner;
  runner.start();
  return {
    store,
    runner,
    said,
    applied: () => applied,
    asked: () => asked,
    cut: (is: boolean) => (down = is),
    passTime: (ms: number) => (monotonicMs += ms),
  };
}

async function until(what: () => boolean, name: string): Promise<void> {
  for (let tries = 0; !what(); tries += 1) {
    if (tries > 1_000) throw new Error(`${name} did not come`);
    await pause();
  }
}

const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 10);
  });

describe("the runner of manifests", () => {
  it("takes what there is, looks again when it is told to, and says what is in force", async () => {
    const cloud = createPaperCloud(3);
    cloud.publish([permit(1), permit(2)]);
    const { store, runner, applied, asked } = gateOf(cloud);
    expect(runner.view(START_MS)).toEqual({ inForce: null, refused: null });
    await until(() => store.manifestInForce()?.version === 1, "version 1");
    const before = asked();
    cloud.publish([permit(3)]);
    runner.newest(2);
    await until(() => applied() === 3, "version 2");
    expect(asked()).toBeGreaterThan(before);
    const madeAtMs = Date.UTC(2026, 0, 1, 0, 0, 2);
    expect(runner.view(madeAtMs + 5_000).inForce).toEqual({
      version: 2,
      madeAtMs,
      takenAtMs: START_MS,
      ageMs: 5_000,
      sections: { permits: 3 },
    });
    await runner.stop();
    store.close();
  });

  it("takes nothing before the cloud's key is known, nor while it must not", async () => {
    const cloud = createPaperCloud();
    cloud.publish([permit(1)]);
    let ready = true;
    const { store, runner, asked } = gateOf(cloud, { ready: () => ready, key: null });
    const pokedInVain = async (): Promise<number> => {
      runner.poke();
      await pause();
      return asked();
    };
    expect(await pokedInVain()).toBe(0);
    ready = false;
    store.setLinkState({ signingKey: cloud.signingKey });
    expect(await pokedInVain()).toBe(0);
    ready = true;
    runner.poke();
    await until(() => store.manifestInForce() !== null, "the manifest");
    await runner.stop();
    store.close();
  });

  it("raises what is not right once, keeps the last good one, and is content with the next good one", async () => {
    const cloud = createPaperCloud();
    cloud.publish([permit(1)]);
    const { store, runner, said } = gateOf(cloud);
    await until(() => store.manifestInForce() !== null, "version 1");
    const backup = cloud.backup();
    cloud.publish([permit(2, { zone: "attic" })]);
    runner.poke();
    await until(() => runner.view(START_MS).refused !== null, "the refusal");
    expect(runner.view(START_MS)).toMatchObject({
      inForce: { version: 1 },
      refused: "version 2: permits/P-2: body.zone is not one of the facility's zones",
    });
    for (let n = 0; n < 3; n += 1) {
      runner.poke();
      await pause();
    }
    expect(said.filter((line) => line.startsWith("alarm"))).toHaveLength(1);
    expect(store.logAfter(0, 100).map(({ kind }) => kind)).toEqual(["manifest.taken", "manifest.refused"]);
    cloud.restore(backup);
    cloud.publish([permit(3)], 3);
    runner.poke();
    await until(() => store.manifestInForce()?.version === 3, "version 3");
    await until(() => said.at(-1) === "over", "the end of the alarm");
    expect(runner.view(START_MS).refused).toBeNull();
    await runner.stop();
    store.close();
  });

  it("fetches what was refused again after a while: it may have been changed on its way only", async () => {
    const cloud = createPaperCloud();
    cloud.publish([permit(1)]);
    let changed = true;
    const answer: PaperCloud["answer"] = (path) => {
      const { status, bytes } = cloud.answer(path);
      const text = bytes?.toString() ?? null;
      return {
        status,
        bytes: text === null ? null : Buffer.from(changed ? text.replace("B AB 1", "B AB 9") : text),
      };
    };
    const { store, runner, said, asked, passTime } = gateOf({ ...cloud, answer });
    await until(() => runner.view(START_MS).refused !== null, "the refusal");
    expect(runner.view(START_MS).refused).toBe("version 1: its entries are not those that were signed");
    changed = false;
    const before = asked();
    runner.poke();
    await until(() => asked() > before, "a question");
    passTime(10 * 60_000 - 1);
    runner.poke();
    await until(() => asked() > before + 1, "another question");
    expect(store.manifestInForce()).toBeNull();
    passTime(1);
    runner.poke();
    await until(() => store.manifestInForce()?.version === 1, "version 1");
    await until(() => said.at(-1) === "over", "the end of the alarm");
    await runner.stop();
    store.close();
  });

  it("goes on when the cloud is away, and complains once", async () => {
    const cloud = createPaperCloud();
    const { store, runner, said, cut, asked } = gateOf(cloud);
    cut(true);
    await until(() => asked() > 0, "a question");
    runner.poke();
    await until(() => said.some((line) => line.includes("cannot be taken")), "the complaint");
    cloud.publish([permit(1)]);
    cut(false);
    await until(() => store.manifestInForce() !== null, "the manifest");
    expect(said.filter((line) => line.includes("cannot be taken"))).toHaveLength(1);
    await runner.stop();
    store.close();
  });
});
