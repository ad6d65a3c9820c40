import { closeSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument, type Document, type YAMLError } from "yaml";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { parseTariff, type Tariff } from "@parkme/shared/pricing/tariff";
import { edgeConfigSchema, type EdgeFile } from "./schema.ts";

/** One thing that is wrong, where it stands in the file. Never quotes a value, which may be a secret. */
export type ConfigProblem = { readonly line: number | null; readonly path: string; readonly message: string };

export type EdgeConfig = Omit<EdgeFile, "tariff"> & {
  readonly tariff: Tariff | null;
  /** Contents of the files that hold secrets, by the path as it stands in the configuration. */
  readonly secret: (path: string) => string;
};

/** Longer than any site needs; a file that is longer is not a configuration. */
const MAX_CONFIG_BYTES = 1_000_000;
const TOO_LONG: ConfigProblem = {
  line: null,
  path: "",
  message: `is longer than ${MAX_CONFIG_BYTES} bytes`,
};
const MAX_SECRET_BYTES = 4_096;
/** More than anybody reads; what is no configuration at all may have one a line. */
const MAX_PROBLEMS = 100;
/** Sections may share values by alias; documents that multiply themselves are refused. */
const MAX_ALIASES = 50;

/** Reads and checks a configuration file. Every problem is reported at once, with its line. */
export function loadConfig(path: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  let text: string | null;
  try {
    text = readText(path, MAX_CONFIG_BYTES);
  } catch (error) {
    return err([{ line: null, path: "", message: `cannot be read: ${messageOf(error)}` }]);
  }
  return text === null ? err([TOO_LONG]) : parseConfig(text, dirname(resolve(path)));
}

/** As {@link loadConfig}, from text; relative paths in it are relative to `folder`. */
export function parseConfig(text: string, folder: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) return err([TOO_LONG]);
  const read = readYaml(text);
  if (!read.ok) return read;
  const { document, lines, value } = read.value;
  const problems: ConfigProblem[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => {
    problems.push({ line: lineOf(document, lines, path), path: path.join("."), message });
  };
  const parsed = edgeConfigSchema.safeParse(value);
  if (!parsed.success) for (const issue of parsed.error.issues) report(issue.path, wordsOf(issue));
  const sections = parsed.success ? parsed.data : soundSections(value);
  checkNames(sections, report);
  const secrets = readSecrets(sections, folder, report);
  const tariff = readTariff(sections, report);
  if (!parsed.success || problems.length > 0)
    return err(problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, MAX_PROBLEMS));

  const file = parsed.data;
  const secret = (name: string): string => {
    const found = secrets.get(name);
    if (found === undefined) throw new Error(`no secret was read from ${name}`);
    return found;
  };
  return ok({ ...file, data_dir: resolve(folder, file.data_dir), tariff, secret });
}

type Yaml = { readonly document: Document; readonly lines: LineCounter; readonly value: unknown };

function readYaml(text: string): Result<Yaml, readonly ConfigProblem[]> {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    if (document.errors.length === 0)
      return ok({ document, lines, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown });
    return err(
      document.errors
        .slice(0, MAX_PROBLEMS)
        .map((e) => ({ line: lines.linePos(e.pos[0]).line, path: "", message: yamlWords(e) })),
    );
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

/** The sections that are right by themselves, so that the others do not hide what is wrong between these. */
function soundSections(value: unknown): Partial<EdgeFile> {
  if (typeof value !== "object" || value === null) return {};
  const given = new Map(Object.entries(value));
  const sound = Object.entries(edgeConfigSchema.shape).flatMap(([key, schema]) => {
    const parsed = schema.safeParse(given.get(key));
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(sound) as Partial<EdgeFile>;
}

/** `path` is where in the document, `message` what is wrong there. */
type Report = (path: readonly PropertyKey[], message: string) => void;

function checkNames(file: Partial<EdgeFile>, report: Report): void {
  for (const section of ["boards", "cameras", "lanes", "attendants"] as const) {
    const seen = new Set<string>();
    for (const [i, { name }] of (file[section] ?? []).entries()) {
      // Attendants sign in without regard to case.
      const key = name.toLowerCase();
      if (seen.has(key)) report([section, i, "name"], "is used twice");
      seen.add(key);
    }
  }
  const boards = file.boards && new Set(file.boards.map(({ name }) => name));
  const cameras = file.cameras && new Set(file.cameras.map(({ name }) => name));
  const barriers = new Set<string>();
  for (const [i, lane] of (file.lanes ?? []).entries()) {
    const barrier = `${lane.barrier.board} ${lane.barrier.number}`;
    if (boards?.has(lane.barrier.board) === false)
      report(["lanes", i, "barrier", "board"], "is not one of the boards");
    if (barriers.has(barrier)) report(["lanes", i, "barrier"], "belongs to another lane already");
    barriers.add(barrier);
    if (lane.camera !== undefined && cameras?.has(lane.camera) === false)
      report(["lanes", i, "camera"], "is not one of the cameras");
    checkInputs(lane, i, boards, report);
  }
}

function checkInputs(
  lane: EdgeFile["lanes"][number],
  i: number,
  boards: ReadonlySet<string> | undefined,
  report: Report,
): void {
  const wired = new Set<string>();
  for (const [input, at] of Object.entries(lane.inputs)) {
    if (at === undefined) continue;
    const [board, point] = at.includes("/") ? at.split("/") : [lane.barrier.board, at];
    if (at.includes("/") && boards?.has(board ?? "") === false)
      report(["lanes", i, "inputs", input], "names an unknown board");
    // One contact that speaks for two inputs would let each vouch for the other.
    const place = `${board}/${point}`;
    if (wired.has(place)) report(["lanes", i, "inputs", input], "is the point of another input of this lane");
    wired.add(place);
  }
}

function readSecrets(file: Partial<EdgeFile>, folder: string, report: Report): Map<string, string> {
  const wanted: [readonly PropertyKey[], string][] = [];
  if (file.mqtt?.password_file !== undefined)
    wanted.push([["mqtt", "password_file"], file.mqtt.password_file]);
  if (file.cloud !== undefined) wanted.push([["cloud", "token_file"], file.cloud.token_file]);
  for (const [i, { pin_file }] of (file.attendants ?? []).entries())
    wanted.push([["attendants", i, "pin_file"], pin_file]);
  for (const [i, camera] of (file.cameras ?? []).entries()) {
    if (camera.driver === "hikvision") wanted.push([["cameras", i, "key_file"], camera.key_file]);
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

function readTariff(file: Partial<EdgeFile>, report: Report): Tariff | null {
  if (file.tariff === undefined || file.facility === undefined) return null;
  const { id, version, document } = file.tariff;
  const parsed = parseTariff(document, { id, version, currency: asCurrency(file.facility.currency) });
  if (parsed.ok) return parsed.value;
  for (const problem of parsed.error) {
    report(["tariff", "document", ...(problem.path === "" ? [] : problem.path.split("."))], problem.message);
  }
  return null;
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

function messageOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

/** The problems as a person reads them, one a line. */
export function describeProblems(file: string, problems: readonly ConfigProblem[]): string {
  const one = ({ line, path, message }: ConfigProblem): string =>
    `${file}${line === null ? "" : `:${line}`}: ${path === "" ? "" : `${path} `}${message}`;
  return problems.map(one).join("\n");
}
