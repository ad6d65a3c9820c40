import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type ConfigProblem, readYamlConfig, type Report } from "@parkme/shared/config/yaml-config";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { deviceKinds } from "./devices/kinds.ts";
import { siteSchema, type SiteDevice, type SiteFile } from "./site-schema.ts";

/** What the simulator puts up: a checked site file, its secrets read and its paths made absolute. */
export type Site = SiteFile & {
  /** Contents of the files that the site names as `..._file` for secrets, by the path as the site writes it. */
  readonly secret: (path: string) => string;
  /** Where the site file lies: its paths are relative to it. */
  readonly folder: string;
  /** Where the parked vehicles are kept, absolute. */
  readonly stateFile: string;
};

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
    folder,
    stateFile: resolve(folder, site.state_file),
    secret(name) {
      const value = secrets.get(name);
      if (value === undefined) throw new RangeError(`${name} is no secret of this site`);
      return value;
    },
  });
}

function checkNames(site: SiteFile, report: Report): void {
  for (const section of ["boards", "cameras", "devices", "lanes"] as const) {
    const names = site[section].map(({ name }) => name);
    names.forEach((name, index) => {
      const isBoardToo = section === "devices" && site.boards.some((board) => board.name === name);
      if (isBoardToo || names.indexOf(name) !== index) report([section, index, "name"], "this name is taken");
    });
  }
  const cables = site.network.cables.map(({ name }) => name);
  cables.forEach((name, index) => {
    if (cables.indexOf(name) !== index) report(["network", "cables", index, "name"], "this name is taken");
  });
  site.devices.forEach((device, index) => checkDevice(device, index, report));
  const wires = new Set<string>();
  const placed = new Set<string>();
  site.lanes.forEach((lane, index) => {
    if (!site.cameras.some(({ name }) => name === lane.camera))
      report(["lanes", index, "camera"], "no such camera");
    checkBarrier(site, index, wires, report);
    lane.devices.forEach((name, at) => {
      if (!site.devices.some((device) => device.name === name))
        report(["lanes", index, "devices", at], "no such device");
      else if (placed.has(name)) report(["lanes", index, "devices", at], "it stands at another lane");
      placed.add(name);
    });
  });
}

function checkDevice({ kind: name, ...device }: SiteDevice, index: number, report: Report): void {
  const kind = deviceKinds[name];
  if (kind === undefined) return;
  const wire = kind.wires.find((each) => device[each] !== undefined);
  if (wire === undefined)
    report(["devices", index, "kind"], `this kind needs one wire: ${kind.wires.join(" or ")}`);
  for (const setting of Object.keys(device.settings)) {
    if (!Object.hasOwn(kind.settings, setting))
      report(["devices", index, "settings", setting], "this kind has no such setting");
  }
}

function checkBarrier(site: SiteFile, index: number, wires: Set<string>, report: Report): void {
  const lane = site.lanes[index];
  if (lane === undefined) return;
  const { barrier } = lane;
  const board = site.boards.find(({ name }) => name === barrier.board);
  const device = site.devices.find(({ name }) => name === barrier.board);
  if (board === undefined && device === undefined)
    return report(["lanes", index, "barrier", "board"], "no such board");
  if ((device === undefined) !== (barrier.relays === undefined))
    report(
      ["lanes", index, "barrier", "relays"],
      device === undefined ? "this board's relays are known" : "say which relays open and close",
    );
  const hasMany = board?.transport !== "pcless-tcp" && board?.transport !== "pcless-serial";
  if (!hasMany && barrier.number !== 1)
    report(["lanes", index, "barrier", "number"], "this board has one barrier");
  const arm: readonly (readonly ["barrier", string, string])[] =
    barrier.relays === undefined
      ? [["barrier", "number", `barrier ${barrier.number}`]]
      : Object.values(barrier.relays).flatMap((relay) =>
          relay === undefined ? [] : [["barrier", "relays", `relay ${relay}`] as const],
        );
  for (const [section, key, wire] of [...arm, ...inputClaims(lane)]) {
    if (wires.has(`${barrier.board} ${wire}`))
      report(["lanes", index, section, key], "something else is wired there");
    wires.add(`${barrier.board} ${wire}`);
    if (board === undefined || section !== "inputs") continue;
    if (!/^in[1-8]$/.test(wire)) report(["lanes", index, section, key], "must be in1 to in8");
    else if (!hasMany && /^in[5-8]$/.test(wire))
      report(["lanes", index, section, key], "this board has in1 to in4");
  }
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
