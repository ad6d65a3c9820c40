import type { Bench } from "./lane-bench.ts";
import type { RowStory } from "./row-story.ts";
import { arrive, driveThrough, openFor, passNormally, settleDown } from "./vehicle.ts";

/** Rows 19 to 37 of the lane table: from the passage on, and where a lane stands still. */

const PLATE = "BAB1234";

function leaves(bench: Bench): void {
  bench.set({ arming: false });
  bench.wait(1_500);
}

function underArm(bench: Bench): void {
  openFor(bench, PLATE);
  bench.set({ safety: true });
}

function closing(bench: Bench): void {
  openFor(bench, PLATE);
  driveThrough(bench);
  bench.wait(1_200);
}

function restartedWhileOpen(bench: Bench): void {
  openFor(bench, PLATE);
  bench.restart();
  bench.see();
}

export const ROWS_OF_PASSAGE: readonly RowStory[] = [
  {
    row: 19,
    text: "the vehicle reaches the arm: its credit is used",
    cells: [
      ["OPEN", "safety_on", "PASSING"],
      ["OPENING", "safety_on", "PASSING"],
    ],
    story: (bench) => {
      underArm(bench);
      bench.set({ arming: false, closing: true });
      bench.set({ safety: false, closing: false });
      settleDown(bench);
      arrive(bench, "HHCD77");
      bench.wait(200);
      bench.set({ safety: true });
    },
  },
  {
    row: 20,
    text: "the vehicle backs out of the opening: void",
    cells: [["OPEN", "back_due", "CLEARING"]],
    story: (bench) => {
      openFor(bench, PLATE);
      leaves(bench);
    },
  },
  {
    row: 20,
    text: "the vehicle backs out while the arm goes up: void",
    cells: [["OPENING", "back_due", "CLEARING"]],
    options: { armObeys: false },
    story: (bench) => {
      arrive(bench, PLATE);
      leaves(bench);
    },
  },
  {
    row: 21,
    text: "it does not move for T_noentry: the driver is prompted",
    cells: [["OPEN", "noEntry_due", "OPEN"]],
    story: (bench) => {
      openFor(bench, PLATE);
      bench.wait(25_000);
    },
  },
  {
    row: 22,
    text: "the closing loop after the safety loop: forward",
    cells: [["PASSING", "behind_on", "PASSING"]],
    story: (bench) => {
      underArm(bench);
      bench.set({ closing: true });
    },
  },
  {
    row: 23,
    text: "off the safety loop, seen behind the arm",
    cells: [["PASSING", "safety_off", "CLEARING"]],
    story: (bench) => {
      underArm(bench);
      bench.set({ closing: true });
      bench.set({ safety: false });
    },
  },
  {
    row: 24,
    text: "off the safety loop and back on the arming loop: reversed, void",
    cells: [["PASSING", "safety_off", "CLEARING"]],
    story: (bench) => {
      underArm(bench);
      bench.set({ safety: false });
    },
  },
  {
    row: 25,
    text: "off the safety loop, and seen nowhere: counted, and put up for review",
    cells: [["PASSING", "safety_off", "CLEARING"]],
    story: (bench) => {
      underArm(bench);
      bench.set({ arming: false });
      bench.set({ safety: false });
    },
  },
  {
    row: 26,
    text: "under the arm for T_stuck: an alarm, and the arm stays open",
    cells: [["PASSING", "stuck_due", "PASSING"]],
    story: (bench) => {
      underArm(bench);
      bench.wait(60_000);
    },
  },
  {
    row: 27,
    text: "all clear for T_clear: the passage is written once, and the arm closes",
    cells: [["CLEARING", "clear_due", "CLOSING"]],
    story: closing,
  },
  {
    row: 28,
    text: "somebody follows on the same opening: a tailgate",
    cells: [
      ["CLEARING", "safety_on", "PASSING"],
      ["CLEARING", "behind_on", "CLEARING"],
    ],
    story: (bench) => {
      openFor(bench, PLATE);
      driveThrough(bench);
      bench.set({ closing: true });
      bench.set({ safety: true });
    },
  },
  {
    row: 29,
    text: "an obstruction while the arm comes down: it reopens",
    cells: [["CLOSING", "safety_on", "PASSING"]],
    story: (bench) => {
      closing(bench);
      bench.set({ safety: true });
    },
  },
  {
    row: 29,
    text: "an obstruction behind the arm while it comes down: it reopens",
    cells: [["CLOSING", "behind_on", "CLEARING"]],
    story: (bench) => {
      closing(bench);
      bench.set({ photocell: true });
    },
  },
  {
    row: 30,
    text: "the closed limit",
    cells: [["CLOSING", "arm_closed", "IDLE"]],
    story: (bench) => passNormally(bench, PLATE),
  },
  {
    row: 31,
    text: "not closed after T_move: at fault",
    cells: [["CLOSING", "move_due", "FAULT"]],
    story: (bench) => {
      openFor(bench, PLATE);
      driveThrough(bench);
      bench.setArm(false);
      bench.wait(4_000);
    },
  },
  {
    row: 32,
    text: "a sensor is dead: no close, nothing granted",
    cells: [
      ["IDLE", "stale", "DEGRADED"],
      ["DEGRADED", "proven", "IDLE"],
      ["CLOSING", "stale", "DEGRADED"],
    ],
    story: (bench) => {
      bench.miss("photocell");
      bench.miss(null);
      closing(bench);
      bench.miss("photocell");
    },
  },
  {
    row: 33,
    text: "fire, the key switch, an attendant or a mode: the arm opens and is held open",
    cells: [
      ["IDLE", "hold", "HELD_OPEN"],
      ["HELD_OPEN", "key_on", "HELD_OPEN"],
      ["HELD_OPEN", "fire_on", "HELD_OPEN"],
      ["IDLE", "mode", "HELD_OPEN"],
      ["IDLE", "key_on", "HELD_OPEN"],
      ["IDLE", "fire_on", "HELD_OPEN"],
    ],
    story: (bench) => {
      passNormally(bench, PLATE);
      for (const begins of [
        () => void bench.hold(),
        () => void bench.mode("held_open"),
        () => bench.set({ key_switch: true }),
        () => bench.set({ fire: true }),
      ]) {
        begins();
        bench.set({ key_switch: true });
        bench.set({ fire: true });
        bench.set({ fire: false, key_switch: false });
        bench.mode("open");
        bench.reset();
        settleDown(bench);
      }
    },
  },
  {
    row: 34,
    text: "STOP: the relays are let go",
    cells: [
      ["OPENING", "stop_on", "STOPPED"],
      ["STOPPED", "fire_on", "STOPPED"],
    ],
    story: (bench) => {
      arrive(bench, PLATE);
      bench.set({ stop: true });
      bench.set({ fire: true });
    },
  },
  {
    row: 35,
    text: "a person's reset ends what is held, stopped or at fault",
    cells: [
      ["HELD_OPEN", "reset", "CLEARING"],
      ["STOPPED", "reset", "UNKNOWN"],
      ["FAULT", "reset", "IDLE"],
    ],
    story: (bench) => {
      bench.setArm(false);
      arrive(bench, PLATE);
      bench.wait(4_500);
      bench.reset();
      bench.setArm(true);
      bench.wait(3_000);
      bench.set({ stop: true });
      bench.set({ stop: false });
      bench.reset();
      bench.hold();
      bench.wait(1_000);
      bench.set({ arming: false });
      bench.wait(2_000);
      bench.reset();
    },
  },
  {
    row: 36,
    text: "inputs are proven, and the arm is closed",
    cells: [["UNKNOWN", "proven", "IDLE"]],
    story: (bench) => {
      bench.lose();
      bench.see();
    },
  },
  {
    row: 37,
    text: "inputs are proven and the arm is open: a person says that it may close",
    cells: [
      ["UNKNOWN", "proven", "UNKNOWN"],
      ["UNKNOWN", "reset", "CLEARING"],
    ],
    story: (bench) => {
      restartedWhileOpen(bench);
      bench.reset();
    },
  },
];
