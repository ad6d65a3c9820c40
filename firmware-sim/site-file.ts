import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type ConfigProblem, readYamlConfig, type Report } from "@parkme/shared/config/yaml-config";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { z } from "zod";

/** What the simulator puts up: a checked site file, its secrets read and its paths made absolute. */
export type Site = z.infer<typeof siteSchema> & {
  /** Contents of the files that the site names as `..._file` for secrets, by the path as the site writes it. */
  readonly secret: (path: string) => string;
  /** Where the parked vehicles are kept, absolute. */
  readonly stateFile: string;
};

const chance = z.number().min(0).max(1).default(0);
const path = z.string().min(1).max(4_000);
const httpUrl = z.url({ protocol: /^http$/, error: "must be an http:// address" });
const mqttUrl = z.url({ protocol: /^mqtts?$/, error: "must be an mqtt:// address" });
const framing = z.enum(["a6a9", "star"]).default("a6a9");
const boardInput = z.string().regex(/^in[1-8]$/, "must be in1 to in8");

const boardSchema = z.discriminatedUnion("transport", [
  z.strictObject({ name: slugSchema, transport: z.literal("mqtt") }),
  z.strictObject({
    name: slugSchema,
    transport: z.literal("pcless-tcp"),
    host: z.string().max(255).default("127.0.0.1"),
    port: z.number().int().min(0).max(65_535),
    framing,
  }),
  z.strictObject({
    name: slugSchema,
    transport: z.literal("pcless-serial"),
    path,
    baud: z.number().int().min(300).max(921_600).default(9_600),
    framing,
  }),
]);

const habits = { misread_chance: chance, repeat_chance: chance };
const cameraSchema = z.discriminatedUnion("transport", [
  z.strictObject({
    name: slugSchema,
    transport: z.literal("hikvision"),
    key_file: path,
    /** Where to push, without the key; the agent's camera address without it. */
    url: httpUrl.optional(),
    ...habits,
  }),
  z.strictObject({ name: slugSchema, transport: z.literal("mqtt"), ...habits }),
]);

const laneSchema = z.strictObject({
  name: slugSchema,
  direction: z.enum(["entry", "exit"]),
  camera: slugSchema,
  barrier: z.strictObject({
    board: slugSchema,
    number: z.number().int().min(1).max(4).default(1),
    rated_ms: z.number().int().min(300).max(20_000).default(1_500),
  }),
  inputs: z.strictObject({
    arming: boardInput,
    safety: boardInput,
    closing: boardInput.optional(),
    photocell: boardInput.optional(),
    open_limit: boardInput.optional(),
    closed_limit: boardInput,
  }),
  queue_limit: z.number().int().min(1).max(50).default(8),
});

const siteSchema = z.strictObject({
  facility: slugSchema,
  time_zone: z.string().max(60).default("UTC").refine(isTimeZone, "must be an IANA time zone"),
  mqtt: z.strictObject({
    url: mqttUrl,
    username: z.string().max(200).optional(),
    password_file: path.optional(),
  }),
  agent: z.strictObject({ url: httpUrl }),
  seed: z.string().max(100).default("1"),
  speed: z.number().min(1).max(100).default(1),
  capacity: z.number().int().min(1).max(10_000).default(100),
  arrivals_per_hour: z.number().min(0).max(2_000).default(60),
  mean_stay_minutes: z.number().min(0.1).max(10_080).default(90),
  back_out_chance: chance,
  attendant: z.strictObject({ name: z.string().min(1).max(60), pin_file: path }).optional(),
  state_file: path,
  boards: z.array(boardSchema).min(1).max(50),
  cameras: z.array(cameraSchema).min(1).max(50),
  lanes: z.array(laneSchema).min(1).max(50),
});

type SiteFile = z.infer<typeof siteSchema>;

const MAX_SECRET_BYTES = 4_096;

/** Reads and checks a site file; every problem at once. */
export function loadSite(file: string): Result<Site, readonly ConfigProblem[]> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return err([{ line: null, path: "", message: "the file cannot be read" }]);
  }
  return parseSite(text, dirname(resolve(file)));
}

/** As {@link loadSite}, from text; paths in it are relative to `folder`. */
export function parseSite(text: string, folder: string): Result<Site, readonly ConfigProblem[]> {
  const read = readYamlConfig(text, siteSchema);
  if (!read.ok) return read;
  const { value: site, report, problems } = read.value;
  if (site === null) return err(problems());
  checkNames(site, report);
  const secrets = readSecrets(site, folder, report);
  if (problems().length > 0) return err(problems());
  return ok({
    ...site,
    stateFile: resolve(folder, site.state_file),
    secret(name) {
      const value = secrets.get(name);
      if (value === undefined) throw new RangeError(`${name} is no secret of this site`);
      return value;
    },
  });
}

function checkNames(site: SiteFile, report: Report): void {
  for (const section of ["boards", "cameras", "lanes"] as const) {
    const names = site[section].map(({ name }) => name);
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) report([section, index, "name"], "this name is taken");
    });
  }
  const wires = new Set<string>();
  site.lanes.forEach((lane, index) => {
    if (!site.cameras.some(({ name }) => name === lane.camera))
      report(["lanes", index, "camera"], "no such camera");
    const board = site.boards.find(({ name }) => name === lane.barrier.board);
    if (board === undefined) {
      report(["lanes", index, "barrier", "board"], "no such board");
      return;
    }
    const hasMany = board.transport === "mqtt";
    if (!hasMany && lane.barrier.number !== 1)
      report(["lanes", index, "barrier", "number"], "this board has one barrier");
    const claims = [["barrier", "number", `barrier ${lane.barrier.number}`], ...inputClaims(lane)] as const;
    for (const [section, key, wire] of claims) {
      if (wires.has(`${board.name} ${wire}`))
        report(["lanes", index, section, key], "something else is wired there");
      wires.add(`${board.name} ${wire}`);
      if (!hasMany && /^in[5-8]$/.test(wire))
        report(["lanes", index, section, key], "this board has in1 to in4");
    }
  });
}

function inputClaims({ inputs }: SiteFile["lanes"][number]): (readonly ["inputs", string, string])[] {
  return Object.entries(inputs).flatMap(([name, wire]) =>
    wire === undefined ? [] : [["inputs", name, wire]],
  );
}

function readSecrets(site: SiteFile, folder: string, report: Report): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const read = (name: string | undefined, where: readonly PropertyKey[]): void => {
    if (name === undefined) return;
    try {
      const secret = readFileSync(resolve(folder, name), "utf8").trim();
      if (secret === "" || secret.length > MAX_SECRET_BYTES) report(where, "this file holds no secret");
      secrets.set(name, secret);
    } catch {
      report(where, "this file cannot be read");
    }
  };
  read(site.mqtt.password_file, ["mqtt", "password_file"]);
  read(site.attendant?.pin_file, ["attendant", "pin_file"]);
  site.cameras.forEach((camera, index) => {
    if (camera.transport === "hikvision") read(camera.key_file, ["cameras", index, "key_file"]);
  });
  return secrets;
}
