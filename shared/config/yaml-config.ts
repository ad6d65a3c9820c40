import { LineCounter, parseDocument, type Document, type YAMLError } from "yaml";
import type { z } from "zod";
import { err, ok, type Result } from "../domain/result.ts";

/**
 * Configuration in YAML, checked by a schema: every problem at once, each with its line. Problems never quote a
 * value, which may be a secret put in the wrong place.
 */

/** One thing that is wrong, and where it stands in the file. */
export type ConfigProblem = { readonly line: number | null; readonly path: string; readonly message: string };

/** Longer than any site needs; a file that is longer is not a configuration. */
export const MAX_CONFIG_BYTES = 1_000_000;
/** More than anybody reads; what is no configuration at all may have one a line. */
const MAX_PROBLEMS = 100;
/** Sections may share values by alias; documents that multiply themselves are refused. */
const MAX_ALIASES = 50;

/** Adds a problem at a place in the file. */
export type Report = (path: readonly PropertyKey[], message: string) => void;

/** A file that was read, with what is wrong so far; checks of its own add theirs by `report`. */
export type YamlConfig<Schema extends z.ZodObject> = {
  /** Checked, or null when the schema found problems. */
  readonly value: z.output<Schema> | null;
  /** The sections that are right by themselves, so that the others do not hide what is wrong between these. */
  readonly sound: Partial<z.output<Schema>>;
  readonly report: Report;
  /** Everything reported, in the order of the file. */
  readonly problems: () => readonly ConfigProblem[];
};

/** Reads YAML against a schema. An error is a text that is no YAML at all. */
export function readYamlConfig<Schema extends z.ZodObject>(
  text: string,
  schema: Schema,
): Result<YamlConfig<Schema>, readonly ConfigProblem[]> {
  if (text.length > MAX_CONFIG_BYTES) {
    return err([{ line: null, path: "", message: `is longer than ${MAX_CONFIG_BYTES} bytes` }]);
  }
  const read = readYaml(text);
  if (!read.ok) return read;
  const { document, lines, value } = read.value;
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => {
    problems.push({ line: lineOf(document, lines, path), path: path.join("."), message });
  };
  const parsed = schema.safeParse(value);
  if (!parsed.success) for (const issue of parsed.error.issues) report(issue.path, wordsOf(issue));
  return ok({
    value: parsed.success ? parsed.data : null,
    sound: parsed.success ? parsed.data : soundSections(schema, value),
    report,
    problems: () => problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, MAX_PROBLEMS),
  });
}

/** The problems as a person reads them, one a line. */
export function describeProblems(file: string, problems: readonly ConfigProblem[]): string {
  const one = ({ line, path, message }: ConfigProblem): string =>
    `${file}${line === null ? "" : `:${line}`}: ${path === "" ? "" : `${path} `}${message}`;
  return problems.map(one).join("\n");
}

type Yaml = { readonly document: Document; readonly lines: LineCounter; readonly value: unknown };

function readYaml(text: string): Result<Yaml, readonly ConfigProblem[]> {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    if (document.errors.length === 0) {
      return ok({ document, lines, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown });
    }
    const line = (error: YAMLError): number => lines.linePos(error.pos[0]).line;
    const problems = document.errors.map((error) => ({
      line: line(error),
      path: "",
      message: yamlWords(error),
    }));
    return err(problems.slice(0, MAX_PROBLEMS));
  } catch {
    // Thrown by the library for aliases without an anchor or without end, and for nesting without end.
    const message =
      "is not YAML that can be read: aliases lead nowhere or too far, or it is nested too deeply";
    return err([{ line: null, path: "", message }]);
  }
}

/** Errors whose message is the library's own words only. The others quote the text, which may be a secret. */
const PLAIN_ERRORS: ReadonlySet<YAMLError["code"]> = new Set([
  "BAD_INDENT",
  "BLOCK_AS_IMPLICIT_KEY",
  "BLOCK_IN_FLOW",
  "DUPLICATE_KEY",
  "MISSING_CHAR",
  "MULTILINE_IMPLICIT_KEY",
  "MULTIPLE_DOCS",
  "NON_STRING_KEY",
  "TAB_AS_INDENT",
]);

function yamlWords({ code, message }: YAMLError): string {
  return `is not YAML: ${PLAIN_ERRORS.has(code) ? message : code.toLowerCase().replaceAll("_", " ")}`;
}

type Issue = { readonly code?: string; readonly message: string; readonly keys?: readonly string[] };

/** A value that stands where a key belongs is called a key: only what looks like one is repeated. */
function wordsOf({ code, message, keys = [] }: Issue): string {
  if (code !== "unrecognized_keys") return message;
  const named = keys.filter((key) => /^[a-z_]{1,30}$/.test(key)).map((key) => `"${key}"`);
  return named.length === 0
    ? "has a key that is not known"
    : `has keys that are not known: ${named.join(", ")}`;
}

function soundSections<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
): Partial<z.output<Schema>> {
  if (typeof value !== "object" || value === null) return {};
  const given = new Map(Object.entries(value));
  const sections = Object.entries<z.ZodType>(schema.shape).flatMap(([key, section]) => {
    const parsed = section.safeParse(given.get(key));
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(sections) as Partial<z.output<Schema>>;
}

/** The line of the node at a path, or of the nearest node above it that exists. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | null {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length).map(toYamlKey), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) {
      return lines.linePos(Number(node.range[0])).line;
    }
  }
  return null;
}

function toYamlKey(key: PropertyKey): string | number {
  if (typeof key === "number") return key;
  const text = String(key);
  return /^\d+$/.test(text) ? Number(text) : text;
}
