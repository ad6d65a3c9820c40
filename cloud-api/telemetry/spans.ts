import { SpanStatusCode, trace, type Attributes } from "@opentelemetry/api";

/** Spans of traces. Where no traces are made (see tracing.ts), these cost next to nothing. */

export const TRACER = "parkme-cloud-api";

let tracing = false;

/** Traces are made: where they are not, nobody has to prepare for them. */
export function isTracing(): boolean {
  return tracing;
}

/** For whoever begins and ends making them. */
export function setTracing(on: boolean): void {
  tracing = on;
}

/** Does something inside a span. @param attributes without personal data. */
export async function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return await trace.getTracer(TRACER).startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : "error" });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Names the trace that runs now, for the log. */
export function currentTrace(): { readonly trace_id?: string; readonly span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
