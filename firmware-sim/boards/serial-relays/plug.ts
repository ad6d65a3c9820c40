import type { Wire } from "../../devices/device.ts";
import { openSerial, serveTcp, type ByteDevice } from "../../transports/byte-wires.ts";

/** Plugs a device that talks in bytes into a serial port, or lets it listen as a serial server. */
export async function plugIn(
  device: ByteDevice,
  wire: Wire,
): Promise<{ readonly port: number | null; readonly stop: () => Promise<void> }> {
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
