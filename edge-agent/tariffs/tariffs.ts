import type { ConfigProblem } from "@parkme/shared/config/yaml-config";
import type { Facility } from "@parkme/shared/domain/facility";
import type { Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import { dueOf, type Due } from "@parkme/shared/pricing/due";
import { quote as quoteOf } from "@parkme/shared/pricing/quote";
import type { PricedRight, PricingRefusal, Quote, StayToPrice } from "@parkme/shared/pricing/quote-model";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { quoteByVersions } from "@parkme/shared/pricing/versions";
import type { TariffView } from "@parkme/shared/protocol/kiosk-desk";
import type { PassQuota } from "../store/priced-rights.ts";
import type { TakenTariff, TariffRow } from "../store/tariffs.ts";
import { createTaking, type TakingOptions } from "./taking.ts";
import { passQuota } from "./pass-quota.ts";
import { createTariffBook } from "./tariff-book.ts";
import { viewOf } from "./tariff-view.ts";

/** What the store keeps of tariffs, and knows of rights. */
export type TariffStore = TakingOptions["store"] & {
  readonly tariffVersions: () => readonly TariffRow[];
  readonly tariffDocument: (id: string, version: number) => string | null;
  /** What pays for a stay's time, as known now; `quotaOf` says how much a pass of the tariff pays for. */
  readonly pricedRight: (
    account: StayAccount,
    quotaOf: (pass: string) => PassQuota | null,
  ) => PricedRight | null;
};

export type TariffsOptions = TakingOptions & {
  readonly store: TariffStore;
  readonly facility: Pick<Facility, "currency" | "timeZone">;
};

/** The tariffs of the gate: which are in force, and what stays cost by them. */
export type Tariffs = {
  /** What a stay has to pay now; of one that has left, what it had to pay then. */
  readonly due: (account: StayAccount, nowMs: number) => Result<Due, PricingRefusal>;
  /** What a stay costs that ends at `exitMs`, whatever was paid. */
  readonly quote: (account: StayAccount, exitMs: number) => Result<Quote, PricingRefusal>;
  /** The tariff of a stay that begins now. */
  readonly inForce: (nowMs: number) => Tariff | null;
  /** Takes a version, as the text of a tariff file. An error has every problem; the last good one stays in force. */
  readonly offer: (
    text: string,
    source: string,
    nowMs: number,
  ) => Result<TakenTariff, readonly ConfigProblem[]>;
  /** Versions were written to the store from elsewhere: those of the manifest. */
  readonly reload: () => void;
  readonly view: (nowMs: number) => TariffView;
  /** Takes what the configuration offers, and looks at its file from then on. Resolves after the first look. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
};

/** Versions taken before are in force from the moment this returns, without a start. */
export function createTariffs(options: TariffsOptions): Tariffs {
  const { store, facility } = options;
  const place = { currency: facility.currency, timeZone: facility.timeZone };
  const taking = createTaking(options, place, () => book.reload());
  const book = createTariffBook(store, place, ({ id, version }, problem) =>
    taking.unreadable(id, version, `Tariff ${id} ${version} cannot be read any more: ${problem}`),
  );

  function quote(account: StayAccount, exitMs: number): Result<Quote, PricingRefusal> {
    const { tariff: at, entryWallMs } = account;
    const versions = book.versionsFor(entryWallMs, exitMs, at);
    // One that is not readable any more leaves the one before it in force, for its stays too.
    const named = versions.find(({ tariff: { id, version } }) => id === at?.id && version === at.version);
    const { tariff } = named ?? versions[0] ?? { tariff: null };
    // Minutes of a pass count in the period in which a stay ends.
    const right = store.pricedRight(account, (pass) =>
      tariff === null ? null : passQuota(tariff, pass, exitMs),
    );
    return quoteByVersions(versions, named === undefined ? null : at, stayToPrice(account, exitMs, right));
  }

  function view(nowMs: number): TariffView {
    const now = book.inForce(nowMs);
    const document = now === null ? null : store.tariffDocument(now.row.id, now.row.version);
    const parts = {
      inForce: now === null || document === null ? null : { ...now, document },
      coming: book.rows().filter(({ fromMs }) => fromMs > nowMs),
      refused: taking.refused(),
      price: (stay: StayToPrice) => quoteOf(now?.tariff ?? null, stay),
    };
    return viewOf(parts, nowMs);
  }

  return {
    quote,
    due: (account, nowMs) => {
      const { creditedMinor, settledWallMs: settledMs, exitWallMs } = account;
      const quoteAt = (exitMs: number) => quote(account, exitMs);
      return dueOf({ quoteAt, creditedMinor, settledMs }, exitWallMs ?? nowMs);
    },
    inForce: (nowMs) => book.inForce(nowMs)?.tariff ?? null,
    offer: taking.offer,
    reload: book.reload,
    view,
    start: taking.start,
    stop: taking.stop,
  };
}

function stayToPrice(account: StayAccount, exitMs: number, right: PricedRight | null): StayToPrice {
  const { entryWallMs, vehicleType, ev, accessible, occupancyPercent, lostTicket, penalties } = account;
  const validations = account.validations.map(({ name, value }) => ({ name, value }));
  return {
    entryMs: entryWallMs,
    exitMs,
    vehicleType,
    ev,
    accessible,
    occupancyPercent,
    right,
    lostTicket,
    validations,
    penalties,
  };
}
