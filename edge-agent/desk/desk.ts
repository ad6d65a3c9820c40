import type { Clock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { EdgeConfig } from "../config/load.ts";
import type { Health, PaymentTerminal } from "../devices/ports.ts";
import { type CardDesk, createCardDesk } from "./card-desk.ts";
import { createDrawerWatch } from "./drawer.ts";
import { createOffers } from "./offers.ts";
import type { DeskParts } from "./parts.ts";
import { cardPayment } from "./payments.ts";

export type DeskOptions = Pick<
  DeskParts,
  "store" | "tariffs" | "gate" | "codes" | "answerFor" | "openDrawer" | "changed" | "log"
> & {
  readonly config: Pick<EdgeConfig, "attendants" | "merchants" | "upi" | "desk">;
  readonly facility: Facility;
  readonly mint: IdMint;
  readonly clock: Clock;
  /** The desk's own card terminal; null where it has none. */
  readonly terminal: PaymentTerminal | null;
  readonly health: (device: string, health: Health) => void;
};

/** The pay desk of a facility. */
export type Desk = DeskParts & { readonly start: () => Promise<void>; readonly stop: () => Promise<void> };

const USUAL_PAY_MS = 90_000;

export function createDesk({ config, terminal, health, mint, ...joined }: DeskOptions): Desk {
  const { store, clock, facility, changed, log } = joined;
  const { desk, merchants, attendants, upi } = config;
  const drawer = createDrawerWatch({
    store,
    clock,
    attendants: attendants.map(({ name }) => name),
    lowMinor: desk?.change_low_minor ?? 0,
  });
  const parts = {
    ...joined,
    drawer,
    offers: createOffers(merchants, facility.currency),
    upi: upi === undefined ? null : { address: upi.payee, name: upi.name },
  };
  const card: CardDesk | null =
    terminal &&
    createCardDesk({
      terminal,
      store,
      clock,
      currency: facility.currency,
      payMs: desk?.pay_ms ?? USUAL_PAY_MS,
      payment: (paid) => cardPayment(parts, paid, mint),
      paid: ({ attempt: { stayId, actor, amountMinor } }) =>
        log.info({ stay: stayId, actor, amountMinor, method: "card" }, "money taken at the desk"),
      stayChanged: joined.gate.stayChanged,
      health,
      changed,
      log,
    });
  return {
    ...parts,
    card,
    start: async () => {
      await card?.start();
      drawer.look();
    },
    stop: async () => {
      await card?.close();
    },
  };
}
