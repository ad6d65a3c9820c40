import type { Clock } from "@parkme/shared/domain/clock";
import type { CloudApp } from "../../../cloud-api/app.ts";
import type { Cache } from "../../../cloud-api/platform/cache.ts";
import type { JobDeps } from "../../../cloud-api/platform/job.ts";
import type { Life, VirtualTime } from "../time/virtual-time.ts";
import type { FarEnd, SimAnswer, SimRequest } from "./network.ts";

/** What a program serves: a simulation with its own time, which began at this moment. */
export type Served = { readonly time: VirtualTime; readonly startMs: number };

/** The application, and what it remembers of the database. */
export type MadeApp = { readonly app: CloudApp; readonly cache: Pick<Cache, "forgetAll"> };

export type ProgramParts = {
  readonly make: (clock: Clock) => Promise<MadeApp>;
  readonly jobs: JobDeps;
  /** Resolves when the database has nothing to do any more; null = others use it at the same time. */
  readonly idle: (() => Promise<void>) | null;
};

/** Between two simulations: nothing that was remembered in one counts in the next. */
const APART_MS = 86_400_000;
/** What an answer leaves to be done is done within so long. */
const LAST_WORDS_MS = 2_000;

/** The cloud's program: it can be killed and started, and serves one simulation after another. */
export class CloudProgram implements FarEnd {
  private made: MadeApp | null = null;
  private starts = 0;
  private current: Life | null = null;
  private served: Served | null = null;
  private baseMs = 0;
  private readonly parts: ProgramParts;

  constructor(parts: ProgramParts) {
    this.parts = parts;
  }

  /** Of the simulation that it serves; the monotonic one goes on from one to the next. */
  readonly clock: Clock = {
    wallMs: () => (this.served?.startMs ?? 0) + this.nowMs(),
    monotonicMs: () => this.baseMs + this.nowMs(),
  };

  generation = (): number | null => (this.made === null ? null : this.starts);
  life = (): Life | null => this.current;

  serve(served: Served): void {
    this.baseMs += APART_MS;
    this.served = served;
  }

  /** Ends what it has begun for that simulation, and remembers nothing of it. */
  async leave(): Promise<void> {
    if (this.current !== null) await this.served?.time.finish(this.current, LAST_WORDS_MS);
    await this.forget();
    this.baseMs = this.clock.monotonicMs();
    this.served = null;
  }

  async start(): Promise<void> {
    if (this.made !== null) return;
    this.starts += 1;
    const { idle, make } = this.parts;
    this.current = { alive: true, ...(idle === null ? {} : { idle }) };
    // The timers that it starts with are those of its pages, which nobody looks at: they end with its start.
    const boot: Life = { alive: true };
    this.made = await this.as(boot, () => make(this.clock));
    boot.alive = false;
  }

  kill(): void {
    if (this.current !== null) this.current.alive = false;
    this.made?.app.close();
    this.made = this.current = null;
  }

  request = async ({ path, method, headers, body }: SimRequest): Promise<SimAnswer> => {
    if (this.made === null) throw new Error("nobody answers");
    const { app } = this.made;
    const init = { method, headers, ...(body === null ? {} : { body: new Uint8Array(body) }) };
    return await this.as(this.current, async () => {
      const response = await app.request(path, init);
      const bytes = Buffer.from(await response.arrayBuffer());
      await this.parts.idle?.();
      return { status: response.status, headers: response.headers, bytes };
    });
  };

  /** What people do is heard at once by every process of the cloud; here the only one does as if it had heard it. */
  async forget(): Promise<void> {
    await this.made?.cache.forgetAll();
  }

  /** Runs jobs of these names, as the program does by itself. @returns how much was done; 0 while nobody runs. */
  async runJobs(names: readonly string[]): Promise<number> {
    if (this.made === null) return 0;
    const { app } = this.made;
    return await this.as(this.current, async () => {
      let done = 0;
      for (const name of names) {
        const job = app.jobs.find((one) => one.name === name);
        if (job === undefined) throw new Error(`there is no job ${name}`);
        done += await job.run(this.parts.jobs, new Date(this.clock.wallMs()));
      }
      await this.parts.idle?.();
      return done;
    });
  }

  private nowMs(): number {
    return this.served?.time.nowMs ?? 0;
  }

  private async as<T>(life: Life | null, work: () => Promise<T>): Promise<T> {
    return this.served === null ? await work() : await this.served.time.during(life, work);
  }
}
