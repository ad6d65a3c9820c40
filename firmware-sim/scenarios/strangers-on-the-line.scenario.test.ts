import { readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { freePort } from "../site/ports.ts";
import type { Headquarters } from "./headquarters.ts";
import {
  alarmsOf,
  inForce,
  linked,
  manifestOf,
  openLinkedLot,
  permit,
  setMode,
  turnedAway,
  untilAgreed,
} from "./linked-lot.ts";
import type { Lot } from "./lot.ts";
import { cloudRecords, edgeRecords } from "./records.ts";
import { eventually } from "./stage.ts";
import { openStranger, type Stranger } from "./stranger.ts";
import type { Wire } from "./wire.ts";

/** Others speak for headquarters, or for the gate. */

const LONG_MS = 60_000;

describe("somebody between the gate and its cloud", () => {
  it(
    "cannot change what headquarters has decided, nor what it asks for: it is refused, and people are told",
    { timeout: 240_000 },
    async () => {
      let stranger: Stranger | null = null;
      const between = async ({ port }: Wire): Promise<string> => {
        stranger = await openStranger(port);
        return stranger.url;
      };
      const { lot, hq } = await openLinkedLot({}, { between });
      await settingsAreChanged(lot, hq, known(stranger));
      await commandsAreChanged(lot, hq, known(stranger));
    },
  );
});

/** A narrowing that the compiler cannot see through the callback. */
function known(stranger: Stranger | null): Stranger {
  if (stranger === null) throw new Error("there is no stranger");
  return stranger;
}

const MANIFEST = "/api/edge/manifest";

async function settingsAreChanged(lot: Lot, hq: Headquarters, stranger: Stranger): Promise<void> {
  await setMode(lot, "entry", "full");
  const good = await hq.publish("permits", "crew", permit("crew", "BST100", "BST101"));
  await inForce(lot, good);
  const old = stranger.heard(MANIFEST);
  expect(old).toContain("BST100");
  const refusal = async (words: RegExp): Promise<void> => {
    const seen = await lot.desk.until(
      `the refusal ${String(words)}`,
      ({ cloud }) => words.test(cloud?.manifest_refused ?? ""),
      LONG_MS,
    );
    expect(alarmsOf(seen, "manifest_refused")).toHaveLength(1);
    expect(manifestOf(seen)).toBe(good);
  };

  // Another plate in the permit that was signed.
  stranger.change((path, text) => (path.startsWith(MANIFEST) ? text.replaceAll("BST200", "BXX666") : text));
  await hq.publish("permits", "boss", permit("boss", "BST200"));
  await refusal(/its entries are not those that were signed/);
  await turnedAway(lot, "BXX666");
  await lot.comeIn("BST100");

  // A version that nobody signed, and the one of before once more.
  stranger.change((path, text) =>
    path.startsWith(MANIFEST)
      ? text.replace(/"version":(\d+)/, (_, n) => `"version":${Number(n) + 90}`)
      : text,
  );
  await hq.publish("permits", "crew", null);
  await refusal(/it is not signed by the cloud/);
  stranger.change((path, text) => (path.startsWith(MANIFEST) ? old : text));
  await hq.publish("permits", "boss", permit("boss", "BST200", "BST201"));
  await refusal(/it is not newer than version/);
  await turnedAway(lot, "BST200");

  // Headquarters has heard of it, and the next that is true is in force.
  await eventually(
    "headquarters to hear of it",
    () => hq.rows<{ kind: string }>("select kind from alarms where kind = 'manifest_refused'"),
    ({ length }) => length > 0,
    LONG_MS,
  );
  stranger.change(null);
  await inForce(lot, await hq.publish("permits", "guest", permit("guest", "BST300")));
  await lot.desk.until("the alarm to end", (now) => alarmsOf(now, "manifest_refused").length === 0, LONG_MS);
  await turnedAway(lot, "BST101");
  await lot.comeIn("BST200");
  await setMode(lot, "entry", "open");
}

async function commandsAreChanged(lot: Lot, hq: Headquarters, stranger: Stranger): Promise<void> {
  const lane = (name: string): string => String.raw`\"lane\":\"${name}\"`;
  stranger.change((path, text) =>
    path.startsWith("/api/edge/downlink") ? text.replaceAll(lane("entry"), lane("exit")) : text,
  );
  const openings = lot.exit.barrier.openings();
  const changed = await hq.command("hold", { lane: "entry" });
  expect(await hq.answer(changed)).toMatchObject({
    status: "refused",
    detail: "it is not signed by the cloud",
  });
  expect(lot.rows("select lane, detail from alarms where kind = 'remote_refused'")).toEqual([
    { lane: "demo", detail: "hold at exit: it is not signed by the cloud" },
  ]);
  expect(lot.exit.barrier.openings()).toBe(openings);
  expect(lot.exit.view()).toMatchObject({ state: "IDLE" });

  // What it says of itself does not fit what the gate has taken: it is noticed, and the next is done.
  stranger.change(null);
  const held = await hq.command("hold", { lane: "entry" });
  expect(await hq.answer(held)).toMatchObject({ status: "done" });
  await lot.entry.barrier.untilOpen(LONG_MS);
  const kinds = await hq.rows<{ kind: string }>("select kind from sync_incidents");
  expect(kinds).toContainEqual({ kind: "downlink_fork" });
}

describe("a second program that speaks for the same gate", () => {
  it(
    "takes the first one's place at the cloud, which says so, serves its vehicles, and is believed again when it starts",
    { timeout: 240_000 },
    async () => {
      const { lot, hq } = await openLinkedLot();
      await lot.comeIn("MFE100");
      await untilAgreed(lot);

      const second = await startClone(lot);
      const shut = await lot.desk.until("to be cut off", ({ cloud }) => cloud?.state === "shut_out", LONG_MS);
      expect(shut.cloud?.detail).toMatch(/another program has taken this gate's place/i);
      expect(alarmsOf(shut, "cloud_fenced")).toHaveLength(1);
      await lot.comeIn("MFE200");
      const { stayId, amountMinor, trace } = await lot.askedAtExit("MFE100");
      await lot.payAndLeave({ stayId, amountMinor, trace });
      expect((await cloudRecords(lot.plan)).stays).toMatchObject([{ plate: "MFE100", status: "open" }]);
      const incidents = await hq.rows<{ kind: string }>("select kind from sync_incidents");
      expect(incidents).toContainEqual({ kind: "fenced" });

      // Somebody turns the second one off, and starts the first anew: what it kept is told.
      await second.stop();
      await lot.agent().stop();
      await lot.start();
      await linked(lot);
      await untilAgreed(lot);
      const after = await lot.desk.until(
        "no alarm",
        (now) => alarmsOf(now, "cloud_fenced").length === 0,
        LONG_MS,
      );
      expect(after.cloud).toMatchObject({ state: "linked", detail: null });
      expect(await hq.answer(await hq.command("snapshot"))).toMatchObject({ status: "done" });
      expect(edgeRecords(lot.plan).stays).toMatchObject([
        { plate: "MFE100", status: "closed" },
        { plate: "MFE200", status: "open" },
      ]);

      // Its token is taken away: within a minute it knows, and the gate goes on.
      await hq.admin("revoke", lot.plan.facility.slug);
      const cut = await lot.desk.until("to be revoked", ({ cloud }) => cloud?.state === "shut_out", LONG_MS);
      expect(alarmsOf(cut, "cloud_fenced")).toHaveLength(1);
      await lot.comeIn("MFE300");
      expect((await cloudRecords(lot.plan)).stays).toHaveLength(2);
    },
  );
});

/** The disk of the gate was copied into another box, which is not wired to anything. */
async function startClone({ hardware, plan }: Lot) {
  const clone = join(hardware.folder, "clone");
  await mkdir(clone);
  const from = new Database(join(hardware.folder, "edge", "gate.db"), { readonly: true });
  await from.backup(join(clone, "gate.db"));
  from.close();
  const file = join(hardware.folder, "edge.yaml");
  const config = readFileSync(file, "utf8");
  const its = {
    data_dir: clone,
    http: { host: "127.0.0.1", port: await freePort() },
    mqtt: { url: "mqtt://127.0.0.1:1" },
  };
  const second = await hardware.agent({ ...(JSON.parse(config) as object), ...its });
  writeFileSync(file, config);
  expect(plan.edgeUrl).not.toContain(`:${its.http.port}`);
  return second;
}
