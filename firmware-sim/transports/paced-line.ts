import type { ByteDevice } from "./byte-wires.ts";

/** Bytes that a UART or a USB adapter hands over at once. */
const BLOCK_BYTES = 4;
/** Silence between two frames on the line, in characters. */
const GAP_CHARACTERS = 3.5;

/**
 * Puts a device behind a half-duplex line of real speed. A pseudo-terminal has none: what is written at one end is at
 * the other at once. Here a request takes its time before the device's answer begins, which then comes block by block,
 * no faster than the line would carry it.
 *
 * @param byteMs time on the line of one byte.
 */
export function pacedDevice(device: ByteDevice, byteMs: number): ByteDevice & { readonly stop: () => void } {
  const timers = new Set<NodeJS.Timeout>();
  let freeAtMs = 0;

  function later(atMs: number, run: () => void): void {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        run();
      },
      Math.max(0, Math.ceil(atMs - performance.now())),
    );
    timers.add(timer);
  }

  function stop(): void {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  }

  return {
    receive(chunk) {
      freeAtMs = Math.max(performance.now(), freeAtMs) + chunk.length * byteMs;
      device.receive(chunk);
    },
    connect(peer) {
      stop();
      if (peer === null) return device.connect(null);
      device.connect((bytes) => {
        const beginsMs = Math.max(performance.now(), freeAtMs) + GAP_CHARACTERS * byteMs;
        freeAtMs = beginsMs + bytes.length * byteMs;
        for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
          const block = bytes.slice(at, at + BLOCK_BYTES);
          later(beginsMs + (at + block.length) * byteMs, () => peer(block));
        }
      });
    },
    stop,
  };
}
