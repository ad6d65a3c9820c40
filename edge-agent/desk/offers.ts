import type { Currency } from "@parkme/shared/domain/money";
import type { Validation } from "@parkme/shared/pricing/quote-model";
import { valueOf } from "../config/desk-section.ts";
import type { EdgeFile } from "../config/schema.ts";

/** A merchant's discount as it may be given. */
export type Offer = {
  readonly merchant: string;
  readonly merchantTitle: string;
  readonly offer: string;
  readonly title: string;
  readonly validation: Validation;
  /** So many of all offers of the merchant on one day; null = without limit. */
  readonly dailyLimit: number | null;
};

/** What merchants of the facility may give, in the order of the configuration. */
export type Offers = {
  readonly all: readonly Offer[];
  readonly find: (merchant: string, offer: string) => Offer | null;
};

/** Throws for an offer that the configuration's checks have let through and that is none. */
export function createOffers(merchants: EdgeFile["merchants"], currency: Currency): Offers {
  const all = merchants.flatMap(({ name: merchant, title: merchantTitle, daily_limit, offers }) =>
    offers.map((section): Offer => {
      const value = valueOf(section, currency);
      if (!value.ok)
        throw new Error(`offer ${merchant}/${section.name}: ${value.error.key} ${value.error.message}`);
      const { name: offer, title } = section;
      const validation = { name: `${merchantTitle}: ${title}`, value: value.value };
      return { merchant, merchantTitle, offer, title, validation, dailyLimit: daily_limit ?? null };
    }),
  );
  return {
    all,
    find: (merchant, offer) => all.find((one) => one.merchant === merchant && one.offer === offer) ?? null,
  };
}
