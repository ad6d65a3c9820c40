import { setTimeout as delay } from "node:timers/promises";
import { context, propagation, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { setTracing } from "./spans.ts";

/** What waits when the collector does not keep up; what comes then is not traced. */
const MAX_WAITING = 4_096;
const EXPORT_MS = 2_000;
/** What waits at the end is sent so long. */
const LAST_WORDS_MS = 1_000;

export type Tracing = {
  /** Sends what waits. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * What makes traces weighs a tenth of the program: whoever wants none does not load this file.
 *
 * Has spans made and sent in the background (OTLP over HTTP, JSON). A collector that is away costs traces, nothing else.
 *
 * @param url of the collector's traces, with their path: `http://127.0.0.1:4318/v1/traces`.
 */
export function startTracing(url: string): Tracing {
  setTracing(true);
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: 5_000 });
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: MAX_WAITING,
    maxExportBatchSize: 512,
    scheduledDelayMillis: EXPORT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": "parkme-cloud-api" }),
    spanProcessors: [processor],
  });
  // Also makes AsyncLocalStorage carry the span, and reads W3C's traceparent.
  provider.register();
  return {
    flush: () => provider.forceFlush(),
    async close() {
      // A collector that is away does not keep the program from ending.
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        delay(LAST_WORDS_MS, null, { ref: false }),
      ]);
      setTracing(false);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}
