import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { asEvents, moved, send, started } from "../testing/events.ts";
import { foreignOrganisation } from "../testing/people.ts";
import { rowsOf } from "../testing/tables.ts";
import { makePartitions } from "./partitions.queries.ts";
import { inScope } from "./tenancy.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const rows = async (query: string) => await rowsOf(cloud.db, query);
const whereAre = async () =>
  await rows(
    `select tableoid::regclass::text as part, count(*)::int as count from movements group by 1 order by 1`,
  );

async function addMovement(at: string, facilityId = FACILITY_ID): Promise<void> {
  await cloud.db.execute(sql`insert into movements (facility_id, movement_id, lane, direction, kind, at)
    values (${facilityId}, ${randomUUID()}, 'entry', 'in', 'normal', ${at})`);
}

describe("the partitions of movements", () => {
  it("are made ahead, once, and take what came before them", async () => {
    await addMovement("2026-07-31T23:59:59.999Z");
    await addMovement("2026-08-01T00:00:00Z");
    await addMovement("1999-01-01T00:00:00Z");
    expect(await whereAre()).toEqual([{ part: "partitions.movements_default", count: 3 }]);
    const made = await makePartitions(cloud.db, cloud.clock.now);
    expect(made).toBeGreaterThan(0);
    expect(await whereAre()).toEqual([
      { part: "partitions.movements_2026_07", count: 1 },
      { part: "partitions.movements_2026_08", count: 1 },
      { part: "partitions.movements_default", count: 1 },
    ]);
    expect(await makePartitions(cloud.db, cloud.clock.now)).toBe(0);
    expect(await makePartitions(cloud.db, new Date("2026-08-31T23:00:00Z"))).toBeLessThanOrEqual(1);
    await cloud.db.execute(sql`delete from movements`);
  });

  it("are made by two processes at the same time without either failing", async () => {
    const now = new Date("2031-01-31T12:00:00Z");
    const made = await Promise.all([makePartitions(cloud.db, now), makePartitions(cloud.db, now)]);
    expect(made[0] + made[1]).toBe(6);
  });

  it("take what edges tell, and only the month that is asked for is read", async () => {
    const at = "2026-07-15T08:00:00Z";
    const facts = [started(1, at), moved("in", 1, at), moved("out", 1, "2026-08-02T08:00:00Z")];
    expect((await send(cloud.app, asEvents(facts))).status).toBe(200);
    expect(await whereAre()).toEqual([
      { part: "partitions.movements_2026_07", count: 1 },
      { part: "partitions.movements_2026_08", count: 1 },
    ]);
    const plan = await rows(`explain select * from movements where facility_id = '${FACILITY_ID}'
      and at >= '2026-07-01T00:00:00Z' and at < '2026-07-20T00:00:00Z'`);
    const text = JSON.stringify(plan);
    expect(text).toContain("movements_2026_07");
    expect(text).not.toContain("movements_2026_08");
    expect(text).not.toContain("movements_default");
  });

  it("are behind the walls: through their table, and not at all by themselves", async () => {
    await addMovement("2026-07-16T08:00:00Z", OTHER_FACILITY_ID);
    const scope = {
      role: "staff",
      actorId: randomUUID(),
      organisationId: await foreignOrganisation(cloud),
      facilityIds: [OTHER_FACILITY_ID],
    } as const;
    const seen = await inScope(
      cloud.db,
      scope,
      async (tx) => (await tx.execute(sql`select * from movements`)).rows,
    );
    expect(seen).toMatchObject([{ facility_id: OTHER_FACILITY_ID }]);
    await expect(
      inScope(
        cloud.db,
        scope,
        async (tx) => await tx.execute(sql`select * from partitions.movements_2026_07`),
      ),
    ).rejects.toThrow("movements_2026_07");
    const open = await rows(`select relname from pg_class where relnamespace = 'partitions'::regnamespace
      and relkind = 'r' and not relrowsecurity`);
    expect(open).toEqual([]);
  });
});
