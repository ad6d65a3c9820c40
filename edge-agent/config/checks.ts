import type { Report } from "@parkme/shared/config/yaml-config";
import { asCurrency } from "@parkme/shared/domain/money";
import { boardTerminals, type Terminals } from "../devices/registry/boards.ts";
import { valueOf } from "./desk-section.ts";
import { checkPayStations } from "./pay-station-section.ts";
import { checkOfferNumbers } from "./tickets-section.ts";
import type { EdgeFile } from "./schema.ts";

/** What a schema cannot see: names that must exist, and things that only one of two can have. */

type File = Partial<EdgeFile>;
type Lane = EdgeFile["lanes"][number];
type Boards = ReadonlyMap<string, Terminals>;

export const DEVICE_SECTIONS = ["boards", "cameras", "readers", "printers", "displays", "terminals"] as const;
/** Drivers whose devices have addresses of their own and can share a line. */
const SHARE_LINES: ReadonlySet<string> = new Set(["modbus", "osdp"]);

export function checkReferences(file: File, report: Report): void {
  checkNames(file, report);
  checkSerialLines(file, report);
  checkZones(file, report);
  const boards = file.boards && new Map(file.boards.map((board) => [board.name, boardTerminals(board)]));
  const taken = createTaken();
  for (const [i, lane] of (file.lanes ?? []).entries()) {
    checkBarrier(lane, i, boards, taken, report);
    checkInputs(lane, i, boards, report);
    checkDevices(file, lane, i, taken, report);
    checkDirection(lane, i, report);
  }
  checkBoardReaders(file, report);
  checkDesk(file, taken, report);
  checkPayStations(file, PLACES, taken.take, report);
  checkMerchants(file, report);
  checkOfferNumbers(file.merchants, report);
  if (file.upi !== undefined && file.facility !== undefined && file.facility.currency !== "INR")
    report(["upi"], "is for facilities whose currency is INR");
}

function checkNames(file: File, report: Report): void {
  const devices = new Map<string, string>();
  for (const section of DEVICE_SECTIONS) {
    for (const [i, { name }] of (file[section] ?? []).entries()) {
      const other = devices.get(name);
      if (other !== undefined) {
        report([section, i, "name"], other === section ? "is used twice" : `is used under ${other} already`);
      }
      devices.set(name, section);
    }
  }
  checkUnique(file, ["lanes"], report);
  // Both sign in, at the same page and without regard to case.
  checkUnique(file, ["attendants", "merchants"], report);
  for (const [i, { name }] of (file.lanes ?? []).entries())
    if (PLACES.has(name)) report(["lanes", i, "name"], "is the name of a place that is no lane");
}

/** Where money is taken and alarms are raised that are no lane's. */
const PLACES: ReadonlySet<string> = new Set(["desk", "cloud"]);

function checkUnique(
  file: File,
  sections: readonly ("lanes" | "attendants" | "merchants")[],
  report: Report,
): void {
  const seen = new Set<string>();
  for (const section of sections) {
    for (const [i, { name }] of (file[section] ?? []).entries()) {
      const key = name.toLowerCase();
      if (seen.has(key)) report([section, i, "name"], "is used twice");
      seen.add(key);
    }
  }
}

function checkMerchants({ merchants, facility }: File, report: Report): void {
  for (const [i, { offers }] of (merchants ?? []).entries()) {
    const seen = new Set<string>();
    for (const [k, offer] of offers.entries()) {
      const path = ["merchants", i, "offers", k];
      if (seen.has(offer.name)) report([...path, "name"], "is used twice");
      seen.add(offer.name);
      if (facility === undefined) continue;
      const value = valueOf(offer, asCurrency(facility.currency));
      if (!value.ok) report([...path, value.error.key], value.error.message);
    }
  }
}

type SerialDevice = { readonly driver: string; readonly baud: unknown; readonly parity: unknown };

function checkSerialLines(file: File, report: Report): void {
  const lines = new Map<string, SerialDevice>();
  for (const section of DEVICE_SECTIONS) {
    for (const [i, device] of (file[section] ?? []).entries()) {
      if (!("serial" in device) || typeof device.serial !== "string") continue;
      const { driver } = device;
      const line = {
        driver,
        baud: "baud" in device && device.baud,
        parity: "parity" in device && device.parity,
      };
      const other = lines.get(device.serial);
      lines.set(device.serial, line);
      if (other === undefined) continue;
      if (other.driver !== driver || !SHARE_LINES.has(driver)) {
        report([section, i, "serial"], "is the line of another device, and these cannot share one");
      } else if (other.baud !== line.baud || other.parity !== line.parity) {
        report([section, i, "serial"], "is shared with a device that has another baud or parity");
      }
    }
  }
}

function checkZones({ facility, lanes }: File, report: Report): void {
  if (facility === undefined) return;
  const parents = new Map<string, string | undefined>();
  for (const [i, zone] of facility.zones.entries()) {
    if (parents.has(zone.name)) report(["facility", "zones", i, "name"], "is used twice");
    parents.set(zone.name, zone.parent);
  }
  const known = (name: string | undefined): boolean => name === undefined || parents.has(name);
  for (const [i, zone] of facility.zones.entries()) {
    const path = ["facility", "zones", i, "parent"];
    if (!known(zone.parent)) report(path, "is not one of the zones");
    else if (isWithinItself(zone.name, parents)) report(path, "leads round in a circle");
  }
  for (const [i, { zone }] of facility.count_resets.entries())
    if (!known(zone)) report(["facility", "count_resets", i, "zone"], "is not one of the zones");
  for (const [i, lane] of (lanes ?? []).entries()) {
    if (!known(lane.zone)) report(["lanes", i, "zone"], "is not one of the zones");
    if (!known(lane.from_zone)) report(["lanes", i, "from_zone"], "is not one of the zones");
    if (lane.from_zone !== undefined && !lane.inner)
      report(["lanes", i, "from_zone"], "is for lanes within the facility: set inner: true");
    if (lane.inner && lane.zone === lane.from_zone)
      report(["lanes", i, "zone"], "must be another zone than the one it leads out of");
  }
}

function isWithinItself(zone: string, parents: ReadonlyMap<string, string | undefined>): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = zone; at !== undefined; at = parents.get(at)) {
    if (seen.has(at)) return at === zone;
    seen.add(at);
  }
  return false;
}

type Taken = {
  /** Takes something for a lane; false when another lane has it. */
  readonly take: (kind: string, name: string) => boolean;
};

function createTaken(): Taken {
  const taken = new Set<string>();
  return {
    take: (kind, name) => {
      const key = `${kind} ${name}`;
      if (taken.has(key)) return false;
      taken.add(key);
      return true;
    },
  };
}

function checkBarrier(lane: Lane, i: number, boards: Boards | undefined, taken: Taken, report: Report): void {
  const { board, number, relays } = lane.barrier;
  const terminals = boards?.get(board);
  if (boards !== undefined && terminals === undefined)
    report(["lanes", i, "barrier", "board"], "is not one of the boards");
  if (relays === undefined) {
    if (terminals?.barriers === 0)
      report(["lanes", i, "barrier"], "needs relays: this board does not know barriers by number");
    else if (terminals !== undefined && number > terminals.barriers)
      report(["lanes", i, "barrier", "number"], `must be at most ${terminals.barriers} on this board`);
    if (!taken.take("barrier", `${board} ${number}`)) report(["lanes", i, "barrier"], OTHERS);
    return;
  }
  for (const [action, relay] of Object.entries(relays)) {
    if (relay === undefined) continue;
    const path = ["lanes", i, "barrier", "relays", action];
    if (terminals?.relay === null) report(path, "is not for this board: it knows its barriers by number");
    else if (terminals?.relay.test(relay) === false) report(path, "is not a relay of this board");
    if (!taken.take("relay", `${board} ${relay}`)) report(path, OTHERS);
  }
}

const OTHERS = "belongs to another lane or action already";

function checkInputs(lane: Lane, i: number, boards: Boards | undefined, report: Report): void {
  const wired = new Set<string>();
  for (const [input, wire] of Object.entries(lane.inputs)) {
    if (wire === undefined) continue;
    const wrong = (why: string): void => report(["lanes", i, "inputs", input], why);
    const { board, point } = placeOf(wire.point, lane.barrier.board);
    const terminals = boards?.get(board);
    if (wire.point.includes("/") && boards !== undefined && terminals === undefined)
      wrong("names an unknown board");
    if (terminals !== undefined && !terminals.input.test(point)) wrong("is not an input of its board");
    // One contact that speaks for two inputs would let each vouch for the other.
    const place = `${board}/${point}`;
    if (wired.has(place)) wrong("is the point of another input of this lane");
    wired.add(place);
  }
}

/** The board and the point of `point` or `board/point`. */
export function placeOf(at: string, ownBoard: string): { readonly board: string; readonly point: string } {
  const [first = "", second] = at.split("/");
  return second === undefined ? { board: ownBoard, point: first } : { board: first, point: second };
}

function checkDevices(file: File, lane: Lane, i: number, taken: Taken, report: Report): void {
  const one = (
    key: "camera" | "exit_camera" | "printer" | "display" | "terminal",
    section: (typeof DEVICE_SECTIONS)[number],
  ): void => {
    const name = lane[key];
    if (name === undefined) return;
    const path = ["lanes", i, key];
    if (file[section]?.some((device) => device.name === name) === false)
      report(path, `is not one of the ${section}`);
    // One read at two lanes would let the same vehicle in twice; one printer for two would mix up tickets.
    if (!taken.take(section, name))
      report(path, section === "cameras" ? "watches another lane already" : "serves another lane already");
  };
  one("camera", "cameras");
  one("exit_camera", "cameras");
  one("printer", "printers");
  one("display", "displays");
  one("terminal", "terminals");
  for (const [k, name] of lane.readers.entries()) {
    if (file.readers?.some((reader) => reader.name === name) === false)
      report(["lanes", i, "readers", k], "is not one of the readers");
    if (!taken.take("readers", name)) report(["lanes", i, "readers", k], "serves another lane already");
  }
}

function checkDirection(lane: Lane, i: number, report: Report): void {
  if (lane.vehicle !== undefined && (lane.direction === "exit" || lane.inner))
    report(["lanes", i, "vehicle"], "is for entries: no stay begins at this lane");
  if (lane.direction === "reversible") {
    if (lane.inputs.closing === undefined)
      report(["lanes", i, "inputs"], "need closing: a reversible lane has a loop on either side of its arm");
    return;
  }
  if (lane.schedule.length > 0) report(["lanes", i, "schedule"], "is for reversible lanes only");
  if (lane.exit_camera !== undefined)
    report(["lanes", i, "exit_camera"], "is for reversible lanes only: name it camera");
}

function checkDesk({ desk, printers, terminals }: File, taken: Taken, report: Report): void {
  if (desk?.printer !== undefined) {
    if (printers?.some(({ name }) => name === desk.printer) === false)
      report(["desk", "printer"], "is not one of the printers");
    if (!taken.take("printers", desk.printer)) report(["desk", "printer"], "serves a lane already");
  }
  if (desk?.terminal !== undefined) {
    if (terminals?.some(({ name }) => name === desk.terminal) === false)
      report(["desk", "terminal"], "is not one of the terminals");
    if (!taken.take("terminals", desk.terminal)) report(["desk", "terminal"], "serves a lane already");
  }
}

function checkBoardReaders(file: File, report: Report): void {
  for (const [i, reader] of (file.readers ?? []).entries()) {
    if (reader.driver !== "board") continue;
    if (file.boards?.some((board) => board.name === reader.board) === false)
      report(["readers", i, "board"], "is not one of the boards");
  }
}
