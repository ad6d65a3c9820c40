import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { describeProblems, MAX_CONFIG_BYTES, readYamlConfig } from "@parkme/shared/config/yaml-config";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { TariffPlace } from "@parkme/shared/pricing/tariff-offer";
import { readText } from "./tariff-file.ts";

/** Whose tariff a command is about: the facility of a configuration, or what the command says. */

export type PlaceFlags = {
  readonly config?: string | undefined;
  readonly currency?: string | undefined;
  readonly "time-zone"?: string | undefined;
};

/** The data folder is that of the configuration; null = there is none. */
export type CommandPlace = TariffPlace & { readonly dataFolder: string | null };

/** No more of a configuration than is needed: its secrets need not be here. */
const partOfConfig = z.looseObject({
  facility: z.looseObject({ currency: z.string(), time_zone: z.string() }),
  data_dir: z.string().default("./data"),
});

export function placeOf(flags: PlaceFlags, usualConfig: string): Result<CommandPlace, string> {
  const { currency, "time-zone": timeZone } = flags;
  if (currency !== undefined && timeZone !== undefined && flags.config === undefined)
    return checked(currency, timeZone, null);
  const path = flags.config ?? usualConfig;
  if (flags.config === undefined && !existsSync(path))
    return err(`give --currency and --time-zone, or the configuration of a facility with --config FILE`);
  const text = readText(path, MAX_CONFIG_BYTES);
  if (!text.ok) return err(`${path} ${text.error}`);
  const read = readYamlConfig(text.value, partOfConfig);
  if (!read.ok) return err(describeProblems(path, read.error));
  const { value, problems } = read.value;
  if (value === null) return err(describeProblems(path, problems()));
  const { facility, data_dir: data } = value;
  return checked(
    currency ?? facility.currency,
    timeZone ?? facility.time_zone,
    resolve(dirname(resolve(path)), data),
  );
}

function checked(
  currency: string,
  timeZone: string,
  dataFolder: string | null,
): Result<CommandPlace, string> {
  if (!/^[A-Z]{3}$/.test(currency)) return err(`"${currency}" is not an ISO 4217 code, such as EUR`);
  if (!isTimeZone(timeZone)) return err(`"${timeZone}" is not an IANA time zone, such as Europe/Berlin`);
  return ok({ currency: asCurrency(currency), timeZone, dataFolder });
}
