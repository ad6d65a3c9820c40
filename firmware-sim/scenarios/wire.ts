import { afterEach } from "vitest";
import { openTcpCable, type TcpCable } from "../cables/tcp-cable.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The network between a scenario's programs: a cable to a port on this machine, with the address of its near end. */
export type Wire = TcpCable & { readonly url: string };

export async function openWire(farPort: number, random: () => number = Math.random): Promise<Wire> {
  const host = "127.0.0.1";
  const cable = await openTcpCable({ listen: { host, port: 0 }, to: { host, port: farPort }, random });
  closing.push(cable.stop);
  return { ...cable, url: `http://${host}:${cable.port}` };
}
