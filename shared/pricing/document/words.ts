import type { z } from "zod";

/** What is wrong with a tariff document, in sentences for the person who wrote it. */

/** One thing that is wrong: where (`slabs.1.price`, or nothing for the document itself), and what. */
export type TariffProblem = { readonly path: string; readonly message: string };

/** More than anybody reads. */
const MAX_PROBLEMS = 100;
/** Of what is no tariff at all there may be one for every word: so many are put in order. */
const MAX_ORDERED = 500;

type Issue = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a group of keys",
  record: "a group of keys",
  null: "nothing (null)",
};

/** The sentence of a problem that its schema has no words for. */
export function sentenceOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return bound(issue.origin, "at least", Number(issue.minimum), issue.inclusive !== false);
    case "too_big":
      return bound(issue.origin, "at most", Number(issue.maximum), issue.inclusive !== false);
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "unrecognized_keys":
      return keysNotKnown(issue.keys);
    case "invalid_key":
      return "is not a short name: lower-case letters, digits, dashes, a letter first";
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_union":
    case "invalid_element":
    case "custom":
      return undefined;
    default:
      return issue satisfies never;
  }
}

function bound(origin: string, which: "at least" | "at most", limit: number, inclusive: boolean): string {
  if (origin === "string") return `must be ${which} ${limit} characters long`;
  if (origin === "array" || origin === "object" || origin === "record")
    return `must have ${which} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  if (inclusive) return `must be ${which} ${limit}`;
  return which === "at least" ? `must be more than ${limit}` : `must be less than ${limit}`;
}

/** A value that stands where a key belongs is called a key: only what looks like one is repeated. */
function keysNotKnown(keys: readonly string[]): string {
  const named = keys.filter((key) => /^[a-z_]{1,30}$/.test(key)).slice(0, 10);
  if (named.length === 0) return "has a key that is not known";
  return `has keys that are not known: ${named.map((key) => `"${key}"`).join(", ")}`;
}

/** All problems, once each, in the order of the document. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], document: unknown): TariffProblem[] {
  const found = issues.slice(0, MAX_ORDERED).map((issue) => ({
    rank: rankOf(issue.path, document),
    path: issue.path.map(pathWord).join("."),
    message: issue.message,
  }));
  const seen = new Set<string>();
  return found
    .toSorted((a, b) => compare(a.rank, b.rank))
    .map(({ path, message }) => ({ path, message }))
    .filter(({ path, message }) => {
      const text = `${path}: ${message}`;
      if (seen.has(text)) return false;
      seen.add(text);
      return true;
    })
    .slice(0, MAX_PROBLEMS);
}

function pathWord(step: PropertyKey): string {
  const word = String(step);
  return /^[\w-]{1,40}$/.test(word) ? word : "?";
}

/** Where each step of a path stands among its neighbours; what is missing comes last. */
function rankOf(path: readonly PropertyKey[], document: unknown): number[] {
  let at: unknown = document;
  return path.map((step) => {
    if (typeof at !== "object" || at === null) return Infinity;
    const rank = typeof step === "number" ? step : Object.keys(at).indexOf(String(step));
    at = (at as Readonly<Record<PropertyKey, unknown>>)[step];
    return rank < 0 ? Infinity : rank;
  });
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, rank] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (rank !== other) return rank - other;
  }
  return a.length - b.length;
}
