import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { stayViewSchema } from "@parkme/shared/protocol/kiosk-desk";
import { edgeCommand, importLists } from "./edge-command.ts";
import { secretFile } from "./hardware.ts";
import { layOutGround, openLot, type Lot, type LotOptions } from "./lot.ts";
import { pushPlate } from "./push.ts";
import { eventually } from "./stage.ts";

/** Who may park, and what time it is: permits, reservations, and clocks that change or disagree, at a gate that runs. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LONG_MS = 60_000;
const BERLIN = "Europe/Berlin";
const priceSchema = z.object({ total_minor: z.number(), duration_minutes: z.number() });
const FLAT = { id: "flat", version: 1, document: { flat: { price: 5 } } };

describe("a night in which the clocks change", () => {
  const nights = {
    flat: { price: 12 },
    repeat: "day",
    day: { kind: "night", starts_at: "11:00" },
  };

  // Each stay begins at 15:00 and leaves at the check-out of its second night: 11:00 by the clocks, whatever its length.
  it.each([
    ["of 23 hours", "2026-03-27 15:00", "2026-03-29"],
    ["of 25 hours", "2026-10-23 15:00", "2026-10-25"],
    ["of 24 hours", "2026-06-12 15:00", "2026-06-14"],
  ])("edge case 26: %s costs as much as any night", async (_what, entry, day) => {
    const { folder } = (await layOutGround()).hardware;
    expect(await price(folder, nights, entry, `${day} 11:00`)).toMatchObject({ total_minor: 2_400 });
    expect(await price(folder, nights, entry, `${day} 11:01`)).toMatchObject({ total_minor: 3_600 });
  });

  it.each([
    ["one hour less", "2026-03-28 20:00", "2026-03-29 08:00", 11],
    ["one hour more", "2026-10-24 20:00", "2026-10-25 08:00", 13],
    ["the same", "2026-06-13 20:00", "2026-06-14 08:00", 12],
    // Half past two comes twice in autumn, an hour apart.
    ["the hour that comes twice", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", 1],
  ])("edge case 26: per hour, %s is paid", async (_what, entry, exit, hours) => {
    const { folder } = (await layOutGround()).hardware;
    expect(await price(folder, { hourly: { price: 2 } }, entry, exit)).toEqual({
      total_minor: hours * 200,
      duration_minutes: hours * 60,
    });
  });

  it(
    "edge case 26: a stay since before the last change of clocks costs its days at the desk, as the tariff is read",
    { timeout: 240_000 },
    async () => {
      const document = { flat: { price: "7.50" }, repeat: "day", day: { kind: "calendar" } };
      const lot = await setUp({ tariff: { id: "days", version: 1, document } });
      // Before the change it was another day already, or yet, than the offset of today would have it.
      const entryMs = lastChangeOfClocks(Date.now()) - 2.5 * HOUR_MS;
      const entry = new Date(entryMs).toISOString();
      const begun = await lot.post(
        "/api/stays",
        {
          plate: "M DST 26",
          entry_at: entry,
          reason: "came before the gate was there",
          idempotency_key: randomUUID(),
        },
        stayViewSchema,
      );
      const seen = await eventually(
        "desk, program and calendar to agree",
        async () => {
          const now = new Date().toISOString();
          const stay = await lot.get(`/api/stays/${begun.stay_id}`, stayViewSchema);
          const priced = await price(lot.hardware.folder, document, entry, now);
          const days = (dayNumber(Date.now()) - dayNumber(entryMs) + 1) * 750;
          return { desk: stay.due_minor, program: priced.total_minor, days };
        },
        ({ desk, program, days }) => desk === program && program === days,
        LONG_MS,
      );
      expect(seen.desk).toBeGreaterThanOrEqual(1_500);
    },
  );
});

describe("clocks of devices", () => {
  it(
    "edge case 27: cameras whose clocks are hours off change nothing of a fee: the gate's own clock counts",
    { timeout: 240_000 },
    async () => {
      const slabs = [
        { max_hours: 1, price: 5 },
        { max_hours: null, price: 30 },
      ];
      const ground = await layOutGround();
      const pushKeyFile = secretFile(ground.hardware.folder, "key-push", "k".repeat(24));
      const lot = await openLot(ground, {
        tariff: { id: "slabs", version: 1, document: { slabs } },
        pushKeyFile,
      });
      const fromMs = Date.now();
      await lot.entry.approach();
      const pushed = await pushPlate(lot.url, "entry-cam", "k".repeat(24), {
        plate: "BCL27",
        claimedMs: Date.now() - 5 * HOUR_MS,
      });
      expect(pushed).toBe(200);
      await lot.entry.pass();
      await lot.exit.approach();
      await lot.exit.read("BCL27", Date.now() + 7 * HOUR_MS);
      const { stay } = await lot.exit.until("a fee", ({ stay: seen }) => (seen?.fee ?? null) !== null);
      expect(stay).toMatchObject({ plate: "BCL27", fee: { amount_minor: 500 } });
      const [row] = lot.rows<{ entry_at: number }>("select entry_at from stays");
      expect(row?.entry_at).toBeGreaterThanOrEqual(fromMs);
      expect(row?.entry_at).toBeLessThanOrEqual(Date.now());
      // What the cameras said is kept, for whoever wonders.
      const offBy = lot.rows<{ hours: number }>(
        "select round((claimed_at - received_at) / 3600000.0) as hours from plate_reads order by id",
      );
      expect(offBy.map(({ hours }) => hours)).toEqual([-5, 7]);
      await lot.payAndLeave({ stayId: stay?.stay_id ?? "", amountMinor: 500, trace: [] });
      expect(lot.rows("select status, fee_minor from stays")).toEqual([{ status: "closed", fee_minor: 500 }]);
    },
  );
});

describe("who may park", () => {
  it(
    "edge case 33: a permit lets in while its own quota has room, though the place is full for others",
    { timeout: 240_000 },
    async () => {
      const lot = await setUp({
        tariff: FLAT,
        capacity: 1,
        zones: [
          { name: "upper", title: "Upper deck", capacity: 5 },
          { name: "staff", title: "Staff", capacity: 1, parent: "upper" },
        ],
      });
      await lists(lot, {
        permits: [
          permit("p-1", "HST331", { account: "Ann", zone: "staff" }),
          permit("p-2", "KLM882", { account: "Bob", zone: "staff" }),
        ],
      });
      await lot.comeIn("BTR100");
      await turnedAway(lot, "FXY555", /Full/);
      await lot.comeIn("HST331");
      await turnedAway(lot, "KLM882", /Full/);
      expect(lot.desk.snapshot()?.inside).toBe(2);
      // The quota is free again, the place is not.
      await leaveFree(lot, "HST331");
      await turnedAway(lot, "FXY555", /Full/);
      await lot.comeIn("KLM882");
      expect(lot.rows("select plate, right_id from stays where status = 'open' order by entry_at")).toEqual([
        { plate: "BTR100", right_id: null },
        { plate: "KLM882", right_id: "p-2" },
      ]);
    },
  );

  it(
    "edge case 34: of an account with two spaces and three cars, the third pays like anybody, or is denied by mode",
    { timeout: 240_000 },
    async () => {
      const lot = await setUp({ tariff: FLAT });
      const baker = { account: "Baker & Co", spaces: 2 };
      await lists(lot, {
        permits: [
          permit("p-1", "HBA111", baker),
          permit("p-2", "KLC222", baker),
          permit("p-3", "MXD333", baker),
        ],
      });
      await lot.comeIn("HBA111");
      await lot.comeIn("KLC222");
      await mode(lot, "closed");
      await turnedAway(lot, "MXD333", /All spaces of your permit are taken/);
      await mode(lot, "open");
      await lot.comeIn("MXD333");
      expect(lot.rows("select plate, right_id from stays where status = 'open' order by entry_at")).toEqual([
        { plate: "HBA111", right_id: "p-1" },
        { plate: "KLC222", right_id: "p-2" },
        { plate: "MXD333", right_id: null },
      ]);
      const fee = await lot.askedAtExit("MXD333");
      expect(fee.amountMinor).toBe(500);
      await lot.payAndLeave(fee);
      await leaveFree(lot, "HBA111");
      await lot.comeIn("FQQ900");
      // There is a space again, so the same car is the account's now.
      await lot.comeIn("MXD333");
      await leaveFree(lot, "MXD333");
      await leaveFree(lot, "KLC222");
      expect(lot.rows("select amount_minor from payments")).toEqual([{ amount_minor: 500 }]);
    },
  );

  it(
    "edge case 36: a reservation early, late and overstayed is paid as the tariff says, and one that is over is none",
    { timeout: 300_000 },
    async () => {
      const document = {
        hourly: { price: 2 },
        reservation: { early: { price: 3, per_minutes: 60 }, overstay: { price: 7, per_minutes: 60 } },
      };
      const lot = await setUp({ tariff: { id: "booked", version: 1, document } });
      const nowMs = Date.now();
      const booked = (id: string, plate: string, from: number, until: number, early = 0) => ({
        id,
        plates: [plate],
        from: new Date(nowMs + from * MINUTE_MS).toISOString(),
        until: new Date(nowMs + until * MINUTE_MS).toISOString(),
        early_minutes: early,
      });
      await lists(lot, {
        reservations: [
          booked("r-over", "BOV361", -60, 1),
          booked("r-hours-early", "HEA362", 180, 300),
          booked("r-early", "KWI363", 50, 300, 120),
          booked("r-in-time", "FTI364", -1, 60),
          booked("r-late", "MLA365", -180, 60),
          booked("r-no-show", "SNO366", -180, -60),
        ],
      });
      const plates = ["BOV361", "HEA362", "KWI363", "FTI364", "MLA365", "SNO366"] as const;
      for (const plate of plates) await lot.comeIn(plate);
      expect(lot.rows("select plate, right_id from stays order by entry_at")).toEqual([
        { plate: "BOV361", right_id: "r-over" },
        { plate: "HEA362", right_id: null },
        { plate: "KWI363", right_id: "r-early" },
        { plate: "FTI364", right_id: "r-in-time" },
        { plate: "MLA365", right_id: "r-late" },
        { plate: "SNO366", right_id: null },
      ]);
      await leaveFree(lot, "FTI364");
      await leaveFree(lot, "MLA365");
      await leavePaying(lot, "HEA362", 200);
      await leavePaying(lot, "SNO366", 200);
      await leavePaying(lot, "KWI363", 300);
      const [over] = lot.rows<{ id: string }>("select id from stays where plate = 'BOV361'");
      await eventually(
        "the reservation to be over",
        () => lot.get(`/api/stays/${over?.id ?? ""}`, stayViewSchema),
        ({ due_minor: due }) => due !== 0,
        LONG_MS * 2,
      );
      await leavePaying(lot, "BOV361", 700);
    },
  );
});

async function setUp(options: LotOptions): Promise<Lot> {
  return await openLot(await layOutGround(), options);
}

/** What the built program says that a stay costs. */
async function price(folder: string, document: object, entry: string, exit: string) {
  const file = join(folder, "priced.json");
  writeFileSync(file, JSON.stringify(document));
  const place = ["--currency", "EUR", "--time-zone", BERLIN, "--json"];
  const said = await edgeCommand("tariff", "price", file, "--entry", entry, "--exit", exit, ...place);
  return priceSchema.parse(JSON.parse(said));
}

/** Wall clock less UTC in Berlin, in ms. */
function offsetMs(atMs: number): number {
  const wall = new Intl.DateTimeFormat("sv-SE", {
    timeZone: BERLIN,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return Date.parse(`${wall.format(atMs).replace(" ", "T")}Z`) - Math.floor(atMs / 1_000) * 1_000;
}

/** When the clocks were last put forward or back before a moment. */
function lastChangeOfClocks(nowMs: number): number {
  let atMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  while (offsetMs(atMs - 1_000) === offsetMs(atMs)) atMs -= HOUR_MS;
  return atMs;
}

/** The calendar day in Berlin, numbered. */
function dayNumber(atMs: number): number {
  return Math.floor((atMs + offsetMs(atMs)) / (24 * HOUR_MS));
}

function permit(id: string, plate: string, more: object): object {
  const valid = { valid_from: "2020-01-01T00:00:00Z", valid_until: "2099-01-01T00:00:00Z" };
  return { id, plates: [plate], ...valid, ...more };
}

async function lists({ hardware }: Lot, given: object): Promise<void> {
  await importLists(hardware.folder, { version: randomUUID(), ...given });
}

async function mode(lot: Lot, name: "open" | "closed"): Promise<void> {
  const asked = { scope: "lane", name: "entry", mode: name, reason: "as the scenario goes" };
  expect(await lot.desk.post("/api/modes", asked)).toBe(200);
  await lot.entry.until(name, (lane) => lane.mode === name);
}

async function turnedAway(lot: Lot, plate: string, words: RegExp): Promise<void> {
  const before = lot.entry.barrier.openings();
  await lot.entry.approach();
  await lot.entry.read(plate);
  const { display } = await lot.entry.until("a refusal", ({ state }) => state === "DENIED");
  expect(display).toMatch(words);
  await lot.entry.backOut();
  expect(lot.entry.barrier.openings()).toBe(before);
}

async function leaveFree(lot: Lot, plate: string): Promise<void> {
  await lot.exit.approach();
  await lot.exit.read(plate);
  await lot.exit.pass();
  expect(
    lot.rows(`select status, fee_minor from stays where plate = '${plate}' order by entry_at desc limit 1`),
  ).toEqual([{ status: "closed", fee_minor: 0 }]);
}

async function leavePaying(lot: Lot, plate: string, amountMinor: number) {
  const fee = await lot.askedAtExit(plate);
  expect(fee.amountMinor).toBe(amountMinor);
  await lot.payAndLeave(fee);
  return fee;
}
