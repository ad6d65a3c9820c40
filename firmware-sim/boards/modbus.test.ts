import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SimDevice } from "../devices/device.ts";
import { pacedDevice } from "../transports/paced-line.ts";
import { createRtuCodec, createTcpCodec, type ModbusCodec } from "./modbus-codec.ts";
import { modbusKind } from "./modbus-device.ts";
import { createModbusUnit } from "./modbus-unit.ts";

const WITHIN = { timeout: 10_000, interval: 5 };
const stops: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** The codec's requests in a stream cut into pieces of these sizes, then the rest. */
function feed(codec: ModbusCodec, stream: Uint8Array, pieces: readonly number[] = []): string[] {
  const heard: string[] = [];
  let at = 0;
  for (const piece of [...pieces, stream.length]) {
    for (const { unit, pdu } of codec.push(stream.subarray(at, at + piece), 0))
      heard.push(`${unit} ${hex(pdu)}`);
    expect(codec.buffered()).toBeLessThan(300);
    at += piece;
  }
  return heard;
}

const unit = fc.integer({ min: 1, max: 247 });
const pdu = fc.oneof(
  fc
    .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6), fc.uint8Array({ minLength: 4, maxLength: 4 }))
    .map(([code, rest]) => Uint8Array.of(code, ...rest)),
  fc
    .uint8Array({ minLength: 1, maxLength: 246 })
    .map((levels) => Uint8Array.of(0x0f, 0, 0, 0, levels.length, levels.length, ...levels)),
);
const pieces = fc.array(fc.nat(20), { maxLength: 60 });
const junk = fc.uint8Array({ maxLength: 60 });

describe.each([
  ["RTU", createRtuCodec],
  ["TCP", createTcpCodec],
] as const)("the Modbus codec for %s", (name, create) => {
  it("hears every request, however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, pdu), { maxLength: 6 }), pieces, (requests, cuts) => {
        const { encode } = create();
        const stream = requests.flatMap(([to, body]) => [...encode({ unit: to, pdu: body, transaction: 7 })]);
        const expected = requests.map(([to, body]) => `${to} ${hex(body)}`);
        expect(feed(create(), Uint8Array.from(stream), cuts)).toEqual(expected);
      }),
    );
  });

  it("survives anything, and hears a request after a pause whatever came before", () => {
    fc.assert(
      fc.property(junk, pieces, unit, pdu, (garbage, cuts, to, body) => {
        const codec = create();
        feed(codec, garbage, cuts);
        const request = codec.encode({ unit: to, pdu: body, transaction: 7 });
        const [heard] = codec.push(request, 1_000);
        expect(heard).toMatchObject({ unit: to });
        expect(hex(heard?.pdu ?? new Uint8Array())).toBe(hex(body));
      }),
    );
  });

  it("hears nothing that was spoilt", () => {
    const { encode } = create();
    fc.assert(
      fc.property(unit, pdu, fc.nat(), fc.integer({ min: 1, max: 255 }), (to, body, where, how) => {
        const request = encode({ unit: to, pdu: body, transaction: 7 });
        // TCP has no checksum of its own: what it can tell is a header that is none.
        const at = name === "RTU" ? where % request.length : 2 + (where % 2);
        request[at] = (request[at] ?? 0) ^ how;
        expect(feed(create(), request)).not.toContain(`${to} ${hex(body)}`);
      }),
    );
  });
});

describe("a Modbus relay board", () => {
  function createUnit(flash = true) {
    const changes: string[] = [];
    const board = createModbusUnit({
      channels: 8,
      inputs: 10,
      flash,
      onChange: ({ name, on }) => changes.push(`${name} ${on}`),
    });
    stops.push(board.stop);
    return { board, changes, ask: (text: string) => hex(board.answer(bytes(text))) };
  }

  it("knows its manual's frames", () => {
    const request = createRtuCodec().push(bytes("01 05 02 00 00 07 8D B0"), 0);
    expect(request).toHaveLength(1);
    expect(request[0]).toMatchObject({ unit: 1 });
    const answer = createRtuCodec().encode({ unit: 1, pdu: bytes("05 00 00 ff 00"), transaction: 0 });
    expect(hex(answer)).toBe(hex(bytes("01 05 00 00 FF 00 8C 3A")));
  });

  it("reads and writes coils, one or many, and reads inputs", () => {
    const { board, ask } = createUnit();
    expect(ask("05 0002 ff00")).toBe("050002ff00");
    expect(ask("0f 0004 0003 01 05")).toBe("0f00040003");
    expect(ask("01 0000 0008")).toBe("010154");
    expect(ask("05 00ff 0000")).toBe("0500ff0000");
    expect(Object.values(board.relays())).not.toContain(true);
    board.setInput("in1", true);
    board.setInput("in10", true);
    expect(ask("02 0000 000a")).toBe("02020102");
    expect(ask("02 0009 0001")).toBe("020101");
    expect(board.asked()).toEqual({ fc1: 1, fc2: 2, fc5: 2, fc15: 1 });
  });

  it("times a flash itself", () => {
    vi.useFakeTimers();
    const { ask, changes } = createUnit();
    expect(ask("05 0201 0007")).toBe("0502010007");
    vi.advanceTimersByTime(699);
    expect(changes).toEqual(["r2 true"]);
    vi.advanceTimersByTime(1);
    expect(changes).toEqual(["r2 true", "r2 false"]);
    ask("05 0200 7fff");
    vi.advanceTimersByTime(3_276_699);
    expect(ask("01 0000 0001")).toBe("010101");
    ask("05 0000 0000");
    expect(ask("01 0000 0001")).toBe("010100");
  });

  it.each([
    ["a function that it does not have", "03 0000 0001", "8301"],
    ["a coil that it does not have", "05 0008 ff00", "8502"],
    ["coils beyond the last", "01 0004 0005", "8102"],
    ["inputs beyond the last", "02 000a 0001", "8202"],
    ["no inputs at all", "02 0000 0000", "8203"],
    ["more than any answer holds", "01 0000 07d1", "8103"],
    ["a level that is none", "05 0000 0007", "8503"],
    ["a flash of no length", "05 0200 0000", "8503"],
    ["a flash of a relay that it does not have", "05 0208 ff00", "8502"],
    ["levels that do not fit their count", "0f 0000 0009 01 ff", "8f03"],
    ["half a request", "05 00", "8503"],
  ])("refuses %s", (_what, request, answer) => {
    const { board, ask } = createUnit();
    expect(ask(request)).toBe(answer);
    expect(Object.values(board.relays())).not.toContain(true);
  });

  it("refuses a flash when it cannot", () => {
    expect(createUnit(false).ask("05 0200 0007")).toBe("8503");
  });

  it("never throws, whatever it is asked", () => {
    const { board } = createUnit();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 260 }), (any) => board.answer(any).length > 0));
  });

  it("has dead coils, held relays and stuck inputs", () => {
    const { board, ask } = createUnit();
    board.setDead("r1", true);
    ask("05 0000 ff00");
    expect([ask("01 0000 0001"), board.relays()["r1"]]).toEqual(["010101", false]);
    board.holdRelay("r2", true);
    expect(ask("05 0001 0000")).toBe("0500010000");
    expect(ask("01 0001 0001")).toBe("010101");
    board.holdRelay("r2", null);
    ask("05 0001 0000");
    expect(board.relays()["r2"]).toBe(false);
    board.stickInput("in1", true);
    expect(ask("02 0000 0001")).toBe("020101");
    expect(() => board.setDead("r9", true)).toThrow("no relay r9");
  });
});

describe("a device of Modbus boards", () => {
  async function startDevice(settings: Record<string, string>) {
    const said: Record<string, unknown>[] = [];
    const device = await modbusKind.start({
      wire: { kind: "listen", host: "127.0.0.1", port: 0 },
      name: "modbus",
      settings,
      say: (event) => said.push(event),
    });
    stops.push(device.stop);
    const socket = connect({ port: device.port ?? 0, host: "127.0.0.1", noDelay: true });
    stops.push(() => socket.destroy());
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("hex")));
    socket.on("error", () => {});
    await once(socket, "connect");
    return {
      said,
      tell: (line: string) => tell(device, line),
      state: device.state,
      send: (text: string) => void socket.write(bytes(text)),
      heard: () => received,
      /** Whatever is heard until this request has been answered. */
      async until(answer: string): Promise<void> {
        await vi.waitUntil(() => received.endsWith(hex(bytes(answer))), WITHIN);
        received = "";
      },
    };
  }

  function tell(device: SimDevice, line: string): void {
    const [name = "", ...words] = line.split(" ");
    const deed = device.deeds[name];
    if (deed === undefined) throw new Error(`no deed ${name}`);
    deed.run(words);
  }

  const READ = "0102 0000 0001 B9CA";
  const ANSWER = "0102 01 00 A188";

  it("serves Modbus TCP with the number of each request", async () => {
    const { send, until, tell: say } = await startDevice({ inputs: "4" });
    say("input in3 on");
    send("1234 0000 0006 01 02 0000 0004");
    await until("1234 0000 0004 01 02 01 04");
    send("1235 0000 0006 01 05 0000 ff00 1236 0000 0006 01 01 0000 0008");
    await until("1235 0000 0006 01 05 0000 ff00 1236 0000 0004 01 01 01 01");
  });

  it("is several units on one line, each with its own relays and inputs", async () => {
    const { send, until, tell: say, state, said } = await startDevice({ unit: "1-3" });
    say("input 2.in1 on");
    send("0001 0000 0006 02 02 0000 0001  0002 0000 0006 03 02 0000 0001");
    await until("0001 0000 0004 02 02 01 01  0002 0000 0004 03 02 01 00");
    send("0003 0000 0006 03 05 0007 ff00");
    await until("0003 0000 0006 03 05 0007 ff00");
    expect(said).toEqual([{ event: "relay", device: "modbus", unit: 3, relay: "r8", on: true }]);
    expect(state()).toMatchObject({ relays: { "3.r8": true, "2.r8": false }, inputs: { "2.in1": true } });
    expect(() => say("input in1 on")).toThrow("no unit for in1");
    expect(() => say("input 4.in1 on")).toThrow("no unit for 4.in1");
    say("unplug 2 on");
    send("0004 0000 0006 02 02 0000 0001  0005 0000 0006 01 02 0000 0001");
    await until("0005 0000 0004 01 02 01 00");
  });

  it("obeys what is said to all units of a serial line, without an answer", async () => {
    const { send, state, heard } = await startDevice({ unit: "1-2", framing: "rtu" });
    send("0005 0000 FF00 8DEB");
    await vi.waitUntil(
      () => state()["relays"] !== undefined && JSON.stringify(state()).includes('"2.r1":true'),
      WITHIN,
    );
    expect(state()).toMatchObject({ relays: { "1.r1": true, "2.r1": true } });
    expect(heard()).toBe("");
  });

  it("fails on command", async () => {
    const { send, until, tell: say, state } = await startDevice({ framing: "rtu" });
    say("echo on");
    say("silence on");
    send(READ);
    await until(READ);
    say("silence off");
    send(READ);
    await until(READ + ANSWER);
    say("echo off");
    say("exception 4");
    send(READ);
    await until("0182 04 4163");
    say("exception off");
    say("wrongunit on");
    send(READ);
    await until("0202 01 00 A1CC");
    say("wrongunit off");
    say("spoil 1");
    send(READ);
    await until("0102 01 00 A1DD");
    say("cut 1");
    send(READ);
    await until("0102 01");
    say("garbage");
    say("delay 30");
    send(READ);
    await until(ANSWER);
    send("0105 0000 FF00 8C3A");
    await until("0105 0000 FF00 8C3A");
    say("reboot");
    expect(state()).toMatchObject({ relays: { r1: false } });
  });

  it.each([
    [{ unit: "0" }, "1 to 255"],
    [{ unit: "4-2" }, "4 to 255"],
    [{ channels: "33" }, "0 to 32"],
    [{ framing: "ascii" }, "framing is rtu or tcp"],
    [{ flash: "perhaps" }, "on or off"],
  ])("does not start with %j", async (settings, message) => {
    await expect(startDevice(settings as Record<string, string>)).rejects.toThrow(message);
  });
});

describe("a paced line", () => {
  it("carries a request and its answer no faster than its speed", () => {
    vi.useFakeTimers();
    const heard: [number, string][] = [];
    const begunMs = performance.now();
    let say: ((bytes: Uint8Array) => void) | null = null;
    const device = pacedDevice(
      { connect: (send) => (say = send), receive: () => say?.(bytes("01 02 03 04 05 06")) },
      1,
    );
    device.connect((block) => heard.push([performance.now() - begunMs, hex(block)]));
    device.receive(new Uint8Array(8));
    vi.advanceTimersByTime(15);
    expect(heard).toEqual([]);
    vi.advanceTimersByTime(1_000);
    // 8 bytes there, 3.5 of silence, and the answer in blocks.
    expect(heard).toEqual([
      [16, "01020304"],
      [18, "0506"],
    ]);
    device.connect(null);
    device.receive(new Uint8Array(8));
    vi.advanceTimersByTime(1_000);
    expect(heard).toHaveLength(2);
  });
});
