import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import { Refusal } from "../platform/refusal.ts";
import { readTariffOffer } from "@parkme/shared/pricing/tariff-offer";
import { readEntry } from "@parkme/shared/protocol/manifest-sections";
import { facilities, organisations } from "../db/schema.ts";
import { entriesIn } from "../fleet/manifest.queries.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { publishVersion, withdrawVersion } from "./publishing.ts";
import { highestVersion, insertTariff } from "./tariffs.queries.ts";
import { readTimeline } from "./timeline.queries.ts";
import { inForceAt, nameOf, type TimedVersion } from "./timeline.ts";
import { randomUUID } from "node:crypto";

const PLACE = { currency: "EUR", timeZone: "Europe/Berlin" };
const START = Date.parse("2026-07-15T12:00:00Z");
const HOUR = 3_600_000;

let cloud: TestCloud;
let organisationId = "";
beforeAll(async () => {
  cloud = await startTestCloud();
  const [found] = await cloud.db.select().from(organisations);
  organisationId = found?.id ?? "";
});
afterAll(() => cloud.stop());

/**
 * A gate that takes tariffs from its manifest as edge-agent/store/tariffs.ts does: versions are added, never changed; of
 * what is new, older versions first; none comes into force in the past, but for the first.
 */
function createGate() {
  const taken: (TimedVersion & { readonly document: string })[] = [];
  return {
    take(bodies: readonly string[], nowMs: number): void {
      const offers = bodies.map((body) => {
        const entry = JSON.parse(body) as { id: string; version: number };
        const read = readEntry({ section: "tariffs", key: nameOf(entry), body });
        if (!read.ok || read.value.section !== "tariffs") throw new Error("no tariff");
        const offer = readTariffOffer(read.value.body, { ...PLACE, currency: asCurrency("EUR") });
        if (!offer.ok) throw new Error(JSON.stringify(offer.error));
        return offer.value;
      });
      for (const { tariff, fromMs, document } of offers.toSorted(
        (a, b) => a.tariff.version - b.tariff.version,
      )) {
        const { id, version } = tariff;
        const known = taken.find((row) => nameOf(row) === nameOf(tariff));
        if (known !== undefined) {
          expect(known.document).toBe(document);
          continue;
        }
        // It would be left aside: the cloud must never rely on that.
        expect(taken.some((row) => row.id === id && row.version > version)).toBe(false);
        const from = taken.length === 0 ? (fromMs ?? 0) : Math.max(fromMs ?? nowMs, nowMs);
        taken.push({ id, version, fromMs: from, document });
        taken.sort((a, b) => a.fromMs - b.fromMs);
      }
    },
    taken: () => taken,
  };
}

type Act =
  | { readonly kind: "publish"; readonly id: "standard" | "event"; readonly inHours: number | null }
  | { readonly kind: "withdraw"; readonly pick: number }
  | { readonly kind: "wait"; readonly hours: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("publish" as const),
    id: fc.constantFrom("standard" as const, "event" as const),
    inHours: fc.option(fc.integer({ min: 0, max: 20 })),
  }),
  fc.record({ kind: fc.constant("withdraw" as const), pick: fc.nat(50) }),
  fc.record({ kind: fc.constant("wait" as const), hours: fc.integer({ min: 0, max: 12 }) }),
);

describe("a gate that follows its manifest", () => {
  it("has the same tariff in force as the cloud, at every time, whatever is published and withdrawn", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 10 }), async (acts) => {
        const facilityId = randomUUID();
        const slug = `f-${facilityId}`;
        await cloud.db
          .insert(facilities)
          .values({ id: facilityId, organisationId, slug, name: slug, ...PLACE, capacity: 1 });
        const gate = createGate();
        let nowMs = START;
        let number = 0;
        for (const each of acts) {
          if (each.kind === "wait") nowMs += each.hours * HOUR;
          else {
            number += 1;
            await decide(facilityId, each, number, new Date(nowMs));
            const entries = await entriesIn(cloud.db, facilityId, "tariffs");
            gate.take(
              entries.map(({ body }) => body),
              nowMs,
            );
          }
          const timeline = await readTimeline(cloud.db, facilityId, PLACE.timeZone);
          for (let hours = 0; hours <= 40; hours++) {
            const atMs = nowMs + hours * HOUR;
            const here = inForceAt(timeline, atMs);
            const there = inForceAt(gate.taken(), atMs);
            expect(here === null ? null : nameOf(here)).toBe(there === null ? null : nameOf(there));
          }
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

/** What is refused changes nothing. */
async function decide(
  facilityId: string,
  each: Exclude<Act, { kind: "wait" }>,
  number: number,
  now: Date,
): Promise<void> {
  try {
    await cloud.db.transaction(async (tx) => {
      if (each.kind === "withdraw") {
        const timeline = await readTimeline(tx, facilityId, PLACE.timeZone);
        const name = timeline[each.pick % Math.max(1, timeline.length)];
        if (name !== undefined)
          await withdrawVersion(tx, { facilityId, name, place: PLACE, by: "a test" }, now);
        return;
      }
      const version = (await highestVersion(tx, facilityId, each.id)).any + 1;
      await insertTariff(tx, {
        facilityId,
        tariffId: each.id,
        version,
        status: "draft",
        title: "A tariff",
        document: { flat: { price: number } },
        validFrom: null,
        madeBy: "a test",
        madeAt: now,
        publishedAt: null,
      });
      const validFrom =
        each.inHours === null ? null : new Date(now.getTime() + each.inHours * HOUR).toISOString();
      await publishVersion(tx, { facilityId, name: { id: each.id, version }, place: PLACE, validFrom }, now);
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
