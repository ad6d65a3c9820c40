import { asId } from "@parkme/shared/domain/ids";
import { paintedPlate } from "../../../traffic/plates.ts";
import type { LanePlan, Schedule, SitePlan, Visit } from "../../schedule.ts";

/** A small car park in which everything is right, to be spoilt by tests. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const START_MS = Date.UTC(2026, 2, 2, 5);

type Uuid = ReturnType<typeof asId>;

/** Ids that tests can name. */
export function idOf<Id extends Uuid>(number: number): Id {
  return asId<Id>(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);
}

/** 2.00 for each started hour, five minutes free, a quarter of an hour to leave. */
export const TARIFF = {
  hourly: { price: "2.00" },
  graces: { turnaround_minutes: 5, exit_minutes: 15 },
} as const;

const lane = (name: string, direction: "entry" | "exit"): LanePlan => ({
  name,
  direction,
  zone: null,
  ratedMs: 1_500,
  has: {
    closing: true,
    photocell: true,
    openLimit: true,
    camera: true,
    printer: direction === "entry",
    scanner: true,
    terminal: direction === "exit",
  },
  ticket: "no_plate",
});

const SITE: SitePlan = {
  slug: "harbour",
  facilityId: idOf(9_000),
  name: "Harbour",
  timeZone: "Europe/Berlin",
  currency: "EUR",
  startMs: START_MS,
  capacity: 10,
  zones: [],
  lanes: [lane("entry-1", "entry"), lane("exit-1", "exit")],
  tariffs: [TARIFF],
  permits: [],
  antiPassback: "soft",
  attendants: ["alex"],
  floatMinor: 5_000,
  helpMs: 60_000,
  hasCloud: true,
  link: "always",
};

const PAINTED = ["B AB 123", "HH CD 77", "M XY 999", "KA P 4711"] as const;

/** Visit 1 drives what bears the first plate, and so on. */
export function visitOf(id: number, changes: Partial<Visit> = {}): Visit {
  return {
    id,
    atMs: 0,
    vehicle: { plate: paintedPlate(PAINTED[id - 1] ?? `T ES ${id}`, "D"), kind: "car", colour: "blue" },
    lane: null,
    stayMs: HOUR_MS,
    bookedMs: null,
    permit: null,
    entry: { kind: "normal" },
    exit: { kind: "normal" },
    pays: "cash",
    habits: {
      misreadIn: null,
      misreadOut: null,
      noPlate: false,
      losesTicket: false,
      paysShort: false,
      dawdlesMs: 0,
      patienceMs: 120_000,
    },
    ...changes,
  };
}

export const SCHEDULE: Schedule = {
  seed: 7,
  lengthMs: 24 * HOUR_MS,
  site: SITE,
  visits: [visitOf(1), visitOf(2, { pays: "card" }), visitOf(3, { permit: "permit-1" }), visitOf(4)],
  faults: [],
  deeds: [],
};
