import type { Logger } from "pino";
import type { QueryWatch } from "../db/watch-queries.ts";
import { scrubStatement } from "./scrub.ts";

/** Logs statements that took longer than `slowMs`, without the values in them, and tells the next watch of all. */
export function watchSlow(log: Pick<Logger, "warn">, slowMs: number, next: QueryWatch): QueryWatch {
  return (statement, ms) => {
    next(statement, ms);
    if (ms < slowMs) return;
    log.warn({ ms: Math.round(ms), statement: scrubStatement(statement) }, "a slow query");
  };
}
