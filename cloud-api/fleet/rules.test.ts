import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GENESIS_HASH, logEventSchema } from "@parkme/shared/protocol/log";
import { asEvents, chained, moved, started, voided } from "../testing/events.ts";
import type { Line } from "./log-line.ts";
import { admit, firstFork, needsCare, readEvent, wallMsOf } from "./rules.ts";

const EVENTS = asEvents([
  started(1, "2026-07-15T08:00:00Z"),
  moved("in", 1, "2026-07-15T08:00:10Z"),
  voided(2, "2026-07-15T08:05:00Z"),
]);
const LINES = chained(EVENTS).map((line, index): Line => {
  const event = EVENTS[index]!;
  return { ...event, hash: line.hash, payloadText: JSON.stringify(event.payload), fault: null };
});
const HASHES = [GENESIS_HASH, ...LINES.map(({ hash }) => hash)];

/** The head at a line of the log above. */
const at = (seq: number, epoch = 1) => ({ epoch, seq, hash: HASHES[seq] ?? null });
const from = (first: number, epoch = 1) => ({ epoch, first, previous_hash: HASHES[first - 1] ?? "" });
const admitted = (known: number) => ({ kind: "admitted", known });
const refused = (refusal: unknown) => ({ kind: "refused", refusal });

describe("admit", () => {
  it("takes what follows the head and knows what is here", () => {
    expect(admit(at(0), from(1), 3)).toEqual(admitted(0));
    expect(admit(at(2), from(1), 3)).toEqual(admitted(2));
    expect(admit(at(3), from(1), 2)).toEqual(admitted(2));
    expect(admit(at(3), from(4), 0)).toEqual(admitted(0));
  });

  it("asks for the first line that is missing", () => {
    expect(admit(at(0), from(2), 2)).toEqual(refused({ code: "sync_gap", expected: 1 }));
    expect(admit(at(1), from(3), 1)).toEqual(refused({ code: "sync_gap", expected: 2 }));
  });

  it("lets an edge that is further ahead ask where we are", () => {
    expect(admit(at(1), { epoch: 1, first: 900, previous_hash: "a".repeat(64) }, 0)).toEqual(admitted(0));
  });

  it("sees that the line before the batch is another one than ours, with lines or without", () => {
    const other = { ...from(3), previous_hash: "a".repeat(64) };
    expect(admit(at(2), other, 1)).toEqual(refused({ code: "sync_fork", seq: 2 }));
    expect(admit(at(2), other, 0)).toEqual(refused({ code: "sync_fork", seq: 2 }));
  });

  it("believes once what the log was before its lines were chained", () => {
    expect(admit({ epoch: 1, seq: 2, hash: null }, { ...from(3), previous_hash: "a".repeat(64) }, 1)).toEqual(
      admitted(0),
    );
  });

  it("refuses a history that is over, whatever it brings", () => {
    expect(admit(at(2, 4), from(3, 3), 1)).toEqual(refused({ code: "old_epoch", epoch: 4 }));
    expect(admit(at(2, 4), from(9, 3), 0)).toEqual(refused({ code: "old_epoch", epoch: 4 }));
    expect(admit(at(2, 4), from(3, 5), 1)).toEqual(admitted(0));
  });
});

describe("firstFork", () => {
  it("is the first line whose hash is not the one that is here", () => {
    const here = new Map<number, string | null>(LINES.map(({ seq, hash }) => [seq, hash]));
    expect(firstFork(LINES, here)).toBeNull();
    expect(firstFork(LINES, new Map([...here, [2, null]]))).toBeNull();
    expect(firstFork(LINES, new Map([...here, [2, "b".repeat(64)], [3, "c".repeat(64)]]))?.seq).toBe(2);
  });
});

describe("wallMsOf", () => {
  it.each([
    ["2026-07-15T08:00:00.123Z", "2026-07-15T08:00:00.123Z"],
    ["2026-07-15T10:00:00+02:00", "2026-07-15T08:00:00.000Z"],
    ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00.000Z"],
    [`2026-01-01T00:00:00.${"1".repeat(500)}Z`, "2026-01-01T00:00:00.111Z"],
  ])("of %s is an instant of the calendar", (wall_time, kept) => {
    expect(new Date(wallMsOf({ wall_time })).toISOString()).toBe(kept);
  });

  it("is there for whatever the schema lets through", () => {
    const time = logEventSchema.shape.wall_time;
    const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, "0"));
    const date = fc.tuple(fc.constantFrom("0000", "0004", "1900", "2024", "9999"), two(13), two(32));
    const clock = fc.tuple(
      two(25),
      two(61),
      fc.constantFrom("", ":00", ":59", ":60", ":07.1", ":07.123456789"),
    );
    const zone = fc.constantFrom("Z", "", "z", "+00:00", "-00:00", "+23:59", "-24:00", "+0100", "+14");
    let read = 0;
    fc.assert(
      fc.property(date, clock, zone, (days, [hour, minute, seconds], offset) => {
        const wall_time = `${days.join("-")}T${hour}:${minute}${seconds}${offset}`;
        if (!time.safeParse(wall_time).success) return;
        read += 1;
        expect(wallMsOf({ wall_time })).toSatisfy(Number.isSafeInteger);
      }),
      { numRuns: 5_000 },
    );
    expect(read).toBeGreaterThan(100);
  });
});

describe("needsCare", () => {
  it("is where something is escaped that PostgreSQL may refuse", () => {
    const plain = readEvent(LINES[0]!);
    expect(needsCare(plain)).toBe(false);
    const nul = { ...LINES[0]!, payloadText: JSON.stringify({ plate: "\0" }) };
    expect(needsCare(readEvent(nul))).toBe(true);
  });
});
