/** Settings a board must confirm before its relays are trusted. */
export type TasmotaSettings = {
  /** A board's answers, by setting in lower case. */
  readonly stated: (settings: ReadonlyMap<string, string>) => void;
  /** From now on this setting must have this value; `payload` sets it. */
  readonly require: (setting: string, value: string, payload?: string) => void;
  /** Asks for what was not stated yet, sets what was stated to be otherwise. */
  readonly pursue: () => void;
  /** The first of these settings that is not confirmed, with what is known of it; null = all are. */
  readonly missing: (settings: readonly string[]) => string | null;
  /** The board may have been changed meanwhile: everything must be confirmed again. */
  readonly forget: () => void;
};

/** A setting is written to the device's flash: not more often than this for one connection. */
const MAX_TRIES = 3;

type Setting = { readonly name: string; readonly value: string; readonly payload: string; tries: number };

/** `send` sends a command with its payload; an empty one asks. */
export function createTasmotaSettings(
  send: (setting: string, payload: string) => void,
  onRefused: (setting: string) => void,
): TasmotaSettings {
  const required = new Map<string, Setting>();
  const stated = new Map<string, string>();
  return {
    stated(settings) {
      for (const [key, value] of settings) if (required.has(key)) stated.set(key, value);
    },
    require(name, value, payload = value) {
      const key = name.toLowerCase();
      if (required.get(key)?.value !== value) required.set(key, { name, value, payload, tries: 0 });
    },
    pursue() {
      for (const [key, setting] of required) {
        const is = stated.get(key);
        if (is === setting.value) continue;
        if (is === undefined) send(setting.name, "");
        else if (setting.tries < MAX_TRIES) {
          setting.tries += 1;
          send(setting.name, setting.payload);
        } else if (setting.tries === MAX_TRIES) {
          setting.tries += 1;
          onRefused(setting.name);
        }
      }
    },
    missing(settings) {
      for (const name of settings) {
        const key = name.toLowerCase();
        const setting = required.get(key);
        if (setting === undefined || stated.get(key) === setting.value) continue;
        return `${setting.name} ${setting.value} (it says ${stated.get(key) ?? "nothing"})`;
      }
      return null;
    },
    forget() {
      stated.clear();
      for (const setting of required.values()) setting.tries = 0;
    },
  };
}
