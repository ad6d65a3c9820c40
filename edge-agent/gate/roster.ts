import type { Health } from "../devices/ports.ts";

export type DeviceKind = "board" | "camera" | "reader" | "printer" | "display" | "terminal";

/** One device as an attendant sees it: whether it works, and if not, why. */
export type DeviceState = {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly driver: string;
  readonly ok: boolean;
  readonly reason: string;
};

/** Who works and who does not, of all devices of the facility. */
export type Roster = {
  /** A device that says nothing by itself is taken to work until it shows otherwise. */
  readonly add: (name: string, kind: DeviceKind, driver: string, speaks: boolean) => void;
  readonly note: (name: string, health: Health) => void;
  /** Faulty ones first, in the order they were added. */
  readonly list: () => readonly DeviceState[];
};

const NOT_HEARD: Health = { ok: false, reason: "not heard of yet" };
const NOTHING_YET: Health = { ok: true, reason: "nothing read yet" };

/** `changed` is called when a device begins to work or ceases to, not for every sign of life. */
export function createRoster(changed: (state: DeviceState) => void): Roster {
  const devices = new Map<string, DeviceState>();
  return {
    add: (name, kind, driver, speaks) =>
      void devices.set(name, { name, kind, driver, ...(speaks ? NOT_HEARD : NOTHING_YET) }),
    note: (name, { ok, reason }) => {
      const known = devices.get(name);
      if (known === undefined) throw new Error(`no device ${name}`);
      if (known.ok === ok && known.reason === reason) return;
      const state = { ...known, ok, reason };
      devices.set(name, state);
      changed(state);
    },
    list: () => {
      const all = [...devices.values()];
      return [...all.filter((device) => !device.ok), ...all.filter((device) => device.ok)];
    },
  };
}
