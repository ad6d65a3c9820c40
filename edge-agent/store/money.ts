import { eq, sql } from "drizzle-orm";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { asId, type ShiftId, type StayId } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { GateDatabase } from "./open.ts";
import { moneyActs } from "./money-schema.ts";
import { inserter } from "./statements.ts";

/** The most that one act moves; nobody parks for more. */
const MAX_AMOUNT_MINOR = 100_000_000;

/** Who does something, where, and why. */
export type By = {
  /** The lane, desk or pay station. */
  readonly place: string;
  readonly actor: string;
  readonly reason: string;
};

/** {@link By}, at a moment, within the shift that it belongs to. */
export type Doing = By & { readonly shiftId: ShiftId | null; readonly wallMs: number };

export type AmountRefusal = Refusal<"amount_invalid">;
export type KeyRefusal = Refusal<"key_reused">;
export type StayRefusal = Refusal<"unknown_stay">;

/** Amounts of acts are whole, more than nothing, and not absurd. */
export function amountProblem(...amounts: readonly number[]): AmountRefusal | null {
  const valid = amounts.every(
    (minor) => Number.isSafeInteger(minor) && minor > 0 && minor <= MAX_AMOUNT_MINOR,
  );
  if (valid) return null;
  return refusal(
    "amount_invalid",
    "operator",
    "An amount is a whole number of minor units, more than nothing.",
  );
}

export function unknownStay(): StayRefusal {
  return refusal("unknown_stay", "operator", "There is no such stay.");
}

/** What an act is known by: sent twice under one key, it is done once. */
export type ActKey = {
  readonly idempotencyKey: string;
  readonly act: string;
  /** Null = it concerns no stay that is known beforehand. */
  readonly stayId: StayId | null;
};

/** Acts by their keys, with what was answered. */
export function createActs(db: GateDatabase) {
  const byKey = db
    .select()
    .from(moneyActs)
    .where(eq(moneyActs.idempotencyKey, sql.placeholder("key")))
    .prepare();
  const insert = inserter(db, moneyActs);
  const record = ({ idempotencyKey, act, stayId }: ActKey, answer: object, at: number): void =>
    insert({ idempotencyKey, act, stayId, answer: JSON.stringify(answer), at });
  return {
    /** Throws where the key was used before. */
    record,
    /** What was done under a key; null = nothing. */
    byKey: (key: string): Omit<ActKey, "idempotencyKey"> | null => {
      const row = byKey.get({ key });
      if (row === undefined) return null;
      return { act: row.act, stayId: row.stayId === null ? null : asId<StayId>(row.stayId) };
    },
    /**
     * Does something in a transaction of its own, once: under a key that was used before it answers what was done
     * then. `work` checks all there is to check before it writes anything.
     */
    once: <T extends object, R>(
      key: ActKey,
      wallMs: number,
      work: () => Result<T, R>,
    ): Result<T & { readonly again: boolean }, R | KeyRefusal> =>
      db.transaction(
        (): Result<T & { readonly again: boolean }, R | KeyRefusal> => {
          const done = byKey.get({ key: key.idempotencyKey });
          if (done !== undefined) {
            if (done.act === key.act && done.stayId === key.stayId)
              return ok({ ...(JSON.parse(done.answer) as T), again: true });
            const message = "This key was used before, for something else.";
            return err(refusal("key_reused", "peer", message));
          }
          const worked = work();
          if (!worked.ok) return worked;
          record(key, worked.value, wallMs);
          return ok({ ...worked.value, again: false });
        },
        { behavior: "immediate" },
      ),
  };
}
export type Acts = ReturnType<typeof createActs>;
