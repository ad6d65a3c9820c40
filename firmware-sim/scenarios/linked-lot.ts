import { expect } from "vitest";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { z } from "zod";
import { because } from "./cashier.ts";
import { openHeadquarters, type Headquarters } from "./headquarters.ts";
import { layOutGround, openLot, type Ground, type Lot, type LotOptions } from "./lot.ts";
import { cloudRecords, edgeRecords } from "./records.ts";
import { eventually } from "./stage.ts";
import { openWire, type Wire } from "./wire.ts";

/** A lot that is linked with its headquarters through a cable. */

export type LinkedLot = { readonly lot: Lot; readonly hq: Headquarters; readonly wire: Wire };

const TARIFF = { id: "standard", version: 1, document: { flat: { price: 5 } } };
const LONG_MS = 60_000;

type Stage = {
  /** Where the site lies; a new one when left out. */
  readonly ground?: Ground;
  /** Puts something between the cable and the gate. @returns where the gate reaches it. */
  readonly between?: (wire: Wire) => Promise<string>;
};

export async function openLinkedLot(
  options: Partial<LotOptions> = {},
  { ground, between }: Stage = {},
): Promise<LinkedLot> {
  const site = ground ?? (await layOutGround());
  const hq = await openHeadquarters(site.hardware, site.plan);
  const wire = await openWire(hq.port);
  const cloudUrl = between === undefined ? wire.url : await between(wire);
  const lot = await openLot(site, { tariff: TARIFF, cloudUrl, ...options });
  await linked(lot);
  return { lot, hq, wire };
}

/** Waits until the gate is in touch with its cloud. */
export async function linked(lot: Lot): Promise<void> {
  await lot.desk.until("the cloud", ({ cloud }) => cloud?.connected === true, LONG_MS);
}

/** A permit for these years. */
export function permit(id: string, ...plates: readonly string[]): object {
  const year = new Date().getUTCFullYear();
  return {
    id,
    plates,
    account: id,
    valid_from: `${year - 1}-01-01T00:00:00Z`,
    valid_until: `${year + 1}-12-31T00:00:00Z`,
  };
}

export function manifestOf({ cloud }: KioskSnapshot): number | null {
  return cloud?.manifest?.version ?? null;
}

export async function inForce(lot: Lot, version: number): Promise<void> {
  await lot.desk.until(`version ${version} of the settings`, (seen) => manifestOf(seen) === version, LONG_MS);
}

export async function setMode(lot: Lot, lane: "entry" | "exit", mode: string): Promise<void> {
  const body = { scope: "lane", name: lane, mode, ...because("an event") };
  await lot.post("/api/modes", body, z.unknown());
  await lot[lane].until(`the mode ${mode}`, (view) => view.mode === mode);
}

/** A vehicle that is not let in, and goes. */
export async function turnedAway(lot: Lot, plate: string): Promise<void> {
  const before = lot.entry.barrier.openings();
  await lot.entry.approach();
  await lot.entry.read(plate);
  await lot.entry.until("a refusal", ({ state }) => state === "DENIED");
  await lot.entry.backOut();
  expect(lot.entry.barrier.openings()).toBe(before);
}

/** Alarms of a kind that go on at the gate, by what they say. */
export function alarmsOf({ alarms }: KioskSnapshot, kind: string): readonly string[] {
  return alarms.filter((alarm) => alarm.kind === kind && alarm.ended_at === null).map(({ detail }) => detail);
}

/** Waits until the cloud has the stays, movements and payments that the gate has now, and no others. */
export async function untilAgreed({ plan }: Lot): Promise<void> {
  const edge = edgeRecords(plan);
  await eventually(
    "the cloud to have it all",
    () => cloudRecords(plan),
    (cloud) => JSON.stringify(cloud) === JSON.stringify(edge),
    LONG_MS,
  );
}
