import { COMMAND } from "./osdp-frames.ts";

/** A command for the lamp or the buzzer. */
export type SignalCommand = { readonly code: number; readonly data: Uint8Array };

/** Function codes of a reader's capabilities (OSDP 2.2, annex B). */
const LED_CONTROL = 4;
const AUDIBLE_OUTPUT = 5;

const RED = 1;
const GREEN = 2;
const DEFAULT_TONE = 2;
/** Times are in units of 100 ms. */
const LAMP_FOR = 20;

/** The function codes and compliance levels of an osdp_PDCAP: three bytes each. */
export function readCapabilities(data: Uint8Array): ReadonlyMap<number, number> {
  const levels = new Map<number, number>();
  for (let at = 0; at + 3 <= data.length; at += 3) levels.set(data[at] ?? 0, data[at + 1] ?? 0);
  return levels;
}

/**
 * Granted = green for 2 s and one tone; denied = red and three short ones. Only what the reader has, where it has
 * told of it. After 2 s its lamp shows again what it is set up to show.
 */
export function signalCommands(
  signal: "granted" | "denied",
  capabilities: ReadonlyMap<number, number> | null,
): SignalCommand[] {
  const granted = signal === "granted";
  const has = (code: number): boolean => capabilities === null || (capabilities.get(code) ?? 0) > 0;
  // Reader, lamp, then the temporary setting: set, on, off, its colours, for how long; the permanent one stays.
  const temporary = [0x02, LAMP_FOR, 0, granted ? GREEN : RED, 0, LAMP_FOR & 0xff, LAMP_FOR >> 8];
  const led = Uint8Array.from([0, 0, ...temporary, 0, 0, 0, 0, 0]);
  // Reader, tone, on, off, how often.
  const buzzer = Uint8Array.from([0, DEFAULT_TONE, granted ? 3 : 1, 1, granted ? 1 : 3]);
  return [
    ...(has(LED_CONTROL) ? [{ code: COMMAND.led, data: led }] : []),
    ...(has(AUDIBLE_OUTPUT) ? [{ code: COMMAND.buzzer, data: buzzer }] : []),
  ];
}
