import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument, type Document } from "yaml";
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
const MAX_SECRET_BYTES = 4_096;

/** Reads and checks a configuration file. Every problem is reported at once, with its line. */
export function loadConfig(path: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return err([{ line: null, path: "", message: `cannot be read: ${messageOf(error)}` }]);
  }
  return parseConfig(text, dirname(resolve(path)));
}

/** As {@link loadConfig}, from text; relative paths in it are relative to `folder`. */
export function parseConfig(text: string, folder: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  if (text.length > MAX_CONFIG_BYTES) return err([{ line: null, path: "", message: "is too long" }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return err(
      document.errors.map((e) => ({ line: lines.linePos(e.pos[0]).line, path: "", message: e.message })),
    );
  }
  const problems: ConfigProblem[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => {
    problems.push({ line: lineOf(document, lines, path), path: path.join("."), message });
  };
  const parsed = edgeConfigSchema.safeParse(document.toJS({ maxAliasCount: 50 }));
  if (!parsed.success) for (const issue of parsed.error.issues) report(issue.path, issue.message);
  if (!parsed.success) return err(problems);

  const file = parsed.data;
  checkNames(file, report);
  const secrets = readSecrets(file, folder, report);
  const tariff = readTariff(file, report);
  if (problems.length > 0) return err(problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  const secret = (name: string): string => {
    const value = secrets.get(name);
    if (value === undefined) throw new Error(`no secret was read from ${name}`);
    return value;
  };
  return ok({ ...file, data_dir: resolve(folder, file.data_dir), tariff, secret });
}

/** `path` is where in the document, `message` what is wrong there. */
type Report = (path: readonly PropertyKey[], message: string) => void;

function checkNames(file: EdgeFile, report: Report): void {
  for (const section of ["boards", "cameras", "lanes", "attendants"] as const) {
    const seen = new Set<string>();
    for (const [i, { name }] of file[section].entries()) {
      if (seen.has(name)) report([section, i, "name"], "is used twice");
      seen.add(name);
    }
  }
  const boards = new Set(file.boards.map(({ name }) => name));
  const cameras = new Set(file.cameras.map(({ name }) => name));
  const barriers = new Set<string>();
  for (const [i, lane] of file.lanes.entries()) {
    const barrier = `${lane.barrier.board} ${lane.barrier.number}`;
    if (!boards.has(lane.barrier.board)) report(["lanes", i, "barrier", "board"], "is not one of the boards");
    if (barriers.has(barrier)) report(["lanes", i, "barrier"], "belongs to another lane already");
    barriers.add(barrier);
    if (lane.camera !== undefined && !cameras.has(lane.camera))
      report(["lanes", i, "camera"], "is not one of the cameras");
    for (const [input, point] of Object.entries(lane.inputs)) {
      const board = point?.includes("/") === true ? point.split("/")[0] : undefined;
      if (board !== undefined && !boards.has(board))
        report(["lanes", i, "inputs", input], "names an unknown board");
    }
  }
}

function readSecrets(file: EdgeFile, folder: string, report: Report): Map<string, string> {
  const wanted: [readonly PropertyKey[], string][] = [];
  if (file.mqtt.password_file !== undefined)
    wanted.push([["mqtt", "password_file"], file.mqtt.password_file]);
  if (file.cloud !== undefined) wanted.push([["cloud", "token_file"], file.cloud.token_file]);
  for (const [i, { pin_file }] of file.attendants.entries())
    wanted.push([["attendants", i, "pin_file"], pin_file]);
  for (const [i, camera] of file.cameras.entries()) {
    if (camera.driver === "hikvision") wanted.push([["cameras", i, "key_file"], camera.key_file]);
  }
  const secrets = new Map<string, string>();
  for (const [path, name] of wanted) {
    try {
      const secret = readFileSync(resolve(folder, name), "utf8").trim();
      if (secret.length < 4) report(path, "names a file that holds no secret of 4 characters or more");
      else if (secret.length > MAX_SECRET_BYTES) report(path, "names a file that is too long for a secret");
      else secrets.set(name, secret);
    } catch (error) {
      report(path, `names a file that cannot be read: ${messageOf(error)}`);
    }
  }
  return secrets;
}

function readTariff(file: EdgeFile, report: Report): Tariff | null {
  if (file.tariff === undefined) return null;
  const { id, version, document } = file.tariff;
  const parsed = parseTariff(document, { id, version, currency: asCurrency(file.facility.currency) });
  if (parsed.ok) return parsed.value;
  for (const problem of parsed.error) {
    report(["tariff", "document", ...(problem.path === "" ? [] : problem.path.split("."))], problem.message);
  }
  return null;
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
