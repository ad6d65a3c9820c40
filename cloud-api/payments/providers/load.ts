import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import {
  MAX_CONFIG_BYTES,
  readYamlConfig,
  type ConfigProblem,
  type Report,
} from "@parkme/shared/config/yaml-config";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { readBounded, readSecret, reasonOf } from "../../config/secret-file.ts";
import { PAYMENT_METHODS, PROVIDER_CONTRACT, type CreateProvider, type Provider } from "./contract.ts";

/**
 * The payment providers of an installation, from its file:
 *
 *     providers:
 *       - name: stripe                     # as in requests, and in the address of its webhooks
 *         package: builtin:stripe          # builtin:razorpay, builtin:upi, builtin:cash; an npm package; ./a-file.mjs
 *         options: {}                      # what the package knows
 *         secrets:                         # files of mode 0600, relative to this one
 *           api_key: stripe-key
 *           webhook: stripe-webhook-secret
 */

const fileSchema = z.strictObject({
  providers: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_-]{0,29}$/, "must be a short name in small letters"),
        package: z.string().min(1).max(300),
        options: z.record(z.string().max(60), z.unknown()).default({}),
        secrets: z.record(z.string().max(60), z.string().min(1).max(4_096)).default({}),
      }),
    )
    .max(20),
});
type Section = z.output<typeof fileSchema>["providers"][number];

const BUILTIN: Readonly<Record<string, () => Promise<unknown>>> = {
  "builtin:stripe": async () => await import("./stripe.ts"),
  "builtin:razorpay": async () => await import("./razorpay.ts"),
  "builtin:upi": async () => await import("./upi.ts"),
  "builtin:cash": async () => await import("./cash.ts"),
};

/** Shorter ones can be guessed. */
const MIN_SECRET_LENGTH = 8;

/**
 * Reads the file, its secrets and the packages that it names.
 *
 * @returns every problem at once, each with its line and without the values of secrets.
 */
export async function loadProviders(
  path: string,
): Promise<Result<readonly Provider[], readonly ConfigProblem[]>> {
  const text = await readBounded(path, MAX_CONFIG_BYTES).catch((error: unknown) => reasonOf(error));
  if (typeof text !== "string") return err([{ line: null, path: "", message: text.message }]);
  const read = readYamlConfig(text, fileSchema);
  if (!read.ok) return read;
  const { value: file, report, problems } = read.value;
  if (file === null) return err(problems());
  const names = file.providers.map(({ name }) => name);
  const providers: Provider[] = [];
  for (const [i, section] of file.providers.entries()) {
    const at: Report = (keys, message) => report(["providers", i, ...keys], message);
    if (names.indexOf(section.name) < i) at(["name"], "is there twice");
    const provider = await makeProvider(section, dirname(resolve(path)), at);
    if (provider !== null) providers.push(provider);
  }
  return problems().length > 0 ? err(problems()) : ok(providers);
}

async function makeProvider(section: Section, folder: string, report: Report): Promise<Provider | null> {
  const secrets: Record<string, string> = {};
  let complete = true;
  for (const [key, file] of Object.entries(section.secrets)) {
    const secret = await readSecret(resolve(folder, file), MIN_SECRET_LENGTH);
    if (secret.ok) secrets[key] = secret.value;
    else {
      report(["secrets", key], secret.error);
      complete = false;
    }
  }
  const create = await createOf(section.package, folder, report);
  if (create === null || !complete) return null;
  try {
    const { name, options } = section;
    return checked(await create({ name, options, secrets }), name, report);
  } catch (error) {
    report([], reasonOf(error).message);
    return null;
  }
}

async function createOf(name: string, folder: string, report: Report): Promise<CreateProvider | null> {
  const module = await importPackage(name, folder).catch((error: unknown) => reasonOf(error));
  if (module instanceof Error) {
    report(["package"], `cannot be loaded: ${module.message.split("\n")[0]}`);
    return null;
  }
  const contract = memberOf(module, "PROVIDER_CONTRACT");
  const create = memberOf(module, "createProvider");
  if (contract !== PROVIDER_CONTRACT) {
    const made = contract === undefined ? "does not say which contract" : "is made for another contract";
    report(["package"], `${made}: PROVIDER_CONTRACT must be ${PROVIDER_CONTRACT}`);
    return null;
  }
  if (typeof create === "function") return create as CreateProvider;
  report(["package"], "does not export the function createProvider");
  return null;
}

async function importPackage(name: string, folder: string): Promise<unknown> {
  if (name.startsWith("builtin:")) {
    const builtin = BUILTIN[name];
    if (builtin === undefined) throw new Error(`there are ${Object.keys(BUILTIN).join(", ")}`);
    return await builtin();
  }
  if (/^\.{0,2}\//.test(name)) return (await import(pathToFileURL(resolve(folder, name)).href)) as unknown;
  // Packages lie beside the configuration, or beside the program.
  const found = resolvePackage(name, folder);
  return (await import(found === null ? name : pathToFileURL(found).href)) as unknown;
}

function resolvePackage(name: string, folder: string): string | null {
  try {
    return createRequire(resolve(folder, "package.json")).resolve(name);
  } catch {
    return null;
  }
}

/** Of a module, also of one in the old format, whose exports are members of `default`. */
function memberOf(module: unknown, name: string): unknown {
  if (typeof module !== "object" || module === null) return undefined;
  const own: unknown = Reflect.get(module, name);
  if (own !== undefined) return own;
  const inner: unknown = Reflect.get(module, "default");
  return typeof inner === "object" && inner !== null ? Reflect.get(inner, name) : undefined;
}

const FUNCTIONS = ["begin", "status", "confirm", "capture", "cancel", "refund", "refundStatus"];
const MAYBE_FUNCTIONS = ["entries", "readWebhook"];

const fn = z.custom((value) => typeof value === "function", "is no function");
const providerSchema = z.object({
  name: z.string(),
  methods: z.array(z.enum(PAYMENT_METHODS)).min(1),
  currencies: z.array(z.string().regex(/^[A-Z]{3}$/)).nullable(),
  canAuthorize: z.boolean(),
  ...Object.fromEntries(FUNCTIONS.map((name) => [name, fn])),
  ...Object.fromEntries(MAYBE_FUNCTIONS.map((name) => [name, fn.nullable()])),
});

/** Whatever a package made is held against the contract before any money depends on it. */
function checked(made: Provider, name: string, report: Report): Provider | null {
  const read = providerSchema.safeParse(made);
  if (!read.success) {
    const words = read.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
    report(["package"], `does not keep the contract: ${words.join("; ")}`);
    return null;
  }
  if (made.name === name) return made;
  report(["package"], "does not keep the contract: it has another name than it was given");
  return null;
}
