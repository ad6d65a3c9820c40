import { randomBytes, scrypt, scryptSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "@parkme/shared/domain/clock";
import { readPinHash } from "@parkme/shared/domain/pin-hash";
import type { EdgeConfig } from "../config/load.ts";

/**
 * Sessions of attendants and merchants: a random token in a cookie, kept in memory, so that a restart signs everybody out and
 * nothing on the disk lets anybody in.
 */
export type Sessions = ReturnType<typeof createSessions>;

/** Who may sign in. A merchant may only give its own discounts. */
export type Person = {
  readonly name: string;
  readonly role: "attendant" | "merchant";
  /** What pages call this person. */
  readonly title: string;
};
export type Account = Person & { readonly pin: string };

/** Everybody whom the configuration lets in. */
export function accountsOf({
  attendants,
  merchants,
  secret,
}: Pick<EdgeConfig, "attendants" | "merchants" | "secret">): Account[] {
  return [
    ...attendants.map(({ name, pin_file }) => ({
      name,
      role: "attendant" as const,
      title: name,
      pin: secret(pin_file),
    })),
    ...merchants.map(({ name, title, pin_file }) => ({
      name,
      role: "merchant" as const,
      title,
      pin: secret(pin_file),
    })),
  ];
}

/**
 * An attendant of headquarters' manifest, by name in small letters; null = it names nobody so. Where the configuration has
 * somebody of the same name, the manifest's PIN counts.
 */
export type StaffOf = (
  name: string,
) => { readonly name: string; readonly title?: string | undefined; readonly pin: string } | null;

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

/** What a PIN is checked against. */
type Proof = {
  readonly person: Person;
  readonly cost: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
  /** The hash as the manifest has it: when that is another, or none, the session is over. Null = of the configuration. */
  readonly ofManifest: string | null;
};
type Session = Pick<Proof, "person" | "ofManifest"> & { readonly untilMs: number };

export function createSessions(
  accounts: readonly Account[],
  clock: Clock,
  { cost = SCRYPT_COST, staff = () => null }: { readonly cost?: number; readonly staff?: StaffOf } = {},
) {
  const salt = randomBytes(16);
  const proofOf = (person: Person, pin: string): Proof => {
    return { person, cost, salt, hash: scryptSync(pin, salt, 32, { N: cost }), ofManifest: null };
  };
  const configured = new Map(
    accounts.map(({ pin, ...person }) => [person.name.toLowerCase(), proofOf(person, pin)]),
  );
  const stranger = { name: "", role: "attendant", title: "" } as const;
  const nobody = proofOf(stranger, randomBytes(16).toString("hex"));
  const sessions = new Map<string, Session>();
  const failures = new Map<string, { count: number; sinceMs: number }>();

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
      const wanted = name.trim().toLowerCase();
      const known = staffProof(staff(wanted)) ?? configured.get(wanted);
      // The same work for an unknown name, so that names cannot be found out by timing.
      const right = await isPin(pin, known ?? nobody);
      if (!right || known === undefined) return { kind: "wrong" };
      // Earlier failures stay: who has a PIN must not guess another's between sign-ins.
      failed.count -= 1;
      const token = randomBytes(32).toString("base64url");
      const { person, ofManifest } = known;
      sessions.set(token, { person, ofManifest, untilMs: nowMs + SESSION_MS });
      forgetOldest(sessions, MAX_SESSIONS);
      return { kind: "in", token };
    },
    /** Whose token it is; null = nobody's, or not any more. */
    personOf: (token: string | undefined): Person | null => {
      const session = token === undefined ? undefined : sessions.get(token);
      if (session === undefined || session.untilMs <= clock.monotonicMs()) return null;
      const { person, ofManifest } = session;
      return (staff(person.name.toLowerCase())?.pin ?? null) === ofManifest ? person : null;
    },
    signOut: (token: string | undefined): void => {
      if (token !== undefined) sessions.delete(token);
    },
  };
}

function staffProof(person: ReturnType<StaffOf>): Proof | null {
  const read = person === null ? null : readPinHash(person.pin);
  if (person === null || read === null) return null;
  const { name, title = name, pin: ofManifest } = person;
  return {
    person: { name, title, role: "attendant" },
    cost: read.cost,
    salt: Buffer.from(read.salt, "base64url"),
    hash: Buffer.from(read.hash, "base64url"),
    ofManifest,
  };
}

function isPin(pin: string, { cost, salt, hash }: Proof): Promise<boolean> {
  return new Promise((resolve, reject) => {
    scrypt(pin, salt, 32, { N: cost }, (error, key) =>
      error === null ? resolve(timingSafeEqual(key, hash)) : reject(error),
    );
  });
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  if (map.size <= limit) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (map.size <= limit) return;
  }
}
