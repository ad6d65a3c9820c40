import { describe, expect, it } from "vitest";
import { ALARM_KINDS, isLasting } from "./alarm.ts";

describe("an alarm", () => {
  it("is over at once where it is a thing that happened, and lasts where something has to end it", () => {
    expect(ALARM_KINDS.filter((kind) => !isLasting(kind))).toEqual([
      "tailgate",
      "wrong_way",
      "obstruction",
      "command_refused",
      "blocked",
      "watched",
      "code_refused",
      "remote_refused",
    ]);
    for (const kind of ["fire", "stopped", "stuck", "sensor_stale", "payment_in_doubt", "printer"] as const)
      expect(isLasting(kind)).toBe(true);
  });

  it("is of a kind that is named once", () => {
    expect(new Set(ALARM_KINDS).size).toBe(ALARM_KINDS.length);
  });
});
