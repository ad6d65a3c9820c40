import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fillLog } from "../bench/sync-catch-up.ts";
import type { Headquarters } from "./headquarters.ts";
import { inForce, openLinkedLot, setMode, turnedAway, untilAgreed } from "./linked-lot.ts";
import { eventually } from "./stage.ts";

/** Weeks that wait to be told, a clock that is years off, and spaces that both sides would like to have. */

const LONG_MS = 60_000;
const HOUR_MS = 3_600_000;

describe("the state of the gate", () => {
  it("is at headquarters at once, while weeks of events flow beside it", { timeout: 240_000 }, async () => {
    const { lot, hq, wire } = await openLinkedLot();
    wire.become("cut");
    await lot.agent().kill();
    const last = fillLog(join(lot.hardware.folder, "edge", "gate.db"), BACKLOG);
    // As from a modem: every connection is slow for itself.
    wire.slow(BYTES_PER_SECOND);
    await lot.start();
    wire.become("whole");
    await eventually(
      "the first of it to arrive",
      () => cursorOf(hq),
      (seq) => seq > last - BACKLOG,
      LONG_MS,
    );
    const lagsMs: number[] = [];
    for (const mode of ["full", "open", "closed", "open"]) {
      const fromMs = performance.now();
      await setMode(lot, "entry", mode);
      await eventually(
        "headquarters to see it",
        () => liveMode(hq),
        (seen) => seen === mode,
        LONG_MS,
      );
      lagsMs.push(performance.now() - fromMs);
    }
    expect(await cursorOf(hq)).toBeLessThan(last);
    // Two seconds is the promise; on a crowded machine some take longer.
    expect(lagsMs.filter((ms) => ms < 2_000).length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...lagsMs)).toBeLessThan(10_000);
    wire.slow(null);
    await eventually(
      "all of it to arrive",
      () => cursorOf(hq),
      (seq) => seq >= last,
      LONG_MS,
    );
    expect(await hq.rows("select kind, error from edge_events where outcome <> 'applied'")).toEqual([]);
  });
});

const BACKLOG = 20_000;
const BYTES_PER_SECOND = 300_000;

async function cursorOf(hq: Headquarters): Promise<number> {
  const [row] = await hq.rows<{ cursor: string }>("select max(cursor) as cursor from edges");
  return Number(row?.cursor ?? 0);
}

async function liveMode(hq: Headquarters): Promise<string | null> {
  const [row] = await hq.rows<{ mode: string }>(
    `select lane->>'mode' as mode from edge_live, json_array_elements(state->'lanes') lane where lane->>'lane' = 'entry'`,
  );
  return row?.mode ?? null;
}

describe("a gate whose clock is ten years off", () => {
  it.each([
    ["ahead", 10],
    ["behind", -10],
  ])(
    "%s is understood all the same, and only its clock is told of",
    { timeout: 240_000 },
    async (_, years) => {
      const offMs = years * 365 * 24 * HOUR_MS;
      const { lot, hq } = await openLinkedLot({ nodeArgs: clockOff(offMs) });
      await lot.comeIn("GCL100");
      await lot.comeIn("GCL200");
      const fee = await lot.askedAtExit("GCL100");
      expect(fee.amountMinor).toBe(500);
      await lot.payAndLeave(fee);
      await untilAgreed(lot);
      const [stay] = lot.rows<{ entry_at: number }>("select entry_at from stays");
      expect(Math.abs((stay?.entry_at ?? 0) - Date.now() - offMs)).toBeLessThan(HOUR_MS);

      const blocked = { plate: "GCL300", reason: "owes for a year" };
      await inForce(lot, await hq.publish("blocked", "GCL300", blocked));
      await turnedAway(lot, "GCL300");
      const held = await hq.command("hold", { lane: "exit", withinS: 60 });
      expect(await hq.answer(held)).toMatchObject({ status: "done" });
      await lot.exit.barrier.untilOpen(LONG_MS);
      const [edge] = await eventually(
        "its clock to be compared",
        () => hq.rows<{ off: string | null }>("select clock_offset_ms as off from edges"),
        ([row]) => (row?.off ?? null) !== null,
        LONG_MS,
      );
      expect(Math.abs(Number(edge?.off) - offMs)).toBeLessThan(60_000);
      expect(await hq.rows("select kind, detail from sync_incidents")).toEqual([]);
      expect(await hq.rows("select kind, error from edge_events where outcome <> 'applied'")).toEqual([]);
    },
  );
});

/** Another clock for a program of Node; what measures time is not touched. */
function clockOff(ms: number): readonly string[] {
  const script = `const Real = Date;
    globalThis.Date = class Date extends Real {
      constructor(...args) { if (args.length === 0) super(Real.now() + ${ms}); else super(...args); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return ["--import", `data:text/javascript,${encodeURIComponent(script)}`];
}

describe("spaces that headquarters sells", () => {
  it(
    "are not given to drive-ins, nor twice to anybody, whatever becomes of the link",
    { timeout: 240_000 },
    async () => {
      const { lot, hq, wire } = await openLinkedLot({ capacity: 4 });
      const first = await sell(hq, 2);
      const second = await sell(hq, 1);
      expect(await bookOf(hq)).toMatchObject({ edge_given: 3, held: 3, sold: 3, free: 0 });
      await lot.comeIn("KSP100");
      await turnedAway(lot, "KSP200");
      // The gate keeps the last one for whoever drives in.
      expect(await offer(hq, randomUUID(), 1)).toBe("not_enough_rights");

      wire.become("cut");
      expect(await offer(hq, randomUUID(), 1)).toBe("not_enough_rights");
      await release(hq, first);
      await release(hq, second);
      await turnedAway(lot, "KSP300");
      // Nobody has what is on its way.
      expect(await bookOf(hq)).toMatchObject({ edge_given: 3, held: 3, sold: 0 });
      expect(await offer(hq, randomUUID(), 4)).toBe("not_enough_rights");
      const third = randomUUID();
      expect(await offer(hq, third, 2)).toBe("sold");
      wire.become("whole");
      await lot.desk.until("the cloud", ({ cloud }) => cloud?.connected === true, LONG_MS);
      await turnedAway(lot, "KSP400");
      // The gate is full, and asks for what nobody has bought.
      await eventually(
        "the space to come back",
        () => bookOf(hq),
        (book) => isDeepStrictEqual(book, { ...book, edge_given: 2, held: 2, sold: 2, under_way: 0 }),
        LONG_MS,
      );
      await lot.comeIn("KSP500");
      await turnedAway(lot, "KSP600");
      expect(await hq.rows("select kind from sync_incidents where kind = 'oversold'")).toEqual([]);
    },
  );
});

/** From this hour on, for three hours. */
function slots() {
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  return { from: new Date(fromMs).toISOString(), until: new Date(fromMs + 3 * HOUR_MS).toISOString() };
}

/** @returns `sold`, or the code of the refusal. */
async function offer(hq: Headquarters, saleId: string, amount: number): Promise<string> {
  const sale = { sale_id: saleId, amount, ...slots() };
  const { status, body } = await hq.ask("POST", "capacity/sales", sale);
  return status === 201 ? "sold" : z.object({ code: z.string() }).parse(body).code;
}

/** Sells as soon as the gate has given the rights. @returns the sale's id. */
async function sell(hq: Headquarters, amount: number): Promise<string> {
  const id = randomUUID();
  await eventually(
    `${amount} to be sold`,
    () => offer(hq, id, amount),
    (outcome) => outcome === "sold",
    LONG_MS,
  );
  return id;
}

async function release(hq: Headquarters, saleId: string): Promise<void> {
  expect(await hq.ask("DELETE", `capacity/sales/${saleId}`)).toMatchObject({ status: 204 });
}

/** The book of headquarters of this hour. */
async function bookOf(hq: Headquarters): Promise<object> {
  const { body } = await hq.ask("GET", `capacity?${new URLSearchParams(slots()).toString()}`);
  return z.object({ slots: z.array(z.looseObject({})) }).parse(body).slots[0] ?? {};
}
