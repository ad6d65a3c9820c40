import type { Refusal } from "@parkme/shared/domain/errors";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Store } from "../store/store.ts";
import { accountOf, type Actor, type DeskParts, nowOf, refused } from "./parts.ts";
import { DESK } from "./place.ts";
import { settle } from "./settling.ts";

/** What an attendant changes of a stay: each with a reason, kept with what was before. What is due is asked anew. */

type Amended = Result<StayAccount, Refusal>;
type Why = { readonly actor: Actor; readonly reason: string };
type Change = Parameters<Store["setEntryTime"]>[0];

/** Changes a stay, and tells everybody who is concerned. */
function amend(
  parts: DeskParts,
  account: StayAccount,
  { actor, reason }: Why,
  change: (by: Omit<Change, "entryWallMs">) => Result<unknown, Refusal>,
): Amended {
  const { stayId } = account;
  const done = change({ stayId, actor, reason, place: DESK });
  if (!done.ok) return done;
  parts.log.info({ stay: stayId, actor, reason }, "stay amended");
  return ok(settle(parts, stayId, actor, DESK));
}

/** The time is proven where the plate proves the entry. The old number is void; asked again, nothing more happens. */
export function loseTicket(parts: DeskParts, id: string, why: Why): Amended {
  const account = accountOf(parts, id);
  if (!account.ok || account.value.lostTicket !== "no") return account;
  const proven = account.value.plate !== null;
  return amend(parts, account.value, why, (by) => parts.store.setLostTicket({ ...by, proven }, nowOf(parts)));
}

export function setEntryTime(
  parts: DeskParts,
  id: string,
  { entryWallMs, ...why }: Why & { readonly entryWallMs: number },
): Amended {
  const account = accountOf(parts, id);
  if (!account.ok || account.value.entryWallMs === entryWallMs) return account;
  return amend(parts, account.value, why, (by) =>
    parts.store.setEntryTime({ ...by, entryWallMs }, nowOf(parts)),
  );
}

type Vehicle = { readonly vehicleType: string; readonly ev: boolean; readonly accessible: boolean };

export function setVehicle(
  parts: DeskParts,
  id: string,
  vehicle: Vehicle & { readonly actor: Actor },
): Amended {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const { vehicleType, ev, accessible, actor } = vehicle;
  if (!vehicleTypes(parts).includes(vehicleType))
    return refused("unknown_vehicle", "The tariff knows no such vehicle.");
  const why = { actor, reason: "seen at the desk" };
  return amend(parts, account.value, why, (by) =>
    parts.store.setVehicle({ ...by, vehicleType, ev, accessible }, nowOf(parts)),
  );
}

const USUAL_VEHICLE = "car";

/** Vehicles that the tariff in force has plans or surcharges of their own for. */
export function vehicleTypes({ tariffs, clock }: Pick<DeskParts, "tariffs" | "clock">): string[] {
  const tariff = tariffs.inForce(clock.wallMs());
  if (tariff === null) return [USUAL_VEHICLE];
  const named = tariff.surcharges.flatMap(({ when }) => when.vehicleTypes);
  return [...new Set([USUAL_VEHICLE, ...Object.keys(tariff.vehiclePlans), ...named])];
}

export function addPenalty(
  parts: DeskParts,
  id: string,
  { penalty, idempotencyKey, ...why }: Why & { readonly penalty: string; readonly idempotencyKey: string },
): Amended {
  const account = accountOf(parts, id);
  if (!account.ok) return account;
  const known = parts.tariffs.inForce(parts.clock.wallMs())?.penalties ?? {};
  if (!Object.hasOwn(known, penalty)) return refused("unknown_penalty", "The tariff has no such penalty.");
  return amend(parts, account.value, why, (by) =>
    parts.store.addPenalty({ ...by, penalty, idempotencyKey }, nowOf(parts)),
  );
}

/** For a vehicle that never was inside. Money that was taken is refunded first. */
export function voidStay(parts: DeskParts, id: string, why: Why): Amended {
  const account = accountOf(parts, id);
  if (!account.ok || account.value.status === "void") return account;
  return amend(parts, account.value, why, (by) => parts.store.voidStay(by, nowOf(parts)));
}

export type ManualStay = Why & {
  readonly plate: string | null;
  readonly entryWallMs: number;
  readonly idempotencyKey: string;
};

/** A vehicle that stands at an exit and was never seen to come in (edge case 13). */
export function beginManualStay(parts: DeskParts, wish: ManualStay): Amended {
  const begun = parts.store.beginManualStay({ ...wish, place: DESK }, nowOf(parts));
  if (!begun.ok) return begun;
  const { stayId, again } = begun.value;
  if (!again) {
    parts.log.info({ stay: stayId, actor: wish.actor, reason: wish.reason }, "stay begun by hand");
    parts.changed();
  }
  return accountOf(parts, stayId);
}
