import type { Parsed } from "../../buses/request-bus.ts";

/**
 * The bytes of KMtronic's USB and RS-232 relays (info.kmtronic.com, "KMTronic USB Relay Test software"): `FF channel
 * 00|01` switches, without an answer. Boards with one or two relays answer `FF channel 03` with `FF channel 00|01`;
 * those with four or eight answer `FF 09 00` with a bare byte, 00 or 01, for each relay. No checksum anywhere.
 */
const HEAD = 0xff;

export function kmtronicSwitch(channel: number, on: boolean): Uint8Array {
  return Uint8Array.of(HEAD, channel, on ? 1 : 0);
}

export function kmtronicAskOne(channel: number): Uint8Array {
  return Uint8Array.of(HEAD, channel, 3);
}

export const KMTRONIC_ASK_ALL: Uint8Array = Uint8Array.of(HEAD, 9, 0);

/** The level in the answer to {@link kmtronicAskOne}. */
export function parseKmtronicOne(channel: number, received: Uint8Array): Parsed<boolean> {
  const start = received.indexOf(HEAD);
  if (start !== 0) return { kind: "skip", bytes: start < 0 ? received.length : start };
  if (received.length < 3) return { kind: "more" };
  const [, answered, level = 0] = received;
  // Our own question, come back, or an answer about another relay.
  if (answered !== channel || level === 3) return { kind: "skip", bytes: answered === HEAD ? 1 : 3 };
  if (level > 1) return { kind: "bad", reason: `relay ${channel} is neither on nor off` };
  return { kind: "answer", value: level === 1 };
}

/** The levels of relays 1 to `channels`, in the answer to {@link KMTRONIC_ASK_ALL}. */
export function parseKmtronicAll(channels: number, received: Uint8Array): Parsed<readonly boolean[]> {
  if (received[0] === HEAD) {
    // Our own question, come back: no level is FF.
    return received.length < KMTRONIC_ASK_ALL.length
      ? { kind: "more" }
      : { kind: "skip", bytes: KMTRONIC_ASK_ALL.length };
  }
  if (received.some((byte) => byte > 1)) return { kind: "bad", reason: "a relay that is neither on nor off" };
  if (received.length > channels) return { kind: "bad", reason: "more relays than the board has" };
  if (received.length < channels) return { kind: "more" };
  return { kind: "answer", value: Array.from(received, (byte) => byte === 1) };
}
