import type { Refusal } from "@parkme/shared/domain/errors";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import { ok, type Result } from "@parkme/shared/domain/result";
import { type Actor, type DeskParts, refused, stayChanged } from "./parts.ts";
import { DESK } from "./place.ts";

/** What a person found in a terminal's own journal. */
export type Word = {
  /** Charged under this number; null = not charged. */
  readonly reference: string | null;
  readonly reason: string;
  readonly actor: Actor;
};

/**
 * Edge case 20: a person's word for what became of a card payment that the terminal does not tell, above all after a
 * restart. It is taken for the terminal's own answer by whoever asked for the card: the desk, a lane or a pay station.
 */
export function vouchFor(
  parts: DeskParts,
  attemptId: AttemptId,
  { reference, reason, actor }: Word,
): Result<void, Refusal> {
  const { store, card, log } = parts;
  const attempt = store.attemptById(attemptId);
  if (attempt === null) return refused("unknown_attempt", "There is no such card payment.");
  const detail = `${actor}: ${reason}`;
  const { place, stayId } = attempt;
  if (place === DESK && card !== null) {
    const vouched = card.vouch(attemptId, { reference, detail, actor });
    if (!vouched.ok) return vouched;
  } else {
    if (attempt.status !== "unknown") return refused("not_in_doubt", "This payment is not in doubt.");
    const outcome: TerminalOutcome =
      reference === null
        ? { kind: "refused", reason: detail }
        : { kind: "approved", receipt: reference, card: detail };
    parts.answerFor(place, attemptId, outcome);
    if (store.attemptById(attemptId)?.status === "unknown")
      return refused("not_taken_up", `Nobody waits for this payment any more at ${place}.`);
    stayChanged(parts, stayId);
  }
  log.info({ attempt: attemptId, place, reference, actor, reason }, "card payment vouched for");
  return ok(undefined);
}
