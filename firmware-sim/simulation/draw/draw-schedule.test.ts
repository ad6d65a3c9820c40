import { isUuid } from "@parkme/shared/domain/ids";
import { isTimeZone, zoneClockOf } from "@parkme/shared/domain/local-day";
import { asCurrency } from "@parkme/shared/domain/money";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { describe, expect, it } from "vitest";
import { FAULT_KINDS, type FaultKind, type Schedule } from "../schedule.ts";
import { describeSchedule } from "./describe-schedule.ts";
import { drawSchedule } from "./draw-schedule.ts";
import { clockChangesMs } from "./places.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const SCHEDULES = Array.from({ length: 200 }, (_, seed) => drawSchedule(seed + 1));
const ALL_KINDS: readonly FaultKind[] = Object.values(FAULT_KINDS).flat();
const ofAll = <T>(pick: (schedule: Schedule) => readonly T[]): T[] => SCHEDULES.flatMap(pick);

describe("every schedule drawn", () => {
  it("has its times within, its ids in order, and lanes that there are", () => {
    for (const { lengthMs, visits, faults, deeds, site } of SCHEDULES) {
      for (const part of [visits, faults, deeds]) {
        expect(part.map(({ id }) => id)).toEqual(part.map((_, index) => index + 1));
        for (const { atMs } of part)
          expect(Number.isInteger(atMs) && atMs >= 0 && atMs < lengthMs).toBe(true);
        expect(part.map(({ atMs }) => atMs)).toEqual(part.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      }
      const names = new Set(site.lanes.map(({ name }) => name));
      expect(names.size).toBe(site.lanes.length);
      for (const { lane } of faults) expect(lane === "" || names.has(lane)).toBe(true);
      for (const { lane } of visits) expect(lane === null || site.lanes.some(isEntryNamed(lane))).toBe(true);
      for (const { atMs, forMs } of faults)
        expect(forMs > 0 && atMs + forMs <= lengthMs - 10 * MINUTE_MS).toBe(true);
      const permits = new Map(site.permits.map((permit) => [permit.id, permit.plates]));
      for (const { permit, vehicle } of visits)
        if (permit !== null) expect(permits.get(permit)).toContain(vehicle.plate.text);
    }
  });

  it("has a site that a gate takes", () => {
    for (const { site } of SCHEDULES) {
      for (const slug of [
        site.slug,
        ...site.lanes.map(({ name }) => name),
        ...site.zones.map(({ name }) => name),
      ])
        expect(slugSchema.safeParse(slug).success).toBe(true);
      expect(isUuid(site.facilityId)).toBe(true);
      expect(isTimeZone(site.timeZone)).toBe(true);
      expect(site.capacity).toBeGreaterThan(0);
      const zones = new Set(site.zones.map(({ name }) => name));
      for (const { parent, capacity } of site.zones) {
        expect(parent === null || zones.has(parent)).toBe(true);
        expect(capacity).toBeGreaterThan(0);
      }
      for (const { zone } of [...site.lanes, ...site.permits])
        expect(zone === null || zones.has(zone)).toBe(true);
      for (const { fromMs, untilMs } of site.permits) expect(untilMs).toBeGreaterThan(fromMs);
      expect(new Set(site.permits.flatMap(({ plates }) => plates)).size).toBe(
        site.permits.flatMap(({ plates }) => plates).length,
      );
    }
  });

  it("has tariffs that are right in every word", () => {
    for (const { site } of SCHEDULES) {
      const identity = {
        id: "house",
        version: 1,
        currency: asCurrency(site.currency),
        timeZone: site.timeZone,
      };
      for (const document of site.tariffs) {
        const parsed = parseTariff(document, identity);
        expect(parsed.ok ? [] : parsed.error).toEqual([]);
      }
    }
  });

  it("has everybody make themselves out: whoever comes in by any entry can be known at any exit", () => {
    for (const { site } of SCHEDULES) {
      const entries = site.lanes.filter(({ direction }) => direction === "entry");
      const exits = site.lanes.filter(({ direction }) => direction === "exit");
      expect(entries.length > 0 && exits.length > 0).toBe(true);
      const byPlate = [...entries, ...exits].every(({ has }) => has.camera);
      const byTicket =
        entries.every(({ has, ticket }) => has.printer && (ticket === "always" || byPlate)) &&
        exits.every(({ has }) => has.scanner);
      expect(byPlate || byTicket).toBe(true);
    }
  });

  it("has nobody twice at once, and plates that are plates", () => {
    for (const { visits } of SCHEDULES) {
      const leavesMs = new Map<string, number>();
      for (const { atMs, stayMs, vehicle, habits } of visits) {
        const { text } = vehicle.plate;
        expect(normalisePlate(text)).toBe(text);
        expect(leavesMs.get(text) ?? -Infinity).toBeLessThan(atMs);
        leavesMs.set(text, atMs + stayMs);
        for (const read of [habits.misreadIn, habits.misreadOut]) expect(read).not.toBe(text);
      }
    }
  });

  it("has vehicles that loops see in parts only where every lane has both other guards", () => {
    const plain = new Set(["car", "van", "motorcycle"]);
    for (const { visits, site } of SCHEDULES) {
      if (visits.every(({ vehicle }) => plain.has(vehicle.kind))) continue;
      for (const { has } of site.lanes) expect(has.closing && has.photocell).toBe(true);
    }
  });

  it("lets nobody want to pay as nobody can", () => {
    for (const { visits, site } of SCHEDULES) {
      const cards = site.lanes.every(({ direction, has }) => direction === "entry" || has.terminal);
      for (const { pays, bookedMs } of visits) {
        if (!cards) expect(pays).not.toBe("card");
        if (!site.hasCloud) expect([pays === "online", bookedMs]).toEqual([false, null]);
      }
    }
  });
});

function isEntryNamed(name: string) {
  return (lane: { readonly name: string; readonly direction: string }): boolean =>
    lane.name === name && lane.direction === "entry";
}

describe("faults", () => {
  it("come in every kind, and never so many at once that nothing works", () => {
    const kinds = new Set(ofAll(({ faults }) => faults.map(({ kind }) => kind)));
    expect([...kinds].toSorted()).toEqual(ALL_KINDS.toSorted());
    const ofTheLink: readonly FaultKind[] = FAULT_KINDS.link;
    for (const { faults } of SCHEDULES) {
      const atTheGate = faults.filter(({ kind }) => !ofTheLink.includes(kind));
      for (const { atMs } of atTheGate)
        expect(
          atTheGate.filter((one) => one.atMs <= atMs && atMs <= one.atMs + one.forMs).length,
        ).toBeLessThanOrEqual(3);
    }
  });

  it("strike only what is there", () => {
    for (const { faults, site } of SCHEDULES) {
      const has = (lane: string) => site.lanes.find(({ name }) => name === lane)?.has;
      for (const { kind, lane } of faults) {
        if (kind.startsWith("camera")) expect(has(lane)?.camera).toBe(true);
        if (kind.startsWith("pr") || kind === "paper_out") expect(has(lane)?.printer).toBe(true);
        if (kind.startsWith("terminal")) expect(has(lane)?.terminal).toBe(true);
        if (kind.startsWith("cloud") || kind.startsWith("link")) expect(site.hasCloud).toBe(true);
        if (kind.startsWith("agent")) expect(lane).toBe("");
      }
    }
  });

  it("are of the kinds that were asked for, and then come often", () => {
    const faults = SCHEDULES.slice(0, 40).flatMap(
      ({ seed }) => drawSchedule(seed, { faults: ["arm_jammed", "clock_steps"] }).faults,
    );
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(["arm_jammed", "clock_steps"]));
    expect(faults.length / 40).toBeGreaterThan(2);
    expect(drawSchedule(1, { faults: [] }).faults).toEqual([]);
  });
});

describe("drawing", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(drawSchedule(7)).toEqual(SCHEDULES[6]);
    expect(JSON.stringify(drawSchedule(7))).toBe(JSON.stringify(SCHEDULES[6]));
    expect(new Set(SCHEDULES.map(({ visits }) => JSON.stringify(visits))).size).toBe(SCHEDULES.length);
  });

  it("leaves visits as they are when faults are others", () => {
    const { visits, site, deeds } = drawSchedule(7, { faults: [] });
    expect({ visits, site, deeds }).toEqual({
      visits: SCHEDULES[6]?.visits,
      site: SCHEDULES[6]?.site,
      deeds: SCHEDULES[6]?.deeds,
    });
  });

  it("brings every kind of driver, vehicle, payment and habit", () => {
    const visits = ofAll((schedule) => schedule.visits);
    expect(new Set(visits.map(({ entry }) => entry.kind)).size).toBe(7);
    expect(new Set(visits.map(({ exit }) => exit.kind)).size).toBe(6);
    expect(new Set(visits.map(({ vehicle }) => vehicle.kind)).size).toBe(7);
    expect(new Set(visits.map(({ pays }) => pays)).size).toBe(3);
    const share = (isSo: (visit: (typeof visits)[number]) => boolean): number =>
      visits.filter(isSo).length / visits.length;
    expect(share(({ habits }) => habits.misreadIn !== null)).toBeGreaterThan(0.015);
    expect(share(({ habits }) => habits.misreadIn !== null)).toBeLessThan(0.06);
    for (const isSo of [
      ({ habits }) => habits.noPlate,
      ({ habits }) => habits.losesTicket,
      ({ habits }) => habits.paysShort,
      ({ habits }) => habits.dawdlesMs > 0,
      ({ permit }) => permit !== null,
      ({ bookedMs }) => bookedMs !== null,
    ] satisfies ((visit: (typeof visits)[number]) => boolean)[]) {
      expect(share(isSo)).toBeGreaterThan(0.005);
      expect(share(isSo)).toBeLessThan(0.4);
    }
    // Most drivers just drive.
    expect(share(({ entry }) => entry.kind === "normal")).toBeGreaterThan(0.88);
  });

  it("brings car parks that are too small, changes of the clocks, and whatever there is of policies", () => {
    const changed = SCHEDULES.filter(({ site, lengthMs }) =>
      clockChangesMs(site.timeZone).some((atMs) => atMs > site.startMs && atMs < site.startMs + lengthMs),
    );
    expect(changed.length).toBeGreaterThan(30);
    expect(new Set(SCHEDULES.map(({ site }) => site.antiPassback)).size).toBe(3);
    expect(SCHEDULES.filter(({ site, visits }) => site.capacity < visits.length / 4).length).toBeGreaterThan(
      10,
    );
    expect(SCHEDULES.filter(({ site }) => !site.hasCloud).length).toBeGreaterThan(10);
  });

  it("keeps to what was asked for", () => {
    const big = drawSchedule(3, { visitsPerDay: 2_000, days: 2, profile: "mall", cloud: false });
    expect(big.lengthMs).toBe(2 * DAY_MS);
    expect(big.site.hasCloud).toBe(false);
    expect(big.visits.length).toBeGreaterThan(1_000);
    expect(big.site.name).toBe("Shopping centre 3");
    expect(big.site.lanes.filter(({ direction }) => direction === "entry").length).toBeGreaterThan(1);
    expect(drawSchedule(3, { visitsPerDay: 0, profile: "mall" }).visits).toEqual([]);
    const thirty = drawSchedule(4, { days: 30 });
    expect(thirty.visits.at(-1)?.atMs).toBeGreaterThan(25 * DAY_MS);
  });

  it.each([{ days: 0 }, { days: 3_651 }, { days: Number.NaN }, { visitsPerDay: -1 }, { visitsPerDay: 1e6 }])(
    "refuses %o",
    (options) => {
      expect(() => drawSchedule(1, options)).toThrow(/(days|visitsPerDay) is /);
    },
  );

  it("knows when clocks change", () => {
    expect(clockChangesMs("Europe/Berlin")).toEqual([Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]);
    expect(clockChangesMs("Asia/Tokyo")).toEqual([]);
    const [first = 0] = clockChangesMs("Australia/Lord_Howe");
    const { spanAt } = zoneClockOf("Australia/Lord_Howe");
    expect(spanAt(first).offsetMs - spanAt(first - 1).offsetMs).toBe(-30 * MINUTE_MS);
  });
});

describe("a description", () => {
  it("says in five lines what is in a schedule", () => {
    const schedule = { ...drawSchedule(1, { faults: ["arm_jammed"] }), deeds: [] };
    const text = describeSchedule(schedule);
    expect(text.split("\n")).toHaveLength(5);
    expect(text).toContain(`seed 1: ${schedule.site.name}`);
    expect(text).toContain(`${schedule.visits.length} visits`);
    expect(text).toMatch(/\d+ faults?: arm_jammed/);
    expect(text).toContain("0 deeds");
  });
});
