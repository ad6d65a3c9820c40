import { type BinaryValue, Gpio } from "onoff";

/**
 * One line, by the machine's number of it. A file of its own, as onoff comes with a native addon that only machines with
 * GPIO need: it is loaded when a line is opened, not with the agent.
 *
 * onoff reads the level itself when an edge comes, and throws out of the event loop when the line is gone. Whoever is
 * told of the edge reads as well, and finds out properly.
 */
export class SysfsLine extends Gpio {
  override readSync(): BinaryValue {
    try {
      return super.readSync();
    } catch {
      return 0;
    }
  }
}
