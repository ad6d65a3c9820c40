import { onOff, wholeNumber, type Deed } from "../../devices/device.ts";
import type { ByteDevice } from "../../transports/byte-wires.ts";

/** A device's end of a line, and what can go wrong with it. */
export type FaultyLine = ByteDevice & {
  /** Says something to the peer, unless a fault prevents it. */
  readonly say: (bytes: Uint8Array) => void;
  readonly deeds: Readonly<Record<string, Deed>>;
  readonly stop: () => void;
};

const BOOT_MS = 300;
const GARBAGE = Uint8Array.of(0x00, 0xff, 0xa0, 0x01, 0x3e, 0x0d, 0x43, 0x48, 0x31, 0x7e, 0x80, 0x0a);

/** `hear` gets what arrives while the device listens; `restart` runs when its power comes back. */
export function createFaultyLine(hear: (chunk: Uint8Array) => void, restart: () => void): FaultyLine {
  let send: ((bytes: Uint8Array) => void) | null = null;
  let silent = false;
  let echo = false;
  let cuts = 0;
  let booting: NodeJS.Timeout | null = null;

  function reboot(): void {
    if (booting !== null) clearTimeout(booting);
    restart();
    booting = setTimeout(() => (booting = null), BOOT_MS);
  }

  return {
    receive(chunk) {
      if (echo) send?.(chunk);
      if (!silent && booting === null) hear(chunk);
    },
    connect(peer) {
      send = peer;
    },
    say(bytes) {
      const cut = cuts > 0;
      if (cut) cuts -= 1;
      send?.(cut ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes);
    },
    deeds: {
      silence: {
        help: "on|off  hears nothing and says nothing, though the line is up",
        run: ([word]) => void (silent = onOff(word)),
      },
      cut: {
        help: "<count>  its next answers break off in the middle",
        run: ([word]) => void (cuts = wholeNumber(word, 0, 1_000)),
      },
      garbage: { help: "  bytes that are no answer", run: () => send?.(GARBAGE) },
      echo: {
        help: "on|off  what is sent to it comes back, as on a line with two wires",
        run: ([word]) => void (echo = onOff(word)),
      },
      reboot: { help: "  power off and on, in whatever it was doing", run: reboot },
    },
    stop() {
      if (booting !== null) clearTimeout(booting);
    },
  };
}
