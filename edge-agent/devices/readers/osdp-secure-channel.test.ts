import { describe, expect, it } from "vitest";
import { encodeCommand, type OsdpReply, parseReply } from "./osdp-frames.ts";
import { OsdpSecureChannel, type SealedCommand } from "./osdp-secure-channel.ts";
import { hex } from "../testing/hex.ts";
import {
  RECORDED_CHALLENGE,
  RECORDED_EXCHANGES,
  RECORDED_HANDSHAKE,
  RECORDED_KEY,
} from "./testing/osdp-recording.ts";

const NO_DATA = new Uint8Array();

function frameOf(code: number, sequence: number, command: SealedCommand): Uint8Array {
  // Without the mark byte, which no recording contains.
  return encodeCommand({ address: 0, sequence, check: "crc", code, ...command }).subarray(1);
}

function replyIn(frame: Uint8Array): OsdpReply {
  const parsed = parseReply(frame, { address: 0, sequence: (frame[4] ?? 0) & 3 });
  if (parsed.kind !== "answer") throw new Error(`not a reply: ${JSON.stringify(parsed)}`);
  return parsed.value;
}

function recordedSession(): OsdpSecureChannel {
  const channel = new OsdpSecureChannel(RECORDED_KEY, RECORDED_CHALLENGE);
  channel.answerTo(replyIn(RECORDED_HANDSHAKE.client));
  channel.begin(replyIn(RECORDED_HANDSHAKE.initialMac));
  return channel;
}

describe("the secure channel against a session of other programs", () => {
  it("shakes hands with the same bytes", () => {
    const channel = new OsdpSecureChannel(RECORDED_KEY, RECORDED_CHALLENGE);
    expect(frameOf(0x76, 1, channel.challenge())).toEqual(RECORDED_HANDSHAKE.challenge);
    const proof = channel.answerTo(replyIn(RECORDED_HANDSHAKE.client));
    if (proof === null) throw new Error("the reader was not believed");
    expect(frameOf(0x77, 2, proof)).toEqual(RECORDED_HANDSHAKE.server);
    expect(channel.begin(replyIn(RECORDED_HANDSHAKE.initialMac))).toBe(true);
  });

  it("sends the same bytes, and understands each reply", () => {
    const channel = recordedSession();
    for (const { command, code, data, reply, replyCode, replyData } of RECORDED_EXCHANGES) {
      const sequence = (command[4] ?? 0) & 3;
      expect(frameOf(code, sequence, channel.seal(data))).toEqual(command);
      const heard = replyIn(reply);
      expect(heard.code).toBe(replyCode);
      expect(channel.open(heard)).toEqual(replyData);
    }
  });

  it("does not believe a reader that has another key, nor one that changes a bit", () => {
    const stranger = new OsdpSecureChannel(hex("00112233445566778899aabbccddeeff"), RECORDED_CHALLENGE);
    expect(stranger.answerTo(replyIn(RECORDED_HANDSHAKE.client))).toBeNull();
    const channel = new OsdpSecureChannel(RECORDED_KEY, RECORDED_CHALLENGE);
    const client = replyIn(RECORDED_HANDSHAKE.client);
    for (const [i] of client.data.entries()) {
      // The first eight bytes are the reader's name, which proves nothing and is used for nothing.
      if (i < 8) continue;
      const changed = client.data.map((byte, at) => (at === i ? byte ^ 0x10 : byte));
      expect(channel.answerTo({ ...client, data: changed })).toBeNull();
    }
    expect(channel.answerTo(client)).not.toBeNull();
    const initial = replyIn(RECORDED_HANDSHAKE.initialMac);
    const changed = initial.data.map((byte, at) => (at === 15 ? byte ^ 1 : byte));
    expect(channel.begin({ ...initial, data: changed })).toBe(false);
    expect(channel.begin({ ...initial, security: { type: 0x14, data: Uint8Array.of(0xff) } })).toBe(false);
    expect(channel.begin(initial)).toBe(true);
  });

  it("takes no reply twice, out of turn, changed, or without its code", () => {
    const [first, second] = RECORDED_EXCHANGES;
    if (first === undefined || second === undefined) throw new Error("no recording");
    const channel = recordedSession();
    expect(channel.open(replyIn(first.reply))).toBeNull();
    channel.seal(first.data).authenticate?.(first.command.subarray(0, -6));
    const reply = replyIn(first.reply);
    expect(channel.open({ ...reply, mac: null })).toBeNull();
    expect(channel.open({ ...reply, security: null })).toBeNull();
    const other = { head: reply.mac?.head ?? NO_DATA, code: hex("00000000") };
    expect(channel.open({ ...reply, mac: other })).toBeNull();
    expect(channel.open(reply)).toEqual(first.replyData);
    expect(channel.open(reply)).toBeNull();
    expect(channel.open(replyIn(second.reply))).toBeNull();
  });
});

describe("the secure channel against the examples of the standard", () => {
  // OSDP 2.2, annex E, as libosdp has them (tests/unit-tests/test-sc-sia-vectors.c): key SCBK-D.
  const key = hex("303132333435363738393a3b3c3d3e3f");
  const challenge = hex("b0b1b2b3b4b5b6b7");
  const theirs = hex("a0a1a2a3a4a5a6a7");
  const clientCryptogram = hex("fde5d2f428ec16312471ea3c02bd7796");
  const serverCryptogram = hex("26d3356e07762d262801fc8e6665a891");
  const initialMac = hex("b2a30057eb98ba2229ec1f875662b524");

  it("has the same cryptograms and the same first code", () => {
    const channel = new OsdpSecureChannel(key, challenge);
    const block = (type: number): OsdpReply["security"] => ({ type, data: Uint8Array.of(0x01) });
    const data = Uint8Array.from([...hex("00068e0000000000"), ...theirs, ...clientCryptogram]);
    const proof = channel.answerTo({ code: 0x76, data, security: block(0x12), mac: null });
    expect(proof?.data).toEqual(serverCryptogram);
    expect(channel.begin({ code: 0x78, data: initialMac, security: block(0x14), mac: null })).toBe(true);
  });
});
