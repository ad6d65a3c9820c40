import { HOUR_MS } from "./exit.ts";
import type { Bench, BenchOptions } from "./lane-bench.ts";
import type { RowStory } from "./row-story.ts";
import { arrive, openFor } from "./vehicle.ts";

/** Rows 1 to 18 of the lane table: up to the open arm. */

const PLATE = "BAB1234";
const TICKETED: BenchOptions = { lane: { ticket: "always" } };
const EXIT: BenchOptions = { direction: "exit" };
const BY_CARD: BenchOptions = { direction: "exit", lane: { terminal: true } };

/** Drives up to an exit and owes. */
function owes(bench: Bench): void {
  bench.parked(PLATE, 2 * HOUR_MS);
  arrive(bench, PLATE);
}

function jobOf(bench: Bench) {
  const { ticket } = bench.lane();
  if (ticket === null) throw new Error("no ticket is on its way");
  return ticket.jobId;
}

function printed(bench: Bench): void {
  arrive(bench, PLATE);
  bench.tell({ kind: "printed", jobId: jobOf(bench), held: true });
}

function leaves(bench: Bench): void {
  bench.set({ arming: false });
  bench.wait(1_500);
}

export const ROWS_OF_APPROACH: readonly RowStory[] = [
  {
    row: 1,
    text: "a vehicle on the arming loop for T_arm starts a transaction",
    cells: [
      ["IDLE", "arming_on", "IDLE"],
      ["IDLE", "arm_due", "ARMED"],
    ],
    story: (bench) => arrive(bench, null),
  },
  {
    row: 2,
    text: "the other loops without the arming loop: wrong way",
    cells: [
      ["IDLE", "safety_on", "IDLE"],
      ["IDLE", "behind_on", "IDLE"],
    ],
    story: (bench) => {
      bench.set({ closing: true });
      bench.set({ safety: true });
    },
  },
  {
    row: 3,
    text: "a plate, something shown or the button is decided on",
    cells: [
      ["ARMED", "read", "DECIDING"],
      ["ARMED", "credential", "DECIDING"],
      ["ARMED", "button_on", "DECIDING"],
    ],
    options: { ...TICKETED, capacity: 0 },
    story: (bench) => {
      arrive(bench, null);
      bench.read(PLATE);
      leaves(bench);
      arrive(bench, null);
      bench.show({ kind: "card", text: "CARD-1" });
      leaves(bench);
      arrive(bench, null);
      bench.press();
    },
  },
  {
    row: 4,
    text: "no plate after T_read: the driver is told",
    cells: [["ARMED", "read_due", "ARMED"]],
    story: (bench) => {
      arrive(bench, null);
      bench.wait(2_500);
    },
  },
  {
    row: 5,
    text: "the vehicle leaves before anything was granted",
    cells: [
      ["ARMED", "back_due", "IDLE"],
      ["DENIED", "back_due", "IDLE"],
    ],
    options: { capacity: 0 },
    story: (bench) => {
      arrive(bench, null);
      leaves(bench);
      arrive(bench, PLATE);
      leaves(bench);
    },
  },
  {
    row: 5,
    text: "at an exit: the vehicle leaves before it has paid",
    cells: [
      ["PAYING", "back_due", "IDLE"],
      ["PAY_UNKNOWN", "back_due", "IDLE"],
    ],
    options: BY_CARD,
    story: (bench) => {
      owes(bench);
      leaves(bench);
      bench.terminal({ kind: "declined", reason: "aborted" });
      arrive(bench, PLATE);
      bench.wait(90_000);
      leaves(bench);
    },
  },
  {
    row: 6,
    text: "let in without a ticket: written down, then the arm opens",
    cells: [["DECIDING", "facts", "OPENING"]],
    story: (bench) => arrive(bench, PLATE),
  },
  {
    row: 6,
    text: "at an exit: paid, in grace or with a right",
    cells: [["DECIDING", "facts", "OPENING"]],
    options: EXIT,
    story: (bench) => {
      bench.parked(PLATE, 60_000);
      arrive(bench, PLATE);
    },
  },
  {
    row: 6,
    text: "at an exit: unpaid, the driver is asked; paid, the arm opens",
    cells: [
      ["DECIDING", "facts", "PAYING"],
      ["PAYING", "cash", "OPENING"],
    ],
    options: EXIT,
    story: (bench) => {
      owes(bench);
      const { stay } = bench.lane();
      if (stay !== null) bench.cash(stay.stayId, 500);
    },
  },
  {
    row: 6,
    text: "at an exit: the card is approved, declined, or nobody knows",
    cells: [
      ["PAYING", "terminal", "DENIED"],
      ["DENIED", "read_due", "DECIDING"],
      ["PAYING", "pay_due", "PAY_UNKNOWN"],
      ["PAY_UNKNOWN", "terminal", "PAYING"],
      ["PAYING", "terminal", "OPENING"],
    ],
    options: BY_CARD,
    story: (bench) => {
      owes(bench);
      bench.terminal({ kind: "declined", reason: "no cover" });
      bench.wait(95_000);
      bench.terminal({ kind: "declined", reason: "not charged" });
      bench.terminal({ kind: "approved", receipt: "7", card: "" });
    },
  },
  {
    row: 7,
    text: "let in with a ticket: it is printed first",
    cells: [["DECIDING", "facts", "PRINTING"]],
    options: TICKETED,
    story: (bench) => arrive(bench, PLATE),
  },
  {
    row: 8,
    text: "not let in: the driver is told why",
    cells: [["DECIDING", "facts", "DENIED"]],
    options: { capacity: 0 },
    story: (bench) => arrive(bench, PLATE),
  },
  {
    row: 9,
    text: "T_dec has no timer: the store answers within the turn, or the lane does what its policy says",
    cells: [["DECIDING", "facts", "OPENING"]],
    story: (bench) => {
      arrive(bench, null);
      bench.refuse(1);
      bench.read(PLATE);
      bench.see();
      bench.wait(300);
      bench.read(PLATE);
    },
  },
  {
    row: 10,
    text: "another credential, or the same question after a while",
    cells: [
      ["DENIED", "credential", "DECIDING"],
      ["DENIED", "read", "DECIDING"],
      ["DENIED", "read_due", "DECIDING"],
      ["DENIED", "button_on", "DECIDING"],
    ],
    options: { ...TICKETED, capacity: 0 },
    story: (bench) => {
      arrive(bench, PLATE);
      bench.read("HHCD77");
      bench.show({ kind: "card", text: "CARD-1" });
      bench.wait(6_000);
      bench.press();
    },
  },
  {
    row: 11,
    text: "printed",
    cells: [["PRINTING", "printed", "WAIT_TAKE"]],
    options: TICKETED,
    story: printed,
  },
  {
    row: 12,
    text: "paper, cover, jam: by its plate where the site says so, else an attendant",
    cells: [["PRINTING", "print_failed", "DENIED"]],
    options: TICKETED,
    story: (bench) => {
      arrive(bench, PLATE);
      bench.tell({ kind: "print_failed", jobId: jobOf(bench), reason: "jam", mayBeOut: true });
    },
  },
  {
    row: 12,
    text: "by its plate alone",
    cells: [["PRINTING", "print_failed", "OPENING"]],
    options: { ...TICKETED, policy: { printerFailure: "admit" } },
    story: (bench) => {
      arrive(bench, PLATE);
      bench.tell({ kind: "print_failed", jobId: jobOf(bench), reason: "jam", mayBeOut: true });
    },
  },
  {
    row: 13,
    text: "the vehicle leaves: the ticket is taken back, its stay is void",
    cells: [
      ["PRINTING", "back_due", "IDLE"],
      ["WAIT_TAKE", "back_due", "IDLE"],
    ],
    options: TICKETED,
    story: (bench) => {
      arrive(bench, PLATE);
      leaves(bench);
      printed(bench);
      leaves(bench);
    },
  },
  {
    row: 14,
    text: "taken",
    cells: [["WAIT_TAKE", "taken", "OPENING"]],
    options: TICKETED,
    story: (bench) => {
      printed(bench);
      bench.tell({ kind: "taken", jobId: jobOf(bench) });
    },
  },
  {
    row: 15,
    text: "not taken for T_take: taken back, void",
    cells: [["WAIT_TAKE", "take_due", "ARMED"]],
    options: TICKETED,
    story: (bench) => {
      printed(bench);
      bench.wait(20_000);
    },
  },
  {
    row: 16,
    text: "the opening is one pulse, with the grant",
    cells: [["DECIDING", "facts", "OPENING"]],
    story: (bench) => arrive(bench, PLATE),
  },
  {
    row: 17,
    text: "the open limit",
    cells: [["OPENING", "arm_opened", "OPEN"]],
    story: (bench) => openFor(bench, PLATE),
  },
  {
    row: 18,
    text: "not open after T_move: once more, then at fault",
    cells: [
      ["OPENING", "move_due", "OPENING"],
      ["OPENING", "move_due", "FAULT"],
    ],
    options: { armObeys: false },
    story: (bench) => {
      arrive(bench, PLATE);
      bench.wait(4_500);
    },
  },
];
