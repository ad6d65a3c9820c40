import { z } from "zod";
import { parseDecimal, type Currency } from "../domain/money.ts";
import { err, ok, type Result } from "../domain/result.ts";

/**
 * A tariff document is JSON with one key per pricing rule it uses, so that new rules add keys and old documents
 * keep their meaning. Prices are decimals in the facility's currency.
 *
 *     {"flat": {"price": 5}}
 *     {"slabs": [{"max_hours": 1, "price": 5}, {"max_hours": 3, "price": 12}, {"max_hours": null, "price": 30}]}
 */
const price = z.union([z.number(), z.string().max(20)]);

const flatDocument = z.strictObject({
  name: z.string().min(1).max(80).optional(),
  flat: z.strictObject({ price }),
});

const slabDocument = z.strictObject({
  name: z.string().min(1).max(80).optional(),
  slabs: z
    .array(
      z.strictObject({
        max_hours: z
          .number()
          .positive()
          .max(24 * 400)
          .nullable(),
        price,
      }),
    )
    .min(1)
    .max(200),
});

export const tariffDocumentSchema = z.union([flatDocument, slabDocument]);

/** A validated tariff, ready to price with. `version` tells which text a stay was priced by. */
export type Tariff = {
  readonly id: string;
  readonly version: number;
  readonly currency: Currency;
  readonly name: string;
  readonly rule:
    | { readonly kind: "flat"; readonly priceMinor: number }
    | { readonly kind: "slab"; readonly slabs: readonly Slab[] };
};

/** Stays of up to `maxMs` milliseconds, inclusive, cost `priceMinor`; the last slab has no limit. */
export type Slab = { readonly maxMs: number | null; readonly priceMinor: number };

/** One thing that is wrong with a tariff document: where, and what, in words for the person who wrote it. */
export type TariffProblem = { readonly path: string; readonly message: string };

export type TariffIdentity = { readonly id: string; readonly version: number; readonly currency: Currency };

/** Validates a tariff document and reports every problem at once. */
export function parseTariff(
  document: unknown,
  identity: TariffIdentity,
): Result<Tariff, readonly TariffProblem[]> {
  const kind =
    typeof document === "object" && document !== null && "slabs" in document ? slabDocument : flatDocument;
  const parsed = kind.safeParse(document);
  if (!parsed.success) {
    return err(parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })));
  }
  const problems: TariffProblem[] = [];
  const minor = (value: string | number, path: string): number =>
    priceMinor(value, path, identity.currency, problems);
  const text = parsed.data;
  const rule: Tariff["rule"] =
    "flat" in text
      ? { kind: "flat", priceMinor: minor(text.flat.price, "flat.price") }
      : { kind: "slab", slabs: readSlabs(text.slabs, minor, problems) };
  if (problems.length > 0) return err(problems);
  const name = text.name ?? (rule.kind === "flat" ? "Flat Rate" : "Slab Rate");
  return ok({ ...identity, name, rule });
}

function readSlabs(
  slabs: readonly { max_hours: number | null; price: string | number }[],
  minor: (value: string | number, path: string) => number,
  problems: TariffProblem[],
): Slab[] {
  let previousMs = 0;
  return slabs.map((slab, i) => {
    const last = i === slabs.length - 1;
    const maxMs = slab.max_hours === null ? null : Math.round(slab.max_hours * 3_600_000);
    if (maxMs === null && !last) {
      problems.push({
        path: `slabs.${i}.max_hours`,
        message: "only the last slab may be open-ended; later ones are unreachable",
      });
    }
    if (maxMs !== null && maxMs <= previousMs) {
      problems.push({ path: `slabs.${i}.max_hours`, message: "must be longer than the slab before it" });
    }
    if (maxMs !== null && last) {
      problems.push({
        path: `slabs.${i}.max_hours`,
        message: `no slab covers a stay of more than ${slab.max_hours} h; end with null`,
      });
    }
    previousMs = maxMs ?? previousMs;
    return { maxMs, priceMinor: minor(slab.price, `slabs.${i}.price`) };
  });
}

function priceMinor(
  value: string | number,
  path: string,
  currency: Currency,
  problems: TariffProblem[],
): number {
  const parsed = parseDecimal(value, currency);
  if (!parsed.ok) {
    const why = {
      not_a_number: "is not a decimal number",
      too_many_decimals: `has more decimals than ${currency} allows`,
      out_of_range: "is too large",
    }[parsed.error];
    problems.push({ path, message: why });
    return 0;
  }
  if (parsed.value.amountMinor < 0) problems.push({ path, message: "must not be negative" });
  return parsed.value.amountMinor;
}
