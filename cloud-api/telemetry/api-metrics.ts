import { Counter, Histogram, type Registry } from "prom-client";
import type { QueryWatch } from "../db/watch-queries.ts";
import type { CacheWatch } from "../platform/cache.ts";

/** What is counted of every request, query and question to a cache. */
export type ApiMetrics = {
  readonly request: (request: AnsweredRequest) => void;
  readonly cache: CacheWatch;
  readonly query: QueryWatch;
};

export type AnsweredRequest = {
  readonly method: string;
  /** As the program has it, with `:names`; never what was asked for. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** It was answered as it was answered before: see platform/idempotency. */
  readonly replayed: boolean;
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10];

/** Calls that make bookings, and what kind. */
const BOOKING_CALLS: Readonly<Record<string, string>> = {
  "/api/bookings/reserve": "reservation",
  "/api/bookings/drive_in": "drive_in",
};

export function createApiMetrics(registry: Registry): ApiMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "parkme_http_requests_total",
    help: "Requests, by method, route and status. The error rate is the share of 5xx.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "parkme_http_request_seconds",
    help: "From a request to its answer, by method and route.",
    labelNames: ["method", "route"],
    buckets: SECONDS,
    registers,
  });
  const bookings = new Counter({
    name: "parkme_bookings_created_total",
    help: "Bookings made by this process, by kind. A minute's are 60 * rate().",
    labelNames: ["kind"],
    registers,
  });
  const queries = new Histogram({
    name: "parkme_database_query_seconds",
    help: "From a query to its answer.",
    buckets: SECONDS,
    registers,
  });
  const caches = new Counter({
    name: "parkme_cache_requests_total",
    help: "Questions to the caches, by cache and by outcome: hit or miss.",
    labelNames: ["space", "outcome"],
    registers,
  });
  for (const kind of Object.values(BOOKING_CALLS)) bookings.inc({ kind }, 0);

  return {
    request({ method, route, status, ms, replayed }) {
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, ms / 1_000);
      const kind = method === "POST" && status === 201 && !replayed ? BOOKING_CALLS[route] : undefined;
      if (kind !== undefined) bookings.inc({ kind });
    },
    cache: (space, outcome) => caches.inc({ space, outcome }),
    query: (_statement, ms) => queries.observe(ms / 1_000),
  };
}
