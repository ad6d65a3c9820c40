import { z } from "zod";

/**
 * What Tasmota says about relays, switches and settings. Sources: Tasmota docs, "Commands" (Power, PulseTime,
 * SetOption114, PowerOnState, Status) and "Buttons and Switches"; the shapes are those of versions 6 to 14.
 */

const objectSchema = z.record(z.string(), z.unknown());
export const resultSchema = objectSchema;
export const stateSchema = z.object({ StatusSTS: objectSchema });
export const sensorsSchema = z.object({ StatusSNS: objectSchema });

type Fields = z.infer<typeof objectSchema>;

/** Relays by number from 1; a device with a single relay calls it POWER or POWER1 (SetOption26). */
export function powersIn(fields: Fields): ReadonlyMap<number, boolean> {
  const powers = new Map<number, boolean>();
  for (const [key, value] of Object.entries(fields)) {
    const [, digits] = /^POWER(\d{0,2})$/.exec(key) ?? [];
    if (digits === undefined || (value !== "ON" && value !== "OFF")) continue;
    powers.set(digits === "" ? 1 : Number(digits), value === "ON");
  }
  return powers;
}

/**
 * Switches by number from 1: what they are (`Switch1: ON`), or what has just happened to them
 * (`Switch1: {Action: ON}`). Anything but ON and OFF, such as TOGGLE, is null: something changed, but not to what.
 */
export function switchesIn(fields: Fields): ReadonlyMap<number, boolean | null> {
  const switches = new Map<number, boolean | null>();
  for (const [key, value] of Object.entries(fields)) {
    const [, digits] = /^Switch(\d{1,2})$/.exec(key) ?? [];
    if (digits === undefined) continue;
    const action = objectSchema.safeParse(value);
    const word = action.success ? action.data["Action"] : value;
    switches.set(Number(digits), word === "ON" ? true : word === "OFF" ? false : null);
  }
  return switches;
}

/** Seconds since boot: `UptimeSec`, or `Uptime` as days, `T`, hours:minutes:seconds; null = it does not say. */
export function uptimeIn(fields: Fields): number | null {
  const { UptimeSec: seconds, Uptime: text } = fields;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds;
  const [, d, h, m, s] = /^(\d{1,6})T(\d\d):(\d\d):(\d\d)$/.exec(typeof text === "string" ? text : "") ?? [];
  if (d === undefined) return null;
  return ((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s);
}

/**
 * Settings by their names in lower case. A pulse time is `{"Set":5,"Remaining":5}` since version 8, and was
 * `"5 (Active 5)"` before.
 */
export function settingsIn(fields: Fields): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const [key, value] of Object.entries(fields)) {
    const inner = objectSchema.safeParse(value);
    const plain = inner.success ? inner.data["Set"] : value;
    if (typeof plain === "number") settings.set(key.toLowerCase(), String(plain));
    else if (typeof plain === "string")
      settings.set(key.toLowerCase(), plain.replace(/ \(Active \d+\)$/, ""));
  }
  return settings;
}

/** `PulseTime` counts tenths of a second up to 111; longer pulses than that no gate has. */
export function pulseTimeOf(pulseMs: number): string {
  return String(Math.min(111, Math.max(1, Math.round(pulseMs / 100))));
}
