import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv } from "../http.ts";
import { isTracing, TRACER } from "./spans.ts";

/** A span for each request, below the one that its `traceparent` (W3C) names. */
export const traceRequests: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!isTracing()) return await next();
  const parent = propagation.extract(context.active(), c.req.header());
  const attributes = { "http.request.method": c.req.method, "parkme.request_id": c.get("requestId") };
  const span = trace.getTracer(TRACER).startSpan(c.req.method, { attributes, kind: SpanKind.SERVER }, parent);
  try {
    await context.with(trace.setSpan(parent, span), next);
  } finally {
    const route = routePath(c, -1);
    span.updateName(`${c.req.method} ${route}`);
    span.setAttributes({ "http.route": route, "http.response.status_code": c.res.status });
    if (c.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
};
