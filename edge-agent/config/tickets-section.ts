import { z } from "zod";
import type { Report } from "@parkme/shared/config/yaml-config";
import { MAX_WINDOW_HOURS } from "@parkme/shared/domain/ticket-code";
import { offerNumber } from "../tickets/code-numbers.ts";

/** Signed tickets: how long keys sign, and how long a ticket is good for that the store has lost. */

const MAX_VALID_DAYS = Math.floor(MAX_WINDOW_HOURS / 24);

const fields = z.strictObject({
  /** A new key signs after so many days; the keys before it go on proving what they signed. */
  rotate_days: z.number().int().min(1).max(3_650).default(90),
  /** A ticket that the store knows is good as long as its stay lasts. */
  valid_days: z.number().int().min(1).max(MAX_VALID_DAYS).default(90),
});
export const ticketsSection = fields.default({ rotate_days: 90, valid_days: 90 });

type Merchants = readonly { readonly name: string; readonly offers: readonly { readonly name: string }[] }[];

/** Codes name an offer by a hash of its names: of two with the same one, either would pass for the other. */
export function checkOfferNumbers(merchants: Merchants | undefined, report: Report): void {
  const names = new Map<number, string>();
  for (const [i, { name, offers }] of (merchants ?? []).entries()) {
    for (const [k, offer] of offers.entries()) {
      const number = offerNumber(name, offer.name);
      const both = `${name}/${offer.name}`;
      const other = names.get(number);
      if (other !== undefined && other !== both)
        report(
          ["merchants", i, "offers", k, "name"],
          `has the same number in codes as ${other}: name it otherwise`,
        );
      names.set(number, both);
    }
  }
}
