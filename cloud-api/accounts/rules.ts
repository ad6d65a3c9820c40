export const SESSION_COOKIE = "parkme_session";
export const SESSION_HOURS = 12;
/** Of one user at a time; the oldest make room. */
export const MAX_SESSIONS = 20;

/** Counts attempts by key in windows of time. */
export type AttemptLimiter = {
  /** Counts one attempt. Returns 0 when it may go on, else the seconds to wait. */
  readonly take: (key: string, nowMs: number) => number;
  /** Takes one counted attempt back: it was a good one. */
  readonly giveBack: (key: string) => void;
};

/**
 * A limit of `limit` attempts by key in `windowMs`. At most `maxKeys` keys are remembered; when they are exceeded
 * the key seen first is forgotten, which can only favour an attacker who pays with that many other attempts.
 */
export function createAttemptLimiter(limit: number, windowMs: number, maxKeys: number): AttemptLimiter {
  const windows = new Map<string, { count: number; endsMs: number }>();
  return {
    take(key, nowMs) {
      let window = windows.get(key);
      if (window === undefined || window.endsMs <= nowMs) {
        windows.delete(key);
        window = { count: 0, endsMs: nowMs + windowMs };
        windows.set(key, window);
        const oldest = windows.keys().next();
        if (windows.size > maxKeys && oldest.done !== true) windows.delete(oldest.value);
      }
      if (window.count >= limit) return Math.max(1, Math.ceil((window.endsMs - nowMs) / 1_000));
      window.count += 1;
      return 0;
    },
    giveBack(key) {
      const window = windows.get(key);
      if (window !== undefined && window.count > 0) window.count -= 1;
    },
  };
}

/** Wrong passwords or codes in a row, of one user. */
export type Wrong = { readonly count: number; readonly lastAt: Date; readonly lockedUntil: Date | null };

/** So many may be wrong in a row; from then on each costs a wait that doubles. */
const FREE_TRIES = 10;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 60 * 60_000;
/** A day without a wrong one, and it begins anew. */
const FORGOTTEN_MS = 24 * 60 * 60_000;

/** One more wrong password or code. */
export function oneMoreWrong(before: Wrong | null, now: Date): Wrong {
  const counts = before !== null && now.getTime() - before.lastAt.getTime() < FORGOTTEN_MS;
  const count = (counts ? before.count : 0) + 1;
  if (count < FREE_TRIES) return { count, lastAt: now, lockedUntil: null };
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(count - FREE_TRIES, 30), LONGEST_WAIT_MS);
  return { count, lastAt: now, lockedUntil: new Date(now.getTime() + waitMs) };
}

/** Seconds until a password may be tried again; 0 = now. */
export function secondsLocked(wrong: Pick<Wrong, "lockedUntil"> | null, now: Date): number {
  const leftMs = (wrong?.lockedUntil?.getTime() ?? 0) - now.getTime();
  return leftMs <= 0 ? 0 : Math.ceil(leftMs / 1_000);
}

const MIN_PASSWORD = 8;
export const MAX_PASSWORD = 200;

/** Those that everybody tries first; with the rules below, the rest of such lists is out as well. */
const COMMON = [
  "password",
  "passw0rd",
  "12345678",
  "87654321",
  "123456789",
  "1234567890",
  "qwertyui",
  "qwertyuiop",
  "qwerty123",
  "1q2w3e4r",
  "iloveyou",
  "sunshine",
  "princess",
  "football",
  "baseball",
  "superman",
  "trustno1",
  "welcome1",
  "letmein1",
  "admin123",
  "changeme",
  "parkme",
];

/** Why a password is not taken; null = it is (NIST SP 800-63B, 5.1.1.2: no rules of composition). */
export function passwordProblem(password: string, email: string): string | null {
  const plain = password.toLowerCase();
  if ([...password].length < MIN_PASSWORD) return `must have ${MIN_PASSWORD} characters at least`;
  if (new Set(plain).size < 4) return "is the same few characters again and again";
  if (COMMON.some((word) => plain === word || plain === `${word}1` || plain === word + word))
    return "is one of those that everybody tries first";
  if (plain === email || plain === email.split("@")[0]) return "is your email address";
  return null;
}

/** What a refresh token is worth. */
export type RefreshVerdict = "good" | "over" | "reused";

export type RefreshFacts = {
  readonly expiresAt: Date;
  readonly spentAt: Date | null;
  readonly signIn: { readonly expiresAt: Date; readonly revokedAt: Date | null };
};

/** A client whose answer was lost on the way, or whose tabs ask at once, shows a spent token within this. */
const LOST_ANSWER_MS = 10_000;

/** A token that was spent longer ago is in two hands, and nobody knows which is the thief's: its sign-in is over. */
export function judgeRefresh({ expiresAt, spentAt, signIn }: RefreshFacts, now: Date): RefreshVerdict {
  if (signIn.revokedAt !== null || signIn.expiresAt <= now || expiresAt <= now) return "over";
  if (spentAt === null) return "good";
  return now.getTime() - spentAt.getTime() <= LOST_ANSWER_MS ? "good" : "reused";
}

const DAY_MS = 24 * 60 * 60_000;
/** From its last use on. */
const SIGN_IN_DAYS = 30;
const LONGEST_SIGN_IN_DAYS = 365;

/** When a sign-in that is used now is over, unless it is used again. */
export function signInExpiry(begunAt: Date, now: Date): Date {
  const longestMs = begunAt.getTime() + LONGEST_SIGN_IN_DAYS * DAY_MS;
  return new Date(Math.min(now.getTime() + SIGN_IN_DAYS * DAY_MS, longestMs));
}

/** Of one user at a time; the oldest make room. */
export const MAX_SIGN_INS = 50;

/** Who may change somebody's account: admins everybody's, owners those of their organisation's staff and owners. */
export function mayManage(
  by: { readonly role: string; readonly organisationId: string | null },
  whom: { readonly role: string; readonly organisationId: string | null },
): boolean {
  if (by.role === "admin") return true;
  const theirs = by.organisationId !== null && by.organisationId === whom.organisationId;
  return by.role === "owner" && theirs && (whom.role === "staff" || whom.role === "owner");
}
