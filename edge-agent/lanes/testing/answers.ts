import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { Now } from "@parkme/shared/domain/clock";
import { plateShape } from "@parkme/shared/domain/plate";
import type { StayId } from "@parkme/shared/domain/ids";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { matchPlate } from "../../plates/match.ts";
import type { EntryFacts, ExitFacts, Facts, FactsRequest, LaneConfig, Right } from "../machine/model.ts";
import type { Book, BookedStay } from "./book.ts";

/** What a stay costs at the site of a test: nothing at first, and then so much. */
export type Price = { readonly freeMs: number; readonly minor: number };

/** What the site of a test is like, as its lanes are told. A test changes it as it goes. */
export type Site = {
  capacity: number;
  price: Price | null;
  /** Room in the zones that have a limit. */
  zoneCapacity: ReadonlyMap<string, number>;
  /** By plate, card or code. */
  rights: ReadonlyMap<string, Right>;
  listed: ReadonlyMap<string, "blocked" | "watched">;
  /** Anti-passback was reset. */
  neutral: boolean;
};

/** What is still due for a stay, and its quote; null where the site has no price. */
export function dueFor(
  { stay, paidMinor, adjustedMinor }: BookedStay,
  { price }: Pick<Site, "price">,
  now: Now,
): { readonly quote: Quote; readonly amountMinor: number } | null {
  if (price === null) return null;
  const parked = stay.right !== null || now.wallMs - stay.entryWallMs <= price.freeMs ? 0 : price.minor;
  const totalMinor = Math.max(0, parked + adjustedMinor);
  return { quote: plainQuote(totalMinor), amountMinor: Math.max(0, totalMinor - paidMinor) };
}

/** Answers what a lane asks, from the book as earlier turns left it. */
export function answer(request: FactsRequest, site: Site, book: Book, config: LaneConfig, now: Now): Facts {
  return request.direction === "entry"
    ? entryFacts(request, site, book, config)
    : exitFacts(request, site, book, now);
}

function entryFacts(request: FactsRequest, site: Site, book: Book, config: LaneConfig): EntryFacts {
  const { plate, credential } = request;
  const here = [...book.stays.values()].filter(isHere).toReversed();
  // An entry compares plates exactly: a look-alike is another vehicle until somebody says otherwise.
  const same = here.find((one) => shownBefore(one, request) || (plate !== null && one.stay.plate === plate));
  const outdated = same?.review === "missed_exit";
  return {
    ...request,
    direction: "entry",
    full: fullPlace(site, book, config),
    right: site.rights.get(credential?.text ?? "") ?? site.rights.get(plate ?? "") ?? null,
    listed: site.listed.get(plate ?? "") ?? site.listed.get(credential?.text ?? "") ?? null,
    stay: same === undefined || outdated ? null : inHand(same),
    neutral: site.neutral,
  };
}

function fullPlace(site: Site, book: Book, config: LaneConfig): string | null {
  const admitted = [...book.stays.values()].filter(
    ({ status, review }) => status === "provisional" && review === null,
  );
  if (!config.inner && Math.max(0, book.inside()) + admitted.length >= site.capacity) return "Harbour Square";
  const full = config.zones.find(
    ({ zone, by }) => by === 1 && book.inZone(zone) >= (site.zoneCapacity.get(zone) ?? Infinity),
  );
  return full?.zone ?? null;
}

function exitFacts(request: FactsRequest, site: Site, book: Book, now: Now): ExitFacts {
  const facts = { ...request, direction: "exit", pricingRefusal: null } as const;
  const match = matchOf(request, book);
  if (match.kind !== "one") return { ...facts, match };
  const { booked } = match;
  const due = dueFor(booked, site, now);
  return {
    ...facts,
    match: { kind: "one", stay: { ...inHand(booked), due }, chargedAt: book.chargedAt(booked.stay.stayId) },
    pricingRefusal: due === null ? "No tariff is in force" : null,
  };
}

type Matched =
  | { readonly kind: "one"; readonly booked: BookedStay }
  | { readonly kind: "none" }
  | { readonly kind: "several"; readonly count: number };

function matchOf(request: FactsRequest, book: Book): Matched {
  const { plate, credential, stayId } = request;
  if (stayId !== null) return matchById(stayId, book);
  const here = [...book.stays.values()].filter(isHere).toReversed();
  const shown = here.find((one) => shownBefore(one, request));
  if (shown !== undefined) return { kind: "one", booked: shown };
  if (credential !== null || plate === null) return { kind: "none" };
  const alike = here.filter(
    ({ stay }) => stay.plate !== null && plateShape(stay.plate) === plateShape(plate),
  );
  const current = alike.filter(({ review }) => review !== "missed_exit");
  const among = (current.length > 0 ? current : alike).map((booked) => ({
    booked,
    plate: booked.stay.plate,
  }));
  const match = matchPlate(plate, among);
  switch (match.kind) {
    case "exact":
    case "near":
      return { kind: "one", booked: match.stay.booked };
    case "ambiguous":
      return { kind: "several", count: match.candidates.length };
    case "none":
      return { kind: "none" };
    default:
      return match satisfies never;
  }
}

function matchById(stayId: StayId, book: Book): Matched {
  const booked = book.stays.get(stayId);
  return booked !== undefined && isHere(booked) ? { kind: "one", booked } : { kind: "none" };
}

function isHere({ status }: BookedStay): boolean {
  return status === "provisional" || status === "open";
}

function shownBefore({ stay, credential }: BookedStay, { credential: shown }: FactsRequest): boolean {
  if (shown === null) return false;
  if (shown.kind === "ticket") return stay.ticketNumber === shown.text;
  return credential?.kind === shown.kind && credential.text === shown.text;
}

function inHand({ stay, status }: BookedStay): StayInHand {
  return { ...stay, status: status === "open" ? "open" : "provisional", due: null };
}
