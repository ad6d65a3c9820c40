import { startTcpPeer } from "../../testing/tcp-peer.ts";
import { encodeCommand } from "../osdp-frames.ts";

export type HeardCommand = {
  readonly address: number;
  readonly sequence: number;
  readonly code: number;
  readonly data: Uint8Array;
};
/** Null = says nothing. A number of its own where the reader does not repeat the command's. */
export type ScriptedReply = {
  readonly code: number;
  readonly data?: Uint8Array;
  readonly sequence?: number;
} | null;

/** The far end of an RS485 line behind a serial server: the test answers each command. */
export async function startOsdpLine(answer: (command: HeardCommand) => ScriptedReply) {
  const heard: HeardCommand[] = [];
  let pending = Buffer.alloc(0);
  const peer = await startTcpPeer((text, socket) => {
    pending = Buffer.concat([pending, Buffer.from(text, "latin1")]);
    for (;;) {
      const start = pending.indexOf(0x53);
      const length = start === -1 ? 0 : pending.readUInt16LE(start + 2);
      if (start === -1 || pending.length < start + length) return;
      const frame = pending.subarray(start, start + length);
      pending = pending.subarray(start + length);
      const [, address = 0, , , control = 0, code = 0] = frame;
      const checkBytes = (control & 4) === 0 ? 1 : 2;
      const data = Uint8Array.from(frame.subarray(6, -checkBytes));
      const command = { address, sequence: control & 3, code, data };
      heard.push(command);
      const reply = answer(command);
      if (reply === null) continue;
      const bytes = encodeCommand({
        address: address | 0x80,
        sequence: reply.sequence ?? command.sequence,
        check: checkBytes === 2 ? "crc" : "checksum",
        code: reply.code,
        data: reply.data ?? new Uint8Array(),
        security: null,
        authenticate: null,
      });
      socket.write(bytes.subarray(1));
    }
  });
  return {
    ...peer,
    heard,
    /** Says a recorded frame under another number, with its CRC made anew. */
    replay(frame: Uint8Array, sequence: number): void {
      const renumbered = Uint8Array.from(frame);
      renumbered[4] = ((frame[4] ?? 0) & ~3) | sequence;
      peer.say(Buffer.from(withCrc(renumbered)).toString("latin1"));
    },
    count: (code: number): number => heard.filter((command) => command.code === code).length,
    stop: () => peer.down().catch(() => undefined),
  };
}

/** The frame with its last two bytes set to its CRC. */
export function withCrc(frame: Uint8Array): Uint8Array {
  let crc = 0x1d0f;
  for (const byte of frame.subarray(0, -2)) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (top === 1 ? 0x1021 : 0);
    }
  }
  return Uint8Array.from([...frame.subarray(0, -2), crc & 0xff, crc >> 8]);
}
