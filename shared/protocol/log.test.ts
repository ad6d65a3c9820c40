import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batchHeaderSchema,
  GENESIS_HASH,
  helloSchema,
  lineOf,
  logAckSchema,
  logEventSchema,
  logRefusalSchema,
  MAX_LOCATOR,
  newEpochSchema,
  tailHeaderSchema,
} from "./log.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";
const AT = "2026-03-01T10:00:00.000Z";
const PLACE = { epoch: 1, seq: 0, hash: GENESIS_HASH };
const EVENT = {
  seq: 1,
  epoch: 1,
  event_id: ID,
  kind: "stay.voided",
  schema_version: 4,
  wall_time: AT,
  monotonic_ms: 0,
  boot_id: "b-1",
  payload: {},
};
const HEADER = {
  edge_id: ID,
  epoch: 1,
  first: 1,
  previous_hash: GENESIS_HASH,
  hash: GENESIS_HASH,
  boot_id: "b-1",
  wall_time: AT,
  waiting: 0,
};
const HELLO = {
  edge_id: ID,
  boot_id: "b-1",
  claim: true,
  version: "1.0.0",
  head: PLACE,
  acked: 0,
  locator: [PLACE],
  downlink: 0,
  manifest: 0,
  wall_time: AT,
};

describe("a line", () => {
  it("is JSON in one order, then the rows behind a tab", () => {
    const text = lineOf({ ...EVENT, payload: '{"lane":"exit"}' }, null);
    expect(text).toBe(
      `{"seq":1,"epoch":1,"event_id":"${ID}","kind":"stay.voided","schema_version":4,"wall_time":"${AT}","monotonic_ms":0,"boot_id":"b-1","payload":{"lane":"exit"}}`,
    );
    expect(lineOf({ ...EVENT, payload: "{}" }, "[]")).toBe(
      `${lineOf({ ...EVENT, payload: "{}" }, null)}\t[]`,
    );
  });

  it("has neither a bare tab nor a bare line feed, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = lineOf({ ...EVENT, kind: text, payload: JSON.stringify({ text }) }, null);
        expect(line).not.toMatch(/[\t\n]/);
        const event: unknown = JSON.parse(line);
        expect(event).toEqual({ ...EVENT, kind: text, payload: { text } });
      }),
    );
  });
});

describe("an event", () => {
  it("carries kinds and payloads that nobody knows yet", () => {
    const unknown = { ...EVENT, kind: "spot.repainted", schema_version: 9, payload: { any: ["thing", 1] } };
    expect(logEventSchema.parse(unknown)).toEqual(unknown);
  });

  it("has the wall clock of any decade", () => {
    for (const wall_time of ["2016-01-01T00:00:00Z", "2036-12-31T23:59:59.999Z", "2026-03-01T10:00:00+05:45"])
      expect(logEventSchema.safeParse({ ...EVENT, wall_time }).success).toBe(true);
  });

  it.each([
    { seq: 0 },
    { seq: 1.5 },
    { seq: -1 },
    { seq: 2 ** 53 },
    { seq: "1" },
    { epoch: 0 },
    { event_id: "1" },
    { kind: "" },
    { kind: "x".repeat(61) },
    { schema_version: 0 },
    { wall_time: "2026-03-01 10:00" },
    { monotonic_ms: -1 },
    { boot_id: "" },
    { boot_id: "a b" },
    { payload: [] },
    { payload: "{}" },
    { payload: null },
  ])("is none with %j", (over) => {
    expect(logEventSchema.safeParse({ ...EVENT, ...over }).success).toBe(false);
  });
});

describe("what travels beside the lines", () => {
  it.each([
    ["a header", batchHeaderSchema, HEADER],
    ["a hello", helloSchema, HELLO],
    ["a new history", newEpochSchema, { epoch: 2, parent: PLACE, boot_id: "b-1", reason: "restored" }],
    [
      "an acknowledgement",
      logAckSchema,
      { epoch: 1, seq: 0, hash: GENESIS_HASH, window: { events: 500, pause_ms: 0 }, now: AT },
    ],
    [
      "the header of a tail",
      tailHeaderSchema,
      { previous_hash: GENESIS_HASH, first: 0, last: 0, head: PLACE },
    ],
    ["a refusal", logRefusalSchema, { code: "sync_gap", expected: 1 }],
  ])("%s is read as it is, and not without any of its members", (_what, schema, value) => {
    expect(schema.parse(value)).toEqual(value);
    for (const name of Object.keys(value)) {
      const { [name]: _left, ...rest } = value as Record<string, unknown>;
      expect(schema.safeParse(rest).success, "a member is missing").toBe(false);
    }
  });

  it.each([
    { edge_id: "harbour" },
    { first: 0 },
    { previous_hash: "00" },
    { hash: GENESIS_HASH.toUpperCase().replaceAll("0", "A") },
    { boot_id: "\0" },
    { wall_time: "noon" },
    { waiting: -1 },
  ])("a header is none with %j", (over) => {
    expect(batchHeaderSchema.safeParse({ ...HEADER, ...over }).success).toBe(false);
  });

  it("a locator has an end", () => {
    const locator = Array.from({ length: MAX_LOCATOR + 1 }, () => PLACE);
    expect(helloSchema.safeParse({ ...HELLO, locator }).success).toBe(false);
    expect(helloSchema.safeParse({ ...HELLO, locator: locator.slice(1) }).success).toBe(true);
  });

  it.each([
    { code: "sync_gap", expected: 0 },
    { code: "busy", retry_after_ms: 0 },
    { code: "busy", retry_after_ms: 1e9 },
    { code: "old_epoch" },
    { code: "gap", expected: 3 },
    { expected: 3 },
    null,
  ])("%j is no refusal", (refusal) => {
    expect(logRefusalSchema.safeParse(refusal).success).toBe(false);
  });

  it("is never read out of garbage", () => {
    const schemas = [batchHeaderSchema, helloSchema, newEpochSchema, logAckSchema, tailHeaderSchema];
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const schema of [...schemas, logEventSchema, logRefusalSchema])
          expect(schema.safeParse(value).success).toBe(false);
      }),
    );
  });
});
