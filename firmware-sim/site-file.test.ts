import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSite, parseSite } from "./site-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-site-"));
  writeFileSync(join(folder, "key"), "camera-key\n");
  writeFileSync(join(folder, "pin"), "1234\n");
  writeFileSync(join(folder, "empty"), "\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const SITE = `
facility: demo
time_zone: Europe/Berlin
mqtt: { url: "mqtt://127.0.0.1:1883" }
agent: { url: "http://127.0.0.1:8081" }
state_file: ./parked.json
attendant: { name: alex, pin_file: ./pin }
boards:
  - { name: entry-board, transport: mqtt }
  - { name: exit-board, transport: pcless-tcp, port: 9101 }
cameras:
  - { name: entry-cam, transport: hikvision, key_file: ./key }
  - { name: exit-cam, transport: mqtt, misread_chance: 0.1 }
lanes:
  - name: entry
    direction: entry
    camera: entry-cam
    barrier: { board: entry-board }
    inputs: { arming: in1, safety: in2, closing: in3, open_limit: in4, closed_limit: in5 }
  - name: exit
    direction: exit
    camera: exit-cam
    barrier: { board: exit-board, number: 1, rated_ms: 2000 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in4 }
`;

const FULL = `
facility: demo
mqtt: { url: "mqtt://127.0.0.1:1883" }
agent: { url: "http://127.0.0.1:8081" }
state_file: ./parked.json
control: 127.0.0.1:8090
drivers: { lost_ticket_chance: 0.1 }
network: { cables: [{ name: uplink, listen: "127.0.0.1:7000", to: "127.0.0.1:8080" }] }
boards: [{ name: entry-board, transport: mqtt }]
devices:
  - { name: relay-board, kind: modbus, serial: ./line, baud: 19200, settings: { channels: "4" } }
  - { name: tickets, kind: escpos, listen: "127.0.0.1:9100" }
  - { name: plug, kind: shelly, mqtt: true }
  - { name: pins, kind: gpio, folder: ./gpio }
cameras: [{ name: cam, transport: mqtt }]
lanes:
  - name: entry
    direction: entry
    camera: cam
    barrier: { board: entry-board }
    inputs: { arming: in1, safety: in2, closed_limit: in5 }
    devices: [tickets]
  - name: exit
    direction: exit
    camera: cam
    barrier: { board: relay-board, relays: { open: r1, close: r2 } }
    inputs: { arming: in1, safety: in2, closed_limit: in4 }
`;

const problemsOf = (text: string) => {
  const site = parseSite(text, folder);
  return site.ok ? [] : site.error.map(({ line, path, message }) => `${line} ${path} ${message}`);
};

describe("a site file", () => {
  it("fills in what is left out, reads the secrets, and makes its paths absolute", () => {
    const site = parseSite(SITE, folder);
    if (!site.ok) throw new Error(JSON.stringify(site.error));
    expect(site.value).toMatchObject({ speed: 1, seed: "1", capacity: 100, arrivals_per_hour: 60 });
    expect(site.value.boards[1]).toMatchObject({ host: "127.0.0.1", framing: "a6a9" });
    expect(site.value.lanes[0]?.barrier).toEqual({ board: "entry-board", number: 1, rated_ms: 1_500 });
    expect(site.value.secret("./key")).toBe("camera-key");
    expect(site.value.stateFile).toBe(join(folder, "parked.json"));
    expect(() => site.value.secret("./other")).toThrow(RangeError);
  });

  it("reports everything that is wrong at once, with its line, and repeats no value", () => {
    const text = SITE.replace("facility: demo", "facility: Demo!")
      .replace("Europe/Berlin", "Europe/Atlantis")
      .replace("port: 9101", "port: 91010")
      .replace("misread_chance: 0.1", "misread_chance: 2")
      .replace("direction: exit", "direction: sideways")
      .replace("state_file:", "statefile:");
    const problems = problemsOf(text);
    const at = (wanted: string) => text.split("\n").findIndex((line) => line.includes(wanted)) + 1;
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^2 facility /),
        expect.stringMatching(/^3 time_zone must be an IANA time zone/),
        expect.stringMatching(new RegExp(`^${at("91010")} boards.1.port `)),
        expect.stringMatching(new RegExp(`^${at("misread_chance: 2")} cameras.1.misread_chance `)),
        expect.stringMatching(new RegExp(`^${at("sideways")} lanes.1.direction `)),
        expect.stringMatching(/ state_file /),
        expect.stringMatching(/statefile/),
      ]),
    );
    expect(problems.join("\n")).not.toMatch(/91010|Demo!|Atlantis/);
  });

  it.each([
    ["camera: exit-cam", "camera: no-cam", /lanes.1.camera no such camera/],
    ["board: exit-board, number: 1", "board: no-board, number: 1", /lanes.1.barrier.board no such board/],
    ["number: 1, rated_ms: 2000", "number: 2", /lanes.1.barrier.number this board has one barrier/],
    ["closed_limit: in4", "closed_limit: in5", /lanes.1.inputs.closed_limit this board has in1 to in4/],
    [
      "open_limit: in4, closed",
      "open_limit: in3, closed",
      /lanes.0.inputs.open_limit something else is wired/,
    ],
    ["name: exit-board", "name: entry-board", /boards.1.name this name is taken/],
    ["./key", "./nothing", /cameras.0.key_file this file cannot be read/],
    ["./pin", "./empty", /attendant.pin_file this file holds no secret/],
  ])("refuses %s changed to %s", (right, wrong, problem) => {
    expect(SITE).toContain(right);
    expect(problemsOf(SITE.replace(right, wrong)).join("\n")).toMatch(problem);
  });

  it("takes devices of every kind at its lanes, boards of other makers, cables, and where the page is", () => {
    const site = parseSite(FULL, folder);
    if (!site.ok) throw new Error(JSON.stringify(site.error));
    expect(site.value.boards).toEqual([{ name: "entry-board", transport: "mqtt" }]);
    expect(site.value.devices.map(({ kind, baud }) => [kind, baud])).toEqual([
      ["modbus", 19_200],
      ["escpos", 9_600],
      ["shelly", 9_600],
      ["gpio", 9_600],
    ]);
    expect(site.value.lanes[1]).toMatchObject({
      devices: [],
      barrier: { relays: { open: "r1", close: "r2" } },
    });
    expect(site.value).toMatchObject({
      control: "127.0.0.1:8090",
      drivers: { lost_ticket_chance: 0.1, cash_chance: 0 },
      network: { cables: [{ name: "uplink" }] },
      folder,
    });
    const plain = parseSite(SITE, folder);
    expect(plain.ok && [plain.value.devices, plain.value.network, plain.value.control]).toEqual([
      [],
      { cables: [] },
      undefined,
    ]);
  });

  it.each([
    ["kind: modbus", "kind: toaster", /devices.0.kind no such kind of device/],
    ["kind: modbus", "kind: tcp-cable", /devices.0.kind no such kind of device/],
    ["serial: ./line,", "", /devices.0 needs one wire/],
    ["serial: ./line,", 'serial: ./line, listen: "127.0.0.1:1",', /devices.0 needs one wire/],
    ["serial: ./line,", "folder: ./line,", /devices.0.kind this kind needs one wire: serial or listen/],
    ["channels: ", "toasts: ", /devices.0.settings.toasts this kind has no such setting/],
    ["name: tickets, kind", "name: relay-board, kind", /devices.1.name this name is taken/],
    ["name: tickets, kind", "name: entry-board, kind", /devices.1.name this name is taken/],
    ["devices: [tickets]", "devices: [tickts]", /lanes.0.devices.0 no such device/],
    ["devices: [tickets]", "devices: [tickets, tickets]", /lanes.0.devices.1 it stands at another lane/],
    [", relays: { open: r1, close: r2 }", "", /lanes.1.barrier.relays say which relays open and close/],
    ["open: r1, close: r2", "open: r1, close: r1", /lanes.1.barrier.relays something else is wired/],
    ["{ board: entry-board }", "{ board: entry-board, relays: { open: r1, close: r2 } }", /relays are known/],
    [
      "arming: in1, safety: in2, closed_limit: in5",
      "arming: x1, safety: in2, closed_limit: in5",
      /in1 to in8/,
    ],
    ['listen: "127.0.0.1:7000"', 'listen: "7000"', /network.cables.0.listen must be host:port/],
    ["control: 127.0.0.1:8090", "control: 8090", /control /],
    ["lost_ticket_chance: 0.1", "lost_ticket_chance: 10", /drivers.lost_ticket_chance /],
  ])("refuses %s changed to %s", (right, wrong, problem) => {
    expect(FULL).toContain(right);
    expect(problemsOf(FULL.replace(right, wrong)).join("\n")).toMatch(problem);
  });

  it("refuses what is no YAML, and a file that is not there", () => {
    expect(problemsOf("a: [1\nb: {")).not.toEqual([]);
    expect(problemsOf("")).not.toEqual([]);
    expect(loadSite(join(folder, "missing.yaml"))).toMatchObject({ ok: false });
    writeFileSync(join(folder, "site.yaml"), SITE);
    expect(loadSite(join(folder, "site.yaml"))).toMatchObject({ ok: true });
  });
});
