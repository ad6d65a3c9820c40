import { afterEach, describe, expect, it } from "vitest";
import type { BoardEvent, RelayCommand } from "../../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../../testing/context.ts";
import { startTcpPeer } from "../../testing/tcp-peer.ts";
import { until } from "../../testing/until.ts";
import { createKmtronicBoard, kmtronicConfigSchema } from "./kmtronic.ts";
import { lcusConfigSchema } from "./lcus.ts";
import { numatoConfigSchema } from "./numato.ts";

const running: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).toReversed()) await stop();
});

const switched = (relay: number, on: boolean): string => `\u00ff${String.fromCharCode(relay, on ? 1 : 0)}`;

/** Four KMtronic relays behind a serial server, answering as the test says, and their driver. */
async function startSite(options: object = {}) {
  const levels = [0, 0, 0, 0];
  const wire = { answer: (): string | null => String.fromCharCode(...levels) };
  const peer = await startTcpPeer((text, socket) => {
    for (const [, bytes = ""] of text.matchAll(/\u00ff([^\u00ff]{2})/g)) {
      const [relay = 0, what = 0] = [...bytes].map((character) => character.charCodeAt(0));
      if (relay <= 4) levels[relay - 1] = what;
      const answer = relay === 9 ? wire.answer() : null;
      if (answer !== null) socket.write(Buffer.from(answer, "latin1"));
    }
  });
  running.push(() => peer.down().catch(() => undefined));
  const { context, counts } = createTestContext(createFakeBus().bus);
  const config = { name: "box", driver: "kmtronic", tcp: `127.0.0.1:${peer.port}`, channels: 4, poll_ms: 50 };
  const events: BoardEvent[] = [];
  const board = createKmtronicBoard(kmtronicConfigSchema.parse({ ...config, ...options }), context);
  running.push(() => board.stop());
  await board.start((event) => events.push(event));
  const last = () => events.findLast(({ kind }) => kind !== "outcome");
  return {
    peer,
    wire,
    levels,
    board,
    events,
    counts,
    last,
    known: () => until(() => last()?.kind === "inputs", "the board to be known"),
    lost: () => until(() => last()?.kind === "lost", "the board to be lost"),
    told: (command: string) => peer.received().split(command).length - 1,
    outcome: (command: RelayCommand) => outcomesOf(events, command.id),
    over: (command: RelayCommand) => until(() => outcomesOf(events, command.id).length > 0, "the outcome"),
  };
}

const pulse = (more: Partial<RelayCommand> = {}): RelayCommand =>
  openCommand({ relay: "r1", release: ["r2"], deadlineMs: performance.now() + 5_000, ...more });

describe("commands to serial relays", () => {
  it("are refused while the board is not known, late, or without such a relay", async () => {
    const { board, peer, outcome, known } = await startSite();
    const early = pulse();
    board.command(early);
    await known();
    const late = pulse({ deadlineMs: performance.now() - 1 });
    const strange = pulse({ relay: "r5" });
    const strangeRelease = pulse({ release: ["open1"] });
    for (const command of [late, strange, strangeRelease]) board.command(command);
    for (const command of [early, late, strange, strangeRelease])
      expect(outcome(command)).toEqual(["refused"]);
    expect(peer.received()).not.toContain(switched(1, true));
  });

  it("do not energise anything when the line is free too late", async () => {
    const { board, wire, known, told, outcome, over } = await startSite();
    await known();
    let command = pulse();
    let asked = false;
    wire.answer = () => {
      if (asked) return null;
      asked = true;
      // The line is taken until this question is given up, 500 ms after it was asked.
      command = pulse({ release: [], deadlineMs: performance.now() + 50 });
      board.command(command);
      return null;
    };
    await until(() => asked, "a question");
    await over(command);
    expect(outcome(command)).toEqual(["refused"]);
    expect(told(switched(1, true))).toBe(0);
  });

  it("are silent when the line breaks, and are never sent again", async () => {
    const { board, wire, peer, known, lost, told, outcome, over, levels } = await startSite();
    await known();
    wire.answer = () => null;
    const command = pulse({ release: [] });
    board.command(command);
    await until(() => told(switched(1, true)) === 1, "the command");
    peer.hangUp();
    await over(command);
    expect(outcome(command)).toEqual(["silent"]);
    await lost();
    wire.answer = () => String.fromCharCode(...levels);
    await known();
    await until(() => told(switched(1, false)) > 0, "the end of a pulse that may have begun");
    expect(told(switched(1, true))).toBe(1);
  });

  it("reach the board before the questions that wait", async () => {
    const { board, known, over, outcome } = await startSite();
    await known();
    const commands = Array.from({ length: 20 }, (_, i) =>
      pulse({ relay: i % 2 === 0 ? "r1" : "r2", release: [i % 2 === 0 ? "r2" : "r1"] }),
    );
    for (const command of commands) board.command(command);
    for (const command of commands) await over(command);
    expect(outcome(commands.at(-1) ?? pulse())).toEqual(["done"]);
  });
});

describe("serial relays", () => {
  it("that talk nonsense are lost with a reason", async () => {
    const { wire, known, lost, last } = await startSite({ stale_after_ms: 500 });
    await known();
    wire.answer = () => "??";
    await lost();
    expect(last()).toEqual({
      kind: "lost",
      reason: "the board answers nonsense: a relay that is neither on nor off",
    });
  });

  it("that are energised when the line opens are let go of", async () => {
    const { levels, known, peer, told, lost } = await startSite();
    await known();
    await peer.down();
    await lost();
    levels[2] = 1;
    await peer.up();
    await until(() => levels[2] === 0, "r3 to be let go of");
    expect(told(switched(3, false))).toBe(1);
  });

  it("survive a lost answer", async () => {
    const { wire, known, events, counts, levels } = await startSite();
    await known();
    wire.answer = () => {
      wire.answer = () => String.fromCharCode(...levels);
      return null;
    };
    await until(() => counts.get("serial_relay_look_failed") === 1, "the failed look");
    const heard = events.length;
    await until(() => events.length > heard, "the next look");
    expect(events.some(({ kind }) => kind === "lost")).toBe(false);
  });
});

describe("configuration of serial relays", () => {
  const line = { serial: "/dev/ttyUSB0" };
  it("is taken with little more than the line", () => {
    expect(lcusConfigSchema.parse({ name: "a", driver: "lcus", channels: 2, ...line })).toMatchObject({
      status: "text",
      baud: 9_600,
    });
    expect(kmtronicConfigSchema.parse({ name: "a", driver: "kmtronic", channels: 8, ...line })).toMatchObject(
      {
        status: true,
      },
    );
    expect(numatoConfigSchema.parse({ name: "a", driver: "numato", channels: 32, ...line })).toMatchObject({
      inputs: 0,
      closed: "low",
    });
  });

  it.each([
    [lcusConfigSchema, { driver: "lcus", channels: 3, ...line }],
    [lcusConfigSchema, { driver: "lcus", channels: 4 }],
    [lcusConfigSchema, { driver: "lcus", channels: 4, status: true, ...line }],
    [kmtronicConfigSchema, { driver: "kmtronic", channels: 4, poll_ms: 500, stale_after_ms: 900, ...line }],
    [numatoConfigSchema, { driver: "numato", channels: 33, ...line }],
  ])("is refused where it cannot work", (schema, section) => {
    expect(schema.safeParse({ name: "a", ...section }).success).toBe(false);
  });
});
