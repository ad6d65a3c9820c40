import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isScalar, isMap, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";

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
  readonly edge: { readonly id: string; readonly tokenHash: Buffer };
};

const MAX_FILE_BYTES = 1_048_576;
const MAX_SECRET_BYTES = 1_024;
/** 22 characters of base64url hold 128 bits. */
const MIN_TOKEN_LENGTH = 22;
const MIN_PASSWORD_LENGTH = 8;
const MAX_PASSWORD_LENGTH = 200;

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
        edge: z.strictObject({ id: z.uuid().toLowerCase(), token_file: secretFile }),
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
export async function readProvisionFile(path: string): Promise<Result<Provision, readonly string[]>> {
  const text = await readBounded(path, MAX_FILE_BYTES).catch((error: unknown) => reasonOf(error));
  if (typeof text !== "string") return err([`${path}: ${text.message}`]);

  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return err(
      document.errors.map((error) => `${path}:${lines.linePos(error.pos[0]).line}: ${firstLine(error)}`),
    );
  }
  const at = (keys: readonly PropertyKey[]) => `${path}:${lineOf(document, keys, lines)}: ${keys.join(".")}`;

  const value = unfold(document);
  if (!value.ok) return err([`${path}: ${value.error}`]);
  const parsed = fileSchema.safeParse(value.value);
  if (!parsed.success) {
    return err(parsed.error.issues.map((issue) => `${at(placeOf(issue))}: ${issue.message}`));
  }
  const problems: string[] = findRepeats(parsed.data).map(({ keys, what }) => `${at(keys)}: ${what}`);
  const secret = async (keys: readonly PropertyKey[], file: string, minLength: number) => {
    const read = await readSecret(resolve(dirname(path), file), minLength);
    if (read.ok) return read.value;
    problems.push(`${at(keys)}: ${read.error}`);
    return "";
  };
  const provision = await withSecrets(parsed.data, secret);
  return problems.length > 0 ? err(problems) : ok(provision);
}

/** Aliases may multiply a small file into a huge value; the parser stops at a number of them. */
function unfold(document: Document): Result<unknown, string> {
  try {
    return ok(document.toJS({ maxAliasCount: 10 }));
  } catch (error) {
    return err(reasonOf(error).message);
  }
}

type SecretReader = (keys: readonly PropertyKey[], file: string, minLength: number) => Promise<string>;

async function withSecrets(file: ProvisionFile, secret: SecretReader): Promise<Provision> {
  // One after another, so that problems come in the order of the file.
  const facilities: ProvisionedFacility[] = [];
  for (const [index, { time_zone: timeZone, edge, ...facility }] of file.facilities.entries()) {
    const token = await secret(
      ["facilities", index, "edge", "token_file"],
      edge.token_file,
      MIN_TOKEN_LENGTH,
    );
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

async function readSecret(path: string, minLength: number): Promise<Result<string, string>> {
  try {
    const value = (await readBounded(path, MAX_SECRET_BYTES)).trim();
    if (((await stat(path)).mode & 0o077) !== 0)
      return err(`${path} can be read by others: chmod 600 ${path}`);
    if (value.length < minLength) return err(`${path} holds fewer than ${minLength} characters`);
    if (value.length > MAX_PASSWORD_LENGTH)
      return err(`${path} holds more than ${MAX_PASSWORD_LENGTH} characters`);
    return ok(value);
  } catch (error) {
    return err(reasonOf(error).message);
  }
}

/** Two of what there may be one of: each would silently win over the other. */
function findRepeats(file: ProvisionFile): { keys: PropertyKey[]; what: string }[] {
  const repeats: { keys: PropertyKey[]; what: string }[] = [];
  const once = (seen: Set<string>, value: string, keys: PropertyKey[]) => {
    if (seen.has(value)) repeats.push({ keys, what: `${value} is there twice` });
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
    once(edges, facility.edge.id, ["facilities", index, "edge", "id"]);
    const laneSlugs = new Set<string>();
    for (const [place, lane] of facility.lanes.entries()) {
      once(laneSlugs, lane.slug, ["facilities", index, "lanes", place, "slug"]);
    }
  }
  for (const [index, user] of file.users.entries()) once(emails, user.email, ["users", index, "email"]);
  return repeats;
}

/** By name only: an offset such as +02:00 means the opposite in PostgreSQL, and knows no summer time. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** An unknown key is reported for its parent; its own place is more useful. */
function placeOf(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === "unrecognized_keys" ? [...issue.path, ...issue.keys.slice(0, 1)] : issue.path;
}

/** The line of a value or, where it is missing, of the nearest thing around it. */
function lineOf(document: Document, keys: readonly PropertyKey[], lines: LineCounter): number {
  for (let length = keys.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : keyOrValue(document, keys.slice(0, length));
    if (node?.range != null) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function keyOrValue(document: Document, path: readonly PropertyKey[]): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    return isScalar(pair?.key) ? pair.key : undefined;
  }
  return document.getIn(path, true) as Node | undefined;
}

async function readBounded(path: string, maxBytes: number): Promise<string> {
  if ((await stat(path)).size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
  return await readFile(path, "utf8");
}

function reasonOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function firstLine(error: Error): string {
  return error.message.split("\n")[0] ?? error.message;
}
