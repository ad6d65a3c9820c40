import { createCipheriv, createDecipheriv } from "node:crypto";
import type { OsdpAnswer, OsdpMessage } from "./osdp-codec.ts";

/**
 * The reader's side of an OSDP secure channel (SIA OSDP 2.2, annex D). A panel's challenge (CHLNG) makes session
 * keys of the shared key; cryptograms prove both sides; then every message carries four bytes of a running
 * AES-CBC code.
 */
const REPLY = { clientCryptogram: 0x76, initialMac: 0x78 };
const BLOCK = {
  clientCryptogram: 0x12,
  initialMac: 0x14,
  reply: 0x16,
  replyWithData: 0x18,
  commandWithData: 0x17,
};

export type OsdpSession = {
  /** The answer to CHLNG. */
  readonly challenged: (message: OsdpMessage) => OsdpAnswer;
  /** The answer to SCRYPT; its block says FF instead of 01 when the panel does not know the key. */
  readonly proved: (message: OsdpMessage) => OsdpAnswer;
  readonly established: () => boolean;
  /** Data of an authentic command; null = it is none, and the session is over. */
  readonly open: (message: OsdpMessage) => Buffer | null;
  readonly seal: (answer: { readonly code: number; readonly data: Uint8Array }) => OsdpAnswer;
};

/** @param random the reader's own number, 8 bytes, for each challenge. */
export function createOsdpSession(options: {
  readonly key: Buffer;
  /** The reader's name: 8 bytes. */
  readonly cuid: Buffer;
  readonly random: () => Buffer;
}): OsdpSession {
  let sEnc: Buffer = Buffer.alloc(16);
  let sMac1: Buffer = Buffer.alloc(16);
  let sMac2: Buffer = Buffer.alloc(16);
  let expected: Buffer = Buffer.alloc(16);
  /** The code of the message before; null = no session. */
  let running: Buffer | null = null;

  function codeOf(text: Buffer, before: Buffer): Buffer {
    const blocks = text.length % 16 === 0 ? text : withEnd(text);
    let register = before;
    for (let at = 0; at < blocks.length; at += 16) {
      const key = at + 16 === blocks.length ? sMac2 : sMac1;
      register = ecb(key, xor(blocks.subarray(at, at + 16), register));
    }
    return register;
  }

  return {
    challenged({ data, block }) {
      running = null;
      const panel = data.subarray(0, 8);
      const own = options.random();
      const derive = (low: number): Buffer =>
        ecb(options.key, Buffer.concat([Buffer.from([1, low]), panel.subarray(0, 6), Buffer.alloc(8)]));
      sEnc = derive(0x82);
      sMac1 = derive(0x01);
      sMac2 = derive(0x02);
      expected = ecb(sEnc, Buffer.concat([own, panel]));
      const proof = ecb(sEnc, Buffer.concat([panel, own]));
      return {
        code: REPLY.clientCryptogram,
        data: Buffer.concat([options.cuid, own, proof]),
        block: { type: BLOCK.clientCryptogram, data: block?.data ?? Buffer.of(1) },
      };
    },
    proved({ data }) {
      const first = ecb(sMac2, ecb(sMac1, expected));
      running = expected.equals(data) ? first : null;
      return {
        code: REPLY.initialMac,
        data: first,
        block: { type: BLOCK.initialMac, data: Buffer.of(running === null ? 0xff : 0x01) },
      };
    },
    established: () => running !== null,
    open({ block, data, signed }) {
      if (running === null || block === null || signed === null) return null;
      const before: Buffer = running;
      const code = codeOf(signed.text, before);
      running = code.subarray(0, 4).equals(signed.mac) ? code : null;
      if (running === null) return null;
      if (block.type !== BLOCK.commandWithData) return data;
      const aes = createDecipheriv("aes-128-cbc", sEnc, negated(before)).setAutoPadding(false);
      const plain = Buffer.concat([aes.update(data), aes.final()]);
      return plain.subarray(0, Math.max(0, plain.lastIndexOf(0x80)));
    },
    seal({ code, data }) {
      const before = running ?? Buffer.alloc(16);
      const sign = (text: Buffer): Buffer => (running = codeOf(text, before));
      if (data.length === 0) return { code, data, block: { type: BLOCK.reply, data: Buffer.alloc(0) }, sign };
      const aes = createCipheriv("aes-128-cbc", sEnc, negated(before)).setAutoPadding(false);
      const hidden = Buffer.concat([aes.update(withEnd(Buffer.from(data))), aes.final()]);
      return { code, data: hidden, block: { type: BLOCK.replyWithData, data: Buffer.alloc(0) }, sign };
    },
  };
}

function ecb(key: Buffer, block: Buffer): Buffer {
  const aes = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([aes.update(block), aes.final()]);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}

function negated(block: Buffer): Buffer {
  return Buffer.from(block.map((byte) => byte ^ 0xff));
}

function withEnd(data: Buffer): Buffer {
  const rest = 15 - (data.length % 16);
  return Buffer.concat([data, Buffer.of(0x80), Buffer.alloc(rest)]);
}
