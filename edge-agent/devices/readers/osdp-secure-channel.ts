import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { isAuthenticated, MAC_BYTES, type OsdpReply, type SecurityBlock } from "./osdp-frames.ts";

/**
 * The secure channel of OSDP 2.2, annex D: AES-128, session keys from a key that we and the reader share (SCBK)
 * and the number that we challenge it with. Each message is authenticated by a code that the code of the message
 * before it goes into, so that nothing can be replayed, left out or put in.
 */
const BLOCK_BYTES = 16;
export const CHALLENGE_BYTES = 8;
/** Reader's id (8), its own random number (8), its cryptogram. */
const CLIENT_BYTES = 8 + 8 + BLOCK_BYTES;
/** Security blocks 11 to 14 carry which key is meant: 1 = SCBK, 0 = the published default, which is no secret. */
const SCBK = 0x01;
const END_OF_DATA = 0x80;

const BLOCK = {
  challenge: 0x11,
  clientCryptogram: 0x12,
  serverCryptogram: 0x13,
  initialMac: 0x14,
  command: 0x15,
  commandWithData: 0x17,
  replyWithData: 0x18,
} as const;

/** A command as it goes into a frame. */
export type SealedCommand = {
  readonly data: Uint8Array;
  readonly security: SecurityBlock;
  readonly authenticate: ((head: Uint8Array) => Uint8Array) | null;
};

type Keys = { readonly enc: Uint8Array; readonly mac1: Uint8Array; readonly mac2: Uint8Array };

/** One session: challenge, two cryptograms, then sealed commands and replies in turn. A failure ends it. */
export class OsdpSecureChannel {
  readonly #keys: Keys;
  readonly #challenge: Uint8Array;
  #serverCryptogram: Uint8Array = new Uint8Array(BLOCK_BYTES);
  /** Full code of the latest message, in whichever direction: the next one begins with it. */
  #chain: Uint8Array | null = null;

  /** @param key SCBK, 16 bytes. @param challenge 8 random bytes, never the same twice. */
  constructor(key: Uint8Array, challenge: Uint8Array) {
    this.#challenge = challenge;
    const derive = (kind: number): Uint8Array =>
      encryptBlock(key, Uint8Array.from([0x01, kind, ...challenge.subarray(0, 6), ...new Uint8Array(8)]));
    this.#keys = { enc: derive(0x82), mac1: derive(0x01), mac2: derive(0x02) };
  }

  challenge(): SealedCommand {
    return { data: this.#challenge, security: keyBlock(BLOCK.challenge), authenticate: null };
  }

  /** Our proof, in answer to the reader's; null when the reader does not know the key. */
  answerTo({ data, security }: OsdpReply): SealedCommand | null {
    if (security?.type !== BLOCK.clientCryptogram || data.length !== CLIENT_BYTES) return null;
    const theirs = data.subarray(8, 16);
    const proof = encryptBlock(this.#keys.enc, Uint8Array.from([...this.#challenge, ...theirs]));
    if (!timingSafeEqual(proof, data.subarray(16))) return null;
    this.#serverCryptogram = encryptBlock(this.#keys.enc, Uint8Array.from([...theirs, ...this.#challenge]));
    return {
      data: this.#serverCryptogram,
      security: keyBlock(BLOCK.serverCryptogram),
      authenticate: null,
    };
  }

  /** True = the reader has accepted our proof, and the session stands. */
  begin({ data, security }: OsdpReply): boolean {
    const { mac1, mac2 } = this.#keys;
    const initial = encryptBlock(mac2, encryptBlock(mac1, this.#serverCryptogram));
    // The block's data byte is 1 when the reader has accepted; it says so again by knowing this code.
    const accepted = security?.type === BLOCK.initialMac && security.data[0] === 0x01;
    if (!accepted || data.length !== BLOCK_BYTES || !timingSafeEqual(initial, data)) return false;
    this.#chain = initial;
    return true;
  }

  seal(data: Uint8Array): SealedCommand {
    const chain = this.#chain ?? new Uint8Array(BLOCK_BYTES);
    const authenticate = (head: Uint8Array): Uint8Array => (this.#chain = this.#mac(chain, head));
    if (data.length === 0) {
      return { data, security: { type: BLOCK.command, data: new Uint8Array() }, authenticate };
    }
    const security = { type: BLOCK.commandWithData, data: new Uint8Array() };
    return { data: cipher(this.#keys.enc, inverted(chain), padded(data)), security, authenticate };
  }

  /** The data of a reply; null when it is not from our reader, or not the next one. */
  open({ data, security, mac }: OsdpReply): Uint8Array | null {
    const chain = this.#chain;
    if (chain === null || security === null || mac === null || !isAuthenticated(security.type)) return null;
    const code = this.#mac(chain, mac.head);
    if (!timingSafeEqual(code.subarray(0, MAC_BYTES), mac.code)) return null;
    this.#chain = code;
    if (security.type !== BLOCK.replyWithData) return data;
    if (data.length === 0 || data.length % BLOCK_BYTES !== 0) return null;
    return unpadded(decipher(this.#keys.enc, inverted(chain), data));
  }

  /** All blocks but the last under one key, the last under the other. */
  #mac(chain: Uint8Array, message: Uint8Array): Uint8Array {
    const whole = message.length % BLOCK_BYTES === 0 ? message : padded(message);
    const last = whole.length - BLOCK_BYTES;
    const before = last === 0 ? chain : cipher(this.#keys.mac1, chain, whole.subarray(0, last));
    return cipher(this.#keys.mac2, before.subarray(-BLOCK_BYTES), whole.subarray(last));
  }
}

function keyBlock(type: number): SecurityBlock {
  return { type, data: Uint8Array.of(SCBK) };
}

function padded(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array((Math.floor(data.length / BLOCK_BYTES) + 1) * BLOCK_BYTES);
  whole.set(data);
  whole[data.length] = END_OF_DATA;
  return whole;
}

function unpadded(data: Uint8Array): Uint8Array | null {
  const end = data.findLastIndex((byte) => byte !== 0);
  return data[end] === END_OF_DATA ? data.subarray(0, end) : null;
}

function inverted(block: Uint8Array): Uint8Array {
  return block.map((byte) => ~byte);
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const aes = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([aes.update(block), aes.final()]));
}

function cipher(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const aes = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([aes.update(data), aes.final()]));
}

function decipher(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const aes = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([aes.update(data), aes.final()]));
}
