import { generateKeyPairSync, sign } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type CodePayload, packPayload, readCode, type SignedCode } from "@parkme/shared/domain/ticket-code";
import { describe, expect, it } from "vitest";
import { keyIdOf, publicTextOf, writeKey } from "./key-files.ts";
import { CLOCK_TOLERANCE_MS, type Keyring, openKeyring, openKeyringAnyway } from "./keyring.ts";
import { keyFolder, keyringIn } from "./testing/key-folder.ts";

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const DAY_MS = 86_400_000;

const FIELDS: Omit<CodePayload, "keyId"> = {
  kind: "ticket",
  facility: 7,
  serial: 42,
  issuedSeconds: NOW_MS / 1_000,
  windowHours: 24,
  about: 1,
};

function codeOf(text: string): SignedCode {
  const read = readCode(text);
  if (read.kind !== "code") throw new Error(read.kind);
  return read;
}

function verdict(ring: Keyring, text: string) {
  return ring.verify(codeOf(text));
}

/** A key that signed once, of an id that none before it has. */
function writeOldKey(folder: string, fromMs: number): string {
  for (;;) {
    const { publicKey } = generateKeyPairSync("ed25519");
    const publicText = publicTextOf(publicKey);
    const id = keyIdOf(publicText);
    if (readdirSync(folder).some((name) => name.includes(id.toString(16).padStart(4, "0")))) continue;
    writeKey(folder, {
      id,
      origin: "own",
      title: "old",
      publicText,
      publicKey,
      privateKey: null,
      fromMs,
      untilMs: fromMs + DAY_MS,
    });
    return publicText;
  }
}

/** The file of the only key of a folder. */
function keyFileIn(folder: string): string {
  const [name, ...more] = readdirSync(folder);
  if (name === undefined || more.length > 0) throw new Error(`not one key: ${name} ${more.join(" ")}`);
  return join(folder, name);
}

describe("the keys of a gate", () => {
  it("are made at the first start, for the agent's user alone, and are the same ones after that", () => {
    const folder = keyFolder();
    const first = keyringIn(folder, NOW_MS);
    const text = first.sign(FIELDS);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(keyFileIn(folder)).mode & 0o777).toBe(0o600);
    const again = keyringIn(folder, NOW_MS + DAY_MS);
    expect(again.keys()).toEqual(first.keys());
    expect(verdict(again, text)).toBe("right");
    expect(again.sign(FIELDS), "the same ticket has the same code").toBe(text);
  });

  it("sign by another one after a rotation, and the old one proves what it signed and can sign no more", () => {
    const folder = keyFolder();
    const ring = keyringIn(folder, NOW_MS);
    const old = ring.sign(FIELDS);
    const [oldKey] = ring.keys();
    ring.rotate(NOW_MS + DAY_MS);
    const fresh = ring.sign({ ...FIELDS, issuedSeconds: FIELDS.issuedSeconds + 86_400 });
    for (const each of [ring, keyringIn(folder, NOW_MS)]) {
      expect(verdict(each, old)).toBe("right");
      expect(verdict(each, fresh)).toBe("right");
      expect(each.keys().map(({ signs }) => signs)).toEqual([false, true]);
    }
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const retired = files.find((text) => text.includes(oldKey?.publicText ?? "?"));
    expect(JSON.parse(retired ?? "")).toMatchObject({ private_key: null });
  });

  it("are renewed when they are old enough, and never because a clock was set back", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    expect(ring.rotateAfter(90 * DAY_MS, NOW_MS + 89 * DAY_MS)).toBeNull();
    expect(ring.rotateAfter(90 * DAY_MS, NOW_MS - 900 * DAY_MS)).toBeNull();
    expect(ring.rotateAfter(90 * DAY_MS, NOW_MS + 90 * DAY_MS)).not.toBeNull();
    const rotated = ring.rotate(NOW_MS - 900 * DAY_MS);
    expect(ring.keys().at(-1)).toEqual(rotated);
    expect(rotated.signs).toBe(true);
  });

  it("are taken up by a running agent when another program has rotated them", () => {
    const folder = keyFolder();
    const running = keyringIn(folder, NOW_MS);
    running.sign(FIELDS);
    const byHand = keyringIn(folder, NOW_MS);
    byHand.rotate(NOW_MS + 1);
    const fresh = byHand.sign(FIELDS);
    expect(verdict(running, fresh)).toBe("right");
    expect(running.sign(FIELDS)).toBe(fresh);
  });

  it("are never made anew under a running agent: it goes on with those it has, and complains once", () => {
    const folder = keyFolder();
    const complaints: string[] = [];
    const ring = keyringIn(folder, NOW_MS, (message) => complaints.push(message));
    const text = ring.sign(FIELDS);
    rmSync(keyFileIn(folder));
    expect([ring.sign(FIELDS), ring.sign(FIELDS)]).toEqual([text, text]);
    expect(verdict(ring, text)).toBe("right");
    expect(complaints).toEqual([expect.stringContaining("no key that signs")]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("number at most 256, and the oldest that sign no more go first", () => {
    const folder = keyFolder();
    mkdirSync(folder);
    const publicTexts = Array.from({ length: 256 }, (_, age) => writeOldKey(folder, NOW_MS - age * DAY_MS));
    const ring = keyringIn(folder, NOW_MS + 1);
    expect(ring.keys()).toHaveLength(256);
    expect(readdirSync(folder)).toHaveLength(256);
    const left = new Set(ring.keys().map(({ publicText }) => publicText));
    expect(publicTexts.filter((each) => !left.has(each))).toEqual(publicTexts.slice(-1));
  });
});

describe("a key file", () => {
  const damages: Record<string, (path: string) => void> = {
    "cut short": (path) => truncateSync(path, statSync(path).size - 40),
    empty: (path) => truncateSync(path, 0),
    "no JSON": (path) => writeFileSync(path, "key"),
    "over-long": (path) => writeFileSync(path, " ".repeat(5_000) + readFileSync(path, "utf8")),
    "of another's private half": (path) => {
      const other = generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" });
      const file: unknown = JSON.parse(readFileSync(path, "utf8"));
      writeFileSync(
        path,
        JSON.stringify(Object.assign({}, file, { private_key: other.toString("base64url") })),
      );
    },
    "of another's public half": (path) => {
      const file: unknown = JSON.parse(readFileSync(path, "utf8"));
      const publicText = publicTextOf(generateKeyPairSync("ed25519").publicKey);
      writeFileSync(path, JSON.stringify(Object.assign({}, file, { public_key: publicText })));
    },
    "under another name": (path) => renameSync(path, path.replace(/key-..../, "key-0000")),
  };

  it.each(Object.keys(damages))(
    "that is %s is refused with its name, and no key is made in its place",
    (damage) => {
      const folder = keyFolder();
      keyringIn(folder, NOW_MS);
      damages[damage]?.(keyFileIn(folder));
      const path = keyFileIn(folder);
      const before = readFileSync(path, "utf8");
      const opened = openKeyring(folder, NOW_MS, () => undefined);
      expect(opened).toMatchObject({
        ok: false,
        error: { code: "ticket_keys_unusable", message: expect.stringContaining(path) },
      });
      expect(readFileSync(keyFileIn(folder), "utf8")).toBe(before);
    },
  );

  it("that a crash has left half written is no key, and is in nobody's way", () => {
    const folder = keyFolder();
    const ring = keyringIn(folder, NOW_MS);
    const path = keyFileIn(folder);
    copyFileSync(path, `${path}.${process.pid}.draft`);
    truncateSync(`${path}.${process.pid}.draft`, 20);
    expect(keyringIn(folder, NOW_MS).keys()).toEqual(ring.keys());
    ring.rotate(NOW_MS + 1);
    expect(ring.keys()).toHaveLength(2);
  });

  it("of a rotation that was cut off between the new key and the old: the new one signs, the old one is retired", () => {
    const folder = keyFolder();
    const ring = keyringIn(folder, NOW_MS);
    const path = keyFileIn(folder);
    const before = readFileSync(path);
    ring.rotate(NOW_MS + DAY_MS);
    writeFileSync(path, before);
    const reopened = keyringIn(folder, NOW_MS + DAY_MS);
    expect(reopened.keys()).toEqual(ring.keys());
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ private_key: null });
  });

  it("that is damaged is moved aside, and told of, where the gate must go on; what is whole goes on proving", () => {
    const folder = keyFolder();
    const before = keyringIn(folder, NOW_MS);
    const old = before.sign(FIELDS);
    before.rotate(NOW_MS + DAY_MS);
    const lost = before.sign(FIELDS);
    const signer = before.keys().at(-1);
    const name = `key-${(signer?.id ?? 0).toString(16).padStart(4, "0")}.json`;
    truncateSync(join(folder, name), 40);
    const said: string[] = [];
    const opened = openKeyringAnyway(folder, NOW_MS + 2 * DAY_MS, (message) => said.push(message));
    if (!opened.ok) throw new Error(opened.error.message);
    const { keyring, setAside } = opened.value;
    expect(setAside).toEqual([name]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(name);
    expect(readdirSync(folder)).toContain(`${name}.damaged`);
    expect(verdict(keyring, old)).toBe("right");
    expect(verdict(keyring, lost)).toBe("key_unknown");
    expect(verdict(keyring, keyring.sign(FIELDS))).toBe("right");
    // And it is nobody's trouble at the next start.
    expect(openKeyringAnyway(folder, NOW_MS + 3 * DAY_MS, () => undefined)).toMatchObject({
      ok: true,
      value: { setAside: [] },
    });
  });

  it("in a folder that cannot be made is refused", () => {
    const folder = keyFolder();
    mkdirSync(join(folder, ".."), { recursive: true });
    writeFileSync(folder, "");
    expect(openKeyring(folder, NOW_MS, () => undefined)).toMatchObject({
      ok: false,
      error: { code: "ticket_keys_unusable" },
    });
  });
});

describe("another signer's key", () => {
  function signerOf(fromMs: number, untilMs: number | null) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const foreign = { title: "cloud", publicText: publicTextOf(publicKey), fromMs, untilMs };
    const code = (keyId: number, issuedMs: number): SignedCode => {
      const signed = packPayload({ ...FIELDS, keyId, issuedSeconds: Math.floor(issuedMs / 1_000) });
      const payload = { ...FIELDS, keyId, issuedSeconds: Math.floor(issuedMs / 1_000) };
      const message = Buffer.concat([Buffer.from("parkme-code-1\n"), signed]);
      return { payload, signed, signature: sign(null, message, privateKey) };
    };
    return { foreign, code };
  }

  it("is good for what it signed in its time, give or take what a clock may be wrong", () => {
    const folder = keyFolder();
    const ring = keyringIn(folder, NOW_MS);
    const { foreign, code } = signerOf(NOW_MS, NOW_MS + DAY_MS);
    const { id } = (() => {
      const trusted = ring.trust(foreign);
      if (!trusted.ok) throw new Error(trusted.error.code);
      return trusted.value;
    })();
    for (const each of [ring, keyringIn(folder, NOW_MS)]) {
      expect(each.verify(code(id, NOW_MS))).toBe("right");
      expect(each.verify(code(id, NOW_MS + DAY_MS + CLOCK_TOLERANCE_MS))).toBe("right");
      expect(each.verify(code(id, NOW_MS - CLOCK_TOLERANCE_MS - 1_000))).toBe("key_out_of_time");
      expect(each.verify(code(id, NOW_MS + DAY_MS + CLOCK_TOLERANCE_MS + 1_000))).toBe("key_out_of_time");
      expect(each.keys().filter(({ signs }) => signs)).toHaveLength(1);
    }
    expect(ring.trust({ ...foreign, untilMs: null })).toMatchObject({ ok: true });
    expect(ring.verify(code(id, NOW_MS + 900 * DAY_MS))).toBe("right");
  });

  it("is not known before it is added, nor good under another's id", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const { code } = signerOf(NOW_MS, null);
    const own = ring.keys()[0]?.id ?? 0;
    expect(ring.verify(code(own ^ 1, NOW_MS))).toBe("key_unknown");
    expect(ring.verify(code(own, NOW_MS))).toBe("wrong");
  });

  it.each(["", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}!`, `${"A".repeat(42)}B`])(
    "is refused when it is %j",
    (publicText) => {
      const ring = keyringIn(keyFolder(), NOW_MS);
      expect(ring.trust({ title: "cloud", publicText, fromMs: NOW_MS, untilMs: null })).toMatchObject({
        ok: false,
        error: { code: "key_invalid" },
      });
    },
  );

  it("is refused when it is our own, ends before it begins, or is one too many", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    const own = { title: "own", publicText: ring.keys()[0]?.publicText ?? "", fromMs: NOW_MS, untilMs: null };
    expect(ring.trust(own)).toMatchObject({ ok: false, error: { code: "key_taken" } });
    expect(ring.trust(signerOf(NOW_MS, NOW_MS).foreign)).toMatchObject({
      ok: false,
      error: { code: "key_invalid" },
    });
    for (let i = 0; i < 64; i++) expect(ring.trust(signerOf(NOW_MS, null).foreign).ok).toBe(true);
    expect(ring.trust(signerOf(NOW_MS, null).foreign)).toMatchObject({
      ok: false,
      error: { code: "keys_too_many" },
    });
  });
});

describe("a signed text", () => {
  it("is proven by any ring that knows its key, and by nothing that was changed", () => {
    const folder = keyFolder();
    const ring = keyringIn(folder, NOW_MS);
    const text = '{"number":1,"total":"€ 4.00"}';
    const signed = { text, ...ring.signText(text) };
    ring.rotate(NOW_MS + DAY_MS);
    expect(keyringIn(folder, NOW_MS).verifyText(signed)).toBe(true);
    expect(ring.verifyText({ ...signed, text: text.replace("4", "5") })).toBe(false);
    expect(ring.verifyText({ ...signed, keyId: signed.keyId ^ 1 })).toBe(false);
    for (const signature of ["", "AAAA", signed.signature.slice(1), `${signed.signature}AA`])
      expect(ring.verifyText({ ...signed, signature })).toBe(false);
  });

  it("is never good as a code, nor a code as a text, though both are the same bytes", () => {
    const ring = keyringIn(keyFolder(), NOW_MS);
    // Every byte of the payload below 128: as a text it has the same bytes.
    const fields = { ...FIELDS, issuedSeconds: 0x6a000001 };
    let code = codeOf(ring.sign(fields));
    for (let i = 1; (code.payload.keyId & 0x8080) !== 0; i++) {
      ring.rotate(NOW_MS + i);
      code = codeOf(ring.sign(fields));
    }
    const text = Buffer.from(code.signed).toString();
    expect(Buffer.from(text)).toEqual(Buffer.from(code.signed));
    const { keyId, signature } = ring.signText(text);
    expect(ring.verifyText({ text, keyId, signature })).toBe(true);
    expect(ring.verify({ ...code, signature: Buffer.from(signature, "base64url") })).toBe("wrong");
    const ofCode = Buffer.from(code.signature).toString("base64url");
    expect(ring.verifyText({ text, keyId, signature: ofCode })).toBe(false);
  });
});
