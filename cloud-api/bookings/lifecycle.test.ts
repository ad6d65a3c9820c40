import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import { bookings } from "../db/bookings-schema.ts";
import { spotCounts, spots } from "../db/places-schema.ts";
import { stays } from "../db/schema.ts";
import { createFacilityReader } from "../facilities/reader.ts";
import { createProcessCache } from "../platform/cache.ts";
import { EDGE, FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { dueJob } from "./due.ts";
import { holdsSpace, type BookingStatus } from "./rules.ts";
import { followGates, linkStays } from "./stays.queries.ts";
import {
  giveVehicle,
  HOUR_MS,
  inHours,
  jobDeps,
  layOut,
  MINUTE_MS,
  reserved,
  rowOf,
} from "./testing/ground.ts";

/** A booking's life, told to the cloud and to a model of a few lines: whatever happens, in whatever order, they agree. */

const NOON = new Date("2026-07-15T12:00:00Z");
let cloud: TestCloud;
let driver: Person;
let staff: Person;
let vehicle: string;
let spotIds: readonly string[];

beforeAll(async () => {
  cloud = await startTestCloud();
  spotIds = await layOut(cloud);
  driver = await signedIn(cloud, "driver");
  staff = await signedIn(cloud, "staff");
  vehicle = await giveVehicle(cloud, driver);
});
afterAll(() => cloud.stop());

type Step =
  | { readonly kind: "activate" | "complete" | "cancel" | "no_show" | "extend" }
  | { readonly kind: "open" | "close" | "void" }
  | { readonly kind: "wait"; readonly minutes: number };

type Model = {
  status: BookingStatus;
  nowMs: number;
  entryMs: number;
  exitMs: number;
  /** Of the stay that the gate has under it. */
  stayId: string | null;
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constantFrom("activate", "complete", "cancel", "no_show", "extend") }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("open", "close", "void") }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait"), minutes: fc.constantFrom(5, 30, 60, 180) }),
  },
);

/** What comes of it. @returns whether the API may do it; null = nobody asked the API. */
function foresee(model: Model, { kind, ...rest }: Step): boolean | null {
  const { status, nowMs, entryMs, exitMs } = model;
  const become = (next: BookingStatus, may: boolean): boolean => {
    if (may) model.status = next;
    return may;
  };
  switch (kind) {
    case "activate":
      return become("ACTIVE", status === "CONFIRMED" && nowMs >= entryMs - 15 * MINUTE_MS);
    case "complete":
      return become("COMPLETED", status === "ACTIVE");
    case "cancel":
      return become("CANCELLED", status === "CONFIRMED");
    case "no_show":
      return become("NO_SHOW", status === "CONFIRMED" && nowMs >= entryMs);
    case "extend": {
      const may = (status === "CONFIRMED" || status === "ACTIVE") && exitMs + HOUR_MS > nowMs;
      if (may) model.exitMs += HOUR_MS;
      return may;
    }
    case "open":
      if (model.stayId === null && status !== "COMPLETED") {
        model.stayId = randomUUID();
        model.status = "ACTIVE";
      }
      return null;
    case "close":
      if (model.stayId !== null && status === "ACTIVE") model.status = "COMPLETED";
      return null;
    case "void":
      if (model.stayId !== null && status === "ACTIVE") {
        model.status = "CONFIRMED";
        model.stayId = null;
      }
      return null;
    case "wait":
      model.nowMs += ("minutes" in rest ? rest.minutes : 0) * MINUTE_MS;
      if (status === "CONFIRMED" && model.nowMs >= Math.min(entryMs + HOUR_MS, exitMs))
        model.status = "NO_SHOW";
      return null;
    default:
      return kind satisfies never;
  }
}

const STAY_STATUSES = { open: "open", close: "closed", void: "void" } as const;
type GateStep = keyof typeof STAY_STATUSES;

async function told(id: string, before: Model, after: Model, kind: GateStep): Promise<void> {
  const stayId = before.stayId ?? after.stayId;
  if (stayId === null || (kind === "open" && before.stayId !== null) || before.status === "COMPLETED") return;
  const at = cloud.clock.now;
  const status = STAY_STATUSES[kind];
  const exit = status === "closed" ? { exitAt: at, feeMinor: 100, feeCurrency: "EUR" } : {};
  const values = { facilityId: FACILITY_ID, stayId, status, entryAt: at, ...exit };
  await cloud.db
    .insert(stays)
    .values(values)
    .onConflictDoUpdate({ target: [stays.facilityId, stays.stayId], set: { status, ...exit } });
  if (status !== "open") return;
  const payload = { stay_id: stayId, right: { kind: "reservation", id } } as EventPayload<"stay.started">;
  const events = [{ seq: 1, eventId: randomUUID(), payload }];
  await cloud.db.transaction(async (tx) => await linkStays(tx, EDGE, events, at));
}

/** What runs in the background, a few times: what was done is not done twice. */
async function background(): Promise<void> {
  const cache = createProcessCache(() => performance.now());
  const nothing = async () => undefined;
  const facilities = createFacilityReader({ db: cloud.db, cache });
  const its = { facilities, giveBack: nothing, reportOverstay: nothing };
  const deps = jobDeps(cloud);
  const job = dueJob(its);
  for (let times = 0; times < 2; times++) {
    await followGates(deps, its, cloud.clock.now);
    await job.run(deps, cloud.clock.now);
  }
  expect(deps.problems).toEqual([]);
}

async function ask(id: string, { kind }: Step, model: Model): Promise<boolean> {
  const body = kind === "extend" ? { expected_exit: new Date(model.exitMs + HOUR_MS).toISOString() } : {};
  const response = await staff.ask("POST", `/api/bookings/${id}/${kind}/`, body);
  if (response.status !== 200) expect([400, 409]).toContain(response.status);
  return response.ok;
}

async function live(steps: readonly Step[]): Promise<void> {
  cloud.clock.now = NOON;
  await cloud.db.delete(bookings);
  await cloud.db.delete(stays);
  await cloud.db.update(spots).set({ status: "free" });
  await cloud.db.update(spotCounts).set({ occupied: 0 });
  const times = { entry_time: inHours(cloud, 1), expected_exit: inHours(cloud, 3) };
  const { id } = await reserved(driver, { vehicle_id: vehicle, spot_id: spotIds[0], ...times });
  const model: Model = {
    status: "CONFIRMED",
    nowMs: NOON.getTime(),
    entryMs: NOON.getTime() + HOUR_MS,
    exitMs: NOON.getTime() + 3 * HOUR_MS,
    stayId: null,
  };
  for (const one of steps) {
    const before = { ...model };
    const may = foresee(model, one);
    cloud.clock.now = new Date(model.nowMs);
    if (may !== null)
      expect([one.kind, before.status, await ask(id, one, before)]).toEqual([one.kind, before.status, may]);
    else if (one.kind === "open" || one.kind === "close" || one.kind === "void")
      await told(id, before, model, one.kind);
    await background();
    const row = await rowOf(cloud, id);
    // A gate may let in what is a no-show a moment later, when it says so again.
    if (model.status === "CONFIRMED" && model.nowMs >= Math.min(model.entryMs + HOUR_MS, model.exitMs))
      model.status = "NO_SHOW";
    expect([one.kind, row.status]).toEqual([one.kind, model.status]);
    expect(row.dueAt === null).toBe(!holdsSpace(row.status));
    expect(row.finalMinor === null).toBe(holdsSpace(row.status));
    expect(row.expectedExit.getTime()).toBe(model.exitMs);
    if (row.finalMinor !== null) expect(row.finalMinor).toBeGreaterThanOrEqual(row.gateMinor);
    const [spot] = await cloud.db.select().from(spots);
    if (row.status === "CONFIRMED") expect(spot?.status).toBe("free");
  }
}

it("is what the model says, step by step", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => await live(steps)),
    { numRuns: 25, endOnFailure: true },
  );
}, 60_000);
