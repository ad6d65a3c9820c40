import { asCurrency } from "../../domain/money.ts";
import type { Tariff } from "../tariff-model.ts";
import { parseTariff } from "../tariff.ts";

/** A tariff of a document that must be right, for tests of everything that prices. */
export function tariffOf(
  document: unknown,
  {
    currency = "EUR",
    timeZone = "Europe/Berlin",
    id = "standard",
    version = 1,
  }: {
    readonly currency?: string;
    readonly timeZone?: string;
    readonly id?: string;
    readonly version?: number;
  } = {},
): Tariff {
  const parsed = parseTariff(document, { id, version, currency: asCurrency(currency), timeZone });
  if (parsed.ok) return parsed.value;
  const problems = parsed.error.map(({ path, message }) => `${path}: ${message}`);
  throw new Error(`the test's tariff is wrong:\n${problems.join("\n")}`);
}
