import { describe, expect, it } from "vitest";
import { describeEdge, formatMoney, formatSpan, formatTime, formatWhen, movementNote } from "./format.ts";

describe("formatMoney", () => {
  it("groups the server's digits and changes none of them", () => {
    expect(formatMoney({ amount: "1234.50", currency: "EUR" })).toBe("€1,234.50");
    expect(formatMoney({ amount: "-0.05", currency: "USD" })).toBe("-$0.05");
    expect(formatMoney({ amount: "1200", currency: "JPY" })).toBe("¥1,200");
    expect(formatMoney({ amount: "90071992547409919.01", currency: "EUR" })).toBe(
      "€90,071,992,547,409,919.01",
    );
  });
});

describe("formatTime", () => {
  it("tells the facility's time, not this computer's", () => {
    expect(formatTime("2026-07-15T22:30:05Z", "Asia/Tokyo")).toBe("07:30");
    expect(formatTime("2026-07-15T22:30:05Z", "Europe/Berlin", true)).toBe("00:30:05");
  });
});

describe("formatWhen", () => {
  it("leaves the day out when it is today, where the facility is", () => {
    const nowMs = Date.parse("2026-07-15T22:30:00Z");
    expect(formatWhen("2026-07-15T22:10:00Z", "Europe/Berlin", nowMs)).toBe("00:10");
    expect(formatWhen("2026-07-15T21:10:00Z", "Europe/Berlin", nowMs)).toBe("Wed 15 Jul 23:10");
    expect(formatWhen("2020-07-15T22:10:00Z", "UTC", nowMs)).toBe("Wed 15 Jul 22:10");
  });
});

describe("formatSpan", () => {
  it.each([
    [-3, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [7_200, "2 h"],
    [172_800, "2 days"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(formatSpan(seconds)).toBe(text);
  });
});

describe("describeEdge", () => {
  const at = "2026-07-15T12:00:00Z";
  const after = (seconds: number) => Date.parse(at) + seconds * 1_000;

  it("tells a live edge from one that catches up, one that is silent and one that is gone", () => {
    const edge = { last_seen_at: at, behind_seconds: 2 };
    expect(describeEdge(edge, after(5))).toEqual({ tone: "good", text: "Online" });
    expect(describeEdge({ ...edge, behind_seconds: 7_300 }, after(5))).toEqual({
      tone: "busy",
      text: "Catching up, 2 h behind",
    });
    expect(describeEdge(edge, after(61))).toEqual({ tone: "warn", text: "No word for 1 min" });
    expect(describeEdge(edge, after(3_600))).toEqual({ tone: "bad", text: "No word for 1 h" });
  });

  it("does not pretend to know an edge that never spoke", () => {
    expect(describeEdge(null, 0).tone).toBe("none");
    expect(describeEdge({ last_seen_at: null, behind_seconds: 0 }, 0).tone).toBe("none");
  });
});

describe("movementNote", () => {
  it("says nothing of the ordinary, and something of what it does not know", () => {
    expect(movementNote("normal", null)).toBeNull();
    expect(movementNote("vend", null)).toBe("Vend");
    expect(movementNote("normal", "missed_exit")).toBe("Missed exit");
    expect(movementNote("ghost", null)).toBe("ghost");
  });
});
