import type { Facility } from "@parkme/shared/domain/facility";
import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { Now } from "@parkme/shared/domain/clock";
import { quote } from "@parkme/shared/pricing/quote";
import type { Tariff } from "@parkme/shared/pricing/tariff";
import { matchPlate } from "../plates/match.ts";
import type { InsideStay, Store } from "../store/store.ts";
import type { EntryFacts, ExitFacts, Facts, FactsRequest, LaneConfig } from "./machine/model.ts";

export type FactSources = {
  readonly store: Pick<Store, "inside" | "admitted" | "insideLike">;
  readonly facility: Facility;
  readonly tariff: Tariff | null;
};

/** Gathers what a lane machine asked for, from the store as it is now. */
export function gatherFacts(request: FactsRequest, lane: LaneConfig, now: Now, sources: FactSources): Facts {
  const alike = sources.store.insideLike(request.plate);
  return lane.direction === "entry"
    ? entryFacts(request, alike, sources)
    : exitFacts(request, alike, now, sources);
}

function entryFacts(
  request: FactsRequest,
  alike: readonly InsideStay[],
  { store, facility }: FactSources,
): EntryFacts {
  // An entry compares plates exactly: a look-alike is another vehicle until somebody says otherwise.
  const same = alike.find((inside) => inside.plate === request.plate && !inside.missedExit);
  return {
    ...request,
    direction: "entry",
    taken: store.inside() + store.admitted(),
    capacity: facility.capacity,
    stay: same === undefined ? null : stayOf(same),
  };
}

function exitFacts(
  request: FactsRequest,
  alike: readonly InsideStay[],
  now: Now,
  { tariff }: FactSources,
): ExitFacts {
  const facts = { ...request, direction: "exit", pricingRefusal: null } as const;
  const matched = matchOnce(request.plate, alike);
  if (matched.kind !== "one") return { ...facts, match: matched };
  const { stay: inside } = matched;
  const priced = quote(tariff, { entryMs: inside.entryWallMs, exitMs: now.wallMs });
  if (!priced.ok)
    return { ...facts, match: { kind: "one", stay: stayOf(inside) }, pricingRefusal: priced.error.message };
  const amountMinor = Math.max(0, priced.value.total.amountMinor - inside.paidMinor);
  return {
    ...facts,
    match: { kind: "one", stay: { ...stayOf(inside), due: { quote: priced.value, amountMinor } } },
  };
}

type Matched =
  Exclude<ExitFacts["match"], { kind: "one" }> | { readonly kind: "one"; readonly stay: InsideStay };

/** A stay whose vehicle came in again since is only considered when no other fits. */
function matchOnce(plate: string, alike: readonly InsideStay[]): Matched {
  const current = alike.filter((inside) => !inside.missedExit);
  const match = matchPlate(plate, current.length > 0 ? current : alike);
  switch (match.kind) {
    case "exact":
    case "near":
      return { kind: "one", stay: match.stay };
    case "ambiguous":
      return { kind: "several", count: match.candidates.length };
    case "none":
      return { kind: "none" };
    default:
      return match satisfies never;
  }
}

function stayOf({ stayId, ticketNumber, plate, entryWallMs, status }: InsideStay): StayInHand {
  return { stayId, ticketNumber, plate, entryWallMs, status, due: null };
}
