import { closeSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  type ConfigProblem,
  MAX_CONFIG_BYTES,
  readYamlConfig,
  type Report,
} from "@parkme/shared/config/yaml-config";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { TariffOffer } from "@parkme/shared/pricing/tariff-offer";
import { readOffer } from "../tariffs/tariff-file.ts";
import { checkReferences, DEVICE_SECTIONS } from "./checks.ts";
import { edgeConfigSchema, type EdgeFile } from "./schema.ts";

export type EdgeConfig = Omit<EdgeFile, "tariff"> & {
  readonly tariff: OfferedTariff | null;
  /** Contents of the files that hold secrets, by the path as it stands in the configuration. */
  readonly secret: (path: string) => string;
};

/** The tariff that the configuration has in it, or the file that it is in and comes again in. */
export type OfferedTariff =
  { readonly kind: "inline"; readonly offer: TariffOffer } | { readonly kind: "file"; readonly path: string };

const MAX_SECRET_BYTES = 4_096;

/** Reads and checks a configuration file. Every problem is reported at once, with its line. */
export function loadConfig(path: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  let text: string | null;
  try {
    text = readText(path, MAX_CONFIG_BYTES);
  } catch (error) {
    return err([{ line: null, path: "", message: `cannot be read: ${messageOf(error)}` }]);
  }
  if (text === null)
    return err([{ line: null, path: "", message: `is longer than ${MAX_CONFIG_BYTES} bytes` }]);
  return parseConfig(text, dirname(resolve(path)));
}

/** As {@link loadConfig}, from text; relative paths in it are relative to `folder`. */
export function parseConfig(text: string, folder: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  const read = readYamlConfig(text, edgeConfigSchema);
  if (!read.ok) return read;
  const { value: file, sound, report, problems } = read.value;
  checkReferences(sound, report);
  const secrets = readSecrets(sound, folder, report);
  const tariff = readTariff(sound, folder, report);
  const found = problems();
  if (file === null || found.length > 0) return err(found);
  const secret = (name: string): string => {
    const known = secrets.get(name);
    if (known === undefined) throw new Error(`no secret was read from ${name}`);
    return known;
  };
  return ok({ ...file, data_dir: resolve(folder, file.data_dir), tariff, secret });
}

function readSecrets(file: Partial<EdgeFile>, folder: string, report: Report): Map<string, string> {
  const wanted: [readonly PropertyKey[], string][] = [];
  if (file.mqtt?.password_file !== undefined)
    wanted.push([["mqtt", "password_file"], file.mqtt.password_file]);
  if (file.cloud?.token_file !== undefined) wanted.push([["cloud", "token_file"], file.cloud.token_file]);
  for (const [i, { pin_file }] of (file.attendants ?? []).entries())
    wanted.push([["attendants", i, "pin_file"], pin_file]);
  for (const [i, { pin_file }] of (file.merchants ?? []).entries())
    wanted.push([["merchants", i, "pin_file"], pin_file]);
  for (const section of DEVICE_SECTIONS) {
    for (const [i, device] of (file[section] ?? []).entries()) {
      for (const [key, value] of Object.entries(device))
        if (key.endsWith("_file") && typeof value === "string") wanted.push([[section, i, key], value]);
    }
  }
  const secrets = new Map<string, string>();
  for (const [path, name] of wanted) {
    try {
      const secret = readText(resolve(folder, name), MAX_SECRET_BYTES)?.trim();
      if (secret === undefined) report(path, "names a file that is too long for a secret");
      else if (secret.length < 4) report(path, "names a file that holds no secret of 4 characters or more");
      else secrets.set(name, secret);
    } catch (error) {
      report(path, `names a file that cannot be read: ${messageOf(error)}`);
    }
  }
  return secrets;
}

function readTariff(
  { tariff, facility }: Partial<EdgeFile>,
  folder: string,
  report: Report,
): OfferedTariff | null {
  if (tariff === undefined || facility === undefined) return null;
  const { id, version, document, valid_from, file } = tariff;
  if (file !== undefined) return { kind: "file", path: resolve(folder, file) };
  if (id === undefined || version === undefined) return null;
  const place = { currency: asCurrency(facility.currency), timeZone: facility.time_zone };
  const offer = readOffer({ id, version, valid_from, document }, ["tariff"], place, report);
  return offer === null ? null : { kind: "inline", offer };
}

/** The text of a file, or null when it is longer than `maxBytes`: a path may lead to a device without an end. */
function readText(path: string, maxBytes: number): string | null {
  const buffer = Buffer.alloc(maxBytes + 1);
  const file = openSync(path, "r");
  try {
    let length = 0;
    let read = -1;
    while (read !== 0 && length <= maxBytes) {
      read = readSync(file, buffer, length, buffer.length - length, null);
      length += read;
    }
    return length > maxBytes ? null : buffer.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
