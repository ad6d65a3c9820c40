import { describe, expect, it } from "vitest";
import { storyOfLane, storyOfVisit } from "./story.ts";
import { Day, goodDay } from "./testing/day.ts";
import { HOUR_MS, MINUTE_MS, SCHEDULE } from "./testing/places.ts";

const texts = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/ \[\d+\]$/, ""));

describe("the story of one vehicle", () => {
  it("tells what it did and what its lanes did while it was in them, by the site's clocks", () => {
    const story = texts(storyOfVisit(SCHEDULE, goodDay().entries, 1));
    expect(story.slice(0, 9)).toEqual([
      "2026-03-02, Europe/Berlin",
      "06:10:00 vehicle 1 (B AB 123, car) drives up to entry-1",
      "06:10:02 vehicle 1 stands at the line of entry-1",
      "06:10:02 the camera of entry-1 reads BAB123 on vehicle 1",
      "06:10:02 entry-1 writes: a stay begins, ticket PKM-00000001, BAB123",
      "06:10:02 the board of entry-1 pulses open (command-1, epoch 1)",
      "06:10:02 the arm of entry-1 begins to rise",
      "06:10:03 the arm of entry-1 is open",
      "06:10:07 vehicle 1 has gone in through entry-1",
    ]);
    expect(story).toContain("08:55:02 alex puts 10.00 EUR into the drawer (payment of vehicle 1)");
    expect(story).toContain("08:55:02 exit-1 writes: 6.00 EUR paid by cash, 4.00 EUR change, taken by alex");
    expect(story.at(-1)).toBe("08:55:07 vehicle 1 has gone out through exit-1");
  });

  it("tells nothing of others, and of what is broken everywhere", () => {
    const day = new Day().drivesUp("exit-1", 1).drivesUp("exit-1", 2);
    day.tell({ kind: "fault", id: 1, fault: "disk_full", on: true, target: "" });
    day.tell({ kind: "fault", id: 2, fault: "paper_out", on: true, target: "entry-1" });
    const story = storyOfVisit(SCHEDULE, day.entries, 1).join("\n");
    expect(story).not.toContain("vehicle 2");
    expect(story).not.toContain("paper out");
    expect(story).toContain("FAULT: disk full");
  });

  it("begins each day with its date, and bears the steps", () => {
    const day = new Day().at(18.5 * HOUR_MS - MINUTE_MS).drivesUp("entry-1", 1);
    expect(storyOfVisit(SCHEDULE, day.entries, 1).filter((line) => line.includes("Europe"))).toEqual([
      "2026-03-03, Europe/Berlin",
    ]);
    expect(storyOfVisit(SCHEDULE, day.entries, 1)[1]).toMatch(/ \[1\]$/);
  });
});

describe("the story of a lane", () => {
  it("tells all that happened there around a moment, and nothing of elsewhere", () => {
    const story = texts(storyOfLane(SCHEDULE, goodDay().entries, "exit-1", HOUR_MS));
    expect(story[1]).toBe("07:00:00 vehicle 2 (HH CD 77, car) drives up to exit-1");
    expect(story).toContain(
      "07:00:02 the terminal at exit-1 charges 2.00 EUR (attempt 00000000-0000-4000-8000-000000000802)",
    );
    expect(story.join("\n")).not.toContain("entry-1");
    expect(story.join("\n")).not.toContain("vehicle 1");
  });
});
