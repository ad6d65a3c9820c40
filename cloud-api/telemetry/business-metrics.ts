import { Gauge, type Registry } from "prom-client";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Db } from "../db/connection.ts";
import { readBusiness, type Business } from "./business.queries.ts";

/** Whoever scrapes more often is told the same. */
const FRESH_MS = 10_000;
/** A database that is away must not hide the metrics that say so. */
const PATIENCE_MS = 1_000;

/** Adds gauges of the platform to what a scrape reads. They are the same whichever process is asked. */
export function addBusinessMetrics(registry: Registry, { db, clock }: { db: Db; clock: Clock }): void {
  let known: { readonly atMs: number; readonly business: Promise<Business | null> } | null = null;
  const business = async (): Promise<Business | null> => {
    const nowMs = clock.monotonicMs();
    if (known === null || nowMs - known.atMs > FRESH_MS) {
      const reading = readBusiness(db, new Date(clock.wallMs())).catch(() => null);
      known = { atMs: nowMs, business: Promise.race([reading, after(PATIENCE_MS)]) };
    }
    return await known.business;
  };
  const gauge = (name: string, help: string, read: (business: Business) => number | null) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const now = await business();
        this.reset();
        // What is not known is NaN: zero would be an answer.
        this.set((now === null ? null : read(now)) ?? Number.NaN);
      },
    });
  gauge(
    "parkme_bookings_active",
    "Bookings whose vehicle is inside.",
    ({ activeBookings }) => activeBookings,
  );
  gauge(
    "parkme_payment_success_ratio",
    "Payments of the last hour that were captured, of all that came to an end (0..1).",
    ({ paymentSuccess }) => paymentSuccess,
  );
}

function after(ms: number): Promise<null> {
  return new Promise((done) => setTimeout(() => done(null), ms).unref());
}
