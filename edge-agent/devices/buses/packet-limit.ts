/**
 * Watches the bytes of one MQTT connection (3.1.1, section 2.2) for packets that are too long. Brokers and clients
 * collect a packet before they look at it, and its header may promise 256 MB.
 *
 * @returns takes the connection's chunks in order; false = a packet longer than `maxBytes` has begun, or the
 *   length is malformed. Whoever hears false must close the connection.
 */
export function createPacketLimit(maxBytes: number): (chunk: Uint8Array) => boolean {
  /** Bytes of the packet at hand that are still to come; null while its length is being read. */
  let remaining: number | null = 0;
  let length = 0;
  let lengthBytes = 0;

  /** The length is in groups of seven bits, lowest first; the eighth says that another one follows. */
  function readLength(byte: number): boolean {
    length += (byte & 0x7f) * 2 ** (7 * lengthBytes);
    lengthBytes += 1;
    if (length > maxBytes) return false;
    if ((byte & 0x80) !== 0) return lengthBytes < 4;
    remaining = length;
    return true;
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (remaining === null) {
        if (!readLength(chunk[at] ?? 0)) return false;
        at += 1;
      } else if (remaining === 0) {
        // The first byte of a packet: its type and flags.
        remaining = null;
        length = 0;
        lengthBytes = 0;
        at += 1;
      } else {
        const skipped = Math.min(remaining, chunk.length - at);
        remaining -= skipped;
        at += skipped;
      }
    }
    return true;
  };
}
