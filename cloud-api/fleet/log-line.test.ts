import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GENESIS_HASH, lineOf, logEventSchema } from "@parkme/shared/protocol/log";
import { hashAfter } from "../testing/events.ts";
import { createChain, readLine as read, unreadableLine } from "./log-line.ts";

const EVENT = {
  seq: 7,
  epoch: 2,
  event_id: "0192b000-000e-7000-8000-000000000007",
  kind: "movement.recorded",
  schema_version: 4,
  wall_time: "2026-07-15T08:00:00.000Z",
  monotonic_ms: 12,
  boot_id: "boot-1",
};

const HASH = "ab".repeat(32);
const readLine = (text: string) => read(text, HASH);

describe("readLine", () => {
  it("reads every line that lineOf writes, and keeps the payload's text as it is", () => {
    const payload = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const count = fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.string({ minLength: 1, maxLength: 60, unit: "binary" }),
        payload,
        (seq, ms, kind, text) => {
          const event = { ...EVENT, seq: seq + 1, monotonic_ms: ms, kind };
          const payload: unknown = JSON.parse(text);
          const line = { ...event, payload, payloadText: text, hash: HASH, fault: null };
          expect(readLine(lineOf({ ...event, payload: text }, null))).toEqual(line);
        },
      ),
    );
  });

  const good = lineOf({ ...EVENT, payload: "{}" }, null);
  it.each([
    ["nothing", ""],
    ["another JSON text", "[1,2]"],
    ["half of a line", good.slice(0, -1)],
    ["something behind the line", `${good} `],
    ["a payload that is no JSON", lineOf({ ...EVENT, payload: "{no}" }, null)],
    ["a payload that is no object", lineOf({ ...EVENT, payload: "[]" }, null)],
    ["a second payload", lineOf({ ...EVENT, payload: '{},"payload":{}' }, null)],
    ["a negative number", lineOf({ ...EVENT, seq: -1, payload: "{}" }, null)],
    ["a number that is too large", lineOf({ ...EVENT, seq: 9_007_199_254_740_992, payload: "{}" }, null)],
    ["an id that is none", lineOf({ ...EVENT, event_id: "seven", payload: "{}" }, null)],
    ["a time that is none", lineOf({ ...EVENT, wall_time: "2026-02-30T08:00:00Z", payload: "{}" }, null)],
    ["a kind without end", lineOf({ ...EVENT, kind: "k".repeat(1_000), payload: "{}" }, null)],
    ["a boot that is none", lineOf({ ...EVENT, boot_id: "a b", payload: "{}" }, null)],
  ])("says why it does not read %s", (_what, text) => {
    expect(readLine(text)).toEqual(expect.stringMatching(/\w/));
  });

  it("lets through what the schema lets through, and nothing else", () => {
    const odd = <T>(usual: T, ...others: readonly T[]) => fc.constantFrom(usual, usual, usual, ...others);
    const two = fc.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, "0"));
    const time = fc
      .tuple(fc.constantFrom("2024", "2026", "0000", "9999"), two, two, two, two, two)
      .map(([year, month, day, hour, minute, second]) =>
        [year, "-", month, "-", day, "T", hour, ":", minute, ":", second, ".000Z"].join(""),
      );
    const envelope = fc.record({
      seq: odd(7, 0, 1e15, 9_007_199_254_740_991, 9_007_199_254_740_992, -1, 1.5),
      epoch: odd(1, 0),
      event_id: odd(EVENT.event_id, EVENT.event_id.toUpperCase(), EVENT.event_id.replace("-8", "-c"), "7"),
      kind: odd("stay.voided", "", "a".repeat(61), "Ä"),
      schema_version: odd(4, 0, 1e7),
      wall_time: fc.oneof(time, odd("2026-07-15T08:00:00.000Z", "2026-07-15T10:00:00+02:00", "noon")),
      monotonic_ms: odd(0, 12, -1),
      boot_id: odd("b-1", "", "a b", "x".repeat(65)),
    });
    fc.assert(
      fc.property(envelope, (event) => {
        const line = readLine(lineOf({ ...event, payload: "{}" }, null));
        expect(typeof line === "object").toBe(logEventSchema.safeParse({ ...event, payload: {} }).success);
      }),
      { numRuns: 5_000 },
    );
  });

  // Its time is the limit of the test.
  it("is not held up by text that is made to", () => {
    for (const text of [
      `${good.slice(0, -2)}${"{".repeat(1_000_000)}`,
      `{"seq":1,"epoch":1,"event_id":"${"\\".repeat(1_000_000)}`,
      good.replace("movement", '\\"'.repeat(500_000)),
    ])
      expect(typeof readLine(text)).toBe("string");
  });
});

describe("unreadableLine", () => {
  it("has the same id whenever it is read, and holds a piece of what came", () => {
    const place = { seq: 3, epoch: 1, hash: "ab".repeat(32), wall_time: "2026-07-15T08:00:00Z" };
    const line = unreadableLine("x".repeat(5_000), "no envelope", place);
    expect(line).toMatchObject({ seq: 3, kind: "unreadable", fault: "no envelope" });
    expect(line.event_id).toBe("abababab-abab-8bab-8bab-abababababab");
    expect(line.payloadText.length).toBeLessThan(2_100);
  });
});

describe("createChain", () => {
  it("hashes as the edge does, whatever the length of the lines", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 9_000, unit: "binary" }), { maxLength: 6 }), (texts) => {
        const chain = createChain(GENESIS_HASH);
        let expected = GENESIS_HASH;
        for (const text of texts) {
          const bytes = Buffer.from(text, "utf8");
          expected = hashAfter(expected, bytes.toString("utf8"));
          expect(chain(bytes)).toBe(expected);
        }
      }),
      { numRuns: 50 },
    );
  });
});
