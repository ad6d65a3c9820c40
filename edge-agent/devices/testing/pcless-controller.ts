import { startTcpPeer } from "./tcp-peer.ts";

/**
 * A PCLess controller behind a serial server, written from the protocol's text for tests of the driver: framing
 * `*` ... `#`, four inputs, and deaf to whatever commands the test names.
 */
export async function startPclessController() {
  const deaf = new Set<string>();
  const inputs = [false, false, false, false];
  let pending = "";
  const peer = await startTcpPeer((text, socket) => {
    pending += text;
    for (let end = pending.indexOf("#"); end !== -1; end = pending.indexOf("#")) {
      const command = pending.slice(pending.lastIndexOf("*", end) + 1, end);
      pending = pending.slice(end + 1);
      if (deaf.has(command)) continue;
      const digits = inputs.map((on) => (on ? "1" : "0")).join("");
      socket.write(command === "STAT" ? `*STAT${digits}0000#` : `*${command}OK#`);
    }
  });
  return {
    ...peer,
    deaf,
    inputs,
    /** How often a command arrived. */
    count: (command: string): number => peer.received().split(`*${command}#`).length - 1,
    stop: () => peer.down().catch(() => undefined),
  };
}
export type PclessController = Awaited<ReturnType<typeof startPclessController>>;
