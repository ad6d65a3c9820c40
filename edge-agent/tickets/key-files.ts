import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/**
 * Keys as files, one each: `<folder>/key-<id>.json`, readable by the agent's user alone. An id is the beginning of the
 * public key's hash, so that no two keys ever share one by mistake, and a file whose parts do not belong together is
 * known to be damaged.
 */

export type Key = {
  /** 16 bits. */
  readonly id: number;
  /** `foreign` = somebody else's, whose codes are good here. */
  readonly origin: "own" | "foreign";
  readonly title: string;
  /** The 32 bytes of the public key, base64url. */
  readonly publicText: string;
  readonly publicKey: KeyObject;
  /** Null for a key that signs no more, or is not ours. */
  readonly privateKey: KeyObject | null;
  /** What it signed is good when it was issued from `fromMs` to `untilMs`; null = without an end. */
  readonly fromMs: number;
  readonly untilMs: number | null;
};

const FILE_NAME = /^key-[0-9a-f]{4}\.json$/;
const MAX_FILE_BYTES = 4_096;

const keyFileSchema = z.strictObject({
  format: z.literal(1),
  id: z.number().int().min(0).max(0xffff),
  origin: z.enum(["own", "foreign"]),
  title: z.string().max(80),
  public_key: z.string().max(64),
  /** PKCS #8, base64url. */
  private_key: z.string().max(256).nullable(),
  from: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
});

/** The first 16 bits of the SHA-256 of the public key's 32 bytes. */
export function keyIdOf(publicText: string): number {
  return createHash("sha256").update(Buffer.from(publicText, "base64url")).digest().readUInt16BE();
}

/** An Ed25519 public key from its 32 bytes in base64url; null when it is none. */
export function publicKeyOf(publicText: string): KeyObject | null {
  if (!/^[\w-]{43}$/.test(publicText)) return null;
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicText }, format: "jwk" });
    // Another spelling of the same bytes would be another text with the same id.
    return publicTextOf(key) === publicText ? key : null;
  } catch {
    return null;
  }
}

/** The 32 bytes in base64url, of a public key or of the public half of a private one. */
export function publicTextOf(key: KeyObject): string {
  return key.export({ format: "jwk" }).x ?? "";
}

function fileNameOf(id: number): string {
  return `key-${id.toString(16).padStart(4, "0")}.json`;
}

/** Durable when it returns: the file is there whole, or as it was before. Throws when the disk refuses. */
export function writeKey(folder: string, key: Key): void {
  const { id, origin, title, publicText, privateKey, fromMs, untilMs } = key;
  const der = privateKey?.export({ format: "der", type: "pkcs8" }) ?? null;
  const file: z.infer<typeof keyFileSchema> = {
    format: 1,
    id,
    origin,
    title,
    public_key: publicText,
    private_key: der === null ? null : der.toString("base64url"),
    from: new Date(fromMs).toISOString(),
    until: untilMs === null ? null : new Date(untilMs).toISOString(),
  };
  const path = join(folder, fileNameOf(id));
  const draft = `${path}.${process.pid}.draft`;
  // Whatever a crash has left here is no key.
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(file, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, path);
  syncFolder(folder);
}

export function deleteKey(folder: string, id: number): void {
  rmSync(join(folder, fileNameOf(id)), { force: true });
}

/** A name in a folder lasts when the folder is on the disk, too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Every key of the folder, which is made if need be. An error is a sentence for the operator. */
export function readKeys(folder: string): Result<readonly Key[], string> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const keys: Key[] = [];
    for (const name of keyNames(folder)) {
      const key = readKey(folder, name);
      if (key === null)
        return err(
          `${join(folder, name)} is damaged. Put it back from a backup; or move it away: what it signed is refused then, and tickets are keyed in by their number.`,
        );
      keys.push(key);
    }
    return ok(keys);
  } catch (error) {
    return err(`${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Moves damaged files aside, `key-<id>.json.damaged`, so that a gate can go on with a key that it makes anew.
 *
 * @returns their names. Throws when the disk refuses.
 */
export function setAsideDamaged(folder: string): readonly string[] {
  const damaged = keyNames(folder).filter((name) => readKey(folder, name) === null);
  for (const name of damaged) renameSync(join(folder, name), join(folder, `${name}.damaged`));
  if (damaged.length > 0) syncFolder(folder);
  return damaged;
}

function keyNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((each) => FILE_NAME.test(each))
    .sort();
}

/** Null for a file that is damaged. */
function readKey(folder: string, name: string): Key | null {
  const path = join(folder, name);
  const text = statSync(path).size > MAX_FILE_BYTES ? "" : readFileSync(path, "utf8");
  const key = keyOf(text);
  return key === null || fileNameOf(key.id) !== name ? null : key;
}

/** Changes whenever a key is added or altered. Throws when the folder is gone. */
export function folderStamp(folder: string): number {
  return statSync(folder).mtimeMs;
}

/** Null for a text that is no key, or whose parts do not belong together. */
function keyOf(text: string): Key | null {
  try {
    const parsed = keyFileSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return null;
    const { id, origin, title, public_key: publicText, private_key, from, until } = parsed.data;
    const publicKey = publicKeyOf(publicText);
    if (publicKey === null || keyIdOf(publicText) !== id) return null;
    const privateKey =
      private_key === null
        ? null
        : createPrivateKey({ key: Buffer.from(private_key, "base64url"), format: "der", type: "pkcs8" });
    if (privateKey !== null && publicTextOf(privateKey) !== publicText) return null;
    const untilMs = until === null ? null : Date.parse(until);
    return { id, origin, title, publicText, publicKey, privateKey, fromMs: Date.parse(from), untilMs };
  } catch {
    return null;
  }
}
