import { hash, verify } from "@node-rs/argon2";
import { createHash, randomBytes } from "node:crypto";

/**
 * The library's defaults are argon2id with 19 MiB, 2 passes and 1 lane: the first choice of OWASP's password
 * storage recommendations.
 */
export async function hashPassword(password: string): Promise<string> {
  return await hash(password);
}

export async function isPassword(passwordHash: string, password: string): Promise<boolean> {
  return await verify(passwordHash, password);
}

/** 256 random bits for a cookie or a bearer header. */
export function mintToken(): string {
  return randomBytes(32).toString("base64url");
}

/** What the database keeps of a token. It is random, so a plain hash is enough. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
