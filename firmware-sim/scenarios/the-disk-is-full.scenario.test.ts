import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { because } from "./cashier.ts";
import { alarmsOf, openLinkedLot, setMode, untilAgreed } from "./linked-lot.ts";
import { layOutGround, type Lot } from "./lot.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { eventually } from "./stage.ts";

/** The gate's disk fills up, to the last byte. */

const LONG_MS = 60_000;

describe("a disk that is full", () => {
  it(
    "edge case 46: keeps the exits working and loses nothing that was written; with room again, the log goes on",
    { timeout: 300_000 },
    async () => {
      const ground = await layOutGround();
      const disk = mountSmallDisk(join(ground.hardware.folder, "edge"));
      const { lot, hq } = await openLinkedLot({}, { ground });
      await lot.comeIn("MDF100");
      await lot.comeIn("MDF200");

      // Little room is told of while something can still be written.
      await lot.agent().stop();
      disk.leave(100);
      await lot.start();
      await lot.desk.until("the alarm", (seen) => alarmsOf(seen, "disk_low").length === 1, LONG_MS);
      await eventually(
        "headquarters to hear of it",
        () => hq.rows("select kind from alarms where kind = 'disk_low'"),
        ({ length }) => length === 1,
        LONG_MS,
      );

      // Nor does a program that starts on a full disk leave anybody inside.
      const before = await fillUp(lot, disk);
      await lot.agent().kill();
      await lot.start();
      const written = await fillUp(lot, disk);
      expect(written.slice(0, before.length)).toEqual(before);
      await lot.exit.approach();
      await lot.exit.read("MDF100");
      await lot.exit.barrier.untilOpen(LONG_MS);
      await lot.exit.until("its arm to stay open", ({ state }) => state === "HELD_OPEN");
      await lot.exit.barrier.driveThrough();
      // Whoever comes waits outside: nobody could say at the exit since when.
      const openings = lot.entry.barrier.openings();
      await lot.entry.approach();
      await lot.entry.read("MDF300");
      await lot.entry.until("a read", ({ read }) => read?.plate === "MDF300");
      expect(lot.entry.barrier.openings()).toBe(openings);
      await lot.entry.barrier.cover("arming", false);
      expect(logOf(lot)).toEqual(written);

      disk.makeRoom();
      await eventually(
        "something to be written",
        () => changeMode(lot),
        (is) => is,
        LONG_MS,
      );
      // What it saw meanwhile it does not trust: it looks again.
      await lot.exit.until("its inputs", ({ inputs }) => inputs.open_limit === "on");
      expect(await hq.answer(await hq.command("reset", { lane: "exit" }))).toMatchObject({
        status: "done",
        detail: "",
      });
      await lot.exit.barrier.untilClosed(LONG_MS);
      await lot.exit.until("rest", ({ state }) => state === "IDLE");
      await setMode(lot, "entry", "open");
      await lot.comeIn("MDF400");
      await lot.payAndLeave(await lot.askedAtExit("MDF200"));
      expect(logOf(lot).slice(0, written.length)).toEqual(written);
      expect(lot.rows("pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
      await untilAgreed(lot);
      expect(await hq.rows("select kind, detail from sync_incidents")).toEqual([]);
      // It is looked at every minute, and at the start.
      await lot.agent().stop();
      await lot.start();
      await lot.desk.until("the alarm to end", (seen) => alarmsOf(seen, "disk_low").length === 0, LONG_MS);
    },
  );
});

type LogRow = { readonly seq: number; readonly hash: string };

function logOf(lot: Lot): LogRow[] {
  return lot.rows<LogRow>("select seq, hash from log order by seq");
}

/** Fills the disk until the gate can write nothing more. @returns its log, as it is then. */
async function fillUp(lot: Lot, disk: SmallDisk): Promise<LogRow[]> {
  disk.fill();
  // Files have some room in themselves yet.
  await eventually(
    "nothing to be written",
    () => changeMode(lot),
    (is) => !is,
    LONG_MS,
  );
  return logOf(lot);
}

let closedTo = false;

/** Something that the gate writes down. @returns false = it could not. */
async function changeMode(lot: Lot): Promise<boolean> {
  closedTo = !closedTo;
  const change = { scope: "lane", name: "entry", mode: closedTo ? "full" : "open", ...because("a test") };
  return (await lot.desk.post("/api/modes", change)) === 200;
}
