import { err, ok, type Result } from "../domain/result.ts";
import { compileTariff, type TariffIdentity } from "./document/compile.ts";
import { tariffSchema } from "./document/schema.ts";
import { problemsOf, sentenceOf, type TariffProblem } from "./document/words.ts";
import type { Tariff } from "./tariff-model.ts";

/**
 * Reads a tariff document: JSON with one key for each pricing rule it uses, so that new rules add keys and old
 * documents keep their meaning. TARIFFS.md describes every key. Prices are decimals in the facility's currency.
 *
 *     {"flat": {"price": 5}}
 *     {"slabs": [{"max_hours": 1, "price": 5}, {"max_hours": 3, "price": 12}, {"max_hours": null, "price": 30}]}
 *
 * An error has every problem at once, in the order of the document, each with its path and a sentence. Never throws
 * for what a document says.
 */
export function parseTariff(
  document: unknown,
  identity: TariffIdentity,
): Result<Tariff, readonly TariffProblem[]> {
  const parsed = tariffSchema(identity.currency).safeParse(document, { error: sentenceOf });
  return parsed.success
    ? ok(compileTariff(parsed.data, identity))
    : err(problemsOf(parsed.error.issues, document));
}
