import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../devices/testing/until.ts";
import {
  type IdentityFile,
  keyToEnrol,
  onIdentityChange,
  publicTextOf,
  readIdentity,
  textOf,
  watchIdentity,
  writeIdentity,
} from "./identity-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-identity-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, "identity.json");

function anIdentity(changed: Partial<IdentityFile> = {}): IdentityFile {
  return {
    cloud_url: "https://cloud.example.org",
    facility_id: "019ab3c4-0000-7000-8000-000000000001",
    edge_id: "0197a000-0000-7000-8000-000000000002",
    key_id: "3f2c8a10-0000-4000-8000-000000000001",
    name: "box",
    private_key: textOf(generateKeyPairSync("ed25519").privateKey),
    signing_key: "c2lnbmluZw==",
    enrolled_at: "2026-07-15T12:00:00.000Z",
    ...changed,
  };
}

describe("the identity's file", () => {
  it("is read as it was written, and by its owner only", () => {
    expect(readIdentity(folder)).toEqual({ ok: true, value: null });
    const identity = anIdentity();
    writeIdentity(folder, identity);
    expect(readIdentity(folder)).toMatchObject({ ok: true, value: identity });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    writeIdentity(folder, { ...identity, name: "another" });
    expect(readIdentity(folder)).toMatchObject({ value: { name: "another" } });
    expect(readdirSync(folder)).toEqual(["identity.json"]);
  });

  const good = () => JSON.stringify({ format: 1, ...anIdentity() });
  const foreign = textOf(generateKeyPairSync("x25519").privateKey);
  it.each([
    ["empty", () => ""],
    ["cut short", () => good().slice(0, 200)],
    ["none", () => "null"],
    ["of a later format", () => good().replace('"format":1', '"format":2')],
    ["without its key", () => JSON.stringify({ format: 1, ...anIdentity({ private_key: "" }) })],
    ["with half a key", () => JSON.stringify({ format: 1, ...anIdentity({ private_key: "MC4CAQ==" }) })],
    [
      "with another kind of key",
      () => JSON.stringify({ format: 1, ...anIdentity({ private_key: foreign }) }),
    ],
    ["with an id that is none", () => JSON.stringify({ format: 1, ...anIdentity({ edge_id: "7" }) })],
    ["far too long", () => good().padEnd(20_000)],
  ])("that is %s is told as damaged, and left alone", (_what, text) => {
    writeFileSync(path(), text());
    const before = readFileSync(path(), "utf8");
    expect(readIdentity(folder)).toEqual({ ok: false, error: `${path()} is damaged` });
    expect(readFileSync(path(), "utf8")).toBe(before);
  });

  it("that cannot be read is told with the reason", () => {
    mkdirSync(path());
    expect(readIdentity(folder)).toEqual({ ok: false, error: `${path()} cannot be read: EISDIR` });
  });
});

describe("the key to enrol with", () => {
  it("is on the disk before it is used, and the same until it has enrolled", () => {
    const first = publicTextOf(keyToEnrol(folder, "https://one"));
    expect(statSync(join(folder, "identity.pending.json")).mode & 0o777).toBe(0o600);
    expect(publicTextOf(keyToEnrol(folder, "https://one"))).toBe(first);
    expect(publicTextOf(keyToEnrol(folder, "https://two"))).not.toBe(first);
    writeIdentity(folder, anIdentity());
    expect(readdirSync(folder)).toEqual(["identity.json"]);
    expect(publicTextOf(keyToEnrol(folder, "https://two"))).not.toBe(first);
  });

  it.each(["", "{", "null", '{"format":1,"cloud_url":"https://one","private_key":"AAAA"}'])(
    "is a new one where what lies there is %j",
    (text) => {
      writeFileSync(join(folder, "identity.pending.json"), text);
      const made = publicTextOf(keyToEnrol(folder, "https://one"));
      expect(publicTextOf(keyToEnrol(folder, "https://one"))).toBe(made);
    },
  );
});

describe("watching it", () => {
  it("sees it come, change, break and go, and signs with its key", () => {
    const complaints: string[] = [];
    const watch = watchIdentity(folder, (message) => complaints.push(message));
    expect(watch()).toBeNull();
    const identity = anIdentity();
    writeIdentity(folder, identity);
    const seen = watch();
    expect(seen).toMatchObject({ edgeId: identity.edge_id, keyId: identity.key_id });
    const key = createPublicKey(
      createPrivateKey({ key: Buffer.from(identity.private_key, "base64"), format: "der", type: "pkcs8" }),
    );
    const signature = Buffer.from(seen?.sign("text") ?? "", "base64");
    expect(verify(null, Buffer.from("text"), key, signature)).toBe(true);
    expect(watch()).toBe(seen);

    writeIdentity(folder, anIdentity({ key_id: "3f2c8a10-0000-4000-8000-000000000002" }));
    expect(watch()?.keyId).toBe("3f2c8a10-0000-4000-8000-000000000002");
    writeFileSync(path(), "{");
    for (let look = 0; look < 3; look++) expect(watch()).toBeNull();
    expect(complaints).toEqual([`${path()} is damaged`]);
    rmSync(path());
    expect(watch()).toBeNull();
    expect(complaints).toHaveLength(1);
    writeIdentity(folder, identity);
    chmodSync(path(), 0o600);
    expect(watch()?.keyId).toBe(identity.key_id);
  });

  it("calls back when it comes, until it is told to stop", async () => {
    let calls = 0;
    const end = onIdentityChange(folder, () => (calls += 1));
    writeIdentity(folder, anIdentity());
    await until(() => calls === 1, "the call");
    end();
    expect(watchIdentity(folder, () => undefined)()).not.toBeNull();
  });
});
