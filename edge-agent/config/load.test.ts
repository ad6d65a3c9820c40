import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { boardConfigSchema } from "../devices/registry/boards.ts";
import { loadConfig, parseConfig } from "./load.ts";
import { changed, createSite, FULL, lineOf, SECRETS, type Site } from "./testing/site.ts";

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

describe("a configuration", () => {
  it("is read whole, with its secrets, its tariff and its paths", () => {
    const path = join(site.folder, "edge.yaml");
    writeFileSync(path, FULL);
    const loaded = loadConfig(path);
    if (!loaded.ok) throw new Error(describeProblems(path, loaded.error));
    const config = loaded.value;
    expect(config.facility).toMatchObject({ slug: "demo", capacity: 120, currency: "EUR" });
    expect(config.data_dir).toBe(join(site.folder, "edge"));
    expect(config.secret("./secrets/edge-token")).toBe(SECRETS["edge-token"]);
    expect(config.secret("./secrets/pin-alex")).toBe(SECRETS["pin-alex"]);
    expect(() => config.secret("./secrets/other")).toThrow("no secret was read");
    const tariff = { id: "standard", version: 1, timeZone: "Europe/Berlin", name: "Slab Rate" };
    expect(config.tariff).toMatchObject({ kind: "inline", offer: { tariff, fromMs: null } });
    expect(config.lanes[1]?.timers).toMatchObject({ clear_ms: 2_000, read_ms: 2_500 });
    expect(config.boards[1]).toMatchObject({ driver: "pcless", framing: "a6a9", baud: 9_600 });
  });

  it("has an example that is sound, and shows the defaults of the timers", () => {
    const example = readFileSync(join(import.meta.dirname, "edge.example.yaml"), "utf8");
    expect(site.problemsOf(example)).toEqual([]);
    const parsed = parseConfig(example, site.folder);
    expect(parsed.ok && parsed.value.lanes[0]?.timers).toEqual(parsed.ok && parsed.value.lanes[1]?.timers);
  });

  it("has an example of every driver", () => {
    const example = readFileSync(join(import.meta.dirname, "devices.example.yaml"), "utf8");
    expect(site.problemsOf(example)).toEqual([]);
    const parsed = parseConfig(example, site.folder);
    const drivers = parsed.ok ? new Set(parsed.value.boards.map(({ driver }) => driver)) : new Set();
    for (const { shape } of boardConfigSchema.options) expect(drivers).toContain(shape.driver.value);
  });

  it("needs little: the rest has defaults", () => {
    const parsed = parseConfig(
      `facility: { id: 019ab3c4-0000-7000-8000-000000000001, slug: d, name: D, time_zone: UTC, currency: JPY, capacity: 0 }
mqtt: { url: "mqtt://broker" }
boards: [{ name: b, driver: mqtt }]
lanes:
  - { name: in, title: In, direction: entry, barrier: { board: b }, inputs: { arming: a, safety: s, closed_limit: c } }
`,
      site.folder,
    );
    if (!parsed.ok) throw new Error(describeProblems("", parsed.error));
    expect(parsed.value).toMatchObject({
      data_dir: join(site.folder, "data"),
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
    expect(site.problemsOf(`\uFEFF${text.replaceAll("\n", "\r\n")}`)).toEqual([]);
    expect(
      site.problemsOf(
        text
          .replace("  - name: entry\n", "  - name: entry\n    timers: &t { arm_ms: 100 }\n")
          .replace("&slow { clear_ms: 2000 }", "*t"),
      ),
    ).toEqual([]);
  });

  it("has one spelling of ids", () => {
    const parsed = parseConfig(
      changed(["019ab3c4-0000-7000-8000-000000000002", "019AB3C4-0000-7000-8000-00000000000F"]),
      site.folder,
    );
    expect(parsed.ok && parsed.value.cloud?.edge_id).toBe("019ab3c4-0000-7000-8000-00000000000f");
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
    const parsed = parseConfig(text, site.folder);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.error.length > 0).toBe(true);
  });

  it("names the line of a YAML error", () => {
    const text = changed(["  slug: demo", "  slug: demo\n  slug: again"]);
    expect(site.problemsOf(text)[0]).toBe(
      `edge.yaml:${lineOf(text, "slug: again")}: is not YAML: Map keys must be unique`,
    );
  });

  it("does not multiply: aliases of aliases are refused at once", () => {
    const levels = Array.from(
      { length: 25 },
      (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}, *l${i}]`,
    );
    const startedMs = performance.now();
    expect(parseConfig(`l0: &l0 [x, x]\n${levels.join("\n")}\n`, site.folder).ok).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it("is not read to its end when it is far too long", () => {
    expect(site.problemsOf(`${FULL}# ${"x".repeat(1_000_000)}`)).toEqual([
      "edge.yaml: is longer than 1000000 bytes",
    ]);
    const endless = loadConfig("/dev/zero");
    expect(!endless.ok && endless.error[0]?.message).toBe("is longer than 1000000 bytes");
  });

  it("is not blamed without end", () => {
    const attendants = `attendants:\n${"  - { name: 1, pin: 2 }\n".repeat(150)}`;
    const text = changed(["attendants: [{ name: alex, pin_file: ./secrets/pin-alex }]\n", attendants]);
    expect(site.problemsOf(text)).toHaveLength(100);
    expect(site.problemsOf("a: b\n".repeat(5_000))).toHaveLength(100);
  });

  it("may not be there at all", () => {
    const absent = loadConfig(join(site.folder, "absent.yaml"));
    expect(absent).toEqual({
      ok: false,
      error: [{ line: null, path: "", message: "cannot be read: ENOENT" }],
    });
    expect(loadConfig(site.folder)).toMatchObject({ error: [{ message: "cannot be read: EISDIR" }] });
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
        const parsed = parseConfig(text, site.folder);
        if (!parsed.ok) expect(parsed.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
