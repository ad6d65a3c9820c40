import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { z } from "zod";

/** Access tokens are good for this long. */
const ACCESS_MINUTES = 15;

/** What an access token says (RFC 7519): `sub` the user, `sid` the sign-in. The rest is looked up. */
const claimsSchema = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.number().int() });
export type AccessClaims = {
  readonly userId: string;
  readonly signInId: string;
  /** It is over then. */
  readonly untilMs: number;
};

/** Whom a token is made for. */
export type SignedFor = Omit<AccessClaims, "untilMs">;

const ISSUER = "parkme";
const SETUP_TYPE = "setup+jwt";

/** @param secret 32 bytes. */
export async function signAccess(secret: Uint8Array, claims: SignedFor, now: Date): Promise<string> {
  const nowS = Math.floor(now.getTime() / 1_000);
  return await new SignJWT({ sid: claims.signInId })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(ISSUER)
    .setSubject(claims.userId)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ACCESS_MINUTES * 60)
    .sign(secret);
}

/** @returns null for a token that is forged, over, or none of ours. */
export async function readAccess(secret: Uint8Array, token: string, now: Date): Promise<AccessClaims | null> {
  const claims = claimsSchema.safeParse(await read(secret, token, "JWT", now));
  if (!claims.success) return null;
  const { sub: userId, sid: signInId, exp } = claims.data;
  return { userId, signInId, untilMs: exp * 1_000 };
}

const SETUP_MINUTES = 15;
const setupSchema = z.object({ sub: z.uuid() });

/** For who must set a second factor up before they get in: it is good for that alone. */
export async function signSetup(secret: Uint8Array, userId: string, now: Date): Promise<string> {
  const nowS = Math.floor(now.getTime() / 1_000);
  return await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", typ: SETUP_TYPE })
    .setIssuer(ISSUER)
    .setSubject(userId)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + SETUP_MINUTES * 60)
    .sign(secret);
}

/** @returns whose it is; null for a token that is forged, over, or none of ours. */
export async function readSetup(secret: Uint8Array, token: string, now: Date): Promise<string | null> {
  const payload = await read(secret, token, SETUP_TYPE, now);
  const claims = setupSchema.safeParse(payload);
  return claims.success ? claims.data.sub : null;
}

async function read(secret: Uint8Array, token: string, typ: string, now: Date): Promise<JWTPayload | null> {
  try {
    const options = { algorithms: ["HS256"], issuer: ISSUER, currentDate: now, typ };
    return (await jwtVerify(token, secret, options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
