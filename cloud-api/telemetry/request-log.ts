import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Logger } from "pino";
import type { AppEnv } from "../http.ts";
import type { ApiMetrics } from "./api-metrics.ts";

/** One line, and one count, for each request: what was asked and answered, never what was in it. */
export function logRequests(log: Logger, metrics: ApiMetrics): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = performance.now();
    await next();
    const { status } = c.res;
    const { method } = c.req;
    const route = routePath(c, -1);
    // Who was a moment too late has been answered: nothing is wrong with anybody.
    const level = status >= 500 ? "error" : status >= 400 && status !== 409 ? "warn" : "debug";
    const ms = Math.round((performance.now() - startedMs) * 10) / 10;
    metrics.request({ method, route, status, ms, replayed: c.res.headers.has("idempotent-replayed") });
    log[level]({ requestId: c.get("requestId"), method, route, status, ms }, "request");
  };
}
