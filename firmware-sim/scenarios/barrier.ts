import type { Device, Told } from "./hardware.ts";
import { eventually } from "./stage.ts";

/** The contacts of one lane by the names of the points they are wired to. */
export type Contacts = {
  readonly arming: string;
  readonly safety: string;
  readonly closing: string;
  readonly closed: string;
  readonly open: string;
};
export type BarrierOptions = {
  readonly board: Device;
  readonly contacts: Contacts;
  /** Relays of the board that move the arm. */
  readonly relays: { readonly open: string; readonly close: string };
};

const ARM_MS = 120;

/** A barrier that is wired to a simulated board: its arm obeys the relays, and a vehicle covers its loops. */
export type Barrier = {
  readonly isOpen: () => boolean;
  /** False = a motor that is dead: the arm stays where it is. */
  readonly obey: (obeys: boolean) => void;
  /** Somebody moves the arm itself, or cuts its power: no relay was told. */
  readonly byHand: (up: boolean) => Promise<void>;
  readonly cover: (loop: "arming" | "safety" | "closing", on: boolean) => Promise<void>;
  /** From the arming loop through, as soon as the arm is up. */
  readonly driveThrough: () => Promise<void>;
  readonly untilOpen: (withinMs?: number) => Promise<void>;
  readonly untilClosed: (withinMs?: number) => Promise<void>;
  /** How often the relay that opens was energised. */
  readonly openings: () => number;
};

export async function mountBarrier({ board, contacts, relays }: BarrierOptions): Promise<Barrier> {
  let obeys = true;
  let isOpen = false;
  let openings = 0;
  let seen = 0;
  let moving: Promise<void> = Promise.resolve();
  await board.do(`input ${contacts.closed} on`);

  const move = async (up: boolean): Promise<void> => {
    if (up === isOpen) return;
    await board.do(`input ${up ? contacts.closed : contacts.open} off`);
    await new Promise((done) => setTimeout(done, ARM_MS));
    await board.do(`input ${up ? contacts.open : contacts.closed} on`);
    isOpen = up;
  };
  const pulled = (told: Told, relay: string): boolean =>
    told["event"] === "relay" && told["relay"] === relay && told["on"] === true;
  board.onSaid(() => {
    for (; seen < board.said.length; seen++) {
      const told = board.said[seen] ?? {};
      const up = pulled(told, relays.open);
      if (up) openings += 1;
      if (up || pulled(told, relays.close)) moving = moving.then(() => (obeys ? move(up) : undefined));
    }
  });

  const cover: Barrier["cover"] = (loop, on) => board.do(`input ${contacts[loop]} ${on ? "on" : "off"}`);
  const until = async (open: boolean, withinMs: number): Promise<void> => {
    await eventually(
      `the arm to be ${open ? "up" : "down"}`,
      () => isOpen,
      (up) => up === open,
      withinMs,
    );
    await moving;
  };
  return {
    isOpen: () => isOpen,
    obey: (does) => (obeys = does),
    byHand: (up) => (moving = moving.then(() => move(up))),
    cover,
    driveThrough: async () => {
      await until(true, 20_000);
      await cover("safety", true);
      await cover("closing", true);
      await cover("arming", false);
      await cover("safety", false);
      await cover("closing", false);
    },
    untilOpen: (withinMs = 20_000) => until(true, withinMs),
    untilClosed: (withinMs = 20_000) => until(false, withinMs),
    openings: () => openings,
  };
}
