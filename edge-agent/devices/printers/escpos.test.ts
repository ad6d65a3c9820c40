import { asId, type JobId } from "@parkme/shared/domain/ids";
import { afterEach, describe, expect, it } from "vitest";
import type { PrintDocument, PrinterEvent } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { escposPrinterConfigSchema } from "./escpos-config.ts";
import { createEscposPrinter } from "./escpos.ts";
import { startEscposPeer } from "./testing/escpos-peer.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

const DOCUMENT: PrintDocument = [{ kind: "text", text: "TICKET" }];
let minted = 0;

async function startSite(settings: object = {}) {
  const peer = await startEscposPeer();
  cleanup.push(peer.stop);
  const { context, counts } = createTestContext(createFakeBus().bus);
  const config = escposPrinterConfigSchema.parse({
    name: "entry-printer",
    driver: "escpos",
    tcp: `127.0.0.1:${peer.port}`,
    poll_ms: 200,
    ...settings,
  });
  const printer = createEscposPrinter(config, context);
  cleanup.push(() => printer.stop());
  const events: PrinterEvent[] = [];
  await printer.start((event) => events.push(event));
  const outcomesOf = (id: JobId) => events.filter((event) => event.kind !== "health" && event.jobId === id);
  return {
    peer,
    printer,
    events,
    counts,
    outcomesOf,
    ready: () =>
      until(() => events.some((event) => event.kind === "health" && event.health.online), "health"),
    begin(withinMs = 10_000, document = DOCUMENT): JobId {
      minted += 1;
      const id = asId<JobId>(`00000000-0000-7000-8000-${minted.toString(16).padStart(12, "0")}`);
      printer.print({ id, document, deadlineMs: performance.now() + withinMs });
      return id;
    },
    async outcome(id: JobId) {
      await until(() => outcomesOf(id).length > 0, "the outcome");
      return outcomesOf(id)[0];
    },
  };
}

describe("an ESC/POS printer", () => {
  it("asks how the printer is, prints, and believes it when the printer repeats the mark", async () => {
    const { peer, ready, begin, outcome, outcomesOf, events } = await startSite();
    await ready();
    const before = peer.asked().length;
    const id = begin();
    expect(await outcome(id)).toEqual({ kind: "printed", jobId: id, held: false });
    expect(peer.marks()).toEqual([id.slice(-4)]);
    expect(peer.asked().length).toBeGreaterThanOrEqual(before + 4);
    expect(peer.received().split("TICKET")).toHaveLength(2);
    expect(outcomesOf(id)).toHaveLength(1);
    expect(events[0]).toEqual({
      kind: "health",
      health: { online: true, paper: "ok", cover: "closed", fault: null },
    });
  });

  it("clears what an earlier run may have left, before it asks anything", async () => {
    const { peer, ready } = await startSite();
    await ready();
    expect(peer.cleared()).toBe(1);
    expect(peer.received().startsWith("\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08\x10\x04\x01")).toBe(true);
  });

  it("works with a printer that does not know how to clear its buffers", async () => {
    const { peer, ready, begin, outcome } = await startSite();
    await ready();
    peer.control.knowsClear = false;
    peer.hangUp();
    const asked = peer.asked().length;
    await until(() => peer.accepted() === 2 && peer.asked().length > asked, "the second connection");
    const id = begin();
    expect(await outcome(id)).toMatchObject({ kind: "printed" });
  });

  it("prints one ticket at a time, and none when it is late", async () => {
    const { peer, ready, begin, outcome } = await startSite();
    await ready();
    const first = begin();
    const second = begin();
    expect(await outcome(second)).toEqual({
      kind: "failed",
      jobId: second,
      reason: "another ticket is being printed",
      mayBeOut: false,
    });
    expect(await outcome(first)).toMatchObject({ kind: "printed" });
    const late = begin(0);
    expect(await outcome(late)).toMatchObject({ reason: "its time was over", mayBeOut: false });
    expect(peer.marks()).toHaveLength(1);
  });

  it("begins no ticket whose time runs out while the printer does not answer", async () => {
    const { peer, ready, begin, outcome } = await startSite();
    await ready();
    peer.deaf.add(1);
    const id = begin(300);
    expect(await outcome(id)).toEqual({
      kind: "failed",
      jobId: id,
      reason: "the printer does not answer",
      mayBeOut: false,
    });
    peer.deaf.clear();
    await until(() => peer.asked().at(-1) === 4, "a whole round");
    expect(peer.received()).not.toContain("TICKET");
  });

  it("does not take the mark of another ticket for its own", async () => {
    const { peer, ready, begin, outcome, counts } = await startSite({ print_timeout_ms: 2_000 });
    await ready();
    peer.control.keepsMarks = true;
    const id = begin();
    await until(() => peer.marks().length === 1, "the ticket");
    peer.say("\x37\x22beef\x00");
    expect(await outcome(id)).toMatchObject({ kind: "failed", mayBeOut: true });
    expect(counts.get("escpos_nonsense")).toBeGreaterThan(0);
    await until(() => peer.cleared() === 2, "the buffers to be cleared");
    const late = id.slice(-4);
    peer.say(`\x37\x22${late}\x00`);
    peer.control.keepsMarks = false;
    const next = begin();
    expect(await outcome(next)).toMatchObject({ kind: "printed" });
  });

  it("says that a ticket may be out when the line breaks, and never sends it again", async () => {
    const { peer, ready, begin, outcome, printer } = await startSite();
    await ready();
    peer.control.keepsMarks = true;
    const id = begin();
    await until(() => peer.marks().length === 1, "the ticket");
    peer.hangUp();
    expect(await outcome(id)).toMatchObject({ kind: "failed", mayBeOut: true });
    await until(() => peer.accepted() === 2 && peer.cleared() === 2, "the line to be mended");
    await until(() => peer.asked().length > 8, "another round");
    expect(peer.received().split("TICKET")).toHaveLength(2);
    await printer.stop();
  });

  it("fails what is under way when it is stopped, once", async () => {
    const { peer, ready, begin, printer, outcomesOf } = await startSite();
    await ready();
    peer.control.keepsMarks = true;
    const id = begin();
    await until(() => peer.marks().length === 1, "the ticket");
    await printer.stop();
    const after = begin();
    const failed = { kind: "failed", reason: "the driver was stopped" };
    expect(outcomesOf(id)).toEqual([{ ...failed, jobId: id, mayBeOut: true }]);
    expect(outcomesOf(after)).toEqual([{ ...failed, jobId: after, mayBeOut: false }]);
  });

  it("gives up a ticket at once when the paper runs out under it", async () => {
    const { peer, ready, begin, outcome } = await startSite({ print_timeout_ms: 60_000 });
    await ready();
    peer.control.keepsMarks = true;
    const id = begin();
    await until(() => peer.marks().length === 1, "the ticket");
    Object.assign(peer.status, { 1: "\x1a", 2: "\x32", 4: "\x7e" });
    expect(await outcome(id)).toMatchObject({ kind: "failed", reason: "out of paper", mayBeOut: true });
    await until(() => peer.cleared() === 2, "the buffers to be cleared");
  });

  it("refuses a document that cannot be printed, before anything is sent", async () => {
    const { peer, ready, begin, outcome } = await startSite();
    await ready();
    const id = begin(10_000, [{ kind: "qr", data: "x".repeat(2_000) }]);
    expect(await outcome(id)).toMatchObject({
      reason: "the QR code does not fit the paper",
      mayBeOut: false,
    });
    expect(peer.marks()).toEqual([]);
  });
});

describe("the status of an ESC/POS printer", () => {
  it("is not taken from answers among which there was one too many", async () => {
    const { peer, ready, events, begin, outcome } = await startSite();
    await ready();
    // Taken for the answer to the next question, each would be an open cover.
    peer.status[1] = "\x12\x16";
    const rounds = peer.asked().length;
    await until(() => peer.asked().length > rounds + 8, "more questions");
    const health = events.filter((event) => event.kind === "health");
    expect(health).toHaveLength(1);
    const id = begin();
    expect(await outcome(id)).toMatchObject({ kind: "failed", mayBeOut: false });
  });

  it("does not mix up an answer that comes late with the answer to the next question", async () => {
    const { peer, ready, events } = await startSite();
    await ready();
    peer.deaf.add(2);
    const asked = (): number => peer.asked().filter((n) => n === 2).length;
    const before = asked();
    await until(() => asked() === before + 2, "the question to be repeated");
    peer.deaf.clear();
    // The answers to both: the first ends the question, the second must not answer number 3.
    peer.say("\x12\x1a");
    await until(() => peer.asked().filter((n) => n === 4).length > before + 1, "whole rounds again");
    const faults = events.flatMap((event) => (event.kind === "health" ? [event.health.fault] : []));
    expect(new Set(faults)).toEqual(new Set([null]));
  });

  it("is a fault when only nonsense comes, and the line is opened anew", async () => {
    const { peer, ready, events } = await startSite({ stale_after_ms: 4_000 });
    await ready();
    peer.status[1] = "\xff\x80";
    const fault = "the printer answers nonsense: wrong baud rate, or another device";
    await until(
      () => events.some((event) => event.kind === "health" && event.health.fault === fault),
      "the nonsense to be told",
      20_000,
    );
    await until(() => peer.accepted() === 2, "the line to be opened anew");
    peer.status[1] = "\x12";
    await until(() => {
      const last = events.at(-1);
      return last?.kind === "health" && last.health.online;
    }, "health");
  });

  it("tells of each outage once", async () => {
    const { peer, ready, events } = await startSite();
    await ready();
    await peer.down();
    const isLost = (event: PrinterEvent): boolean => event.kind === "health" && !event.health.online;
    await until(() => events.some((event) => isLost(event)), "the loss");
    await peer.up();
    await until(
      () => peer.accepted() === 2 && !isLost(events.at(-1) ?? { kind: "health", health: LOST }),
      "health",
    );
    const faults = events.flatMap((event) => (event.kind === "health" ? [event.health.fault] : []));
    expect(faults.filter((fault, index) => fault === faults[index - 1])).toEqual([]);
  });
});

const LOST = { online: false, paper: "unknown", cover: "unknown", fault: "" } as const;
