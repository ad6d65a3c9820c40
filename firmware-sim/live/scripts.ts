import type { DriverScript } from "../world/driver.ts";
import type { ScriptName } from "./contract.ts";

/** Drivers' scripts with figures that a person can watch. */
export const SCRIPTS: Readonly<Record<ScriptName, DriverScript>> = {
  normal: { kind: "normal" },
  back_out: { kind: "back_out", from: "waiting", afterMs: 4_000 },
  tailgate: { kind: "tailgate" },
  stall: { kind: "stall", forMs: 15_000 },
  creeps: { kind: "creeps", everyM: 1, forMs: 2_000 },
  reverse_through: { kind: "reverse_through", afterMs: 2_000 },
  wrong_way: { kind: "wrong_way", forMs: 8_000 },
};
