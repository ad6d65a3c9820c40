import { createHash } from "node:crypto";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "../db/connection.ts";
import { addressGroup } from "../platform/client-address.ts";
import { Refusal } from "../platform/refusal.ts";
import { findUser, type UserWithPassword } from "./queries.ts";
import { createAttemptLimiter } from "./rules.ts";
import { takeCode } from "./second-factor.ts";
import { hashPassword, isPassword, mintToken } from "./secrets.ts";
import { countWrong, forgetWrong, readLock } from "./wrong-passwords.queries.ts";

/** Looks at passwords: of all who sign in, by whatever way, so that its limits are for all ways together. */
export type PasswordDesk = {
  readonly signIn: (attempt: Attempt, now: Date) => Promise<SignInOutcome>;
  /** Whether somebody who is signed in knows their password: `wrong`, or seconds to wait. */
  readonly confirm: (userId: string, password: string, now: Date) => Promise<ConfirmOutcome>;
  /** Takes a code of somebody who is signed in. */
  readonly code: (userId: string, code: string, now: Date) => Promise<CodeOutcome>;
  /** What the database keeps of a new password. @throws {Refusal} when too many are made at once. */
  readonly hash: (password: string) => Promise<string>;
};

export type Attempt = {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  /** Of an authenticator app, or a recovery code. */
  readonly code: string | null;
  readonly address: string;
};

export type SignInOutcome =
  | { readonly kind: "right"; readonly user: UserWithPassword }
  | { readonly kind: "wrong" | "second_factor_needed" | "wrong_code" }
  | { readonly kind: "second_factor_setup_needed"; readonly user: UserWithPassword }
  | { readonly kind: "wait"; readonly seconds: number };

export type ConfirmOutcome =
  | { readonly kind: "right"; readonly user: UserWithPassword }
  | { readonly kind: "wrong" }
  | { readonly kind: "wait"; readonly seconds: number };

export type CodeOutcome =
  { readonly kind: "right" | "wrong" } | { readonly kind: "wait"; readonly seconds: number };

const ATTEMPT_WINDOW_MS = 15 * 60_000;
const ATTEMPTS_BY_ADDRESS = 10;
/** Higher than for an address, so that a stranger at one address cannot lock a user out. */
const ATTEMPTS_BY_EMAIL = 30;
const REMEMBERED_KEYS = 10_000;
/** A check takes 19 MiB and a thread for some 30 ms: more at once would only wait for each other. */
const CHECKS_AT_ONCE = 8;

/** Whether a password is somebody's. */
type IsRight = (user: UserWithPassword | null, password: string) => Promise<boolean>;

export async function createPasswordDesk(
  db: Db,
  secondFactor: "optional" | "required",
): Promise<PasswordDesk> {
  // An unknown email costs the same check as a known one: the time of an answer tells nobody who has an account.
  const decoyHash = await hashPassword(mintToken());
  const isRight: IsRight = async (user, password) => {
    const known = user !== null && user.disabledAt === null && user.passwordHash.startsWith("$argon2");
    return (await isPassword(known ? user.passwordHash : decoyHash, password)) && known;
  };
  let checks = 0;
  const atTheDesk: AtTheDesk = async (work) => {
    if (checks >= CHECKS_AT_ONCE) return "busy";
    checks += 1;
    try {
      return await work();
    } finally {
      checks -= 1;
    }
  };
  return {
    signIn: createSignIn(db, secondFactor, isRight, atTheDesk),
    async confirm(userId, password, now) {
      const seconds = await readLock(db, userId, now);
      if (seconds > 0) return { kind: "wait", seconds };
      const user = await findUser(db, { id: userId });
      const right = await atTheDesk(() => isRight(user, password));
      if (right === "busy") return { kind: "wait", seconds: 1 };
      // Wrong codes stay counted: whoever has the password does not get them free.
      if (user !== null && right) return { kind: "right", user };
      await countWrong(db, userId, now);
      return { kind: "wrong" };
    },
    async code(userId, code, now) {
      const seconds = await readLock(db, userId, now);
      if (seconds > 0) return { kind: "wait", seconds };
      if (await takeCode(db, userId, code, now)) return { kind: "right" };
      await countWrong(db, userId, now);
      return { kind: "wrong" };
    },
    async hash(password) {
      const hashed = await atTheDesk(() => hashPassword(password));
      if (hashed === "busy") throw tooMany(1);
      return hashed;
    },
  };
}

type AtTheDesk = <T>(work: () => Promise<T>) => Promise<T | "busy">;

function createSignIn(
  db: Db,
  secondFactor: "optional" | "required",
  isRight: IsRight,
  atTheDesk: AtTheDesk,
): PasswordDesk["signIn"] {
  const byAddress = createAttemptLimiter(ATTEMPTS_BY_ADDRESS, ATTEMPT_WINDOW_MS, REMEMBERED_KEYS);
  const byEmail = createAttemptLimiter(ATTEMPTS_BY_EMAIL, ATTEMPT_WINDOW_MS, REMEMBERED_KEYS);

  async function check({ email, password, code, address }: Attempt, now: Date): Promise<SignInOutcome> {
    const user = await findUser(db, email);
    // Emails that nobody has are counted and locked as those that somebody has.
    const key = user?.id ?? standIn(email);
    const seconds = await readLock(db, key, now);
    if (seconds > 0) return { kind: "wait", seconds };
    const right = await isRight(user, password);
    if (user === null || !right) {
      await countWrong(db, key, now);
      return { kind: "wrong" };
    }
    const giveBack = () => {
      byAddress.giveBack(addressGroup(address));
      byEmail.giveBack(email);
    };
    if (user.secondFactor && code === null) {
      giveBack();
      return { kind: "second_factor_needed" };
    }
    if (user.secondFactor && code !== null && !(await takeCode(db, user.id, code, now))) {
      await countWrong(db, key, now);
      return { kind: "wrong_code" };
    }
    giveBack();
    await forgetWrong(db, key);
    if (!user.secondFactor && needsSecondFactor(secondFactor, user.role))
      return { kind: "second_factor_setup_needed", user };
    return { kind: "right", user };
  }

  return async (attempt, now) => {
    const nowMs = now.getTime();
    const address = addressGroup(attempt.address);
    const seconds = byAddress.take(address, nowMs) || byEmail.take(attempt.email, nowMs);
    if (seconds > 0) return { kind: "wait", seconds };
    const outcome = await atTheDesk(() => check(attempt, now));
    return outcome === "busy" ? { kind: "wait", seconds: 1 } : outcome;
  };
}

/** Whether somebody of a role does not get in without a second factor. */
export function needsSecondFactor(secondFactor: "optional" | "required", role: string): boolean {
  return secondFactor === "required" && (role === "admin" || role === "owner");
}

/** A sign-in that did not go well, as it is answered. */
export function refuseSignIn(outcome: Exclude<SignInOutcome, { kind: "right" }>): never {
  switch (outcome.kind) {
    case "wait":
      throw tooMany(outcome.seconds);
    case "wrong":
      throw new Refusal(problem(401, "sign_in_refused", "the email or the password is not right"));
    case "second_factor_needed":
      throw new Refusal(
        problem(401, "second_factor_needed", "the code of the second factor is needed", "code"),
      );
    case "wrong_code":
      throw new Refusal(problem(401, "wrong_code", "the code is not right, or was used", "code"));
    case "second_factor_setup_needed":
      throw new Refusal(
        problem(401, outcome.kind, "a second factor must be set up first: see /api/auth/totp/"),
      );
    default:
      return outcome satisfies never;
  }
}

export function tooMany(seconds: number): Refusal {
  const words = `try again in ${seconds} seconds`;
  return new Refusal(
    problem(429, "too_many_attempts", words),
    { retry_after_s: seconds },
    { "retry-after": String(seconds) },
  );
}

/** An id in the place of a user's, for an email that nobody has. */
function standIn(email: string): string {
  const hex = createHash("sha256").update(`nobody:${email}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
