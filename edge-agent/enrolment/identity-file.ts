import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unwatchFile,
  watchFile,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Identity } from "../sync/credential.ts";

/**
 * Who this edge is for the cloud: `<data_dir>/identity.json`, readable by the agent's user alone, and written as a
 * whole or not at all. While an edge enrols, its new key lies beside it in `identity.pending.json`: the identity of
 * before stays good until the cloud has said yes, and an answer that was lost can be asked for again with the same key.
 */

const key = z.string().min(1).max(500);

const identitySchema = z.object({
  format: z.literal(1),
  cloud_url: z.url().max(2_000),
  facility_id: z.uuid(),
  edge_id: z.uuid(),
  key_id: z.uuid(),
  name: z.string().max(80),
  /** Ed25519, PKCS #8 in base64. It never leaves this file. */
  private_key: key,
  /** The cloud's key for manifests and commands, as it was at the enrolment. */
  signing_key: key,
  /** By the cloud's clock. */
  enrolled_at: z.iso.datetime(),
});
export type IdentityFile = Omit<z.infer<typeof identitySchema>, "format">;

const pendingSchema = z.object({ format: z.literal(1), cloud_url: z.url().max(2_000), private_key: key });

/** Far more than any of them has. */
const MAX_FILE_BYTES = 16_384;

function identityPath(dataDir: string): string {
  return join(dataDir, "identity.json");
}

function pendingPath(dataDir: string): string {
  return join(dataDir, "identity.pending.json");
}

/** The identity of a data folder; null = there is none. An error is a sentence for the operator. */
export function readIdentity(dataDir: string): Result<IdentityFile | null, string> {
  const path = identityPath(dataDir);
  const read = readJson(path);
  if (!read.ok || read.value === undefined) return read.ok ? ok(null) : read;
  const parsed = identitySchema.safeParse(read.value);
  if (!parsed.success || keyOf(parsed.data.private_key) === null) return err(`${path} is damaged`);
  return ok(parsed.data);
}

export function writeIdentity(dataDir: string, identity: IdentityFile): void {
  writeWhole(identityPath(dataDir), { format: 1, ...identity });
  rmSync(pendingPath(dataDir), { force: true });
}

/**
 * The key to enrol with: the one of an attempt before this with the same cloud, which may have been taken without our
 * hearing of it, or a new one. It is on the disk before anybody hears of it.
 */
export function keyToEnrol(dataDir: string, cloudUrl: string): KeyObject {
  const path = pendingPath(dataDir);
  const read = readJson(path);
  const pending = pendingSchema.safeParse(read.ok ? read.value : undefined);
  const known = pending.data?.cloud_url === cloudUrl ? keyOf(pending.data.private_key) : null;
  if (known !== null) return known;
  const { privateKey } = generateKeyPairSync("ed25519");
  writeWhole(path, { format: 1, cloud_url: cloudUrl, private_key: textOf(privateKey) });
  return privateKey;
}

/** PKCS #8 in base64. */
export function textOf(privateKey: KeyObject): string {
  return privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
}

/** The public half: SubjectPublicKeyInfo in base64. */
export function publicTextOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: "der", type: "spki" }).toString("base64");
}

/** @returns the signature over the text's UTF-8 bytes, in base64. */
export function signText(privateKey: KeyObject, text: string): string {
  return sign(null, Buffer.from(text, "utf8"), privateKey).toString("base64");
}

/**
 * Gives the identity as the disk has it at each call, reading it only when the file is another than before: an edge
 * that is enrolled while its agent runs, or anew, needs no restart.
 *
 * @param complain is told once of a file that cannot be used.
 */
export function watchIdentity(dataDir: string, complain: (message: string) => void): () => Identity | null {
  let stamp = "";
  let identity: Identity | null = null;
  return () => {
    const seen = stampOf(identityPath(dataDir));
    if (seen === stamp) return identity;
    stamp = seen;
    const read = readIdentity(dataDir);
    if (!read.ok) complain(read.error);
    identity = read.ok && read.value !== null ? toIdentity(read.value) : null;
    return identity;
  };
}

/** Looks so often whether there is another identity: somebody who has just enrolled the edge waits for it. */
const LOOK_MS = 2_000;

/** Calls back when the identity's file is another than before. @returns what ends it. */
export function onIdentityChange(dataDir: string, changed: () => void): () => void {
  const path = identityPath(dataDir);
  watchFile(path, { interval: LOOK_MS, persistent: false }, changed);
  return () => unwatchFile(path, changed);
}

function toIdentity({ edge_id: edgeId, key_id: keyId, private_key: text }: IdentityFile): Identity | null {
  const privateKey = keyOf(text);
  return privateKey === null ? null : { edgeId, keyId, sign: (signed) => signText(privateKey, signed) };
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, mode, uid } = statSync(path);
    return [ino, size, mtimeMs, mode, uid].join(" ");
  } catch {
    return "none";
  }
}

function keyOf(text: string): KeyObject | null {
  try {
    const found = createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
    return found.asymmetricKeyType === "ed25519" ? found : null;
  } catch {
    return null;
  }
}

/** Undefined where there is no file. */
function readJson(path: string): Result<unknown, string> {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) return err(`${path} is damaged`);
    return ok(JSON.parse(readFileSync(path, "utf8")) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError) return err(`${path} is damaged`);
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return code === "ENOENT" ? ok(undefined) : err(`${path} cannot be read: ${code}`);
  }
}

function writeWhole(path: string, content: object): void {
  const folder = dirname(path);
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const file = openSync(draft, "wx", 0o600);
  try {
    // Run by root for an agent that is not: the agent must be able to read it.
    const { uid, gid } = statSync(folder);
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  // A name in a folder lasts when the folder is on the disk, too.
  const opened = openSync(folder, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
