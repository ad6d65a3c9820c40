import { afterEach, describe, expect, it } from "vitest";
import type { ReaderEvent } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import { createScanner, scannerConfigSchema } from "./scanner.ts";

const running: { readonly stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

async function startSite(options: object = {}) {
  const peer = await startTcpPeer();
  running.push({ stop: () => peer.down().catch(() => undefined) });
  const { context, counts, warnings } = createTestContext(createFakeBus().bus);
  let skippedMs = 0;
  const clock = { ...context.clock, monotonicMs: () => context.clock.monotonicMs() + skippedMs };
  const config = { name: "exit-qr", driver: "scanner", tcp: `127.0.0.1:${peer.port}`, ...options };
  const scanner = createScanner(scannerConfigSchema.parse(config), { ...context, clock });
  running.unshift(scanner);
  const events: ReaderEvent[] = [];
  await scanner.start((event) => events.push(event));
  await peer.connected();
  return {
    peer,
    counts,
    warnings,
    events,
    codes: () => events.flatMap((event) => (event.kind === "credential" ? [event.text] : [])),
    skip: (ms: number) => void (skippedMs += ms),
  };
}

describe("a scanner", () => {
  it("tells each code once, also one that comes in pieces", async () => {
    const { peer, events, codes } = await startSite();
    peer.say("PKM-7K2M");
    peer.say("9QX3");
    peer.say("\r\n4006381333931\r");
    await until(() => codes().length === 2, "two codes");
    expect(events).toEqual([
      { kind: "health", health: { ok: true, reason: "" } },
      { kind: "credential", medium: "code", text: "PKM-7K2M9QX3" },
      { kind: "credential", medium: "code", text: "4006381333931" },
    ]);
  });

  it("tells a code again only when it was out of sight for a while, whatever else is in sight", async () => {
    const { peer, codes, counts, skip } = await startSite({ repeat_ms: 60_000 });
    peer.say("A\rB\rA\rA\r");
    await until(() => counts.get("scan_repeated") === 2, "the repeats");
    skip(59_000);
    peer.say("A\r");
    await until(() => counts.get("scan_repeated") === 3, "the repeat that keeps it in sight");
    skip(59_000);
    peer.say("A\r");
    await until(() => counts.get("scan_repeated") === 4, "the repeat after it");
    expect(codes()).toEqual(["A", "B"]);
    skip(60_000);
    peer.say("A\r");
    await until(() => codes().length === 3, "the code again");
  });

  it("does not join a half with what comes long after it", async () => {
    const { peer, codes, counts, skip } = await startSite();
    peer.say("first\rHALF");
    await until(() => codes().length === 1, "the first code");
    skip(1_100);
    peer.say("WHOLE\r");
    await until(() => codes().length === 2, "the whole code");
    expect(codes()).toEqual(["first", "WHOLE"]);
    expect(counts.get("scan_rejected")).toBe(1);
  });

  it("is well while its line is, however quiet, and forgets a half when the line breaks", async () => {
    const { peer, events, codes, warnings } = await startSite();
    await until(() => events.length === 1, "the health");
    peer.say("first\rHALF");
    await until(() => codes().length === 1, "the first code");
    await peer.down();
    await until(() => events.length === 3, "the loss");
    await peer.up();
    await until(() => events.length === 4, "the health again");
    peer.say("WHOLE\r");
    await until(() => codes().length === 2, "the whole code");
    expect(codes()).toEqual(["first", "WHOLE"]);
    expect(events.filter(({ kind }) => kind === "health")).toMatchObject([
      { health: { ok: true } },
      { health: { ok: false, reason: expect.stringContaining("the scanner's line is down") } },
      { health: { ok: true } },
    ]);
    expect(warnings).toEqual(["line down"]);
  });

  it("may be a reader of cards that sends their numbers as text", async () => {
    const { peer, events } = await startSite({ medium: "card", prefix: "\u0002", suffix: "\u0003" });
    peer.say("\u00020012345678\u0003\r\n");
    await until(() => events.length === 2, "the card");
    expect(events[1]).toEqual({ kind: "credential", medium: "card", text: "0012345678" });
  });
});

describe("configuration of a scanner", () => {
  const scanner = { name: "exit-qr", driver: "scanner" };
  it.each([
    ["a serial port", { serial: "/dev/ttyUSB0", baud: 115_200 }],
    [
      "a serial server, and what the scanner adds",
      { tcp: "127.0.0.1:4001", prefix: "\u0002", suffix: "\u0003" },
    ],
  ])("takes %s", (_what, more) => {
    expect(scannerConfigSchema.safeParse({ ...scanner, ...more }).success).toBe(true);
  });
  it.each([
    ["no line", {}],
    ["a prefix that ends the text", { tcp: "a:1", prefix: "\r" }],
    ["a prefix that is too long", { tcp: "a:1", prefix: "12345678901234567" }],
    ["a prefix beyond ASCII", { tcp: "a:1", prefix: "é" }],
    ["an unknown setting", { tcp: "a:1", heartbeat: 5 }],
  ])("refuses %s", (_what, more) => {
    expect(scannerConfigSchema.safeParse({ ...scanner, ...more }).success).toBe(false);
  });
});
