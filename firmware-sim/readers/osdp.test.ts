import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOsdpReceiver, encodeOsdpReply, type OsdpMessage } from "./osdp-codec.ts";
import { OsdpReader } from "./osdp-reader.ts";
import { createOsdpSession } from "./osdp-session.ts";

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const NOTHING = Buffer.alloc(0);

function heardIn(stream: Uint8Array): OsdpMessage[] {
  const messages: OsdpMessage[] = [];
  createOsdpReceiver((message) => messages.push(message)).push(stream);
  return messages;
}

function commandIn(frame: Buffer): OsdpMessage {
  const [message] = heardIn(frame);
  if (message === undefined) throw new Error("no command");
  return message;
}

/** A command in clear, as a panel sends it. */
function command(address: number, sequence: number, code: number, data: Uint8Array = NOTHING): Buffer {
  const frame = encodeOsdpReply({ address, sequence, crc: false }, { code, data });
  // Not a reply: bit 7 of the address off, and the checksum moves by as much.
  frame[1] = address;
  frame[frame.length - 1] = ((frame.at(-1) ?? 0) + 0x80) & 0xff;
  return frame;
}

function newReader(key: Buffer | null = null) {
  const reader = new OsdpReader({
    address: 1,
    key,
    random: () => Buffer.alloc(8, 7),
    say: () => undefined,
  });
  const ask = (sequence: number, code: number, data?: Uint8Array) => {
    const answer = reader.answer(commandIn(command(1, sequence, code, data)));
    // Control, code, data.
    return answer === null ? null : { control: answer[4], code: answer[5], data: answer.subarray(6, -1) };
  };
  return { reader, ask };
}

describe("a simulated reader's end of an OSDP line", () => {
  it.each([
    ["5300090004 61 00 c066", { address: 0, sequence: 0, crc: true, code: 0x61, data: bytes("00") }],
    ["5300080007 60 b8ff", { address: 0, sequence: 3, crc: true, code: 0x60, data: NOTHING }],
    [
      "537f0c0000 6e 0080250000 0f",
      { address: 0x7f, sequence: 0, crc: false, code: 0x6e, data: bytes("0080250000") },
    ],
  ])("hears %s (annex E of the standard, a recording)", (frame, message) => {
    expect(heardIn(bytes(frame))).toMatchObject([message]);
  });

  it("answers as a recorded reader did", () => {
    const to = { address: 0, crc: true, sequence: 3 };
    expect(encodeOsdpReply(to, { code: 0x40, data: NOTHING })).toEqual(bytes("5380080007 40 0af9"));
  });

  it("hears no replies, wrong checks or noise, and what comes after them, however it is cut", () => {
    const good = bytes("5300080007 60 b8ff");
    const noise = fc.uint8Array({ maxLength: 60 }).map((junk) => junk.filter((byte) => byte !== 0x53));
    fc.assert(
      fc.property(noise, fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 5 }), (junk, cuts) => {
        const wrong = Buffer.from(good);
        wrong[5] = 0x61;
        const stream = Buffer.concat([bytes("5380080007 40 0af9"), junk, wrong, Buffer.of(0xff), good]);
        const messages: OsdpMessage[] = [];
        const receiver = createOsdpReceiver((message) => messages.push(message));
        const places = [
          0,
          ...cuts.filter((cut) => cut < stream.length).toSorted((a, b) => a - b),
          stream.length,
        ];
        for (const [i, end] of places.slice(1).entries()) receiver.push(stream.subarray(places[i], end));
        expect(messages).toMatchObject([{ code: 0x60, sequence: 3 }]);
      }),
    );
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
        const receiver = createOsdpReceiver(() => undefined);
        for (const chunk of chunks) receiver.push(Uint8Array.from([0x53, ...chunk]));
      }),
    );
  });
});

describe("a simulated reader", () => {
  it("repeats its answer to a repeated command, and refuses one out of turn", () => {
    const { reader, ask } = newReader();
    reader.card(26, bytes("bdd93740"));
    expect(ask(1, 0x60)).toMatchObject({ code: 0x41, data: Buffer.of(0x04) });
    expect(ask(0, 0x61)).toMatchObject({ control: 0, code: 0x45 });
    expect(ask(1, 0x60)).toMatchObject({ control: 1, code: 0x50, data: bytes("00001a00bdd93740") });
    expect(ask(1, 0x60)).toMatchObject({ control: 1, code: 0x50 });
    expect(ask(2, 0x60)).toMatchObject({ control: 2, code: 0x40 });
    expect(ask(1, 0x60)).toMatchObject({ code: 0x41, data: Buffer.of(0x04) });
    expect(ask(3, 0x60)).toMatchObject({ code: 0x40 });
    expect(ask(1, 0x60)).toMatchObject({ code: 0x40 });
  });

  it("is busy, refuses and falls silent when told to, and hears only its own address", () => {
    const { reader, ask } = newReader();
    ask(0, 0x61);
    reader.busy(1);
    expect(ask(1, 0x60)).toMatchObject({ control: 0, code: 0x79 });
    expect(ask(1, 0x60)).toMatchObject({ control: 1, code: 0x40 });
    reader.refuse(3);
    expect(ask(2, 0x60)).toMatchObject({ code: 0x41, data: Buffer.of(3) });
    reader.mute(true);
    expect(ask(3, 0x60)).toBeNull();
    reader.mute(false);
    expect(reader.answer(commandIn(command(2, 3, 0x60)))).toBeNull();
    expect(ask(3, 0x60)).toMatchObject({ code: 0x40 });
  });

  it("with a key tells nothing but what it is to a panel without it", () => {
    const { reader, ask } = newReader(Buffer.alloc(16, 1));
    reader.card(26, bytes("bdd93740"));
    expect(ask(0, 0x61)?.code).toBe(0x45);
    expect(ask(1, 0x62)?.code).toBe(0x46);
    expect(ask(2, 0x60)).toMatchObject({ code: 0x41, data: Buffer.of(0x06) });
  });
});

/**
 * A session of two other programs, recorded by libosdp-conformance 1.38-4 (SIA): OSDP-Embedded,
 * tests/captures/sc-monitor-current.osdpcap. The reader's number was `abcdefgh`.
 */
describe("the secure channel of a simulated reader", () => {
  const session = () =>
    createOsdpSession({
      key: bytes("d459f02f6602e5651f3b553bc283d43e"),
      cuid: bytes("0a00170300cafede"),
      random: () => Buffer.from("abcdefgh"),
    });
  const replyTo = (frame: Buffer) => ({ address: 0, crc: true, sequence: (frame[4] ?? 0) & 3 });

  it("answers a recorded panel with the recorded reader's bytes", () => {
    const channel = session();
    const challenge = bytes("53001300 0d03110176 636e3478f7085c57 5ce0");
    expect(encodeOsdpReply(replyTo(challenge), channel.challenged(commandIn(challenge)))).toEqual(
      bytes("53802b000d03120176 0a00170300cafede 6162636465666768 597b8467ad2b557296e1234e379dc311 2f55"),
    );
    const proof = bytes("53001b000e03130177 dbd8cb35c81188cbdcf560521ec84469 3564");
    expect(encodeOsdpReply(replyTo(proof), channel.proved(commandIn(proof)))).toEqual(
      bytes("53801b000e03140178 b1e1998a99229228c5b11a3d3922cc8d 65f1"),
    );
    const exchanges = [
      [
        "53001e000f021762 4cbdace660da28f9080d316704be7ae0 3ae55c71 97fc",
        "00",
        0x46,
        "0102080202100301000401010501000601010801000901010a00030b00030c00000d00000e00000f0000100200",
        "53803e000f021846 d98f68df2d3b69a8d0e0d7ec43d9b32e2abed1f57734c4baa3170b8063903588c4b2bf14a720361c56a2ff97a6f6c7a4 3856377d aa32",
      ],
      [
        "53001e000d021769 0245f090720128b1d00bfe54c7a9ef58 1edae770 59d2",
        "000000bdac0000da280118010100",
        0x40,
        "",
        "53800e000d021640 d66d222c fb95",
      ],
      [
        "53003e000e02176b 0e1ad8d9f7f7b73e7b590cf3b5fa651d6ae3df83c71486d8ae488e7309d8a21bd1744d9f878a3f858acb7caba81c29de 36fc2f80 fcbd",
        "000200010120526561647920202020202020202020202020202020343a343520414d20202020",
        0x40,
        "",
        "53800e000e021640 ca21171b 03dd",
      ],
      [
        "53001e000f021764 7cba291c203920b54c9eed4462363ce8 c5c8988f 1eef",
        "",
        0x48,
        "0001",
        "53801e000f021848 db34e7e81c61f12ff45fcb7602f6de2f 1a5232df 33d4",
      ],
      [
        "53001e000d021767 6b5d290a899f39d3703cf854f2107d17 6bc0279c 5941",
        "",
        0x4b,
        "01",
        "53801e000d02184b f244420c178936178cbc2a26e36d2d0d f70b4c76 0e32",
      ],
      [
        "53001e000e02177b 75cbfe2a3951c61660541538e34a8fdd 47f6e197 b8df",
        "0008",
        0x40,
        "",
        "53800e000e021640 580338f6 0924",
      ],
      // Polls: authentic, but with nothing to hide.
      ["53000e000f021560 98108d64 b0c7", "", 0x40, "", "53800e000f021640 b3921554 3453"],
      ["53000e000d021560 7cb547fe 0d8b", "", 0x40, "", "53800e000d021640 a28205f7 1874"],
      ["53000e000e021560 d15b4d23 a3de", "", 0x40, "", "53800e000e021640 8cc62c32 83dd"],
    ] as const;
    for (const [frame, data, replyCode, replyData, reply] of exchanges) {
      const panel = bytes(frame);
      expect(channel.open(commandIn(panel))).toEqual(bytes(data));
      const answer = channel.seal({ code: replyCode, data: bytes(replyData) });
      expect(encodeOsdpReply(replyTo(panel), answer)).toEqual(bytes(reply));
    }
  });

  it("does not stand for a panel that cannot prove that it has the key", () => {
    const channel = session();
    channel.challenged(commandIn(bytes("53001300 0d03110176 636e3478f7085c57 5ce0")));
    const proof = commandIn(bytes("53001b000e03130177 dbd8cb35c81188cbdcf560521ec84469 3564"));
    proof.data[0] = 0x00;
    expect(channel.proved(proof).block).toMatchObject({ type: 0x14, data: Buffer.of(0xff) });
    expect(channel.established()).toBe(false);
  });
});
