import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProviders } from "./load.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-providers-"));
  await Promise.all(
    ["api", "webhook", "key"].map((name) =>
      writeFile(join(folder, name), `a secret called ${name}\n`, { mode: 0o600 }),
    ),
  );
  await writeFile(join(folder, "open"), "a secret that anybody reads", { mode: 0o644 });
});
afterAll(() => rm(folder, { recursive: true }));

async function load(yaml: string) {
  const path = join(folder, "payments.yaml");
  await writeFile(path, yaml);
  const loaded = await loadProviders(path);
  if (loaded.ok) return loaded.value.map(({ name, methods }) => `${name}: ${methods.join(" ")}`);
  return loaded.error.map(({ line, path: at, message }) => `${line} ${at}: ${message}`);
}

/** A whole provider, as somebody else would write one. */
const PACKAGE = `
export const PROVIDER_CONTRACT = 1;
const no = async () => { throw new Error("not today"); };
export function createProvider({ name, options, secrets }) {
  if (options.merchant === undefined) throw new Error("options.merchant: is missing");
  if (secrets.key !== "a secret called key") throw new Error("no key");
  return { name, methods: ["online"], currencies: ["EUR"], canAuthorize: false, begin: no, status: no, confirm: no,
    capture: no, cancel: no, refund: no, refundStatus: no, entries: null, readWebhook: null };
}`;

describe("the file of payment providers", () => {
  it("names those of ours, with their options and the files of their secrets", async () => {
    const all = await load(`providers:
  - { name: stripe, package: "builtin:stripe", secrets: { api_key: api, webhook: webhook } }
  - { name: razorpay, package: "builtin:razorpay", secrets: { key_id: key, key_secret: key, webhook: webhook } }
  - { name: upi, package: "builtin:upi", options: { payee: parking@bank, payee_name: Example Parking } }
  - { name: till, package: "builtin:cash" }
`);
    expect(all).toEqual(["stripe: card", "razorpay: online upi", "upi: upi", "till: cash"]);
    expect(await load("providers: []")).toEqual([]);
  });

  it("names packages of others: a file beside it, a package beside it, in the new format and the old", async () => {
    await writeFile(join(folder, "gold.mjs"), PACKAGE);
    const modules = join(folder, "node_modules");
    await mkdir(join(modules, "gold-payments"), { recursive: true });
    await writeFile(
      join(modules, "gold-payments/package.json"),
      `{"name": "gold-payments", "type": "module", "exports": "./index.js"}`,
    );
    await writeFile(join(modules, "gold-payments/index.js"), PACKAGE);
    await mkdir(join(modules, "@old/payments"), { recursive: true });
    await writeFile(
      join(modules, "@old/payments/package.json"),
      `{"name": "@old/payments", "main": "./index.cjs"}`,
    );
    const old = PACKAGE.replaceAll("export const ", "const ").replaceAll("export function", "function");
    await writeFile(
      join(modules, "@old/payments/index.cjs"),
      `${old}\nmodule.exports = Object.assign(module.exports, { PROVIDER_CONTRACT, createProvider });`,
    );
    const section = (name: string, from: string) =>
      `  - { name: ${name}, package: "${from}", options: { merchant: 7 }, secrets: { key: key } }\n`;
    expect(
      await load(
        `providers:\n${section("a", "./gold.mjs")}${section("b", "gold-payments")}${section("c", "@old/payments")}`,
      ),
    ).toEqual(["a: online", "b: online", "c: online"]);
  });

  it("says everything that is wrong at once, with its line, and no secret", async () => {
    await writeFile(join(folder, "other.mjs"), PACKAGE.replace("CONTRACT = 1", "CONTRACT = 2"));
    await writeFile(join(folder, "nothing.mjs"), "export const hello = 1;");
    await writeFile(
      join(folder, "half.mjs"),
      PACKAGE.replace("refund: no, ", "").replace(`["EUR"]`, `["euros"]`),
    );
    await writeFile(join(folder, "alias.mjs"), PACKAGE.replace("return { name,", `return { name: "me",`));
    await writeFile(join(folder, "broken.mjs"), "export const = 1;");
    const all = await load(`providers:
  - { name: a, package: "./other.mjs" }
  - { name: b, package: "./nothing.mjs" }
  - { name: c, package: "./half.mjs", options: { merchant: 7 }, secrets: { key: key } }
  - { name: d, package: "./alias.mjs", options: { merchant: 7 }, secrets: { key: key } }
  - { name: e, package: "./broken.mjs" }
  - { name: f, package: "there-is-no-such-package" }
  - { name: g, package: "builtin:gold" }
  - { name: h, package: "./gold.mjs", secrets: { key: key } }
  - { name: i, package: "builtin:stripe", options: { colour: 1 }, secrets: { api_key: open } }
  - { name: i, package: "builtin:stripe", options: { colour: 1 } }
  - { name: j, package: "builtin:stripe" }
  - { name: k, package: "builtin:cash", secrets: { key: ../away/key } }
`);
    const words = all.join("\n");
    expect(all.map((line) => Number(line.split(" ")[0]))).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 12, 13,
    ]);
    expect(words).toContain("is made for another contract: PROVIDER_CONTRACT must be 1");
    expect(words).toContain("does not say which contract");
    expect(words).toMatch(/does not keep the contract: .*refund: is no function/);
    expect(words).toContain("it has another name than it was given");
    expect(words).toContain("cannot be loaded");
    expect(words).toContain("options.merchant: is missing");
    expect(words).toContain("can be read by others");
    expect(words).toContain("is there twice");
    expect(words).toContain("secrets.api_key: is missing");
    expect(words).not.toContain("a secret");
  });

  it("is checked before anything of it is loaded", async () => {
    expect(
      (await load(`providers: [{ name: "Not Good", package: "builtin:cash", colour: 1 }]`)).join(),
    ).toMatch(/small letters.*"colour"/);
    expect((await load("providers: [")).join()).toContain("is not YAML");
    expect((await load("[]")).length).toBeGreaterThan(0);
    const away = await loadProviders(join(folder, "away.yaml"));
    expect(away).toMatchObject({ ok: false });
  });
});
