import PgBoss from "pg-boss";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Listen, Listener } from "../db/listener.ts";
import type { Job, JobDeps } from "./job.ts";

/**
 * Runs jobs, each in one of all API processes at a time. Those of a minute and more are pg-boss': they are written down,
 * tried again, and seen in its tables. Those that look every few seconds whether there is something to do leave no trace
 * of that: they are loops under a lock of the database.
 */
export type RunningJobs = { readonly close: () => Promise<void> };

type Deps = JobDeps & { readonly clock: Clock; readonly listen: Listen; readonly jobs: readonly Job[] };

/** From here on, runs are worth writing down. */
const WRITTEN_DOWN_S = 60;
const DAY_S = 86_400;

export async function startJobs(deps: Deps): Promise<RunningJobs> {
  const isLoop = ({ everySeconds }: Job): boolean => everySeconds < WRITTEN_DOWN_S;
  const boss = await startBoss(
    deps,
    deps.jobs.filter((job) => !isLoop(job)),
  );
  const loops = deps.jobs.filter(isLoop).map((job) => startLoop(deps, job));
  return {
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
      await boss.stop({ graceful: true, wait: true, timeout: 5_000 });
    },
  };
}

async function startBoss(deps: Deps, jobs: readonly Job[]): Promise<PgBoss> {
  const { db, log } = deps;
  const boss = new PgBoss({
    db: { executeSql: async (text, values) => await db.$client.query(text, values) },
    schema: "pgboss",
    archiveCompletedAfterSeconds: DAY_S,
    deleteAfterDays: 14,
  });
  boss.on("error", (error) => log.warn({ err: error }, "pg-boss"));
  await boss.start();
  for (const job of jobs) {
    await boss.createQueue(job.name, { name: job.name, policy: "singleton", retryLimit: 2, retryDelay: 30 });
    await boss.work(job.name, { pollingIntervalSeconds: 10 }, async () => void (await run(deps, job)));
    await boss.schedule(job.name, cronOf(job.everySeconds));
  }
  return boss;
}

/** The nearest that a crontab can say: minutes, hours, or once a day while most people sleep. */
export function cronOf(everySeconds: number): string {
  const minutes = Math.round(everySeconds / 60);
  if (minutes < 60) return `*/${Math.max(1, minutes)} * * * *`;
  const hours = Math.round(minutes / 60);
  return hours < 24 ? `7 */${hours} * * *` : "17 3 * * *";
}

async function run(deps: Deps, job: Job): Promise<number> {
  const done = await job.run(deps, new Date(deps.clock.wallMs()));
  if (done > 0) deps.log.info({ job: job.name, done }, "a job was done");
  return done;
}

function startLoop(deps: Deps, job: Job): RunningJobs {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let wanted = false;
  let closed = false;
  let complained = false;

  async function turn(): Promise<void> {
    try {
      do {
        wanted = false;
        await underLock(deps, job);
      } while (wanted && !closed);
      complained = false;
    } catch (error) {
      if (!complained) deps.log.error({ err: error, job: job.name }, "a job failed: it is tried again");
      complained = true;
    }
  }

  function look(): void {
    clearTimeout(timer);
    if (closed) return;
    if (running !== null) {
      wanted = true;
      return;
    }
    running = turn().finally(() => {
      running = null;
      clearTimeout(timer);
      if (!closed) timer = setTimeout(look, job.everySeconds * 1_000);
    });
  }

  const listener: Listener | null =
    job.wakeOn === undefined
      ? null
      : deps.listen(job.wakeOn, { heard: look, connected: look, lost: () => undefined });
  look();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      listener?.close();
      await running;
    },
  };
}

/** While another process runs it, there is nothing to do here. */
async function underLock(deps: Deps, job: Job): Promise<void> {
  const client = await deps.db.$client.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ mine: boolean }>(
      "select pg_try_advisory_lock(hashtextextended($1, 0)) as mine",
      [`parkme job ${job.name}`],
    );
    if (rows[0]?.mine !== true) return;
    try {
      await run(deps, job);
    } finally {
      await client.query("select pg_advisory_unlock(hashtextextended($1, 0))", [`parkme job ${job.name}`]);
    }
  } catch (error) {
    // The lock goes with the connection.
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}
