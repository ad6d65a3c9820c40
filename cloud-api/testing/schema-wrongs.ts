import { randomUUID } from "node:crypto";
import { plainSchema, typesOf, type JsonSchema, type Resolve } from "./json-schema.ts";
import type { Samples } from "./schema-samples.ts";

/** A value that a schema does not allow, and the place of what is wrong. */
export type Wrong = { readonly value: unknown; readonly path: readonly string[]; readonly what: string };

type Deps = { readonly samples: Samples; readonly resolve: Resolve };

/** Values that a schema does not allow, each wrong in one place. */
export function wrongValues(given: JsonSchema, deps: Deps): readonly Wrong[] {
  const schema = plainSchema(given, deps.resolve);
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return wrongForAll(either, deps);
  const found = wrongTypes(schema).map((value) => here(value, "of another type"));
  if (schema.enum !== undefined) return [...found, here("no-such-value", "not in the list")];
  const types = typesOf(schema);
  if (types.includes("string"))
    found.push(...wrongTexts(schema).map((value) => here(value, "a text that is none of these")));
  if (types.includes("integer")) found.push(here(1.5, "not whole"));
  if (schema.maximum !== undefined) found.push(here(schema.maximum + 1, "too many"));
  if (schema.minimum !== undefined) found.push(here(schema.minimum - 1, "too few"));
  if (types.includes("array") && schema.items !== undefined)
    found.push(...wrongLists(schema, schema.items, deps));
  if (types.includes("object")) found.push(...wrongObjects(schema, deps));
  return found;
}

const here = (value: unknown, what: string): Wrong => ({ value, path: [], what });

/** Longer lists are not made only to be refused. */
const MAX_MADE = 500;

/** What none of several schemas allows. */
function wrongForAll(either: readonly JsonSchema[], deps: Deps): readonly Wrong[] {
  const all = either.map((one) => plainSchema(one, deps.resolve));
  const some = all.filter((one) => !typesOf(one).includes("null"));
  const [only, ...more] = some;
  if (only !== undefined && more.length === 0)
    return wrongValues(only, deps).filter(({ value }) => some.length === all.length || value !== null);
  if (all.some((one) => typesOf(one).length === 0)) return [];
  return wrongTypes({ type: all.flatMap(typesOf) }).map((value) => here(value, "of another type"));
}

function wrongLists({ maxItems }: JsonSchema, items: JsonSchema, deps: Deps): readonly Wrong[] {
  const found: Wrong[] = wrongValues(items, deps).map((wrong) => ({
    ...wrong,
    value: [wrong.value],
    path: ["0", ...wrong.path],
  }));
  if (maxItems === undefined || maxItems > MAX_MADE) return found;
  const long = Array.from({ length: maxItems + 1 }, () => deps.samples.valid(items));
  return [...found, here(long, "too many")];
}

function wrongObjects(schema: JsonSchema, deps: Deps): readonly Wrong[] {
  const { properties = {}, required = [] } = schema;
  const make = () => deps.samples.object(schema);
  const found: Wrong[] = [];
  for (const [member, of] of Object.entries(properties)) {
    for (const wrong of wrongValues(of, deps))
      found.push({ ...wrong, value: { ...make(), [member]: wrong.value }, path: [member, ...wrong.path] });
    if (!required.includes(member)) continue;
    const { [member]: _, ...rest } = make();
    found.push({ value: rest, path: [member], what: "missing" });
  }
  if (schema.additionalProperties === false)
    found.push({ value: { ...make(), no_such_member: 1 }, path: ["no_such_member"], what: "unknown" });
  return found;
}

function wrongTypes(schema: JsonSchema): readonly unknown[] {
  // What is in a list, and nothing more is said of, is a text.
  const types = schema.enum !== undefined && schema.type === undefined ? ["string"] : typesOf(schema);
  if (types.length === 0) return [];
  const others = { string: "text", number: 12.5, boolean: true, null: null, array: [], object: {} };
  const allows = (type: string) => types.includes(type) || (type === "number" && types.includes("integer"));
  return Object.entries(others)
    .filter(([type]) => !allows(type))
    .map(([, value]) => value);
}

function wrongTexts({ format, maxLength, minLength, pattern }: JsonSchema): readonly string[] {
  const byFormat: Readonly<Record<string, readonly string[]>> = {
    uuid: ["nope", `${randomUUID()}0`],
    "date-time": ["yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"],
    date: ["2026-02-30"],
    email: ["nobody", "a@b@c"],
  };
  const found = ["\u0000", "\ud800", ...(byFormat[format ?? ""] ?? [])];
  if (maxLength !== undefined && maxLength <= 20_000) found.push("x".repeat(maxLength + 1));
  if (minLength !== undefined && minLength > 1) found.push("x".repeat(minLength - 1));
  if (pattern === undefined) return found;
  const form = new RegExp(pattern, "u");
  return [...found, ...["¿?", "\n", ""].filter((text) => !form.test(text))];
}

/** What programs trip over. */
export const NASTY_TEXTS = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "🅿️".repeat(20),
  "\u202egnikrap",
  "' or 1=1 --",
  "../../../etc/passwd",
  "=1+1",
  "%00",
  "null",
  "__proto__",
  "0x10",
  "1e309",
  "-0",
  "NaN",
  "Ⅷ",
  "ß".repeat(50),
  "\r\nset-cookie: a=b",
  "${7*7}",
  "A".repeat(9_000),
];
const NASTY_NUMBERS = [0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324];

/** A valid value with something nasty somewhere in it: whether that is allowed, is not known. */
export function withNasty(value: unknown, pick: Samples["pick"]): unknown {
  if (typeof value === "string") return pick(NASTY_TEXTS);
  if (typeof value === "number") return pick(NASTY_NUMBERS);
  if (Array.isArray(value)) return value.length === 0 ? value : value.map((item) => withNasty(item, pick));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value);
  if (members.length === 0) return value;
  const [name] = pick(members);
  return Object.fromEntries(
    members.map(([key, member]) => [key, key === name ? withNasty(member, pick) : member]),
  );
}
