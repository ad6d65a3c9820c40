import { closeSync, openSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  type ConfigProblem,
  MAX_CONFIG_BYTES,
  readYamlConfig,
  type Report,
} from "@parkme/shared/config/yaml-config";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { parseTariff, type Tariff } from "@parkme/shared/pricing/tariff";
import { boardTerminals, type Terminals } from "../devices/registry/boards.ts";
import { edgeConfigSchema, type EdgeFile } from "./schema.ts";

export type EdgeConfig = Omit<EdgeFile, "tariff"> & {
  readonly tariff: Tariff | null;
  /** Contents of the files that hold secrets, by the path as it stands in the configuration. */
  readonly secret: (path: string) => string;
};

const MAX_SECRET_BYTES = 4_096;

/** Reads and checks a configuration file. Every problem is reported at once, with its line. */
export function loadConfig(path: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  let text: string | null;
  try {
    text = readText(path, MAX_CONFIG_BYTES);
  } catch (error) {
    return err([{ line: null, path: "", message: `cannot be read: ${messageOf(error)}` }]);
  }
  if (text === null)
    return err([{ line: null, path: "", message: `is longer than ${MAX_CONFIG_BYTES} bytes` }]);
  return parseConfig(text, dirname(resolve(path)));
}

/** As {@link loadConfig}, from text; relative paths in it are relative to `folder`. */
export function parseConfig(text: string, folder: string): Result<EdgeConfig, readonly ConfigProblem[]> {
  const read = readYamlConfig(text, edgeConfigSchema);
  if (!read.ok) return read;
  const { value: file, sound, report, problems } = read.value;
  checkNames(sound, report);
  const secrets = readSecrets(sound, folder, report);
  const tariff = readTariff(sound, report);
  const found = problems();
  if (file === null || found.length > 0) return err(found);
  const secret = (name: string): string => {
    const known = secrets.get(name);
    if (known === undefined) throw new Error(`no secret was read from ${name}`);
    return known;
  };
  return ok({ ...file, data_dir: resolve(folder, file.data_dir), tariff, secret });
}

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
  const boards = file.boards && new Map(file.boards.map((board) => [board.name, boardTerminals(board)]));
  const cameras = file.cameras && new Set(file.cameras.map(({ name }) => name));
  const barriers = new Set<string>();
  const watching = new Set<string>();
  for (const [i, lane] of (file.lanes ?? []).entries()) {
    const { board, number } = lane.barrier;
    const terminals = boards?.get(board);
    if (boards !== undefined && terminals === undefined) {
      report(["lanes", i, "barrier", "board"], "is not one of the boards");
    }
    if (terminals !== undefined && number > terminals.barriers) {
      report(["lanes", i, "barrier", "number"], `must be at most ${terminals.barriers} on this board`);
    }
    const barrier = `${board} ${number}`;
    if (barriers.has(barrier)) report(["lanes", i, "barrier"], "belongs to another lane already");
    barriers.add(barrier);
    if (lane.camera !== undefined && cameras?.has(lane.camera) === false)
      report(["lanes", i, "camera"], "is not one of the cameras");
    // One read at two lanes would let the same vehicle in twice.
    if (lane.camera !== undefined && watching.has(lane.camera))
      report(["lanes", i, "camera"], "watches another lane already");
    if (lane.camera !== undefined) watching.add(lane.camera);
    checkInputs(lane, i, boards, report);
  }
}

function checkInputs(
  lane: EdgeFile["lanes"][number],
  i: number,
  boards: ReadonlyMap<string, Terminals> | undefined,
  report: Report,
): void {
  const wired = new Set<string>();
  for (const [input, at] of Object.entries(lane.inputs)) {
    if (at === undefined) continue;
    const wrong = (why: string): void => report(["lanes", i, "inputs", input], why);
    const [board = "", point = ""] = at.includes("/") ? at.split("/") : [lane.barrier.board, at];
    const terminals = boards?.get(board);
    if (at.includes("/") && boards !== undefined && terminals === undefined) wrong("names an unknown board");
    if (terminals !== undefined && !terminals.input.test(point)) wrong("is not an input of its board");
    // One contact that speaks for two inputs would let each vouch for the other.
    const place = `${board}/${point}`;
    if (wired.has(place)) wrong("is the point of another input of this lane");
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

function messageOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
