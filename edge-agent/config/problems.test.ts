import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changed, createSite, FULL, lineOf, type Site } from "./testing/site.ts";

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

describe("the problems of a configuration", () => {
  it("are all reported at once, of shape, of names, of secrets and of prices, each with its line", () => {
    const text = changed(
      ["slug: demo", "slug: Demo Park"],
      ["Europe/Berlin", "Europe/Atlantis"],
      ["capacity: 120", "capacity: -1"],
      ["token_file: ./secrets/edge-token", "token_file: ./secrets/nowhere"],
      ["{ max_hours: 3, price: 12 }", "{ max_hours: 0.5, price: -12 }"],
      ["{ max_hours: null, price: 30 }", "{ max_hours: 6, price: 30.001 }"],
      ["camera: exit-cam", "camera: elsewhere"],
    );
    const problems = site.problemsOf(text);
    const at = (mark: string) => `edge.yaml:${lineOf(text, mark)}: `;
    expect(problems).toEqual([
      `${at("Demo Park")}facility.slug must be lower-case letters, digits and dashes, 1..40 long`,
      `${at("Atlantis")}facility.time_zone must be an IANA time zone, such as Europe/Berlin`,
      expect.stringMatching(new RegExp(`^${at("capacity: -1")}facility.capacity `)),
      `${at("nowhere")}cloud.token_file names a file that cannot be read: ENOENT`,
      `${at("camera: elsewhere")}lanes.1.camera is not one of the cameras`,
    ]);
  });

  it("are reported with the tariff's where the facility itself is sound", () => {
    const text = changed(
      ["retention_days: 14", "retention_days: 0"],
      ["{ max_hours: 3, price: 12 }", "{ max_hours: 0.5, price: -12 }"],
      ["{ max_hours: null, price: 30 }", "{ max_hours: 6, price: 30.001 }"],
    );
    const at = (mark: string) => `edge.yaml:${lineOf(text, mark)}: `;
    expect(site.problemsOf(text)).toEqual([
      expect.stringMatching(new RegExp(`^${at("retention_days")}retention_days `)),
      `${at("max_hours: 0.5")}tariff.document.slabs.1.max_hours must be longer than the slab before it`,
      `${at("max_hours: 0.5")}tariff.document.slabs.1.price must not be negative`,
      `${at("max_hours: 6")}tariff.document.slabs.2.max_hours no slab covers a stay of more than 6 h; end with null`,
      `${at("max_hours: 6")}tariff.document.slabs.2.price has more decimals than EUR allows`,
    ]);
  });

  it("stand at the nearest line above when something is missing", () => {
    const text = changed(["  time_zone: Europe/Berlin\n", ""], ["    direction: exit\n", ""]);
    expect(site.problemsOf(text)).toEqual([
      expect.stringMatching(/^edge\.yaml:2: facility\.time_zone /),
      expect.stringMatching(
        new RegExp(`^edge\\.yaml:${lineOf(text, "name: exit\n")}: lanes\\.1\\.direction `),
      ),
    ]);
  });

  it.each([
    ["an unknown section", changed(["retention_days: 14", "retention_day: 14"]), /retention_day/],
    ["an unknown key", changed(["port: 8081", "prot: 8081"]), /http .*"prot"/],
    ["a port out of range", changed(["port: 8081", "port: 70000"]), /http\.port /],
    ["a port in words", changed(["port: 8081", 'port: "8081"']), /http\.port /],
    [
      "a board twice",
      changed(["name: exit-board", "name: entry-board"], ["board: exit-board", "board: entry-board"]),
      /boards\.1\.name is used twice/,
    ],
    [
      "a camera twice",
      changed(["name: exit-cam", "name: entry-cam"], ["camera: exit-cam", "camera: entry-cam"]),
      /cameras\.1\.name is used twice/,
    ],
    ["a lane twice", changed(["  - name: exit\n", "  - name: entry\n"]), /lanes\.1\.name is used twice/],
    [
      "an attendant twice, in any case",
      changed(["pin-alex }]", "pin-alex }, { name: Alex, pin_file: ./secrets/mqtt }]"]),
      /attendants\.1\.name is used twice/,
    ],
    [
      "an unknown board",
      changed(["board: exit-board", "board: roof-board"]),
      /lanes\.1\.barrier\.board is not one of the boards/,
    ],
    [
      "a barrier of two lanes",
      changed(["board: exit-board", "board: entry-board"]),
      /lanes\.1\.barrier belongs to another lane/,
    ],
    [
      "a camera of two lanes",
      changed(["camera: exit-cam", "camera: entry-cam"]),
      /lanes\.1\.camera watches another lane already/,
    ],
    [
      "an input that its board does not have",
      changed(["closing: in3, closed_limit: in4", "closing: in3, closed_limit: in5"]),
      /lanes\.1\.inputs\.closed_limit is not an input of its board/,
    ],
    [
      "an input of an unknown board",
      changed(["closing: in3, closed_limit: in4", "closing: roof/in3, closed_limit: in4"]),
      /lanes\.1\.inputs\.closing names an unknown board/,
    ],
    [
      "one contact for two inputs",
      changed([
        "safety: in2, closing: in3, closed_limit: in4",
        "safety: in2, closing: in2, closed_limit: in4",
      ]),
      /lanes\.1\.inputs\.closing is the point of another input/,
    ],
    [
      "one contact under two names",
      changed([
        "safety: in2, closing: in3, closed_limit: in4",
        "safety: in2, closing: exit-board/in2, closed_limit: in4",
      ]),
      /lanes\.1\.inputs\.closing is the point of another input/,
    ],
    [
      "an unknown driver",
      changed(["driver: mqtt }\n  - { name: exit-board", "driver: modbus }\n  - { name: exit-board"]),
      /boards\.0/,
    ],
    [
      "a board without a line",
      changed([', tcp: "127.0.0.1:9101"', ""]),
      /boards\.1 needs either serial or tcp/,
    ],
    ["an address of another protocol", changed(["mqtt://127", "http://127"]), /mqtt\.url must be mqtt:\/\//],
    [
      "an edge's id without its token",
      changed(["  token_file: ./secrets/edge-token\n", ""]),
      /cloud\.token_file is missing: it goes with edge_id/,
    ],
    [
      "a token without its edge's id",
      changed(["  edge_id: 019ab3c4-0000-7000-8000-000000000002\n", ""]),
      /cloud\.edge_id is missing: it goes with token_file/,
    ],
    [
      "an attendant's name that the cloud would refuse",
      changed(["name: alex", `name: ${"x".repeat(61)}`]),
      /attendants\.0\.name /,
    ],
    [
      "an id that is none",
      changed(["019ab3c4-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000"]),
      /facility\.id must be a UUID/,
    ],
    ["a pulse longer than boards allow", changed(["pulse_ms: 500", "pulse_ms: 60000"]), /pulse_ms/],
    ["no lanes", FULL.slice(0, FULL.indexOf("lanes:")), /lanes /],
    ["a lane that is null", changed(["lanes:\n", "lanes:\n  -\n"]), /lanes\.0 /],
  ])("name %s", (_what, text, expected) => {
    const problems = site.problemsOf(text);
    expect(problems.some((problem) => expected.test(problem))).toBe(true);
    expect(problems.every((problem) => /^edge\.yaml:\d+: /.test(problem))).toBe(true);
  });

  it("do not follow from one another: lanes are not blamed when the boards could not be read", () => {
    const problems = site.problemsOf(
      changed(["driver: mqtt }\n  - { name: exit-board", "driver: modbus }\n  - { name: exit-board"]),
    );
    expect(problems).toHaveLength(1);
  });
});
