import { createHash, randomBytes } from "node:crypto";

/**
 * The library's defaults are argon2id with 19 MiB, 2 passes and 1 lane: the first choice of OWASP's password
 * storage recommendations.
 */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import("@node-rs/argon2");
  return await hash(password);
}

/** @param passwordHash of people who have set no password yet, it is none: no password is theirs. */
export async function isPassword(passwordHash: string, password: string): Promise<boolean> {
  if (!passwordHash.startsWith("$argon2")) return false;
  const { verify } = await import("@node-rs/argon2");
  return await verify(passwordHash, password);
}

/** What the database keeps where there is no password. */
export const NO_PASSWORD = "none";

/** API keys begin with this, so that they are known as such wherever they turn up. */
export const KEY_PREFIX = "pmk_";

/** 256 random bits for a cookie or a bearer header. */
export function mintToken(): string {
  return randomBytes(32).toString("base64url");
}

/** What the database keeps of a token. It is random, so a plain hash is enough. */
export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
