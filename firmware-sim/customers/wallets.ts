import type { Random } from "../traffic/random.ts";

/** What drivers carry: their tickets, and whether they pay in cash. */
export type Wallets = {
  /** False when the driver loses it on the way. */
  readonly put: (plate: string, code: string) => boolean;
  readonly codeOf: (plate: string) => string | null;
  readonly paysCash: (plate: string) => boolean;
  readonly forget: (plate: string) => void;
  readonly all: () => ReadonlyMap<string, string>;
};

type WalletsOptions = {
  readonly random: Random;
  readonly lostTicketChance: number;
  readonly cashChance: number;
  readonly tickets: ReadonlyMap<string, string>;
};

/** Whether a driver loses a ticket or pays in cash is drawn from the seed and the plate alone. */
export function createWallets({ random, lostTicketChance, cashChance, tickets }: WalletsOptions): Wallets {
  const codes = new Map(tickets);
  return {
    put(plate, code) {
      if (random.fork(`lost ${plate}`).chance(lostTicketChance)) return false;
      codes.set(plate, code);
      return true;
    },
    codeOf: (plate) => codes.get(plate) ?? null,
    paysCash: (plate) => random.fork(`cash ${plate}`).chance(cashChance),
    forget: (plate) => void codes.delete(plate),
    all: () => codes,
  };
}
