import { existsSync, mkdirSync, readFileSync, watch, writeFileSync, type FSWatcher } from "node:fs";
import { join } from "node:path";

/** A folder that looks like /sys/class/gpio with one chip. */
export type GpioTree = {
  /** What is on the wire of a line: what drives it from outside, or the line itself when it is an output. */
  readonly wire: (line: number) => boolean;
  /** Drives a line from outside, as a contact does; an output does not care. */
  readonly drive: (line: number, high: boolean) => void;
  readonly stop: () => void;
};

type TreeOptions = {
  readonly folder: string;
  readonly label: string;
  /** The machine's number of the chip's first line. */
  readonly base: number;
  readonly lines: number;
  /** Lines that are exported from the beginning. */
  readonly exported: readonly number[];
  /** An output has changed on the wire. */
  readonly onOutput: (line: number, high: boolean) => void;
};

/**
 * The files of the kernel's documentation (admin-guide/gpio/sysfs.rst): `export`, `gpiochipN/label`, and for each exported
 * line `value`, `direction`, `edge` and `active_low`. They are plain files, so what is written takes effect a moment
 * later, `direction` low and high do not change `value`, `unexport` does nothing, and `edge` interrupts nobody.
 */
export function createGpioTree(options: TreeOptions): GpioTree {
  const { folder, base, lines, onOutput } = options;
  const outside = new Map<number, boolean>();
  const shown = new Map<number, boolean>();
  const watchers = new Map<number | "folder", FSWatcher>();
  const filesOf = (line: number): LineFiles => openLineFiles(join(folder, `gpio${base + line}`));

  function wire(line: number): boolean {
    const files = filesOf(line);
    return files.isOutput() ? files.level() : (outside.get(line) ?? false);
  }

  /** Follows what was written to a line's files. */
  function settle(line: number): void {
    const files = filesOf(line);
    const high = wire(line);
    if (!files.isOutput()) {
      shown.delete(line);
      files.show(high);
      return;
    }
    if (shown.get(line) !== high) onOutput(line, high);
    shown.set(line, high);
  }

  function expose(line: number): void {
    if (line < 0 || line >= lines || watchers.has(line)) return;
    filesOf(line).create();
    watchers.set(
      line,
      watch(join(folder, `gpio${base + line}`), () => settle(line)),
    );
    settle(line);
  }

  layOut(options);
  for (const line of options.exported) expose(line);
  watchers.set(
    "folder",
    watch(folder, (_event, file) => {
      const number = file === "export" ? readFileSync(join(folder, file), "utf8").trim() : "";
      if (number !== "") expose(Number(number) - base);
    }),
  );
  return {
    wire,
    drive(line, high) {
      outside.set(line, high);
      if (watchers.has(line)) settle(line);
    },
    stop() {
      for (const each of watchers.values()) each.close();
    },
  };
}

/** The chip's own files. */
function layOut({ folder, label, base, lines }: TreeOptions): void {
  const chip = join(folder, `gpiochip${base}`);
  mkdirSync(chip, { recursive: true });
  writeFileSync(join(chip, "label"), `${label}\n`);
  writeFileSync(join(chip, "base"), `${base}\n`);
  writeFileSync(join(chip, "ngpio"), `${lines}\n`);
  for (const file of ["export", "unexport"]) writeFileSync(join(folder, file), "");
}

type LineFiles = {
  /** Makes those that are missing: an input, not inverted, low. */
  readonly create: () => void;
  readonly isOutput: () => boolean;
  /** The level on the wire that `value` stands for. */
  readonly level: () => boolean;
  /** Lets `value` stand for this level on the wire. */
  readonly show: (high: boolean) => void;
};

function openLineFiles(folder: string): LineFiles {
  const read = (file: string): string => {
    try {
      return readFileSync(join(folder, file), "utf8").trim();
    } catch {
      return "";
    }
  };
  const isActiveLow = (): boolean => read("active_low") === "1";
  return {
    create() {
      mkdirSync(folder, { recursive: true });
      const files = { active_low: "0", edge: "none", direction: "in", value: "0" };
      for (const [file, text] of Object.entries(files)) {
        if (!existsSync(join(folder, file))) writeFileSync(join(folder, file), text);
      }
    },
    isOutput: () => /^(out|low|high)$/.test(read("direction")),
    level: () => (read("value") === "1") !== isActiveLow(),
    show(high) {
      const value = high === isActiveLow() ? "0" : "1";
      if (read("value") !== value) writeFileSync(join(folder, "value"), value);
    },
  };
}
