import { once } from "node:events";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPclessBoard, type PclessBoard, type PclessBoardOptions } from "./pcless-board.ts";
import { createPclessDecoder, encodePcless, MAX_PCLESS_BODY_BYTES } from "./pcless-codec.ts";
import { serveTcp } from "../transports/byte-wires.ts";

const FRAMINGS = ["a6a9", "star"] as const;
const stops: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe.each(FRAMINGS)("the PCLess codec with framing %s", (framing) => {
  const [header, footer] = encodePcless(framing, "");
  const body = fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^ -~]|[*#]/g, "-"));
  const splits = fc.array(fc.nat(20), { maxLength: 100 });

  function feed(
    stream: Uint8Array,
    pieces: number[],
  ): { bodies: string[]; decoder: ReturnType<typeof createPclessDecoder> } {
    const decoder = createPclessDecoder(framing);
    const bodies: string[] = [];
    let at = 0;
    for (const piece of [...pieces, stream.length]) {
      bodies.push(...decoder.push(stream.subarray(at, at + piece)));
      expect(decoder.buffered()).toBeLessThanOrEqual(MAX_PCLESS_BODY_BYTES);
      at += piece;
    }
    return { bodies, decoder };
  }

  it("puts together what was split and takes apart what was merged", () => {
    fc.assert(
      fc.property(fc.array(body), splits, (bodies, pieces) => {
        const stream = Buffer.concat(bodies.map((one) => encodePcless(framing, one)));
        const fed = feed(stream, pieces);
        expect(fed.bodies).toEqual(bodies);
        expect(fed.decoder.discarded()).toBe(0);
      }),
    );
  });

  it("finds the next frame after any garbage, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), splits, (garbage, pieces) => {
        const stream = Buffer.concat([garbage, encodePcless(framing, "PING"), encodePcless(framing, "STAT")]);
        const { bodies } = feed(stream, pieces);
        expect(bodies.slice(-2)).toEqual(["PING", "STAT"]);
      }),
    );
  });

  it("accounts for every byte: in a frame, discarded, or under way", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(header ?? 0, footer ?? 0, 0x41), { maxLength: 200 }), (bytes) => {
        const { bodies, decoder } = feed(Uint8Array.from(bytes), []);
        const framed = bodies.reduce((sum, one) => sum + one.length + 2, 0);
        const underWay = bytes.length - framed - decoder.discarded();
        expect([decoder.buffered(), decoder.buffered() + 1]).toContain(underWay);
      }),
    );
  });

  it("takes the longest body and drops a longer one whole", () => {
    const longest = "x".repeat(MAX_PCLESS_BODY_BYTES);
    expect(feed(encodePcless(framing, longest), []).bodies).toEqual([longest]);
    const stream = Buffer.concat([encodePcless(framing, `${longest}x`), encodePcless(framing, "PING")]);
    const { bodies, decoder } = feed(stream, []);
    expect(bodies).toEqual(["PING"]);
    expect(decoder.discarded()).toBe(MAX_PCLESS_BODY_BYTES + 3);
  });
});

/** A board whose answers land in a list. */
function talk(options: PclessBoardOptions = {}): {
  board: PclessBoard;
  says: string[];
  ask: (body: string) => string[];
} {
  const framing = options.framing ?? "a6a9";
  const board = createPclessBoard(options);
  stops.push(board.stop);
  const says: string[] = [];
  const decoder = createPclessDecoder(framing);
  board.connect((bytes) => says.push(...decoder.push(bytes)));
  return {
    board,
    says,
    ask(body) {
      says.length = 0;
      board.receive(encodePcless(framing, body));
      return [...says];
    },
  };
}

describe("a PCLess board", () => {
  it.each([
    ["PING", "PINGOK"],
    ["OUT1ON", "OUT1ONOK"],
    ["OUT4OFF", "OUT4OFFOK"],
    ["OPEN1", "OPEN1OK"],
    ["CLOSE1", "CLOSE1OK"],
    ["STOP1", "STOP1OK"],
    ["OPEN2", "OPEN2OK"],
    ["CLOSE2", "CLOSE2OK"],
    ["STOP2", "STOP2OK"],
    ["TRIG3", "TRIG3OK"],
    ["PR3hello", "PROK"],
    ["DSD1101", "DSOK"],
    ["MT00012", "MTOK"],
    ["MS", "MS"],
  ])("answers %s with %s", (command, answer) => {
    expect(talk().ask(command)).toEqual([answer]);
  });

  it("says nothing to what it does not know", () => {
    const { board, ask } = talk();
    for (const body of ["", "OPEN9", "OUT5ON", "PR9x", "MT1", "open1", "OPEN1 "])
      expect(ask(body)).toEqual([]);
    expect(board.counts()).toEqual({ commands: 0, unknown: 7, discardedBytes: 0 });
  });

  it("times its pulses itself, and never feeds the motor both ways", () => {
    vi.useFakeTimers();
    const { board, ask } = talk();
    ask("OPEN1");
    ask("CLOSE1");
    expect(board.board.relays()).toMatchObject({ out1: false, out2: true, out3: false });
    vi.advanceTimersByTime(1_000);
    expect(board.board.relays().out2).toBe(false);
    ask("OPEN2");
    vi.advanceTimersByTime(60_000);
    expect(board.board.relays().out1).toBe(true);
    ask("STOP2");
    expect(board.board.relays().out1).toBe(false);
  });

  it("reports inputs as they change, and all of them on STAT", () => {
    const { board, says, ask } = talk();
    board.board.setInput("in3", true);
    board.board.setInput("in3", false);
    board.board.setInput("in2", true);
    expect(says).toEqual(["IN3ON", "IN3OFF", "IN2ON"]);
    ask("OUT4ON");
    expect(ask("STAT")).toEqual(["STAT01000001"]);
  });

  it("has a ninth digit with the newer framing, and announces its power", () => {
    vi.useFakeTimers();
    const { board, says, ask } = talk({ framing: "star" });
    expect(ask("STAT")).toEqual(["STAT000000000"]);
    says.length = 0;
    board.reboot();
    vi.advanceTimersByTime(300);
    expect(says).toEqual(["POWERON"]);
  });

  it("keeps what it was told to print and show, and reads cards", () => {
    const { board, says, ask } = talk();
    ask("PR4line\r\n");
    ask("DSWelcome");
    expect([board.printed(), board.display()]).toEqual(["line\r\n", "Welcome"]);
    says.length = 0;
    board.card("12345678");
    expect(says).toEqual(["W12345678"]);
    expect(() => board.card("12")).toThrow(RangeError);
  });

  it("drops its relays and is deaf while it reboots", () => {
    vi.useFakeTimers();
    const { board, ask } = talk();
    ask("OPEN1");
    board.reboot();
    expect(board.board.relays().out1).toBe(false);
    expect(ask("PING")).toEqual([]);
    vi.advanceTimersByTime(300);
    expect(ask("PING")).toEqual(["PINGOK"]);
  });

  it("breaks on command: garbage, half frames, silence", () => {
    const { board, says, ask } = talk();
    board.sendGarbage();
    board.cutFrames(1);
    expect(ask("PING")).toEqual([]);
    expect(ask("PING")).toEqual(["PINGOK"]);
    board.silence(true);
    expect(ask("PING")).toEqual([]);
    board.board.setInput("in1", true);
    expect(says).toEqual([]);
    board.silence(false);
    expect(ask("STAT")).toEqual(["STAT10000000"]);
  });
});

async function dial(port: number): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect({ port, host: "127.0.0.1" });
  stops.push(() => socket.destroy());
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  socket.on("error", () => {});
  await once(socket, "connect");
  return { socket, received: () => received };
}

describe("a PCLess board on TCP", () => {
  async function serve(): Promise<{ board: PclessBoard; port: number }> {
    const board = createPclessBoard({ framing: "star" });
    const server = await serveTcp(board, { port: 0 });
    stops.push(server.stop, board.stop);
    return { board, port: server.port };
  }

  it("speaks the protocol's bytes over a socket", async () => {
    const { board, port } = await serve();
    const { socket, received } = await dial(port);
    socket.write("noise*OPE");
    socket.write("*PI");
    socket.write("NG#*STAT#");
    await vi.waitUntil(() => received().endsWith("#*STAT000000000#"), { timeout: 5_000 });
    board.board.setInput("in1", true);
    await vi.waitUntil(() => received().endsWith("*IN1ON#"), { timeout: 5_000 });
    expect(received()).toBe("*PINGOK#*STAT000000000#*IN1ON#");
    expect(board.counts().discardedBytes).toBe("noise*OPE".length);
  });

  it("turns a second client away, and takes the next one after the first has gone", async () => {
    const { board, port } = await serve();
    const first = await dial(port);
    first.socket.write("*PING#");
    await vi.waitUntil(() => first.received() !== "", { timeout: 5_000 });
    const second = await dial(port);
    await once(second.socket, "close");
    first.socket.destroy();
    await vi.waitUntil(
      async () => {
        const next = await dial(port);
        next.socket.write("*PING#");
        await Promise.race([once(next.socket, "data"), once(next.socket, "close")]);
        return next.received() === "*PINGOK#";
      },
      { timeout: 5_000 },
    );
    expect(board.counts().commands).toBe(2);
  });

  it("rejects a port in use", async () => {
    const { port } = await serve();
    await expect(serveTcp(createPclessBoard(), { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
