import { z } from "zod";
import { momentOf, TIME_WORDS } from "../domain/moment.ts";
import type { Currency } from "../domain/money.ts";
import { err, ok, type Result } from "../domain/result.ts";
import { slugSchema } from "../protocol/gate-mqtt.ts";
import { parseTariff } from "./tariff.ts";
import type { Tariff } from "./tariff-model.ts";

/** One version of a tariff as it is handed over: in edge.yaml, in a file of its own, or in the manifest. */

/** Longer ones are no tariff. */
export const MAX_TARIFF_BYTES = 64 * 1024;

/** A version's name, the time from which it is in force, and the tariff document itself. */
export const tariffVersionShape = {
  id: slugSchema,
  version: z
    .int({ error: ({ input }) => (input === undefined ? "is missing" : "must be a whole number") })
    .min(1, "must be at least 1")
    .max(1_000_000_000, "must be at most 1000000000"),
  /** Local to the facility, or with an offset; left out = from when the gate takes it. */
  valid_from: z.string().max(40).optional(),
  document: z.unknown().optional(),
};

/** One version, found right for a facility. */
export type TariffOffer = {
  readonly tariff: Tariff;
  /** From when on it is in force, Unix ms; null = from when it is taken. */
  readonly fromMs: number | null;
  /** The document itself, as JSON. */
  readonly document: string;
};

/** What a facility's tariffs are read for. */
export type TariffPlace = { readonly currency: Currency; readonly timeZone: string };

/** A version whose shape is right. */
export type TariffVersionText = {
  readonly id: string;
  readonly version: number;
  readonly valid_from?: string | undefined;
  readonly document?: unknown;
};

export type OfferProblem = { readonly path: readonly string[]; readonly message: string };

/** Reads the document and the time of a version: every problem at once. */
export function readTariffOffer(
  { id, version, valid_from: validFrom, document }: TariffVersionText,
  place: TariffPlace,
): Result<TariffOffer, readonly OfferProblem[]> {
  const fromMs = validFrom === undefined ? null : momentOf(validFrom, place.timeZone);
  const timed = validFrom === undefined || fromMs !== null;
  const untimed = timed ? [] : [{ path: ["valid_from"], message: `must be ${TIME_WORDS}` }];
  const parsed = parseTariff(document, { id, version, ...place });
  if (parsed.ok && timed) return ok({ tariff: parsed.value, fromMs, document: JSON.stringify(document) });
  const wrong = parsed.ok ? [] : parsed.error;
  const inDocument = wrong.map(({ path, message }) => ({
    path: ["document", ...(path === "" ? [] : path.split("."))],
    message,
  }));
  return err([...untimed, ...inDocument]);
}
