import type { VIOLATION_KINDS, VIOLATION_STATUSES } from "../db/enforcement-schema.ts";

/** What violations cost, and what may become of them. Pure: time comes in as an argument. */

export type ViolationKind = (typeof VIOLATION_KINDS)[number];
export type ViolationStatus = (typeof VIOLATION_STATUSES)[number];

/** Amounts in minor units of the facility's currency. */
export type PenaltyRule = {
  readonly amountMinor: number;
  /** For every hour that is begun beyond what is let go; 0 = none. */
  readonly perHourMinor: number;
  readonly maxMinor: number | null;
  readonly graceMinutes: number;
};

/**
 * What a violation costs: the amount, and so much for each hour that was begun after the grace, up to the most.
 *
 * @param minutes how long it went on; null = nobody knows, or it makes no difference: then it costs the amount.
 * @returns null while it is let go. The sum is a safe integer, whatever the rule: it is cut where numbers end.
 */
export function penaltyOf(rule: PenaltyRule, minutes: number | null): number | null {
  const { amountMinor, perHourMinor, maxMinor, graceMinutes } = rule;
  const most = maxMinor ?? Number.MAX_SAFE_INTEGER;
  if (minutes === null) return Math.min(amountMinor, most);
  const charged = minutes - graceMinutes;
  if (charged <= 0) return null;
  const hours = Math.ceil(charged / 60);
  return Math.min(amountMinor + hours * perHourMinor, most, Number.MAX_SAFE_INTEGER);
}

/** Whole minutes from one moment to another; none where it comes before. Begun minutes do not count. */
export function minutesBetween(from: Date, until: Date): number {
  return Math.max(0, Math.floor((until.getTime() - from.getTime()) / 60_000));
}

/** `refund` = what was paid for it went back, so that it costs more than what stays paid. */
export type ViolationAct = "dispute" | "uphold" | "dismiss" | "void" | "pay" | "refund";

/** What becomes of a violation of each status; null = that may not be done to it. */
const NEXT: Readonly<Record<ViolationStatus, Readonly<Record<ViolationAct, ViolationStatus | null>>>> = {
  open: { dispute: "disputed", uphold: null, dismiss: null, void: "void", pay: "paid", refund: null },
  // Whoever pays gives in; what the provider has captured cannot be told to wait.
  disputed: {
    dispute: null,
    uphold: "upheld",
    dismiss: "dismissed",
    void: "void",
    pay: "paid",
    refund: null,
  },
  upheld: { dispute: null, uphold: null, dismiss: null, void: "void", pay: "paid", refund: null },
  dismissed: { dispute: null, uphold: null, dismiss: null, void: null, pay: null, refund: null },
  paid: { dispute: null, uphold: null, dismiss: null, void: null, pay: null, refund: "open" },
  void: { dispute: null, uphold: null, dismiss: null, void: null, pay: null, refund: null },
};

export function afterAct(status: ViolationStatus, act: ViolationAct): ViolationStatus | null {
  return NEXT[status][act];
}

/** Nothing is to be paid of it any more. */
export function isClosed(status: ViolationStatus): boolean {
  return NEXT[status].pay === null;
}

const DAY_MS = 86_400_000;

/** @param dueDays to pay or to dispute. */
export function dueAfter(at: Date, dueDays: number): Date {
  return new Date(at.getTime() + dueDays * DAY_MS);
}

/** Whoever lost a dispute has as long to pay as at first, and never less than was left. */
export function dueAfterDispute(
  violation: { readonly at: Date; readonly dueAt: Date },
  decidedAt: Date,
): Date {
  const givenMs = violation.dueAt.getTime() - violation.at.getTime();
  return new Date(Math.max(violation.dueAt.getTime(), decidedAt.getTime() + givenMs));
}

/** The plate in the words of a gate's alarm (`B AB 12 is on a list`); null = it is none, or the gate read none. */
export function plateOfAlarm(detail: string): string | null {
  return /^(.{1,60}) is on a list$/u.exec(detail)?.[1] ?? null;
}

export type PictureType = "image/jpeg" | "image/png" | "image/webp";

/** By the first bytes of the file, whatever its sender calls it; null = it is none of these. */
export function pictureTypeOf(bytes: Uint8Array): PictureType | null {
  const begins = (start: readonly number[], at = 0) => start.every((byte, i) => bytes[at + i] === byte);
  if (begins([0xff, 0xd8, 0xff])) return "image/jpeg";
  if (begins([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "image/png";
  const RIFF = [0x52, 0x49, 0x46, 0x46];
  const WEBP = [0x57, 0x45, 0x42, 0x50];
  return begins(RIFF) && begins(WEBP, 8) ? "image/webp" : null;
}
