import { randomBytes, scrypt, scryptSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "@parkme/shared/domain/clock";

/**
 * Attendants' sessions: a random token in a cookie, kept in memory, so that a restart signs everybody out and
 * nothing on the disk lets anybody in.
 */
export type Sessions = ReturnType<typeof createSessions>;

export type Attendant = { readonly name: string; readonly pin: string };
export type SignInOutcome =
  { readonly kind: "in"; readonly token: string } | { readonly kind: "wrong" } | { readonly kind: "later" };

/** A shift and its overlap. */
export const SESSION_MS = 12 * 3_600_000;
const MAX_SESSIONS = 200;
/** Wrong PINs from one place before it has to wait. */
const MAX_FAILURES = 5;
const FAILURE_WINDOW_MS = 60_000;
const MAX_PLACES = 1_000;
/** Makes one check of a PIN take some 10 ms: not on the thread on which the lanes run. */
const SCRYPT_COST = 4_096;

export function createSessions(attendants: readonly Attendant[], clock: Clock, cost = SCRYPT_COST) {
  const salt = randomBytes(16);
  const hashNow = (pin: string): Buffer => scryptSync(pin, salt, 32, { N: cost });
  const pins = new Map(attendants.map(({ name, pin }) => [name.toLowerCase(), { name, hash: hashNow(pin) }]));
  const nobody = hashNow(randomBytes(16).toString("hex"));
  const sessions = new Map<string, { readonly name: string; readonly untilMs: number }>();
  const failures = new Map<string, { count: number; sinceMs: number }>();

  function hash(pin: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      scrypt(pin, salt, 32, { N: cost }, (error, key) => (error === null ? resolve(key) : reject(error)));
    });
  }

  /** The failures of a place in the current minute. */
  function failuresOf(place: string, nowMs: number): { count: number; sinceMs: number } {
    const known = failures.get(place);
    if (known !== undefined && nowMs - known.sinceMs < FAILURE_WINDOW_MS) return known;
    const fresh = { count: 0, sinceMs: nowMs };
    failures.delete(place);
    failures.set(place, fresh);
    forgetOldest(failures, MAX_PLACES);
    return fresh;
  }

  return {
    /** `place` is what failures are counted by: the address of the client. */
    signIn: async (name: string, pin: string, place: string): Promise<SignInOutcome> => {
      const nowMs = clock.monotonicMs();
      const failed = failuresOf(place, nowMs);
      if (failed.count >= MAX_FAILURES) return { kind: "later" };
      // Counted before it is known: many guesses at the same moment are many guesses.
      failed.count += 1;
      const known = pins.get(name.trim().toLowerCase());
      // The same work for an unknown name, so that names cannot be found out by timing.
      const right = timingSafeEqual(await hash(pin), known?.hash ?? nobody);
      if (!right || known === undefined) return { kind: "wrong" };
      // Earlier failures stay: who has a PIN must not guess another's between sign-ins.
      failed.count -= 1;
      const token = randomBytes(32).toString("base64url");
      sessions.set(token, { name: known.name, untilMs: nowMs + SESSION_MS });
      forgetOldest(sessions, MAX_SESSIONS);
      return { kind: "in", token };
    },
    /** The attendant a token belongs to, or null. */
    nameOf: (token: string | undefined): string | null => {
      const session = token === undefined ? undefined : sessions.get(token);
      return session !== undefined && session.untilMs > clock.monotonicMs() ? session.name : null;
    },
    signOut: (token: string | undefined): void => {
      if (token !== undefined) sessions.delete(token);
    },
  };
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (map.size <= limit) return;
  }
}
