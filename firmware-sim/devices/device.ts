/**
 * The contract of a simulated device that stands alone: on the wire it is the device, byte for byte; beside the
 * wire a person or a test tells it what happens to it.
 */

/** Where a device is plugged in. */
export type Wire =
  | { readonly kind: "serial"; readonly path: string; readonly baud: number }
  /** Listens as a serial server, or as the device's own TCP port; port 0 takes any free one. */
  | { readonly kind: "listen"; readonly host: string; readonly port: number }
  | { readonly kind: "mqtt"; readonly url: string; readonly username?: string; readonly password?: string }
  /** A folder that stands for a piece of the file system, such as /sys/class/gpio. */
  | { readonly kind: "folder"; readonly path: string };

export type DeviceOptions = {
  readonly wire: Wire;
  readonly name: string;
  /** Settings of this kind, by name, as text: `--set channels=16`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Told of whatever a bystander could see: a relay that clicks, a ticket that comes out. */
  readonly say: (event: Readonly<Record<string, unknown>> & { readonly event: string }) => void;
};

/** One thing that can be done to a device, by a typed line: its name and words. */
export type Deed = {
  /** The words after the name, and what it does: `<input> on|off  a contact closes or opens`. */
  readonly help: string;
  /** Throws an Error whose message says what was wrong with the words. */
  readonly run: (words: readonly string[]) => void;
};

export type SimDevice = {
  readonly deeds: Readonly<Record<string, Deed>>;
  /** What a look at the device shows now, as JSON. */
  readonly state: () => Readonly<Record<string, unknown>>;
  /** The port it listens on; null on other wires. */
  readonly port: number | null;
  readonly stop: () => Promise<void>;
};

export type DeviceKind = {
  readonly summary: string;
  readonly wires: readonly Wire["kind"][];
  /** Names and meanings of {@link DeviceOptions.settings}. */
  readonly settings: Readonly<Record<string, string>>;
  /** Rejects when the wire cannot be taken; throws an Error that says which setting is wrong. */
  readonly start: (options: DeviceOptions) => Promise<SimDevice>;
};

/** `on` or `off`; throws on anything else. */
export function onOff(word: string | undefined): boolean {
  if (word === "on") return true;
  if (word === "off") return false;
  throw new Error(`say on or off, not ${word ?? "nothing"}`);
}

/** A whole number from `min` to `max`; throws on anything else. */
export function wholeNumber(word: string | undefined, min: number, max: number): number {
  const value = Number(word);
  if (word === undefined || word === "" || !Number.isInteger(value) || value < min || value > max) {
    throw new Error(`say a whole number from ${min} to ${max}, not ${word ?? "nothing"}`);
  }
  return value;
}
