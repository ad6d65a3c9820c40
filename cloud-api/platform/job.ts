import type { Logger } from "pino";
import type { Db } from "../db/connection.ts";

/** Work that no request waits for: it runs in one API process at a time. */
export type Job = {
  /** `bookings.no-shows`, ... */
  readonly name: string;
  readonly everySeconds: number;
  /** A channel of the database (NOTIFY): what is told on it has the job run at once. */
  readonly wakeOn?: string;
  /** Does what is due, and may be run again at any time: what was done is not done twice. @returns how much was done. */
  readonly run: (deps: JobDeps, now: Date) => Promise<number>;
};

export type JobDeps = { readonly db: Db; readonly log: Pick<Logger, "info" | "warn" | "error"> };
