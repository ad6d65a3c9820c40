import { and, count, eq, gte } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { StayId, ValidationId } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { ValidationValue } from "@parkme/shared/pricing/quote-model";
import { instantOf } from "./log.ts";
import { unknownStay, type KeyRefusal, type StayRefusal } from "./money.ts";
import { spentCodes, validations } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import type { Done, MoneyParts } from "./payments.ts";
import { stays } from "./schema.ts";
import { inserter } from "./statements.ts";

/** A merchant's discount that is given to a stay. */
export type NewValidation = {
  readonly stayId: StayId;
  readonly merchant: string;
  /** What the receipt calls it. */
  readonly name: string;
  readonly value: ValidationValue;
  /** Of a code that counts once, whoever shows it where. */
  readonly serial: string | null;
  readonly actor: string;
  readonly place: string;
  readonly idempotencyKey: string;
};
export type ValidationRefusal =
  KeyRefusal | StayRefusal | Refusal<"code_spent" | "stay_left" | "too_many_validations">;

/** More are somebody's mistake, or worse. */
const MAX_VALIDATIONS = 20;

export function validating(db: GateDatabase, { acts, mint, writeLog }: MoneyParts) {
  const insert = inserter(db, validations);
  const spend = inserter(db, spentCodes);
  const refused = ({ stayId, serial }: NewValidation): ValidationRefusal | null => {
    const stay = db.select({ status: stays.status }).from(stays).where(eq(stays.id, stayId)).get();
    if (stay === undefined) return unknownStay();
    if (stay.status === "closed" || stay.status === "void")
      return refusal("stay_left", "operator", "This vehicle is not inside any more.");
    const given = db.select({ n: count() }).from(validations).where(eq(validations.stayId, stayId)).get();
    if ((given?.n ?? 0) >= MAX_VALIDATIONS)
      return refusal("too_many_validations", "operator", "This stay has too many discounts already.");
    if (serial === null) return null;
    const spent = db.select().from(spentCodes).where(eq(spentCodes.code, serial)).get();
    return spent === undefined ? null : refusal("code_spent", "operator", "This code was used before.");
  };
  return {
    /** Gives a discount; what it takes off is booked when the stay is paid for. A code is spent by it. */
    giveValidation: (
      given: NewValidation,
      { wallMs: at }: Now,
    ): Result<Done<{ readonly validationId: ValidationId }>, ValidationRefusal> => {
      const { stayId, merchant, name, value, serial, actor, place, idempotencyKey } = given;
      return acts.once({ idempotencyKey, act: "validation", stayId }, at, () => {
        const problem = refused(given);
        if (problem !== null) return err(problem);
        const validationId = mint.next<ValidationId>(at);
        const common = { merchant, name, serial, actor };
        insert({ id: validationId, stayId, ...common, value: JSON.stringify(value), at });
        if (serial !== null) spend({ code: serial, kind: "validation", at, place, stayId });
        const ids = { validation_id: validationId, stay_id: stayId };
        writeLog({ kind: "validation.given", payload: { ...ids, ...common, value, at: instantOf(at) } }, at);
        return ok({ validationId });
      });
    },
    /** How many a merchant has given since a moment. */
    validationsSince: (merchant: string, sinceMs: number): number =>
      db
        .select({ n: count() })
        .from(validations)
        .where(and(eq(validations.merchant, merchant), gte(validations.at, sinceMs)))
        .get()?.n ?? 0,
  };
}
