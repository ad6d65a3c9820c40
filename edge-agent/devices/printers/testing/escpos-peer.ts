import type { Socket } from "node:net";
import { startTcpPeer } from "../../testing/tcp-peer.ts";

/** DLE EOT n; DLE DC4 to clear the buffers; GS ( H and a mark. */
const COMMANDS = new RegExp(
  ["\x10\x04(.)", "(\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08)", "\x1d\\(H\x06\x0000(.{4})"].join("|"),
  "s",
);

/**
 * The far end of a printer's TCP line, written from Epson's command reference for tests of the driver: answers
 * DLE EOT as the test says, clears its buffers, and repeats marks (GS ( H) unless it is told to keep them.
 */
export async function startEscposPeer() {
  const status: Record<number, string> = { 1: "\x12", 2: "\x12", 3: "\x12", 4: "\x12" };
  const deaf = new Set<number>();
  const control = { keepsMarks: false, knowsClear: true };
  const asked: number[] = [];
  const marks: string[] = [];
  let cleared = 0;
  let pending = "";
  const answer = (socket: Socket, text: string): void => void socket.write(Buffer.from(text, "latin1"));
  const peer = await startTcpPeer((text, socket) => {
    pending += text;
    for (;;) {
      const match = COMMANDS.exec(pending);
      if (match === null) return;
      pending = pending.slice(match.index + match[0].length);
      const [, n, clear, mark] = match;
      if (clear !== undefined) {
        cleared += 1;
        if (control.knowsClear) answer(socket, "\x37\x25\x00");
      } else if (n !== undefined) {
        const number = n.charCodeAt(0);
        asked.push(number);
        if (!deaf.has(number)) answer(socket, status[number] ?? "");
      } else if (mark !== undefined) {
        marks.push(mark);
        if (!control.keepsMarks) answer(socket, `\x37\x22${mark}\x00`);
      }
    }
  });
  return {
    ...peer,
    /** Answers by the number of the question. */
    status,
    /** Questions that get no answer. */
    deaf,
    control,
    asked: (): readonly number[] => asked,
    marks: (): readonly string[] => marks,
    cleared: () => cleared,
    stop: () => peer.down().catch(() => undefined),
  };
}
