import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { readProvisionFile } from "./provision-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-provision-"));
  await mkdir(join(folder, "secrets"));
  await secret("edge-token", "a-token-of-the-first-edge-0001");
  await secret("hq-password", "correct horse battery");
});
afterEach(() => rm(folder, { recursive: true }));

async function secret(name: string, value: string, mode = 0o600): Promise<void> {
  const path = join(folder, "secrets", name);
  await writeFile(path, `${value}\n`, { mode });
  await chmod(path, mode);
}

const GOOD = `organisation: { slug: demo, name: Demo Parking }
facilities:
  - id: 0192A000-0000-7000-8000-000000000001
    slug: demo
    name: Harbour Square
    time_zone: Europe/Berlin
    currency: EUR
    capacity: 120
    lanes:
      - { slug: entry, name: Entry 1, direction: entry }
      - { slug: exit, name: Exit 1, direction: exit }
    edge: { id: 0192a000-0000-7000-8000-0000000000e1, token_file: ./secrets/edge-token }
users: [{ email: HQ@demo.parkme.test, name: Headquarters, password_file: ./secrets/hq-password }]
`;

async function read(text: string) {
  const path = join(folder, "provision.yaml");
  await writeFile(path, text);
  return await readProvisionFile(path);
}

/** The problems, without the folder in front of them. */
async function problemsOf(text: string): Promise<string[]> {
  const result = await read(text);
  if (result.ok) throw new Error("this should have been refused");
  const lines = describeProblems("provision.yaml", result.error).split("\n");
  return lines.map((line) => line.replaceAll(`${folder}/`, ""));
}

describe("readProvisionFile", () => {
  it("reads a facility's tariff, and says where it is wrong", async () => {
    const withTariff = (document: string) =>
      GOOD.replace(
        "    lanes:",
        `    tariff: { id: standard, version: 1, document: ${document} }\n    lanes:`,
      );
    const good = await read(withTariff('{ flat: { price: "5.00" } }'));
    expect(good).toMatchObject({
      ok: true,
      value: { facilities: [{ tariff: { id: "standard", version: 1 } }] },
    });
    expect(await problemsOf(withTariff('{ flat: { price: "5.001" } }'))).toEqual([
      expect.stringContaining("facilities.0.tariff.document.flat.price"),
    ]);
  });

  it("reads a file and the secrets beside it; of a token only the hash", async () => {
    const result = await read(GOOD);
    expect(result).toMatchObject({
      ok: true,
      value: {
        organisation: { slug: "demo", name: "Demo Parking" },
        facilities: [
          {
            id: "0192a000-0000-7000-8000-000000000001",
            timeZone: "Europe/Berlin",
            edge: { tokenHash: createHash("sha256").update("a-token-of-the-first-edge-0001").digest() },
          },
        ],
        users: [{ email: "hq@demo.parkme.test", name: "Headquarters", password: "correct horse battery" }],
      },
    });
  });

  it("needs no edge: one may enrol with a code", async () => {
    const result = await read(GOOD.replace(/^ {4}edge: .*\n/m, ""));
    expect(result).toMatchObject({ ok: true, value: { facilities: [{ slug: "demo", edge: null }] } });
  });

  it("tells all problems of the file at once, each with its line", async () => {
    const bad = GOOD.replace("Europe/Berlin", "Atlantis/Central")
      .replace("capacity: 120", "capacity: 0")
      .replace("currency: EUR", "currency: euro")
      .replace("slug: exit", "sluggish: exit");
    expect(await problemsOf(bad)).toEqual([
      expect.stringMatching(/^provision.yaml:6: facilities\.0\.time_zone /),
      expect.stringMatching(/^provision.yaml:7: facilities\.0\.currency /),
      expect.stringMatching(/^provision.yaml:8: facilities\.0\.capacity /),
      expect.stringMatching(/^provision.yaml:11: facilities\.0\.lanes\.1\.slug /),
      expect.stringMatching(/^provision.yaml:11: facilities\.0\.lanes\.1 .*"sluggish"/),
    ]);
  });

  it("tells where the YAML itself is broken", async () => {
    expect(await problemsOf("organisation: { slug: demo\nfacilities: [\n")).toEqual(
      expect.arrayContaining([expect.stringMatching(/^provision.yaml:\d+: /)]),
    );
  });

  it("refuses what is there twice", async () => {
    const twice = GOOD.replace("slug: exit", "slug: entry").replace(
      "users: [",
      "users: [{ email: hq@demo.parkme.test, name: Again, password_file: ./secrets/hq-password }, ",
    );
    expect(await problemsOf(twice)).toEqual([
      "provision.yaml:11: facilities.0.lanes.1.slug is there twice",
      "provision.yaml:13: users.1.email is there twice",
    ]);
  });

  it("refuses secrets that are missing, short, or open to others, all at once and without showing them", async () => {
    await secret("edge-token", "sh0rt");
    await secret("hq-password", "correct horse battery", 0o644);
    const problems = await problemsOf(GOOD);
    expect(problems).toEqual([
      "provision.yaml:12: facilities.0.edge.token_file secrets/edge-token holds fewer than 22 characters",
      expect.stringContaining("users.0.password_file secrets/hq-password can be read by others: chmod 600"),
    ]);
    expect(problems.join()).not.toMatch(/sh0rt|horse/);
    await rm(join(folder, "secrets/edge-token"));
    expect((await problemsOf(GOOD))[0]).toContain("ENOENT");
  });

  it.each(["+02:00", "UTC+2", ""])("refuses %j as a time zone", async (zone) => {
    expect(await problemsOf(GOOD.replace("Europe/Berlin", JSON.stringify(zone)))).toHaveLength(1);
  });

  it("refuses a file that is not there, is far too long, or unfolds without end", async () => {
    expect((await readProvisionFile(join(folder, "nothing.yaml"))).ok).toBe(false);
    expect((await problemsOf(`# ${"x".repeat(1_048_576)}`))[0]).toContain("than");
    const bomb = `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n`;
    expect(await problemsOf(bomb)).toHaveLength(1);
  });

  const PLACES = `    kind: mall
    city: Kiel
    latitude: 54.3
    longitude: 10.1
    opening_hours: { weekly: { mon: [{ from: "08:00", until: "20:00" }] } }
    zones:
      - { slug: ramp, name: Ramp, parent: ground }
      - { slug: ground, name: Ground floor, level: -1 }
    spots:
      - { zone: ground, prefix: A, from: 1, until: 20, digits: 3 }
      - { zone: ramp, prefix: E, from: 1, until: 4, size: large, ev: true }
`;
  const withPlaces = (places: string) => GOOD.replace("users:", `${places}users:`);

  it("reads where a facility is, when it is open, and what it consists of", async () => {
    const result = await read(withPlaces(PLACES));
    if (!result.ok) throw new Error(describeProblems("provision.yaml", result.error));
    const places = result.value.facilities[0]?.places;
    expect(places?.about).toMatchObject({ kind: "mall", city: "Kiel", latitude: 54.3 });
    expect(places?.about.openingHours?.weekly.mon).toEqual([{ from: "08:00", until: "20:00" }]);
    // What lies in another comes behind it.
    expect(places?.zones.map(({ slug, level, parent }) => [slug, level, parent])).toEqual([
      ["ground", -1, null],
      ["ramp", 0, "ground"],
    ]);
    expect(places?.spots).toMatchObject([
      { zone: "ground", prefix: "A", size: "standard", reservable: true },
      { zone: "ramp", size: "large", ev: true },
    ]);
    // What the file does not say is left as it is.
    const plain = await read(GOOD);
    expect(plain.ok && plain.value.facilities[0]?.places).toEqual({ about: {}, zones: [], spots: [] });
  });

  it.each([
    ["parent: ground", "parent: roof", "facilities.0.zones.0.parent is no zone of this facility"],
    ["level: -1", "parent: ramp", "facilities.0.zones.0.parent lies in this zone itself"],
    ["slug: ramp", "slug: ground", "facilities.0.zones.1.slug is there twice"],
    ["zone: ramp", "zone: roof", "facilities.0.spots.1.zone is no zone of this facility"],
    [
      "prefix: E",
      "prefix: A0, digits: 2",
      "facilities.0.spots.1 has spots that are in another range as well",
    ],
    ["until: 20", "until: 0", "facilities.0.spots.0.until must be from 0 to 4999 above from"],
    ["until: 20", "until: 9000", "facilities.0.spots.0.until must be from 0 to 4999 above from"],
    ["    longitude: 10.1\n", "", "facilities.0.longitude must be there, as the other one is"],
    ["kind: mall", "kind: castle", "facilities.0.kind"],
    ['until: "20:00"', 'until: "2000"', "facilities.0.opening_hours.weekly.mon.0.until"],
  ])("refuses places with %j made %j", async (from, to, problem) => {
    const problems = await problemsOf(withPlaces(PLACES.replace(from, to)));
    expect(problems.join("\n")).toContain(problem);
  });
});
