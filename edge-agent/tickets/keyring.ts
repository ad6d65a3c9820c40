import { generateKeyPairSync, type KeyObject, sign as signBytes, verify as verifyBytes } from "node:crypto";
import { join } from "node:path";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { type CodePayload, packPayload, type SignedCode, writeCode } from "@parkme/shared/domain/ticket-code";
import {
  deleteKey,
  folderStamp,
  type Key,
  keyIdOf,
  publicKeyOf,
  publicTextOf,
  readKeys,
  setAsideDamaged,
  writeKey,
} from "./key-files.ts";

/**
 * The keys that tickets and receipts are signed and proven with (Ed25519, RFC 8032). One key of our own signs; those
 * before it have lost their private half and prove what they signed. Other signers' public keys can be added.
 */
export type Keyring = {
  /** The text of a code, signed by the key in force. */
  readonly sign: (payload: Omit<CodePayload, "keyId">) => string;
  readonly verify: (code: SignedCode) => SignatureVerdict;
  /** Signs a text, such as a receipt's. Nothing that is signed so is ever good as a code. The signature is base64url. */
  readonly signText: (text: string) => { readonly keyId: number; readonly signature: string };
  readonly verifyText: (signed: {
    readonly text: string;
    readonly keyId: number;
    readonly signature: string;
  }) => boolean;
  /** The oldest first. */
  readonly keys: () => readonly KeyView[];
  /** A new key signs from now on. Throws when the disk refuses; then the old one goes on. */
  readonly rotate: (nowMs: number) => KeyView;
  /** As `rotate`, when the key in force is older than that; null = it is not. */
  readonly rotateAfter: (maxAgeMs: number, nowMs: number) => KeyView | null;
  /** Adds another signer's public key, or changes the times of one that was added. */
  readonly trust: (foreign: ForeignKey) => Result<KeyView, Refusal<KeyRefusal>>;
};

export type SignatureVerdict = "right" | "wrong" | "key_unknown" | "key_out_of_time";

/** Codes that it signed are good when they were issued between the two times; null = without an end. */
export type ForeignKey = {
  readonly title: string;
  /** The 32 bytes, base64url. */
  readonly publicText: string;
  readonly fromMs: number;
  readonly untilMs: number | null;
};

export type KeyView = Pick<Key, "id" | "origin" | "title" | "publicText" | "fromMs" | "untilMs"> & {
  readonly signs: boolean;
};

export type KeyRefusal = "key_invalid" | "key_taken" | "keys_too_many";

/**
 * How far a gate's clock may have been wrong when something was issued. The commonest gross mistake is a clock that was
 * set to local time in place of UTC, which is up to 14 hours off (UTC+14); a quartz that nobody sets takes years to
 * drift as far.
 */
export const CLOCK_TOLERANCE_MS = 14 * 3_600_000;

/** Decades of keys, as old receipts must be proven, too. Beyond, the oldest that signs no more is forgotten. */
const MAX_KEYS = 256;
const MAX_FOREIGN_KEYS = 64;
const OWN_TITLE = "this gate";

/** What is signed begins with what it is, so that a signature of the one never passes for the other. */
const CODE_DOMAIN = Buffer.from("parkme-code-1\n");
const TEXT_DOMAIN = Buffer.from("parkme-text-1\n");

type Ring = {
  readonly byId: ReadonlyMap<number, Key>;
  readonly signer: Key & { readonly privateKey: KeyObject };
};

/** Where an agent keeps its keys. */
export function keysFolder(dataDir: string): string {
  return join(dataDir, "keys");
}

/**
 * Opens the keys of a folder, and makes the first one where there is none. A folder that cannot be used or has a
 * damaged key is refused.
 */
export function openKeyring(
  folder: string,
  nowMs: number,
  complain: (message: string) => void,
): Result<Keyring, Refusal<"ticket_keys_unusable">> {
  const opened = readRing(folder, () => newKey(nowMs, new Map()));
  if (!opened.ok) return err(refusal("ticket_keys_unusable", "operator", opened.error));
  return ok(createKeyring(folder, opened.value, complain));
}

/**
 * As `openKeyring`, for a gate that must go on: damaged keys are moved aside and told of, because what they signed is
 * keyed in by its number from now on, and a new key signs where none is left.
 */
export function openKeyringAnyway(
  folder: string,
  nowMs: number,
  complain: (message: string) => void,
): Result<
  { readonly keyring: Keyring; readonly setAside: readonly string[] },
  Refusal<"ticket_keys_unusable">
> {
  const opened = openKeyring(folder, nowMs, complain);
  if (opened.ok) return ok({ keyring: opened.value, setAside: [] });
  const setAside = tryTo(() => setAsideDamaged(folder)) ?? [];
  if (setAside.length === 0) return opened;
  complain(opened.error.message);
  const again = openKeyring(folder, nowMs, complain);
  return again.ok ? ok({ keyring: again.value, setAside }) : again;
}

function tryTo<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

function createKeyring(folder: string, first: Ring, complain: (message: string) => void): Keyring {
  let ring = first;
  /** When the folder was last changed, as it was read last. */
  let stamp = 0;
  let complained = false;

  /** Another program may have changed the keys: a rotation by hand, a key that was added. */
  function refresh(): void {
    try {
      const now = folderStamp(folder);
      if (now === stamp) return;
      ring = reread();
      stamp = now;
      complained = false;
    } catch (error) {
      // What was read before goes on; the next change is looked at again.
      if (!complained) complain(error instanceof Error ? error.message : String(error));
      complained = true;
    }
  }

  function reread(): Ring {
    const read = readRing(folder, () => null);
    if (!read.ok) throw new Error(read.error);
    return read.value;
  }

  function find(id: number): Key | undefined {
    if (!ring.byId.has(id)) refresh();
    return ring.byId.get(id);
  }

  function keep(key: Key): KeyView {
    writeKey(folder, key);
    ring = reread();
    return viewOf(key);
  }

  function rotate(nowMs: number): KeyView {
    refresh();
    // The newest signs: a clock that was set back must not make the new key older than the one before it.
    return keep(newKey(Math.max(nowMs, ring.signer.fromMs + 1), ring.byId));
  }

  return {
    sign: (fields) => {
      refresh();
      const signed = packPayload({ ...fields, keyId: ring.signer.id });
      return writeCode(signed, signBytes(null, inDomain(CODE_DOMAIN, signed), ring.signer.privateKey));
    },
    verify: ({ payload, signed, signature }) => {
      const key = find(payload.keyId);
      if (key === undefined) return "key_unknown";
      if (!verifyBytes(null, inDomain(CODE_DOMAIN, signed), key.publicKey, signature)) return "wrong";
      return isInTime(key, payload.issuedSeconds * 1_000) ? "right" : "key_out_of_time";
    },
    signText: (text) => {
      refresh();
      const { id, privateKey } = ring.signer;
      const signature = signBytes(null, inDomain(TEXT_DOMAIN, Buffer.from(text)), privateKey);
      return { keyId: id, signature: signature.toString("base64url") };
    },
    verifyText: ({ text, keyId, signature }) => {
      const bytes = Buffer.from(signature, "base64url");
      const key = bytes.length === 64 ? find(keyId) : undefined;
      return (
        key !== undefined && verifyBytes(null, inDomain(TEXT_DOMAIN, Buffer.from(text)), key.publicKey, bytes)
      );
    },
    keys: () => [...ring.byId.values()].toSorted((a, b) => a.fromMs - b.fromMs).map(viewOf),
    rotate,
    rotateAfter: (maxAgeMs, nowMs) => (nowMs - ring.signer.fromMs < maxAgeMs ? null : rotate(nowMs)),
    trust: (foreign) => {
      refresh();
      const key = foreignKey(foreign, ring.byId);
      return key.ok ? ok(keep(key.value)) : key;
    },
  };
}

function inDomain(domain: Buffer, bytes: Uint8Array): Buffer {
  return Buffer.concat([domain, bytes]);
}

/** A reprint has the time of the first print, so a key of our own is good for what is older than itself. */
function isInTime({ origin, fromMs, untilMs }: Key, issuedMs: number): boolean {
  if (origin === "foreign" && issuedMs < fromMs - CLOCK_TOLERANCE_MS) return false;
  return untilMs === null || issuedMs <= untilMs + CLOCK_TOLERANCE_MS;
}

/** Reads the folder, and ends what a rotation that was cut off has left to do. `make` is for a folder without a key. */
function readRing(folder: string, make: () => Key | null): Result<Ring, string> {
  const read = readKeys(folder);
  if (!read.ok) return read;
  const byId = new Map(read.value.map((key) => [key.id, key]));
  try {
    // By the id where two are equally old, so that everybody who reads the folder takes the same one.
    const signing = [...byId.values()]
      .filter(({ privateKey }) => privateKey !== null)
      .toSorted((a, b) => a.fromMs - b.fromMs || a.id - b.id);
    const signer = signing.pop() ?? make();
    if (signer === null || signer.privateKey === null)
      return err(`${folder} has no key that signs any more.`);
    if (!byId.has(signer.id)) writeKey(folder, signer);
    byId.set(signer.id, signer);
    for (const old of signing) {
      const retired = { ...old, privateKey: null, untilMs: signer.fromMs };
      writeKey(folder, retired);
      byId.set(old.id, retired);
    }
    for (const { id } of tooMany(byId)) {
      deleteKey(folder, id);
      byId.delete(id);
    }
    return ok({ byId, signer: { ...signer, privateKey: signer.privateKey } });
  } catch (error) {
    return err(`${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function newKey(nowMs: number, known: ReadonlyMap<number, Key>): Key {
  for (;;) {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const publicText = publicTextOf(publicKey);
    const id = keyIdOf(publicText);
    // With 256 keys known, one in 256 new ones has the id of another: it is made anew.
    if (known.has(id)) continue;
    return {
      id,
      origin: "own",
      title: OWN_TITLE,
      publicText,
      publicKey,
      privateKey,
      fromMs: nowMs,
      untilMs: null,
    };
  }
}

function foreignKey(
  { title, publicText, fromMs, untilMs }: ForeignKey,
  known: ReadonlyMap<number, Key>,
): Result<Key, Refusal<KeyRefusal>> {
  const publicKey = publicKeyOf(publicText);
  if (publicKey === null || (untilMs !== null && untilMs <= fromMs))
    return err(
      refusal(
        "key_invalid",
        "peer",
        "This is no Ed25519 public key in base64url, or it ends before it begins.",
      ),
    );
  const id = keyIdOf(publicText);
  const other = known.get(id);
  if (other !== undefined && (other.publicText !== publicText || other.origin === "own"))
    return err(refusal("key_taken", "peer", `Key ${id} is here already: the other signer needs a new one.`));
  const foreign = [...known.values()].filter(({ origin }) => origin === "foreign").length;
  if (other === undefined && foreign >= MAX_FOREIGN_KEYS)
    return err(refusal("keys_too_many", "operator", `There are ${MAX_FOREIGN_KEYS} foreign keys already.`));
  return ok({ id, origin: "foreign", title, publicText, publicKey, privateKey: null, fromMs, untilMs });
}

/** Those to forget: our own that sign no more, the oldest first. */
function tooMany(byId: ReadonlyMap<number, Key>): readonly Key[] {
  const surplus = Math.max(0, byId.size - MAX_KEYS);
  return [...byId.values()]
    .filter(({ origin, privateKey }) => origin === "own" && privateKey === null)
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .slice(0, surplus);
}

function viewOf({ id, origin, title, publicText, privateKey, fromMs, untilMs }: Key): KeyView {
  return { id, origin, title, publicText, fromMs, untilMs, signs: privateKey !== null };
}
