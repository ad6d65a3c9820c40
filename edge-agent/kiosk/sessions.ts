import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
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

export function createSessions(attendants: readonly Attendant[], clock: Clock) {
  const salt = randomBytes(16);
  const hash = (pin: string): Buffer => scryptSync(pin, salt, 32, { N: 4096 });
  const pins = new Map(attendants.map(({ name, pin }) => [name.toLowerCase(), { name, hash: hash(pin) }]));
  const nobody = hash(randomBytes(16).toString("hex"));
  const sessions = new Map<string, { readonly name: string; readonly untilMs: number }>();
  const failures = new Map<string, { count: number; sinceMs: number }>();

  function tooManyFailures(place: string, nowMs: number): boolean {
    const failed = failures.get(place);
    if (failed === undefined) return false;
    if (nowMs - failed.sinceMs < FAILURE_WINDOW_MS) return failed.count >= MAX_FAILURES;
    failures.delete(place);
    return false;
  }

  function noteFailure(place: string, nowMs: number): void {
    const failed = failures.get(place) ?? { count: 0, sinceMs: nowMs };
    failed.count += 1;
    failures.set(place, failed);
    forgetOldest(failures, MAX_PLACES);
  }

  return {
    /** `place` is what failures are counted by: the address of the client. */
    signIn: (name: string, pin: string, place: string): SignInOutcome => {
      const nowMs = clock.monotonicMs();
      if (tooManyFailures(place, nowMs)) return { kind: "later" };
      const known = pins.get(name.trim().toLowerCase());
      // The same work for an unknown name, so that names cannot be found out by timing.
      const right = timingSafeEqual(hash(pin), known?.hash ?? nobody);
      if (!right || known === undefined) {
        noteFailure(place, nowMs);
        return { kind: "wrong" };
      }
      // Failures are not forgotten for it: who has a PIN must not guess another's between sign-ins.
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
