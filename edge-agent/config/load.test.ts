import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { loadConfig, parseConfig } from "./load.ts";

const SECRETS = {
  "edge-token": "tok-7f1d0c",
  "pin-alex": "481516",
  "key-entry-cam": "cam-key-90210",
  mqtt: "mq-password-1",
};
const FULL = `facility:
  id: 019ab3c4-0000-7000-8000-000000000001
  slug: demo
  name: Harbour Square
  time_zone: Europe/Berlin
  currency: EUR
  capacity: 120
data_dir: ./edge
http: { host: 127.0.0.1, port: 8081 }
mqtt: { url: "mqtt://127.0.0.1:1883", username: gate, password_file: ./secrets/mqtt }
cloud:
  url: "http://127.0.0.1:8080"
  edge_id: 019ab3c4-0000-7000-8000-000000000002
  token_file: ./secrets/edge-token
attendants: [{ name: alex, pin_file: ./secrets/pin-alex }]
retention_days: 14
tariff:
  id: standard
  version: 1
  document:
    slabs:
      - { max_hours: 1, price: 5 }
      - { max_hours: 3, price: 12 }
      - { max_hours: null, price: 30 }
boards:
  - { name: entry-board, driver: mqtt }
  - { name: exit-board, driver: pcless, tcp: "127.0.0.1:9101" }
cameras:
  - { name: entry-cam, driver: hikvision, key_file: ./secrets/key-entry-cam }
  - { name: exit-cam, driver: mqtt }
lanes:
  - name: entry
    title: Entry 1
    direction: entry
    camera: entry-cam
    barrier: { board: entry-board, number: 1, pulse_ms: 500, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closing: in3, open_limit: in4, closed_limit: in5 }
  - name: exit
    title: Exit 1
    direction: exit
    camera: exit-cam
    barrier: { board: exit-board, number: 1, pulse_ms: 1000, rated_ms: 1500 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in4 }
    timers: { clear_ms: 2000 }
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-config-"));
  mkdirSync(join(folder, "secrets"));
  for (const [name, secret] of Object.entries(SECRETS))
    writeFileSync(join(folder, "secrets", name), `${secret}\n`, { mode: 0o600 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The full file with one of its texts replaced. */
function changed(...changes: readonly (readonly [from: string, to: string])[]): string {
  let text = FULL;
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`nothing to change: ${from}`);
    text = text.replace(from, to);
  }
  return text;
}

const lineOf = (text: string, mark: string): number => text.slice(0, text.indexOf(mark)).split("\n").length;

function problemsOf(text: string): string[] {
  const parsed = parseConfig(text, folder);
  return parsed.ok ? [] : describeProblems("edge.yaml", parsed.error).split("\n");
}

describe("a configuration", () => {
  it("is read whole, with its secrets, its tariff and its paths", () => {
    const path = join(folder, "edge.yaml");
    writeFileSync(path, FULL);
    const loaded = loadConfig(path);
    if (!loaded.ok) throw new Error(describeProblems(path, loaded.error));
    const config = loaded.value;
    expect(config.facility).toMatchObject({ slug: "demo", capacity: 120, currency: "EUR" });
    expect(config.data_dir).toBe(join(folder, "edge"));
    expect(config.secret("./secrets/edge-token")).toBe(SECRETS["edge-token"]);
    expect(config.secret("./secrets/pin-alex")).toBe(SECRETS["pin-alex"]);
    expect(() => config.secret("./secrets/other")).toThrow("no secret was read");
    expect(config.tariff).toMatchObject({ id: "standard", version: 1, rule: { kind: "slab" } });
    expect(config.lanes[1]?.timers).toMatchObject({ clear_ms: 2_000, read_ms: 2_500 });
    expect(config.boards[1]).toMatchObject({ driver: "pcless", framing: "a6a9", baud: 9_600 });
  });

  it("needs little: the rest has defaults", () => {
    const parsed = parseConfig(
      `facility: { id: 019ab3c4-0000-7000-8000-000000000001, slug: d, name: D, time_zone: UTC, currency: JPY, capacity: 0 }
mqtt: { url: "mqtt://broker" }
boards: [{ name: b, driver: mqtt }]
lanes:
  - { name: in, title: In, direction: entry, barrier: { board: b }, inputs: { arming: a, safety: s, closed_limit: c } }
`,
      folder,
    );
    if (!parsed.ok) throw new Error(describeProblems("", parsed.error));
    expect(parsed.value).toMatchObject({
      data_dir: join(folder, "data"),
      http: { host: "127.0.0.1", port: 8081 },
      cameras: [],
      attendants: [],
      retention_days: 30,
      tariff: null,
    });
    expect(parsed.value.cloud).toBeUndefined();
    expect(parsed.value.lanes[0]).toMatchObject({
      barrier: { number: 1, pulse_ms: 500, rated_ms: 3_000 },
      timers: { arm_ms: 300, stuck_ms: 60_000 },
    });
  });

  it("is read with a byte order mark, Windows line ends and aliases", () => {
    const text = changed(["    timers: { clear_ms: 2000 }", "    timers: &slow { clear_ms: 2000 }"]);
    expect(problemsOf(`\uFEFF${text.replaceAll("\n", "\r\n")}`)).toEqual([]);
    expect(
      problemsOf(
        text
          .replace("  - name: entry\n", "  - name: entry\n    timers: &t { arm_ms: 100 }\n")
          .replace("&slow { clear_ms: 2000 }", "*t"),
      ),
    ).toEqual([]);
  });

  it("has one spelling of ids", () => {
    const parsed = parseConfig(
      changed(["019ab3c4-0000-7000-8000-000000000002", "019AB3C4-0000-7000-8000-00000000000F"]),
      folder,
    );
    expect(parsed.ok && parsed.value.cloud?.edge_id).toBe("019ab3c4-0000-7000-8000-00000000000f");
  });
});

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
    const problems = problemsOf(text);
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
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(new RegExp(`^${at("retention_days")}retention_days `)),
      `${at("max_hours: 0.5")}tariff.document.slabs.1.max_hours must be longer than the slab before it`,
      `${at("max_hours: 0.5")}tariff.document.slabs.1.price must not be negative`,
      `${at("max_hours: 6")}tariff.document.slabs.2.max_hours no slab covers a stay of more than 6 h; end with null`,
      `${at("max_hours: 6")}tariff.document.slabs.2.price has more decimals than EUR allows`,
    ]);
  });

  it("stand at the nearest line above when something is missing", () => {
    const text = changed(["  time_zone: Europe/Berlin\n", ""], ["    direction: exit\n", ""]);
    expect(problemsOf(text)).toEqual([
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
    const problems = problemsOf(text);
    expect(problems.some((problem) => expected.test(problem))).toBe(true);
    expect(problems.every((problem) => /^edge\.yaml:\d+: /.test(problem))).toBe(true);
  });

  it("do not follow from one another: lanes are not blamed when the boards could not be read", () => {
    const problems = problemsOf(
      changed(["driver: mqtt }\n  - { name: exit-board", "driver: modbus }\n  - { name: exit-board"]),
    );
    expect(problems).toHaveLength(1);
  });
});

describe("secrets", () => {
  const HIDDEN = "hunter2-s3cret!";

  it.each([
    ["in place of a file name", changed(["./secrets/pin-alex", HIDDEN])],
    ["in place of a number", changed(["port: 8081", `port: ${HIDDEN}`])],
    ["in place of a choice", changed(["direction: entry", `direction: ${HIDDEN}`])],
    ["in place of a section", changed(["http: { host: 127.0.0.1, port: 8081 }", `http: ${HIDDEN}`])],
    ["in place of a driver", changed(["driver: hikvision", `driver: ${HIDDEN}`])],
    ["in place of an id", changed(["019ab3c4-0000-7000-8000-000000000002", HIDDEN])],
    ["as the value of an unknown key", changed(["pin_file: ./secrets/pin-alex", `pin: ${HIDDEN}`])],
    ["as a key of its own", changed(["pin_file: ./secrets/pin-alex", HIDDEN])],
    ["in an address", changed(["mqtt://127.0.0.1", `mqtt://gate:${HIDDEN}@127.0.0.1`])],
    ["in the cloud's address", changed(["http://127.0.0.1:8080", `http://gate:${HIDDEN}@cloud`])],
    ["after a closed quote", changed(['"mqtt://127.0.0.1:1883"', `"mqtt://127.0.0.1:1883" "${HIDDEN}"`])],
    ["as an alias", changed(["pin_file: ./secrets/pin-alex", `pin_file: *${HIDDEN}`])],
    ["as a tag", changed(["pin_file: ./secrets/pin-alex", `pin_file: !${HIDDEN} [x`])],
    ["after a block scalar's header", changed(["name: Harbour Square", `name: | ${HIDDEN}`])],
    ["outside of everything", `${FULL}\n}} ${HIDDEN}\n`],
    ["in a second document", `${FULL}\n---\npin: ${HIDDEN}\n`],
  ])("are not repeated %s", (_where, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain("s3cret");
  });

  it("are trimmed, and refused when there is nothing much to them", () => {
    const withPin = changed(["./secrets/pin-alex", "./pin"]);
    const problem = (content: string | Uint8Array) => {
      writeFileSync(join(folder, "pin"), content);
      return problemsOf(withPin).join();
    };
    expect(problem("  1234 \r\n")).toBe("");
    expect(problem("")).toMatch(/pin_file names a file that holds no secret/);
    expect(problem(" 12 \n")).toMatch(/pin_file names a file that holds no secret/);
    expect(problem("x".repeat(5_000))).toMatch(/pin_file names a file that is too long/);
    expect(problem("é".repeat(3_000))).toMatch(/pin_file names a file that is too long/);
  });

  it("may lie in a folder, a device or nowhere: that is told and does no harm", () => {
    const report = (file: string) => problemsOf(changed(["./secrets/pin-alex", file])).join();
    expect(report("./secrets")).toMatch(/pin_file names a file that cannot be read: EISDIR/);
    expect(report("/dev/zero")).toMatch(/pin_file names a file that is too long/);
    expect(report("/dev/null")).toMatch(/pin_file names a file that holds no secret/);
    symlinkSync("loop", join(folder, "loop"));
    expect(report("./loop")).toMatch(/pin_file names a file that cannot be read: ELOOP/);
    expect(report("./pin\\0x")).not.toBe("");
  });
});

describe("what is no configuration", () => {
  it.each([
    ["nothing", ""],
    ["a comment", "# later"],
    ["a word", "hello"],
    ["a number", "42"],
    ["a list", "- a\n- b\n"],
    ["null", "null"],
    ["two documents", `${FULL}---\n${FULL}`],
    ["a tab for indentation", changed(["  slug: demo", "\tslug: demo"])],
    ["a key twice", changed(["  slug: demo", "  slug: demo\n  slug: demo"])],
    ["a bracket left open", changed(["port: 8081 }", "port: 8081"])],
    ["a quote left open", changed(['"mqtt://127.0.0.1:1883"', '"mqtt://127.0.0.1:1883'])],
    ["a list for a key", "? [a, b]\n: c\n"],
    ["an alias without its anchor", changed(["pin_file: ./secrets/pin-alex", "pin_file: *nobody"])],
    ["an alias of itself", "a: &a [*a]\n"],
    ["nesting without end", "[".repeat(50_000)],
    ["maps without end", "{a: ".repeat(20_000)],
    ["binary", "\u0000\u0001\u0002\uFFFF"],
  ])("is refused: %s", (_what, text) => {
    const parsed = parseConfig(text, folder);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.error.length > 0).toBe(true);
  });

  it("names the line of a YAML error", () => {
    const text = changed(["  slug: demo", "  slug: demo\n  slug: again"]);
    expect(problemsOf(text)[0]).toBe(
      `edge.yaml:${lineOf(text, "slug: again")}: is not YAML: Map keys must be unique`,
    );
  });

  it("does not multiply: aliases of aliases are refused at once", () => {
    const levels = Array.from(
      { length: 25 },
      (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}, *l${i}]`,
    );
    const startedMs = performance.now();
    expect(parseConfig(`l0: &l0 [x, x]\n${levels.join("\n")}\n`, folder).ok).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it("is not read to its end when it is far too long", () => {
    expect(problemsOf(`${FULL}# ${"x".repeat(1_000_000)}`)).toEqual([
      "edge.yaml: is longer than 1000000 bytes",
    ]);
    const endless = loadConfig("/dev/zero");
    expect(!endless.ok && endless.error[0]?.message).toBe("is longer than 1000000 bytes");
  });

  it("is not blamed without end", () => {
    const attendants = `attendants:\n${"  - { name: 1, pin: 2 }\n".repeat(150)}`;
    const text = changed(["attendants: [{ name: alex, pin_file: ./secrets/pin-alex }]\n", attendants]);
    expect(problemsOf(text)).toHaveLength(100);
    expect(problemsOf("a: b\n".repeat(5_000))).toHaveLength(100);
  });

  it("may not be there at all", () => {
    const absent = loadConfig(join(folder, "absent.yaml"));
    expect(absent).toEqual({
      ok: false,
      error: [{ line: null, path: "", message: "cannot be read: ENOENT" }],
    });
    expect(loadConfig(folder)).toMatchObject({ error: [{ message: "cannot be read: EISDIR" }] });
    expect(loadConfig("a\0b").ok).toBe(false);
  });

  it("never throws, whatever the text", () => {
    const lines = FULL.split("\n");
    const mangled = fc
      .array(fc.tuple(fc.nat(lines.length - 1), fc.string({ unit: "binary", maxLength: 20 })), {
        maxLength: 4,
      })
      .map((edits) => {
        const copy = [...lines];
        for (const [at, text] of edits) copy[at] = `${copy[at]?.slice(0, text.length)}${text}`;
        return copy.join("\n");
      });
    const yamlish = fc
      .array(
        fc.constantFrom(
          "a",
          ":",
          " ",
          "\n",
          "- ",
          "{",
          "}",
          "[",
          "]",
          "&x ",
          "*x",
          "!t ",
          "|",
          ">",
          '"',
          "'",
          "#",
          "?",
          "%",
          "---\n",
          "\t",
          "<<",
          "~",
          ",",
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), mangled, yamlish), (text) => {
        const parsed = parseConfig(text, folder);
        if (!parsed.ok) expect(parsed.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
