/**
 * Frames of PCLess-type gate controllers: text between a header and a footer byte. Older boards use 0xA6 and
 * 0xA9, newer ones `*` and `#`. There is no length, escape or checksum, so a header in the middle of a frame
 * means that the frame before it was cut off.
 */
export type PclessFraming = "a6a9" | "star";

const MARKS: Record<PclessFraming, { readonly header: number; readonly footer: number }> = {
  a6a9: { header: 0xa6, footer: 0xa9 },
  star: { header: 0x2a, footer: 0x23 },
};

/** The longest command is `PR`, a baud rate digit and 1,024 bytes for the printer. */
export const MAX_PCLESS_BODY_BYTES = 1_027;

/** Bytes on the wire for a body; characters above 0xFF lose their upper bits. */
export function encodePcless(framing: PclessFraming, body: string): Uint8Array {
  const { header, footer } = MARKS[framing];
  return Uint8Array.from([header, ...Buffer.from(body, "latin1"), footer]);
}

/** Takes bytes as they arrive, in pieces of any size, and gives the bodies of the frames completed by them. */
export type PclessDecoder = {
  readonly push: (chunk: Uint8Array) => string[];
  /** Forgets the frame under way. */
  readonly reset: () => void;
  /** Bytes that belonged to no whole frame. */
  readonly discarded: () => number;
  /** Bytes of the frame under way, at most {@link MAX_PCLESS_BODY_BYTES}. */
  readonly buffered: () => number;
};

export function createPclessDecoder(framing: PclessFraming): PclessDecoder {
  const { header, footer } = MARKS[framing];
  const body = Buffer.alloc(MAX_PCLESS_BODY_BYTES);
  let length = 0;
  let inFrame = false;
  let discarded = 0;

  function take(byte: number): string | undefined {
    if (byte === header) {
      if (inFrame) discarded += length + 1;
      inFrame = true;
      length = 0;
    } else if (!inFrame) {
      discarded += 1;
    } else if (byte === footer) {
      inFrame = false;
      return body.toString("latin1", 0, length);
    } else if (length === MAX_PCLESS_BODY_BYTES) {
      discarded += length + 2;
      inFrame = false;
    } else {
      body[length++] = byte;
    }
    return undefined;
  }

  return {
    push(chunk) {
      const bodies: string[] = [];
      for (const byte of chunk) {
        const complete = take(byte);
        if (complete !== undefined) bodies.push(complete);
      }
      return bodies;
    },
    reset() {
      if (inFrame) discarded += length + 1;
      inFrame = false;
    },
    discarded: () => discarded,
    buffered: () => (inFrame ? length : 0),
  };
}
