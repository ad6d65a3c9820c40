import type { Db } from "../db/connection.ts";
import { sealingSecret } from "../fleet/cloud-keys.queries.ts";
import { recoveryHash, stepOfCode, unseal } from "./totp.ts";
import { findTotp, takeRecovery, takeStep } from "./totp.queries.ts";

/** Takes a code of an authenticator app, or a recovery code; each is good once. @returns whether it was good. */
export async function takeCode(db: Db, userId: string, code: string, now: Date): Promise<boolean> {
  const totp = await findTotp(db, userId);
  if (totp === null || totp.confirmedAt === null) return false;
  const digits = code.replaceAll(/\s/g, "");
  if (/^\d{6}$/.test(digits)) {
    const secret = unseal(await sealingSecret(db), userId, totp.sealed);
    const step = stepOfCode(secret, digits, now);
    return step !== null && (await takeStep(db, userId, step));
  }
  const hash = recoveryHash(code);
  return hash !== null && (await takeRecovery(db, userId, hash));
}
