import type { Wire } from "../../devices/device.ts";
import { openSerial, serveTcp, type ByteDevice } from "../../transports/byte-wires.ts";

/** A device's place on a line of bytes. */
export type Plugged = { readonly port: number | null; readonly stop: () => Promise<void> };

/** Plugs a device that talks in bytes into a serial port, or lets it listen as a serial server. */
export async function plugIn(device: ByteDevice, wire: Wire): Promise<Plugged> {
  switch (wire.kind) {
    case "serial":
      return { port: null, ...openSerial(device, wire) };
    case "listen":
      return serveTcp(device, wire);
    case "mqtt":
    case "folder":
      throw new Error("this device needs a line of bytes");
  }
}

/** A plug that can be pulled out and put back in. */
export type LoosePlug = Plugged & {
  /** Pulls it out (true) or puts it back in; pulled twice, it is still only out. */
  readonly unplug: (out: boolean) => void;
};

/** As {@link plugIn}; `onProblem` hears of a port that was taken by another while the plug was out. */
export async function plugInLoosely(
  device: ByteDevice,
  wire: Wire,
  onProblem: (error: unknown) => void,
): Promise<LoosePlug> {
  let plugged: Plugged | null = await plugIn(device, wire);
  const { port } = plugged;
  // Plugged in again, it is where it was: on the port that it was given at first.
  const sameWire = wire.kind === "listen" ? { ...wire, port: port ?? wire.port } : wire;
  let plugging = Promise.resolve();
  const afterwards = (step: () => Promise<void>): void => {
    plugging = plugging.then(step).catch(onProblem);
  };
  const pull = async (): Promise<void> => {
    await plugged?.stop();
    plugged = null;
  };
  return {
    port,
    unplug(out) {
      afterwards(async () => {
        if (out) return await pull();
        plugged ??= await plugIn(device, sameWire);
      });
    },
    async stop() {
      await plugging;
      await pull();
    },
  };
}
