import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import {
  type ConfigProblem,
  MAX_CONFIG_BYTES,
  readYamlConfig,
  type Report,
} from "@parkme/shared/config/yaml-config";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { readTariffOffer, tariffVersionShape } from "@parkme/shared/pricing/tariff-offer";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { checkPlaces, placesOf, placesShape, type ProvisionedPlaces } from "./provision-places.ts";
import { readBounded, readSecret, reasonOf } from "./secret-file.ts";

/** What a provisioning file says should exist. Secrets are read; of a token only its hash travels on. */
export type Provision = {
  readonly organisation: { readonly slug: string; readonly name: string };
  readonly facilities: readonly ProvisionedFacility[];
  readonly users: readonly { readonly email: string; readonly name: string; readonly password: string }[];
};

export type ProvisionedFacility = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly capacity: number;
  readonly lanes: readonly {
    readonly slug: string;
    readonly name: string;
    readonly direction: "entry" | "exit";
  }[];
  /** Null = it enrols with a code, or has none yet. */
  readonly edge: { readonly id: string; readonly tokenHash: Buffer } | null;
  /** Left out: as it is. */
  readonly places?: ProvisionedPlaces;
  /** Published when it is not known yet; left out: as it is. */
  readonly tariff?: ProvisionedTariff;
};

export type ProvisionedTariff = {
  readonly id: string;
  readonly version: number;
  /** As in a tariff file: see shared/pricing/TARIFFS.md. */
  readonly document?: unknown;
};

/** 22 characters of base64url hold 128 bits. */
const MIN_TOKEN_LENGTH = 22;
const MIN_PASSWORD_LENGTH = 8;

const name = z.string().trim().min(1).max(80);
const secretFile = z.string().min(1).max(4_096);

const fileSchema = z.strictObject({
  organisation: z.strictObject({ slug: slugSchema, name }),
  facilities: z
    .array(
      z.strictObject({
        id: z.uuid().toLowerCase(),
        slug: slugSchema,
        name,
        time_zone: z.string().max(60).refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin"),
        currency: z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code, such as EUR"),
        capacity: z.number().int().min(1).max(100_000),
        lanes: z
          .array(z.strictObject({ slug: slugSchema, name, direction: z.enum(["entry", "exit"]) }))
          .min(1)
          .max(64),
        edge: z.strictObject({ id: z.uuid().toLowerCase(), token_file: secretFile }).optional(),
        ...placesShape,
        tariff: z
          .strictObject({
            id: tariffVersionShape.id,
            version: tariffVersionShape.version,
            document: tariffVersionShape.document,
          })
          .optional(),
      }),
    )
    .max(1_000),
  users: z
    .array(z.strictObject({ email: z.email().max(254).toLowerCase(), name, password_file: secretFile }))
    .max(1_000),
});
type ProvisionFile = z.infer<typeof fileSchema>;

/**
 * Reads a provisioning file and the secrets it names (paths relative to the file, mode 0600).
 *
 * @returns every problem at once, each with its place in the file and without the values of secrets.
 */
export async function readProvisionFile(path: string): Promise<Result<Provision, readonly ConfigProblem[]>> {
  const text = await readBounded(path, MAX_CONFIG_BYTES).catch((error: unknown) => reasonOf(error));
  if (typeof text !== "string") return err([{ line: null, path: "", message: text.message }]);
  const read = readYamlConfig(text, fileSchema);
  if (!read.ok) return read;
  const { value: file, report, problems } = read.value;
  if (file === null) return err(problems());
  findRepeats(file, report);
  const secret: SecretReader = async (keys, name, minLength) => {
    const found = await readSecret(resolve(dirname(path), name), minLength);
    if (found.ok) return found.value;
    report(keys, found.error);
    return "";
  };
  const provision = await withSecrets(file, secret);
  return problems().length > 0 ? err(problems()) : ok(provision);
}

type SecretReader = (keys: readonly PropertyKey[], file: string, minLength: number) => Promise<string>;

async function withSecrets(file: ProvisionFile, secret: SecretReader): Promise<Provision> {
  // One after another, so that problems come in the order of the file.
  const facilities: ProvisionedFacility[] = [];
  for (const [index, { time_zone: timeZone, edge, ...all }] of file.facilities.entries()) {
    const { id, slug, name: title, currency, capacity, lanes } = all;
    const tariff = all.tariff === undefined ? {} : { tariff: all.tariff };
    const facility = { id, slug, name: title, currency, capacity, lanes, places: placesOf(all), ...tariff };
    if (edge === undefined) {
      facilities.push({ ...facility, timeZone, edge: null });
      continue;
    }
    const keys = ["facilities", index, "edge", "token_file"];
    const token = await secret(keys, edge.token_file, MIN_TOKEN_LENGTH);
    const tokenHash = createHash("sha256").update(token).digest();
    facilities.push({ ...facility, timeZone, edge: { id: edge.id, tokenHash } });
  }
  const users: Provision["users"][number][] = [];
  for (const [index, { password_file: passwordFile, ...user }] of file.users.entries()) {
    const password = await secret(["users", index, "password_file"], passwordFile, MIN_PASSWORD_LENGTH);
    users.push({ ...user, password });
  }
  return { organisation: file.organisation, facilities, users };
}

/** Two of what there may be one of: each would silently win over the other; and what does not fit together. */
function findRepeats(file: ProvisionFile, report: Report): void {
  const once = (seen: Set<string>, value: string, keys: readonly PropertyKey[]) => {
    if (seen.has(value)) report(keys, "is there twice");
    seen.add(value);
  };
  const [ids, slugs, edges, emails] = [
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
    new Set<string>(),
  ];
  for (const [index, facility] of file.facilities.entries()) {
    once(ids, facility.id, ["facilities", index, "id"]);
    once(slugs, facility.slug, ["facilities", index, "slug"]);
    if (facility.edge !== undefined) once(edges, facility.edge.id, ["facilities", index, "edge", "id"]);
    const laneSlugs = new Set<string>();
    checkPlaces(facility, ["facilities", index], report);
    checkTariff(facility, ["facilities", index, "tariff"], report);
    for (const [place, lane] of facility.lanes.entries()) {
      once(laneSlugs, lane.slug, ["facilities", index, "lanes", place, "slug"]);
    }
  }
  for (const [index, user] of file.users.entries()) once(emails, user.email, ["users", index, "email"]);
}

function checkTariff(
  { tariff, currency, time_zone: timeZone }: ProvisionFile["facilities"][number],
  keys: readonly PropertyKey[],
  report: Report,
): void {
  if (tariff === undefined) return;
  const offer = readTariffOffer(tariff, { currency: asCurrency(currency), timeZone });
  if (!offer.ok) for (const { path, message } of offer.error) report([...keys, ...path], message);
}
