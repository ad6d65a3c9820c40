import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sql } from "drizzle-orm";
import { logRefusalSchema } from "@parkme/shared/protocol/log";
import {
  EDGE_ID,
  OTHER_EDGE_ID,
  OTHER_EDGE_TOKEN,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { ackedBy, asEvents, chained, sendLines, started } from "../testing/events.ts";
import { emptyTables, rowsOf } from "../testing/tables.ts";
import { createDoor } from "./door.ts";
import { fleetRoutes } from "./routes.ts";

const CLOCK = { monotonicMs: () => 0 };
/** Ends what runs, one by one, in the order in which it began. */
function works() {
  const running: { readonly name: string; readonly end: (error?: Error) => void }[] = [];
  return {
    begun: (): string[] => running.map(({ name }) => name),
    work: (name: string) => () =>
      new Promise<string>((done, fail) => {
        running.push({ name, end: (error) => (error === undefined ? done(name) : fail(error)) });
      }),
    end: (index: number, error?: Error) => running[index]?.end(error),
  };
}
const settled = () => new Promise((done) => setImmediate(done));

describe("the door", () => {
  it("lets in as many as may, then those who wait, in their order", async () => {
    const door = createDoor({ running: 2, waiting: 2 }, { clock: CLOCK, random: () => 0 });
    const { begun, work, end } = works();
    const passed = ["a", "b", "c", "d", "e"].map((name) => door.pass(name, work(name)));
    expect(await passed[4]).toMatchObject({ kind: "busy" });
    expect(begun()).toEqual(["a", "b"]);
    end(1);
    expect(await passed[1]).toEqual({ kind: "done", result: "b" });
    await settled();
    expect(begun()).toEqual(["a", "b", "c"]);
    for (const index of [0, 2]) end(index);
    await settled();
    end(3);
    expect(await Promise.all(passed)).toHaveLength(5);
  });

  it("lets an edge's batches in one after another, and others pass it meanwhile", async () => {
    const door = createDoor({ running: 2, waiting: 4 }, { clock: CLOCK, random: () => 0 });
    const { begun, work, end } = works();
    void door.pass("a", work("a1"));
    void door.pass("a", work("a2"));
    const third = door.pass("a", work("a3"));
    void door.pass("b", work("b1"));
    await settled();
    expect(begun()).toEqual(["a1", "b1"]);
    expect(await third).toMatchObject({ kind: "busy" });
    end(0);
    await settled();
    expect(begun()).toEqual(["a1", "b1", "a2"]);
  });

  it("is open again after work that failed", async () => {
    const door = createDoor({ running: 1, waiting: 1 }, { clock: CLOCK, random: () => 0 });
    const { work, end } = works();
    const failed = door.pass("a", work("a"));
    const next = door.pass("b", work("b"));
    await settled();
    end(0, new Error("the database is away"));
    await expect(failed).rejects.toThrow("the database is away");
    await settled();
    end(1);
    expect(await next).toEqual({ kind: "done", result: "b" });
  });
});

describe("POST /api/edge/log with a full house", () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await startTestCloud();
  });
  afterAll(() => cloud.stop());
  beforeEach(() => emptyTables(cloud.db));

  it("answers 429 with a time to come back at, and takes the batch then", async () => {
    const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
    const app = fleetRoutes({
      db: cloud.db,
      clock,
      metrics: cloud.metrics,
      onChange: () => undefined,
      limits: { running: 1, waiting: 0 },
    });
    const lines = chained(asEvents([started(1, "2026-07-15T08:00:00Z")]));
    const other = { edgeId: OTHER_EDGE_ID, token: OTHER_EDGE_TOKEN };
    const waitsForLock = async () =>
      await rowsOf(
        cloud.db,
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
    await cloud.db.transaction(async (tx) => {
      await tx.execute(sql`select 1 from edges where id = ${EDGE_ID} for update`);
      const held = sendLines(app, lines);
      await expect.poll(waitsForLock, { timeout: 10_000 }).toHaveLength(1);
      const busy = await sendLines(app, lines, other);
      expect(busy.status).toBe(429);
      expect(Number(busy.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(logRefusalSchema.parse(await busy.json())).toMatchObject({ code: "busy" });
      await tx.execute(sql`commit`);
      expect(await ackedBy(await held)).toBe(1);
    });
    expect(await ackedBy(await sendLines(app, lines, other))).toBe(1);
  });
});
