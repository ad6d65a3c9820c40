import type { Refusal } from "@parkme/shared/domain/errors";
import type { StayId } from "@parkme/shared/domain/ids";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import { type Actor, type DeskParts, isInside, nowOf, refused, stayChanged } from "./parts.ts";

/** What every change of a stay has in common. */

/** What an act under this key did before: the stay as it is now. Null = the key is new. */
export function doneBefore(
  { store }: Pick<DeskParts, "store">,
  account: StayAccount,
  key: string,
): Result<StayAccount, Refusal> | null {
  const act = store.actByKey(key);
  if (act === null) return null;
  if (act.stayId !== account.stayId)
    return refused("key_reused", "This key did something about another stay. Nothing was done.");
  return ok(account);
}

/**
 * After a stay was changed: where nothing is due any more, what it costs is booked, and it stays paid until the time
 * to leave has run out (edge case 24). Lanes and pages look again.
 */
export function settle(parts: DeskParts, stayId: StayId, actor: Actor, place: string): StayAccount {
  const account = found(parts, stayId);
  const due = isInside(account) ? parts.tariffs.due(account, parts.clock.wallMs()) : null;
  if (due?.ok === true && due.value.amountMinor === 0)
    parts.store.settleFree({ stayId, place, quote: due.value.quote, actor }, nowOf(parts));
  stayChanged(parts, stayId);
  return found(parts, stayId);
}

function found({ store }: Pick<DeskParts, "store">, stayId: StayId): StayAccount {
  const account = store.stayAccount(stayId);
  if (account === null) throw new Error(`the stay ${stayId} is gone`);
  return account;
}
