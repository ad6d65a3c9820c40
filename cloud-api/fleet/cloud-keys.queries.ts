import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { cloudKeys } from "../db/sync-schema.ts";

/** The key that manifests and commands are signed with: edges keep the public half of the first that they see. */
export type SigningKey = {
  /** Ed25519, SubjectPublicKeyInfo in base64. */
  readonly publicKey: string;
  /** @returns the signature over the text's UTF-8 bytes, in base64 (88 characters). */
  readonly sign: (text: string) => string;
};

/** Made at the first use; it is in the database, so all API processes sign with the same one. */
export async function signingKey(db: Db | Tx): Promise<SigningKey> {
  const der = await readOrMake(db, "signing", makeSigningKey);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");
  return { publicKey, sign: (text) => sign(null, Buffer.from(text, "utf8"), key).toString("base64") };
}

/** 32 random bytes that the nonces for edges' assertions are made with; made at the first use. */
export async function nonceSecret(db: Db | Tx): Promise<Buffer> {
  return await readOrMake(db, "nonce", () => randomBytes(32));
}

/** 32 random bytes that people's access tokens are signed with. */
export async function accessSecret(db: Db | Tx): Promise<Buffer> {
  return await readOrMake(db, "access", () => randomBytes(32));
}

/** 32 random bytes that second factors are sealed with. */
export async function sealingSecret(db: Db | Tx): Promise<Buffer> {
  return await readOrMake(db, "sealing", () => randomBytes(32));
}

function makeSigningKey(): Buffer {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" });
}

type Purpose = (typeof cloudKeys.$inferSelect)["purpose"];

async function readOrMake(db: Db | Tx, purpose: Purpose, make: () => Buffer): Promise<Buffer> {
  const read = async () =>
    (await db.select({ secret: cloudKeys.secret }).from(cloudKeys).where(eq(cloudKeys.purpose, purpose)))[0];
  const known = await read();
  if (known !== undefined) return known.secret;
  // Of several processes that make one at the same time, the first writes it and the others wait for that: the primary
  // key is the lock. All of them then use the one that was written.
  await db
    .insert(cloudKeys)
    .values({ purpose, secret: make(), madeAt: sql`now()` })
    .onConflictDoNothing();
  const made = await read();
  if (made === undefined) throw new Error(`the cloud's ${purpose} key was not kept`);
  return made.secret;
}
