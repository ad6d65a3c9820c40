import { closeSync, openSync, readSync } from "node:fs";
import { z } from "zod";
import { type ConfigProblem, readYamlConfig, type Report } from "@parkme/shared/config/yaml-config";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import {
  readTariffOffer,
  type TariffOffer,
  type TariffPlace,
  type TariffVersionText,
  tariffVersionShape,
} from "@parkme/shared/pricing/tariff-offer";

/**
 * A version of a tariff as it is handed over: `{ id, version, valid_from, document }` in JSON or YAML.
 *
 * ```json
 * { "id": "standard", "version": 4, "valid_from": "2026-12-01 00:00", "document": { "flat": { "price": 5 } } }
 * ```
 */

const versionFile = z.strictObject(tariffVersionShape);
const anyFile = z.looseObject({});

/** Reads a version: every problem at once, each with its line. */
export function parseTariffFile(
  text: string,
  place: TariffPlace,
): Result<TariffOffer, readonly ConfigProblem[]> {
  const read = readYamlConfig(text, versionFile);
  if (!read.ok) return read;
  const { value, sound, report, problems } = read.value;
  const { id = "standard", version = 1, valid_from: validFrom } = value ?? sound;
  const offer = readOffer(
    { id, version, valid_from: validFrom, document: sound.document },
    [],
    place,
    report,
  );
  return offer === null || problems().length > 0 ? err(problems()) : ok(offer);
}

/** Reads a version, or a document alone, which gets the name and version given. */
export function parseAnyTariff(
  text: string,
  place: TariffPlace,
  usual: { readonly id: string; readonly version: number },
): Result<TariffOffer, readonly ConfigProblem[]> {
  const read = readYamlConfig(text, anyFile);
  if (!read.ok) return read;
  const { value, report, problems } = read.value;
  if (value === null) return err(problems());
  if ("document" in value) return parseTariffFile(text, place);
  const tariff = readDocument(value, { ...usual, ...place }, [], report);
  return tariff === null ? err(problems()) : ok({ tariff, fromMs: null, document: JSON.stringify(value) });
}

/** A version whose shape is right: its document and its time are looked at here. Null = something was reported. */
export function readOffer(
  version: TariffVersionText,
  at: readonly PropertyKey[],
  place: TariffPlace,
  report: Report,
): TariffOffer | null {
  const read = readTariffOffer(version, place);
  if (read.ok) return read.value;
  for (const { path, message } of read.error) report([...at, ...path], message);
  return null;
}

function readDocument(
  document: unknown,
  identity: Parameters<typeof parseTariff>[1],
  at: readonly PropertyKey[],
  report: Report,
): Tariff | null {
  const parsed = parseTariff(document, identity);
  if (parsed.ok) return parsed.value;
  for (const { path, message } of parsed.error)
    report([...at, ...(path === "" ? [] : path.split("."))], message);
  return null;
}

/** The text of a file, or why there is none. A path may lead to a device without an end. */
export function readText(path: string, maxBytes: number): Result<string, string> {
  const buffer = Buffer.alloc(maxBytes + 1);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    let length = 0;
    let read = -1;
    while (read !== 0 && length <= maxBytes) {
      read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
    }
    return length > maxBytes
      ? err(`is longer than ${maxBytes} bytes`)
      : ok(buffer.toString("utf8", 0, length));
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return err(`cannot be read: ${why}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
