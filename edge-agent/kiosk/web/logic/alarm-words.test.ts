import { describe, expect, it } from "vitest";
import { ALARM_KINDS } from "@parkme/shared/domain/alarm";
import { alarmTimes, describeAlarm, goesOn, isWaiting } from "./alarm-words.ts";
import { createTimeText } from "./time-text.ts";

const time = createTimeText("Europe/Berlin");
const NOW_MS = Date.parse("2025-11-22T12:00:00Z");
const at = (minutesAgo: number) => new Date(NOW_MS - minutesAgo * 60_000).toISOString();

describe("alarms", () => {
  it("have words of their own", () => {
    const titles = ALARM_KINDS.map((kind) => describeAlarm(kind).title);
    expect(new Set(titles).size).toBe(ALARM_KINDS.length);
  });

  it("are loudest where somebody may come to harm, and quiet for a watched vehicle", () => {
    const of = (tone: string) => ALARM_KINDS.filter((kind) => describeAlarm(kind).tone === tone);
    expect(of("fault")).toEqual(expect.arrayContaining(["fire", "stopped", "stuck", "obstruction"]));
    expect(of("note")).toEqual(["watched", "paper_low", "change_low", "code_refused", "remote_refused"]);
  });

  it.each([
    ["fire", at(5), null, "since 12:55, 5 min"],
    ["printer", at(65), at(5), "11:55, for 1 h"],
    ["tailgate", at(5), at(5), "12:55"],
    ["stuck", at(24 * 60), null, "since 21 Nov, 13:00, 1 d"],
  ] as const)("of kind %s tell when", (kind, started_at, ended_at, words) => {
    expect(alarmTimes({ kind, started_at, ended_at }, time, NOW_MS)).toBe(words);
  });

  it("go on until they end, and wait until somebody has acknowledged them", () => {
    expect([goesOn({ ended_at: null }), goesOn({ ended_at: at(1) })]).toEqual([true, false]);
    expect([isWaiting({ acknowledged_at: null }), isWaiting({ acknowledged_at: at(1) })]).toEqual([
      true,
      false,
    ]);
  });
});
