import { onOff, wholeNumber, type DeviceKind } from "../devices/device.ts";
import { createGpioTree } from "./gpio-tree.ts";

/** One GPIO chip, as a folder that stands for /sys/class/gpio. */
export const gpioKind: DeviceKind = {
  summary: "GPIO chip, as sysfs shows it",
  wires: ["folder"],
  settings: {
    label: "the chip's label (pinctrl-rp1)",
    base: "number of its first line (571)",
    lines: "how many it has (54)",
    exported: "lines that are exported from the beginning: 17,22 (none)",
  },
  start({ wire, name, settings, say }) {
    if (wire.kind !== "folder") throw new Error("a GPIO chip needs a folder");
    const { label = "pinctrl-rp1", base = "571", lines = "54", exported = "" } = settings;
    const count = wholeNumber(lines, 1, 512);
    const outputs = new Map<number, boolean>();
    const stuck = new Map<number, boolean>();
    const levels = new Map<number, boolean>();
    const tree = createGpioTree({
      folder: wire.path,
      label,
      base: wholeNumber(base, 0, 4_096),
      lines: count,
      exported: exported === "" ? [] : exported.split(",").map((word) => wholeNumber(word, 0, count - 1)),
      onOutput(line, high) {
        outputs.set(line, high);
        say({ event: "output", device: name, line, high });
      },
    });
    const lineOf = (word: string | undefined): number => wholeNumber(word, 0, count - 1);
    const apply = (line: number): void => tree.drive(line, stuck.get(line) ?? levels.get(line) ?? false);
    return Promise.resolve({
      deeds: {
        input: {
          help: "<line> on|off  the line is driven high or low from outside",
          run([word, level]) {
            levels.set(lineOf(word), onOff(level));
            apply(lineOf(word));
          },
        },
        stick: {
          help: "<line> on|off|free  it stays there whatever drives it",
          run([word, level]) {
            if (level === "free") stuck.delete(lineOf(word));
            else stuck.set(lineOf(word), onOff(level));
            apply(lineOf(word));
          },
        },
      },
      state: () => ({
        outputs: Object.fromEntries(outputs),
        inputs: Object.fromEntries([...levels.keys()].map((line) => [line, tree.wire(line)])),
      }),
      port: null,
      stop() {
        tree.stop();
        return Promise.resolve();
      },
    });
  },
};
