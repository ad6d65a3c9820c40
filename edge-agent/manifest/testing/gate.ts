import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import { EUR, HOUSE, newMint, openStore, START_MS } from "../../store/testing/gate-db.ts";
import type { Rest } from "../../store/turns.ts";
import { createManifestTaking, type AskManifest, type PageOutcome } from "../taking.ts";
import { FACILITY_ID } from "./paper-cloud.ts";

/** A gate's real store, and what takes manifests into it. */

export const PLACE = { currency: EUR, timeZone: "Europe/Berlin", zones: HOUSE.zones };
const NO_REST: Rest = () => Promise.resolve();

export function openGate(path: string, ask: AskManifest, rest = NO_REST) {
  const { db, store } = openStore(path, newMint(), HOUSE);
  const clock = { wallMs: () => START_MS, monotonicMs: () => 0 };
  const taking = createManifestTaking({ ask, store, facilityId: FACILITY_ID, place: PLACE, clock, rest });
  return {
    db,
    store,
    takePage: (signingKey: string) => taking.takePage(signingKey, () => false),
    /** Pages until one is not followed by another. */
    pull: async (signingKey: string): Promise<PageOutcome> => {
      for (;;) {
        const outcome = await taking.takePage(signingKey, () => false);
        if (outcome.kind === "taken") await store.tidyManifests(rest);
        if (outcome.kind !== "more") return outcome;
      }
    },
    /** All entries that are in force. */
    entries: (): ReadonlyMap<string, string> => {
      const inForce = store.manifestInForce();
      if (inForce === null) return new Map();
      const sections = [
        "tariffs",
        "permits",
        "reservations",
        "blocked",
        "watched",
        "zones",
        "capacity",
        "staff",
        "ticket_keys",
        "later",
      ];
      return new Map(
        sections.flatMap((section) =>
          [...store.entriesOf(section, inForce)].map(
            ({ key, body }) => [`${section}\0${key}`, body] as const,
          ),
        ),
      );
    },
  };
}

export function permit(n: number, more: object = {}): ManifestChange {
  const body = {
    id: `P-${n}`,
    plates: [`B AB ${n}`],
    account: "Acme",
    valid_from: "2026-01-01T00:00:00Z",
    valid_until: "2027-01-01T00:00:00Z",
    ...more,
  };
  return { section: "permits", key: `P-${n}`, body: JSON.stringify(body) };
}

export function tariff(version: number, price: number): ManifestChange {
  const body = { id: "standard", version, document: { flat: { price } } };
  return { section: "tariffs", key: `standard@${version}`, body: JSON.stringify(body) };
}

export const removed = ({ section, key }: ManifestChange): ManifestChange => ({ section, key, body: null });
