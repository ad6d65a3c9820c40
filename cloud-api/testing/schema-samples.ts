import { plainSchema, typesOf, type JsonSchema, type Resolve } from "./json-schema.ts";

/** Values that a JSON schema of the OpenAPI document allows, as far as it says. */
export type Samples = {
  /** @param name of the member that it is for. */
  readonly valid: (schema: JsonSchema, name?: string) => unknown;
  /** An object of which some members that may be left out are. */
  readonly object: (schema: JsonSchema) => Record<string, unknown>;
  readonly pick: <T>(items: readonly T[]) => T;
};

export type SampleDeps = {
  /** 0 to 1. */
  readonly random: () => number;
  readonly resolve: Resolve;
  /** An id that may be somebody's, by the name of the member that holds it. */
  readonly idFor: (name: string) => string;
  readonly nowMs: number;
};

/** Texts that patterns of ours ask for. */
const WORDS = (
  "EUR 15.00 12 a-slug BAB123 08:30 2026-07-20 a Harbour +49301234567 P1D DE 52.5,13.4 123456 PKM-A3F7B2C1 occupied " +
  `Europe/Berlin ${"x".repeat(40)} ${"0".repeat(64)}`
).split(" ");

/** What members of these names hold: rules that no schema can say. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  email: ["someone@example.test"],
  time_zone: ["Europe/Berlin", "Asia/Tokyo"],
  plate: ["BAB123", "QQ777"],
  plates: ["BAB123"],
  vehicle_type: ["car", "van"],
  type: ["car"],
  size: ["standard"],
  vehicle_types: ["car"],
  version: ["1"],
  tariffId: ["standard"],
  tariff_id: ["standard"],
  list: ["blocked", "watched"],
  kind: ["overstay", "pass"],
  section: ["tariffs"],
  key: ["standard"],
  currency: ["EUR"],
  provider: ["cash"],
  password: ["a long enough passphrase"],
  password_confirm: ["a long enough passphrase"],
};

const HOUR_MS = 3_600_000;
/** Ends of a time come behind its beginnings. */
const IS_END = /until|exit|to$/;

/** What is an object, and more than its schema says. */
const OBJECTS: Readonly<Record<string, unknown>> = { document: { hourly: { price: 4 } } };

export function createSamples({ random, resolve, idFor, nowMs }: SampleDeps): Samples {
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  const valid = (given: JsonSchema, name = ""): unknown => {
    const schema = plainSchema(given, resolve);
    if (Object.hasOwn(OBJECTS, name)) return OBJECTS[name];
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return pick(schema.enum);
    const either = schema.anyOf ?? schema.oneOf;
    if (either !== undefined) return valid(pick(either), name);
    const types = typesOf(schema);
    switch (types.length === 0 ? "any" : pick(types)) {
      case "string":
        return textOf(schema, name);
      case "integer":
        return Math.floor(numberOf(schema, random()));
      case "number":
        return numberOf(schema, random());
      case "boolean":
        return random() < 0.5;
      case "null":
        return null;
      case "array":
        return Array.from({ length: lengthOf(schema) }, () => valid(schema.items ?? {}, name));
      case "object":
        return object(schema);
      default:
        return pick([{ a: 1 }, "text", 5, null]);
    }
  };
  const object = ({ properties = {}, required = [], additionalProperties }: JsonSchema) => {
    const members: Record<string, unknown> = {};
    for (const [member, of] of Object.entries(properties))
      if (required.includes(member) || random() < 0.4) members[member] = valid(of, member);
    if (typeof additionalProperties === "object") members["extra"] = valid(additionalProperties);
    return members;
  };
  const textOf = (schema: JsonSchema, name: string): string => {
    const { format, pattern, minLength = 0, maxLength = 40 } = schema;
    const formatted: Readonly<Record<string, () => string>> = {
      uuid: () => idFor(name),
      "date-time": () =>
        new Date(
          nowMs + Math.floor((IS_END.test(name) ? 3 + 3 * random() : 2 * random()) * HOUR_MS),
        ).toISOString(),
      date: () => new Date(nowMs).toISOString().slice(0, 10),
      email: () => `p${Math.floor(random() * 1e9)}@example.test`,
      uri: () => "https://parking.example/a",
    };
    const byFormat = formatted[format ?? ""];
    if (byFormat !== undefined) return byFormat();
    const fitting = (words: readonly string[]) =>
      words.filter((word) => pattern === undefined || new RegExp(pattern, "u").test(word));
    const named = fitting(BY_NAME[name] ?? []);
    if (named.length > 0) return pick(named);
    const words = fitting(WORDS);
    return pick(words.length > 0 ? words : WORDS)
      .padEnd(minLength, "x")
      .slice(0, maxLength);
  };
  return { valid, object, pick };
}

function lengthOf({ minItems = 0, maxItems = 2 }: JsonSchema): number {
  return Math.min(maxItems, Math.max(minItems, 1));
}

/** @param share of the way from the least to the most. */
function numberOf(
  { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema,
  share: number,
): number {
  const least = minimum ?? (exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1);
  const most = Math.min(maximum ?? exclusiveMaximum ?? least + 100, least + 1_000);
  return least + share * Math.max(0, most - least);
}

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
