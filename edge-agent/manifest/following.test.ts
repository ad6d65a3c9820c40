import { describe, expect, it } from "vitest";
import { generateKeyPairSync } from "node:crypto";
import { asCurrency } from "@parkme/shared/domain/money";
import { asId, type FacilityId } from "@parkme/shared/domain/ids";
import { publicTextOf } from "../tickets/key-files.ts";
import { keyringIn, keyFolder } from "../tickets/testing/key-folder.ts";
import { createKeyTelling } from "./own-keys.ts";
import { trustManifestKeys } from "./ticket-keys.ts";
import { withZoneQuotas } from "./zone-quotas.ts";

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const newKey = (): string => publicTextOf(generateKeyPairSync("ed25519").publicKey);
const wanted = (public_key: string, until: number | null = null) => ({
  title: "Airport P2",
  public_key,
  from: 0,
  until,
});

describe("keys of the manifest", () => {
  it("are trusted, changed with it, and ended when it names them no more", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const [one, two] = [newKey(), newKey()];
    const times = () =>
      ring
        .keys()
        .filter(({ origin }) => origin === "foreign")
        .map(({ publicText, untilMs }) => [publicText, untilMs] as const);
    expect(trustManifestKeys(ring, [wanted(one), wanted(two)], NOW_MS)).toEqual([]);
    expect(new Map(times())).toEqual(
      new Map<string, number | null>([
        [one, null],
        [two, null],
      ]),
    );
    trustManifestKeys(ring, [wanted(one, NOW_MS + 5)], NOW_MS);
    expect(new Map(times())).toEqual(
      new Map<string, number | null>([
        [one, NOW_MS + 5],
        [two, NOW_MS],
      ]),
    );
    trustManifestKeys(ring, [wanted(one, NOW_MS + 5)], NOW_MS + 99);
    expect(new Map(times())).toEqual(
      new Map<string, number | null>([
        [one, NOW_MS + 5],
        [two, NOW_MS],
      ]),
    );
  });

  it("touch neither the gate's own key nor one that was added by hand", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const byHand = newKey();
    ring.trust({ title: "Neighbour", publicText: byHand, fromMs: 0, untilMs: null });
    const before = ring.keys();
    const own = before.find(({ signs }) => signs)?.publicText ?? "";
    expect(trustManifestKeys(ring, [wanted(own), wanted(byHand, NOW_MS)], NOW_MS)).toEqual([]);
    trustManifestKeys(ring, [], NOW_MS);
    expect(ring.keys()).toEqual(before);
  });

  it("that are none are told of, and the others are trusted", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const right = newKey();
    const problems = trustManifestKeys(ring, [wanted("A".repeat(42) + "B"), wanted(right)], NOW_MS);
    expect(problems).toEqual([expect.stringContaining("Airport P2")]);
    expect(ring.keys().map(({ publicText }) => publicText)).toContain(right);
  });
});

describe("the gate's own key", () => {
  it("is told of once a start, until the manifest names it", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const told: { key_id: number; public_key: string }[] = [];
    let named = false;
    const tell = createKeyTelling(ring, {
      manifestEntry: () => (named ? {} : null),
      ticketKeyMade: (fact) => void told.push(fact),
    });
    tell(NOW_MS);
    tell(NOW_MS);
    const [own] = ring.keys();
    expect(told).toEqual([
      { key_id: own?.id, public_key: expect.any(String), at: "2026-05-01T12:00:00.000Z" },
    ]);
    expect(
      Buffer.from(told[0]?.public_key ?? "", "base64")
        .subarray(12)
        .toString("base64url"),
    ).toBe(own?.publicText);
    ring.rotate(NOW_MS + 1_000);
    tell(NOW_MS + 1_000);
    expect(told).toHaveLength(2);
    named = true;
    ring.rotate(NOW_MS + 2_000);
    tell(NOW_MS + 2_000);
    expect(told).toHaveLength(2);
  });
});

describe("zone quotas", () => {
  it("are the manifest's from the moment it says so, else the configuration's", () => {
    const zones = [
      { name: "house", title: "House", parent: null, capacity: 60 },
      { name: "yard", title: "Yard", parent: null, capacity: 40 },
    ];
    const quotas = new Map<string, number>();
    const facility = withZoneQuotas(
      {
        id: asId<FacilityId>("0192a000-0000-7000-8000-000000000001"),
        slug: "f",
        name: "F",
        timeZone: "UTC",
        currency: asCurrency("EUR"),
        capacity: 100,
        zones,
      },
      (zone) => quotas.get(zone) ?? null,
    );
    const capacities = () => facility.zones.map(({ capacity }) => capacity);
    expect(capacities()).toEqual([60, 40]);
    quotas.set("yard", 0);
    expect(capacities()).toEqual([60, 0]);
  });
});
