import type { Clock, Now } from "@parkme/shared/domain/clock";
import { type Blame, type Refusal, refusal } from "@parkme/shared/domain/errors";
import type { Facility } from "@parkme/shared/domain/facility";
import { asId, type AttemptId, isUuid, type StayId } from "@parkme/shared/domain/ids";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { Gate } from "../gate/gate.ts";
import type { Store } from "../store/store.ts";
import type { Tariffs } from "../tariffs/tariffs.ts";
import type { CodeBook } from "../tickets/code-book.ts";
import type { CardDesk } from "./card-desk.ts";
import type { DrawerWatch } from "./drawer.ts";
import type { Offers } from "./offers.ts";
import type { UpiPayee } from "./upi.ts";

/** What the acts of the desk work with. */
export type DeskParts = {
  readonly facility: Facility;
  readonly store: Store;
  readonly tariffs: Pick<Tariffs, "due" | "quote" | "inForce">;
  readonly gate: Pick<Gate, "stayChanged">;
  readonly offers: Offers;
  readonly codes: Pick<CodeBook, "read">;
  /** Null where no money is taken by UPI. */
  readonly upi: UpiPayee | null;
  /** Null where the desk has no card terminal. */
  readonly card: CardDesk | null;
  /** Tells the lane or the pay station of that name what became of a card payment, in its terminal's place. */
  readonly answerFor: (place: string, attemptId: AttemptId, outcome: TerminalOutcome) => void;
  readonly drawer: DrawerWatch;
  /** Opens the cash drawer; false where there is none, or it cannot be reached. */
  readonly openDrawer: () => boolean;
  readonly clock: Clock;
  /** After every change, for the pages. */
  readonly changed: () => void;
  readonly log: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
};

/** Who does it: an attendant's or a merchant's name. */
export type Actor = string;

/** What the desk refuses, in the operator's words unless it is somebody else's fault. */
export function refused<C extends string>(
  code: C,
  message: string,
  blame: Blame = "operator",
): Result<never, Refusal<C>> {
  return err(refusal(code, blame, message));
}

export function accountOf(
  { store }: { readonly store: Pick<Store, "stayAccount"> },
  id: string,
): Result<StayAccount, Refusal> {
  const text = id.toLowerCase();
  const account = isUuid(text) ? store.stayAccount(asId<StayId>(text)) : null;
  return account === null ? refused("unknown_stay", "There is no such stay.") : ok(account);
}

export function isInside({ status }: Pick<StayAccount, "status">): boolean {
  return status === "open" || status === "provisional";
}

/** After something about a stay was changed: lanes ask anew, pages look again. */
export function stayChanged({ gate, changed }: Pick<DeskParts, "gate" | "changed">, stayId: StayId): void {
  gate.stayChanged(stayId);
  changed();
}

export function nowOf({ clock }: Pick<DeskParts, "clock">): Now {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}
