import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openListener } from "../db/listener.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { until } from "../testing/live-edge.ts";
import type { Job } from "./job.ts";
import { cronOf, startJobs, type RunningJobs } from "./jobs.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const start = async (jobs: readonly Job[]): Promise<RunningJobs> =>
  await startJobs({
    db: cloud.db,
    log: pino({ level: "silent" }),
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    listen: (channel, events) => openListener(cloud.address, channel, events),
    jobs,
  });

describe("jobs", () => {
  it("run in one process at a time, again and again, and after a failure", async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const job: Job = {
      name: "test.loop",
      everySeconds: 0.01,
      run: async () => {
        running += 1;
        most = Math.max(most, running);
        runs += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        if (runs % 3 === 0) throw new Error("on purpose");
        return 1;
      },
    };
    const processes = await Promise.all([start([job]), start([job])]);
    await until(() => runs > 20, "twenty runs");
    await Promise.all(processes.map((one) => one.close()));
    expect(most).toBe(1);
    const ended = runs;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runs).toBe(ended);
  });

  it("run at once when the database says that there is something to do", async () => {
    let runs = 0;
    const job: Job = {
      name: "test.woken",
      everySeconds: 50,
      wakeOn: "test_wake",
      run: async () => ++runs,
    };
    const jobs = await start([job]);
    await until(() => runs >= 1, "the first run");
    const before = runs;
    await until(async () => {
      await cloud.db.execute("notify test_wake");
      return runs > before;
    }, "a run by word");
    await jobs.close();
  });

  it("of a minute and more are pg-boss's: written down, and run", async () => {
    let runs = 0;
    const job: Job = { name: "test.daily", everySeconds: 86_400, run: async () => ++runs };
    const jobs = await start([job]);
    const { rows } = await cloud.db.execute<{ cron: string }>("select cron from pgboss.schedule");
    expect(rows).toEqual([{ cron: "17 3 * * *" }]);
    await cloud.db.execute("insert into pgboss.job (name) values ('test.daily')");
    await until(() => runs === 1, "its run");
    await jobs.close();
  });
});

describe("cronOf", () => {
  it("says it as a crontab can", () => {
    expect([60, 300, 3_600, 21_600, 86_400, 604_800].map(cronOf)).toEqual([
      "*/1 * * * *",
      "*/5 * * * *",
      "7 */1 * * *",
      "7 */6 * * *",
      "17 3 * * *",
      "17 3 * * *",
    ]);
  });
});
