import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { startFailingDatabase, type FailingDatabase } from "../testing/failing-database.ts";
import { signedIn, type Person } from "../testing/people.ts";

let database: FailingDatabase;
let cloud: TestCloud;
const drivers: Person[] = [];
beforeAll(async () => {
  database = await startFailingDatabase();
  cloud = await startTestCloud({ database });
  for (let made = 0; made < DRIVERS; made += 1) drivers.push(await signedIn(cloud, "driver"));
});
afterAll(() => cloud.stop());

type Answer = {
  readonly plate: string;
  readonly status: number;
  readonly response: Response;
  readonly ms: number;
};

const CLIENTS = 8;
/** A driver may have fifty vehicles. */
const DRIVERS = 60;
let plates = 0;

/** Drivers who add vehicles, one after the other and several at a time. */
function load(): { readonly answers: Answer[]; readonly end: () => Promise<void> } {
  const answers: Answer[] = [];
  let ended = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!ended) {
      const plate = `LOAD${(plates += 1)}`;
      const driver = drivers[plates % DRIVERS];
      const startedMs = performance.now();
      const response = await driver?.ask("POST", "/api/vehicles/", { plate, type: "car" });
      if (response === undefined) throw new Error("there is nobody");
      answers.push({ plate, status: response.status, response, ms: performance.now() - startedMs });
      // While it is refused, a client comes again a little later.
      if (response.status === 503) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  return {
    answers,
    async end() {
      ended = true;
      await Promise.all(clients);
    },
  };
}

async function done(answers: readonly Answer[], status: number, count: number): Promise<void> {
  const have = answers.filter((one) => one.status === status).length;
  await expect
    .poll(() => answers.filter((one) => one.status === status).length, { timeout: 60_000, interval: 20 })
    .toBeGreaterThan(have + count);
}

describe.each(["shutDown", "crash"] as const)("while the database is away (%s)", (way) => {
  it("requests are told to come again, and go on when it is back; nothing that was done is lost", async () => {
    const { answers, end } = load();
    await done(answers, 201, 50);
    await database[way]();
    await done(answers, 503, 30);

    const page = await cloud.app.request("/healthz");
    const ready = await cloud.app.request("/readyz");
    expect([page.status, ready.status]).toEqual([200, 503]);
    const told = answers.find(({ status }) => status === 503);
    expect(told?.response.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await told?.response.json()).toMatchObject({ code: "database_away", status: 503 });
    expect((await cloud.app.request("/metrics")).status).toBe(200);

    await database.comeBack();
    await done(answers, 201, 50);
    await end();
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 503]));
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(15_000);
    const { rows } = await cloud.db.execute<{ plate: string }>(sql`select plate from vehicles`);
    const kept = new Set(rows.map(({ plate }) => plate));
    const lost = answers.filter(({ status, plate }) => status === 201 && !kept.has(plate));
    expect(lost).toEqual([]);
    expect((await cloud.app.request("/readyz")).status).toBe(200);
  });
});
