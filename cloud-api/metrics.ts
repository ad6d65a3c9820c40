import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { IngestOutcome } from "./fleet/ingest.ts";
import type { MovementCount } from "./fleet/queries.ts";
import { createApiMetrics, type ApiMetrics } from "./telemetry/api-metrics.ts";

/** What ingest reports after each batch. */
export type IngestMetrics = {
  /** @param facility its slug. */
  readonly observe: (facility: string, outcome: IngestOutcome, seconds: number) => void;
  /** A batch was sent away because there were too many. */
  readonly busy: (facility: string) => void;
};

export type CloudMetrics = IngestMetrics & { readonly registry: Registry; readonly api: ApiMetrics };

/** @param movements what was counted before this start, so that the counter goes on where it was. */
export function createMetrics(movements: readonly MovementCount[]): CloudMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const movementsTotal = new Counter({
    name: "parkme_movements_total",
    help: "Confirmed passages, by facility, lane and direction.",
    labelNames: ["facility", "lane", "direction"],
    registers: [registry],
  });
  const eventsTotal = new Counter({
    name: "parkme_ingest_events_total",
    help: "Events received from edges, by facility and by what became of them.",
    labelNames: ["facility", "outcome"],
    registers: [registry],
  });
  const refusedTotal = new Counter({
    name: "parkme_ingest_refused_total",
    help: "Batches that were not taken, by facility and by why: the codes of shared/protocol/log.",
    labelNames: ["facility", "code"],
    registers: [registry],
  });
  const ingestSeconds = new Histogram({
    name: "parkme_ingest_seconds",
    help: "From a parsed batch to its commit.",
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: [registry],
  });
  const addMovements = (counts: readonly MovementCount[]) => {
    for (const { count, ...labels } of counts) movementsTotal.inc(labels, count);
  };
  addMovements(movements);

  return {
    registry,
    api: createApiMetrics(registry),
    busy: (facility) => refusedTotal.inc({ facility, code: "busy" }),
    observe(facility, outcome, seconds) {
      ingestSeconds.observe(seconds);
      if (outcome.kind === "refused") {
        refusedTotal.inc({ facility, code: outcome.refusal.code });
        return;
      }
      eventsTotal.inc({ facility, outcome: "duplicate" }, outcome.duplicates);
      for (const [name, count] of Object.entries(outcome.counts))
        eventsTotal.inc({ facility, outcome: name }, count);
      addMovements(outcome.movements);
    },
  };
}
