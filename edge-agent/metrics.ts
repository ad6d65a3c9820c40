import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { GateRecord } from "@parkme/shared/domain/gate-record";

export type MetricSources = {
  readonly facility: string;
  /** Movements recorded before this process started. */
  readonly movementsBefore: readonly {
    readonly lane: string;
    readonly direction: string;
    readonly n: number;
  }[];
  readonly pendingEvents: () => number;
  readonly inside: () => number;
};

/** What a monitor scrapes from `/metrics`. Movements are counted from the records, so a restart loses none. */
export function createMetrics({ facility, movementsBefore, pendingEvents, inside }: MetricSources) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const movements = new Counter({
    name: "parkme_movements_total",
    help: "Confirmed passages",
    labelNames: ["facility", "lane", "direction"],
    registers: [registry],
  });
  for (const { lane, direction, n } of movementsBefore) movements.inc({ facility, lane, direction }, n);
  const device = new Counter({
    name: "parkme_device_events_total",
    help: "Device trouble and refusals by name",
    labelNames: ["event"],
    registers: [registry],
  });
  new Gauge({
    name: "parkme_pending_events",
    help: "Log rows the cloud has not committed yet",
    registers: [registry],
    collect() {
      this.set(pendingEvents());
    },
  });
  new Gauge({
    name: "parkme_inside",
    help: "Vehicles inside",
    registers: [registry],
    collect() {
      this.set(inside());
    },
  });
  return {
    count: (event: string): void => device.inc({ event }),
    recorded: (lane: string, records: readonly GateRecord[]): void => {
      for (const record of records) {
        if (record.type === "movement") movements.inc({ facility, lane, direction: record.direction });
      }
    },
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
